// Package quality holds the rules of complaint and recall cases: fields, states and what may follow on what, deadlines
// from a versioned profile of rules, who is affected by a recall, notices, replies in four stages, reminders, and the
// reconciliation of a lot to its last box.
//
// Guarantees: pure, the time is always an argument; a step that is not allowed is a *TransitionError that names what is;
// every quantity is exact, and per lot
//
//	released = own_stock + sampled + quarantined + channel_stock + recovered + used + destroyed + gap
//
// whatever was replied, what does not add up being shown as a gap of the party that told it; a party is on the list while
// its upper bound is above 0. Notices and events carry no patient's data; the reporter of a complaint and its text stand
// in a part of their own (Personal), which callers seal and mask.
//
//	r := quality.Recall{Number: "R-2025-0001", Product: product, Lots: lots}
//	err := r.Open(now)
//	err = r.Advance(quality.Step{To: quality.Assessed, Class: "II", Assessment: "…"}, now)
//	deadlines := profile.ForRecall(&r, now)
package quality
