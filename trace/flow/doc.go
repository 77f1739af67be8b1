// Package flow turns flow lines, the evidence that parties send, into movements, the physical transfers behind them.
//
//   - ProductIndex finds the SKU that a row means, and Factors its quantity in base units.
//   - Join pairs the rows of the seller's and the buyer's ledger: one movement for one transfer.
//   - Attribute says which lots a row that names no lot may have carried: at least, most likely, at most.
//   - Order is the order in which the movements of a product happened, as far as dates and ledgers tell.
//
// Guarantees: everything here is pure (no I/O, no clock, no goroutines, no shared state) and depends only on the set of
// its inputs, never on their order; quantities are exact; every line with goods ends in exactly one movement as its
// first evidence; the bounds of an attribution contain the truth as long as receipts and issues are dated within the
// tolerance of what happened.
//
//	movements := flow.Join(lines, flow.Options{})
//	shares := flow.Attribute(flow.Book{Moves: movements, Stock: stock}, flow.Options{})
package flow
