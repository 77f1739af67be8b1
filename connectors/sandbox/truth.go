package sandbox

import (
	"iter"

	"tributary/canonical"
	"tributary/connectors/sandbox/world"
)

// Truth tells which customer of the world is behind every record that the systems and spreadsheets hold, and behind every
// partner code of the reporting distributors' files.
func (sb *Sandbox) Truth() iter.Seq2[canonical.RecordKey, int] {
	return func(yield func(canonical.RecordKey, int) bool) {
		for key, customer := range sb.world.Truth() {
			if !yield(key, customer) {
				return
			}
		}
		for d, at := range sb.world.Reporting {
			source := canonical.FlowSource(sb.erpCode(at))
			for customer := range sb.world.Customers {
				if !yield(canonical.RecordKey{Source: source, ID: world.PartnerCode(d, customer)}, customer) {
					return
				}
			}
		}
	}
}
