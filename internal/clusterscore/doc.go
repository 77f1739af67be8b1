// Package clusterscore compares clusters with the truth: precision, recall and F1 over pairs, and B-cubed.
//
// Pairs are counted from group sizes, so that a million records take a second. When two lists are linked, only pairs
// across the lists count; B-cubed looks at all records.
//
//	s := clusterscore.Of(items, false)
//	s.Precision(), s.Recall(), s.F1()
package clusterscore
