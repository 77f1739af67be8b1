// Package sap reads SAP S/4HANA through its OData services: business partners, products, batches, outbound deliveries,
// returns deliveries and stock.
//
// A service speaks OData V2 or V4; which one, and which fields and keys a set has, is read from its $metadata at every
// run, so that a set's address is all that the settings need to say. Rows come in half-open windows of the time of change,
// asked in the order of the key, each question behind the last one, so that it does not matter whether a service pages by
// itself. The server's own links are followed behind empty pages only: their tokens count rows.
//
// Some sets know only the date of a change: their windows are whole days and begin one day early. Deliveries are read with
// their items, one row an item: where an item is split into batches, the parts are rows and the whole is none. An item
// whose goods issue was taken back is a delete. Dates and times of either protocol are written alike: yyyy-MM-dd, HH:MM:SS,
// RFC 3339 in UTC.
//
// Orders are written as sales orders on OData V2, with their items in one call under a CSRF token that is bound to the
// session's cookies; their key stands in a field of the header, by which they are found again.
//
// The tests run against a simulator and against SAP's own application server (CAP) with the same rows.
package sap
