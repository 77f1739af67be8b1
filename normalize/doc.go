// Package normalize turns the values people and systems write into forms that can be compared: text, names of
// organisations and persons, identifiers, phones, addresses, dates, quantities, lots, units and column headers.
//
// Guarantees:
//   - Pure: no I/O, no clock, no randomness. Every function may be called from any number of goroutines. The tables are
//     embedded, read once on first use and never changed; data/README.md states their sources and dates.
//   - Total: no input panics; what cannot be read is said in the result (an error, a Reason, an empty part).
//   - Idempotent: a normalised value normalises to itself.
//   - Never a guess: a division that a name leaves out is taken only from the record's own division, an identifier is
//     repaired only when the repaired value passes every check, and both are marked.
//
// Normalised values are for comparing. Keep the raw value, and RulesVersion, beside them.
//
//	name := normalize.ParseOrg("青河县中医院（东院区）", nil)
//	name.Kind, name.Campus // "中医医院", "东院区"
//	name.DivisionCode      // "654325"
//
//	id := normalize.USCC("1231O000425001236R")
//	id.Value, id.Repaired // "12310000425001236R", true
package normalize

import (
	"fmt"
	"strconv"
)

// RulesVersion changes whenever a rule or an embedded table changes the outcome for some value. Store it with what was
// derived, so that derived values can be told apart and rebuilt.
const RulesVersion = 2

// Version names the rules and, where it is not the built-in one, the table of divisions that values are normalised with:
// what is derived under another version is derived again.
func Version() string {
	if d := chosenDivisions.Load(); d != nil {
		return fmt.Sprintf("%d/%s-%08x", RulesVersion, d.AsOf, d.digest)
	}
	return strconv.Itoa(RulesVersion)
}
