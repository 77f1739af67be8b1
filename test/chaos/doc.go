// Package chaos kills the program with SIGKILL at random moments of import, pull and relay, lets it finish undisturbed,
// and compares what came out with a run that nothing disturbed (invariants 1, 3, 5, 8 and 9).
//
// The moments follow a seed that every test logs; TRIBUTARY_CHAOS_SEED repeats one.
package chaos
