// Package finding holds the rules that look for what cannot be right in the flow of a product, or should be looked at:
// lots sold before they were made or after they expired, lots nobody released, more shipped than released, books that
// look like a wrong unit or a mistyped lot, stock below zero, and the signs of diversion.
//
// Guarantees: pure (no I/O, no clock, no goroutines); equal inputs in any order give equal findings; each finding names
// the rows or events it rests on; its id follows from the rule and from whom and what it concerns, so it stays when the
// evidence changes, and its Evidence changes exactly when the facts behind it do.
//
// A finding is a suspicion with reasons. None proves a fault of the party it names: docs/quality.md says what each shows
// and what it does not.
//
//	found := finding.OfLot(&data, released)
//	found[0].Text("en") // "D2 sold lot 250301 …"
package finding
