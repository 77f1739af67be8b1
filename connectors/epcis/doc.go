// Package epcis reads another party's EPCIS 2.0 repository through the standard's REST binding.
//
//   - GET BASE/events with GE_recordTime, LT_recordTime and perPage; the answer is an EPCISQueryDocument. The next page stands
//     in the header Link with rel="next", until there is none. Its token dies with time; then the window is read again.
//   - Headers GS1-EPCIS-Version, -Min and -Max say 2.0.0; answers of other versions are refused by the parser of events.
//   - Failures are HTTP statuses with application/problem+json.
//
// A run reads one window of recordTime up to the repository's clock, and reaches back a little for what was recorded late.
// Each row carries its event as JSON text with the @context that it needs to stand alone. An event with an errorDeclaration
// is a deleted row that still has its content: what was captured is declared wrong.
package epcis
