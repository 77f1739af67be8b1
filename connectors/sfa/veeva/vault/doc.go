// Package vault reads Veeva Vault CRM through the Vault API: institutions, doctors (both are accounts there) and calls.
//
// Rows come by VQL in half-open windows of modified_date__v, in the order of their ids. The next page is the address that an
// answer names, called with POST; when it dies the query begins again behind the last id. A window of changes then reads the
// accounts whose addresses changed (an address is an object of its own, and its account does not change with it) and the
// list of deleted records, which Vault keeps for 30 days.
//
// An account carries its primary address. A group call is a header with one call per attendee: attendees_id is set in the header, and
// the built-in map counts the attendees' calls only.
//
// Every answer has status 200, its responseStatus decides. Beyond its limit Vault answers late: calls slow down before that.
package vault
