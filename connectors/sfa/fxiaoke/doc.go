// Package fxiaoke reads 纷享销客 (Fxiaoke, ShareCRM) through its open API: accounts, contacts (doctors), visits and service
// cases.
//
// Rows come in half-open windows of last_modified_time, in the order of their ids: behind an offset of 10,000 the platform
// answers no more, behind an id it does. The time of change stays epoch milliseconds; other times and business dates are
// written as in China. Code lists keep their code and get the label beside it as FIELD_label; a look-up keeps its id and
// gets the name beside it as FIELD_name.
//
// Every answer has status 200, its errorCode decides. Some codes mean two things: what a code means to a login is read in
// auth.go, what it means to a query in answer.go. Which fields an object has differs by tenant: its description is read at
// every run. A row that was invalidated (作废) is a delete; one that is gone altogether is found by comparing keys.
package fxiaoke
