// Package world makes the simulated world behind the sandbox: customers of every kind with their people and places,
// products with pack factors, lots, and a year of shipments through the tiers that balances to the last box. Every source
// system sees that world through its own records, with its own spellings, gaps and errors; the truth behind each record
// and each row is kept, so that matching and tracing can be measured.
//
// A world is a pure function of its Config: the same seed, scale and last day give the same world, byte for byte. All
// names, numbers and identifiers are invented; division names and codes are real, identifiers pass their check digits.
//
//	w, err := world.New(world.Config{Seed: 1, Scale: 1, Until: day})
//	for r := range w.Records(world.SFA) { … r.Customer … r.Truth … }
//	for _, l := range w.Ledgers.DistributorSales[0] { … }
//
// At scale 1 it has 10,000 true customers behind more than 20,000 source records, and about 50,000 ledger rows; both
// grow linearly. A World is immutable and safe for concurrent use.
package world
