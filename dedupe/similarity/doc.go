// Package similarity compares short texts rune by rune: Jaro, Jaro-Winkler, Levenshtein and optimal string alignment.
//
// An operand is prepared once (Prepare) and compared many times. Texts of at most 64 runes run bit-parallel without
// allocating; longer ones take the plain dynamic programme with the same result. Every function is symmetric, total
// and safe for concurrent use. Nothing is folded or normalised here: callers pass values in matching form.
//
//	a, b := similarity.Prepare("青河市第一医院"), similarity.Prepare("青河市第二医院")
//	similarity.JaroWinkler(&a, &b) // high: a string distance alone never decides an organisation's name
package similarity
