package sandbox

import (
	"iter"

	"tributary/canonical"
	"tributary/connectors/sandbox/world"
)

// Truth tells which customer of the world is behind every record that systems and spreadsheets hold, under the key
// that a hub knows it by, and behind every partner code of the distributors' ledgers.
func (sb *Sandbox) Truth() iter.Seq2[canonical.RecordKey, int] {
	systems := map[string]system{}
	for _, s := range cast() {
		systems[s.name] = s
	}
	return func(yield func(canonical.RecordKey, int) bool) {
		for key, customer := range sb.w.Truth() {
			s := systems[key.Source]
			key.ID = s.key(sb.w.Customers[customer].Kind, key.ID)
			if !yield(key, customer) {
				return
			}
		}
		for d, at := range sb.w.Sellers() {
			source := canonical.FlowSource(sb.erpCode(at))
			for customer := range sb.w.Customers {
				if !yield(canonical.RecordKey{Source: source, ID: world.PartnerCode(d, customer)}, customer) {
					return
				}
			}
		}
	}
}
