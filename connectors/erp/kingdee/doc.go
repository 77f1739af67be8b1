// Package kingdee reads 金蝶云星空 (Kingdee Cloud Galaxy) through its WebAPI: customers, materials, lots, sales deliveries,
// sales returns and stock.
//
// Rows come from BillQuery (or the older ExecuteBillQuery) in half-open windows of FModifyDate, read by internal id, so that
// bills which cross a page, rows that share one time and rows edited meanwhile are neither lost nor doubled. A bill that
// lost its approval or was voided arrives as a delete of its lines. Stock has no modification time and is read as a
// snapshot of the day. Field names are Kingdee's own with "." turned into "_" (FCustomerID_FNumber).
//
// Kingdee reports failures inside HTTP 200; an answer that is neither rows as asked for nor a known failure is an error.
package kingdee
