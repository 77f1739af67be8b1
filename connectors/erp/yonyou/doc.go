// Package yonyou reads 用友 YonBIP (YonSuite, BIP 旗舰版) through its open API: customers, products and sales outbound lines.
//
// The address of the gateway is asked for by tenant; a token travels in the query of every call. Lists come in pages by
// number and are read in slices of pubts (objectsource.Sliced).
//
// A row of a sales outbound list is a line of a bill; a bill that is not, or no longer, audited is a delete of its lines.
// Where the list does not name lots, the bill's own answer is asked for them (setting lots). Ids are longer than a float64
// holds and become text. Times carry no zone and are those of China. Failures stand inside HTTP 200.
//
// Orders are saved as sales orders, then submitted or audited; their key stands in a field of the head, by which they are
// looked for before and after every call whose end nobody saw.
package yonyou
