// Package soak runs the real service for a while against every system it can read, while the data there change, faults
// come and go at random and the service is killed, and then compares what it holds and has told with what a quiet run
// over the same end state of the sources gives (invariants 1, 3, 5, 8, 9 and 12).
//
// TRIBUTARY_SOAK says how long the disturbed part lasts: 40s without it, 30m by `make soak`. What happens follows a seed that
// is printed; TRIBUTARY_CHAOS_SEED repeats one, as far as the pace of the machine lets it. TRIBUTARY_KEEP_SCHEMA keeps the
// database of a soak that failed.
//
// A new connector comes in by one entry of systems.
package soak
