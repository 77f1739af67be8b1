// Package canonical is the vocabulary every other package speaks: customers, products, lots, flow lines, movements and
// the values they are made of.
//
// Guarantees: no package of this module is imported here; values are exact (quantities are integers of 10⁻⁶, dates are
// dates); JSON of these types is stable and is what events and the API carry; Validate reports every issue of a value
// at once, never only the first.
//
//	c := canonical.Customer{Kind: canonical.Hospital, Name: "青河市第一人民医院"}
//	if issues := c.Validate(); len(issues) > 0 {
//		quarantine(issues)
//	}
package canonical
