// Package generate invents lists of persons, publications, products and hospitals that hold the same things several times,
// written badly in the ways of each field, together with the truth. They measure matching on data nobody has seen.
//
// Guarantees:
//
//   - The same kind, size and seed give the same bytes, on every machine.
//
//   - Nothing is taken from a published data set. Common given and family names and words of a trade are common
//     knowledge; rarer names, streets, places, firms and products are put together from syllables.
//
//   - Every row of every file is in the truth exactly once; an entity that stands in one row only has no partner.
//
//     set := generate.Persons(generate.Size{Rows: 5000, Seed: 1})
//     err := set.Write(dir) // a.csv, truth.csv
package generate
