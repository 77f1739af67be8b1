// Package mapping turns rows as a source sends them into canonical values: customers, products, lots, flow lines and
// the rest. How is declared, by a YAML map per stream or, for files, by the table of header aliases.
//
// Guarantees: a map is checked as a whole before it is used, and every problem has a line and a column; Apply reports
// all that is wrong with a row, never only the first thing, and never guesses; headers are matched exactly after
// cleaning; the package does no I/O and knows no time of day. A Map may be used by many goroutines; a FlowFunc and an
// Identity by one.
//
//	m, err := mapping.Parse("customers.yaml", src)
//	res := m.Apply(map[string]any{"FNumber": "C001", "FName": "青河市第一人民医院"})
//	if len(res.Issues) > 0 {
//		quarantine(res.Issues)
//	}
//	customer := res.Value.(*canonical.Customer)
package mapping
