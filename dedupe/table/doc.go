// Package table finds the rows of plain lists that speak of one thing: duplicates within one list, or matches across two.
// Nothing has to be told: what a column holds is inferred from its name and its values, the passes that make candidate
// pairs are chosen by what they find for their price, and the model is learned without labels (package train).
//
// Evidence is that of Fellegi and Sunter: levels of agreement per column, each weighing log2(m/u), equality of rare
// values more. Texts are compared by words, rare ones counting more; names of Chinese organisations part by part; a value
// in the wrong column of its group is recognised; columns that people or things share by circumstance never count twice.
//
// Guarantees: pure; the same rows in any order give the same result bit for bit; clusters are guarded (package dedupe),
// so a chain of doubtful pairs never makes a giant cluster; a fit that failed merges nothing; memory grows with the rows
// and the pairs worth showing, not with the pairs compared; every goroutine is joined.
//
//	s := table.NewSource("crm", []string{"given", "surname", "born"})
//	s.Add([]string{"Ann", "Lee", "1980-02-03"})
//	…
//	result, err := table.Match(ctx, []*table.Source{s}, table.Options{})
package table
