// Package train fits a Fellegi–Sunter model without labels: expectation and maximisation (Dempster, Laird and Rubin 1977;
// Winkler 1988) on the histogram of level patterns, so that its cost does not depend on the number of pairs.
//
// The pairs of the histogram are candidates: the union of several blocking passes. All other pairs of the universe count
// as what random pairs are, so λ and m are those of the universe and a column that a pass agreed on by construction is
// not overrated, since other passes bring the matches that disagree on it.
//
// Pairs that are no match are of several kinds. Beside pairs that have nothing to do with each other there are pairs
// that share circumstances: one household, one place, one series of products. A class of such pairs is a set of
// comparisons that agree as they do in matches, while the rest agrees as in random pairs. Only the share of each class is
// fitted. So columns that depend on each other never count twice: two people of one household stay two people.
//
// Guarantees: pure and deterministic; the order of the histogram does not matter to more than rounding, so callers
// give it sorted; a fit that failed says so (Fit.Failed) and its numbers must not be used to merge.
//
//	fit := train.Train(train.Problem{Counts: counts, Pairs: n, U: u, Start: m, Strength: []float64{50, 50}})
package train
