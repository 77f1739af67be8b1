// Package dynamics365 reads Microsoft Dynamics 365 through the Dataverse Web API: accounts, contacts (doctors),
// appointments and cases.
//
// Rows come from the change tracking of Dataverse: a first run reads a table whole and gets a link, later runs ask the link
// for what changed since, deletes included. A link that has expired (seven days by default) makes the next run read the
// table whole again, and what is missing from it then is deleted; it is never "0 rows". A backfill reads a window of
// modifiedon instead, in the order of time and key.
//
// Lookups are named _NAME_value as on the wire; code lists keep their number and get the label beside it as NAME_label.
package dynamics365
