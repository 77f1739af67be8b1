package dedupe

import (
	"cmp"
	"slices"
	"time"

	"tributary/canonical"
)

// Judgement is a steward's binding word on two source records: one customer (Same) or not. It holds until revoked;
// the caller leaves out revoked and expired ones.
type Judgement struct {
	A, B canonical.RecordKey
	Same bool
	At   time.Time
}

// compareKeys orders records by what they are called, never by when they arrived.
func compareKeys(a, b canonical.RecordKey) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID))
}

// InForce keeps one judgement per pair, the latest (of two at one time: the separating one), in the order of their keys.
func InForce(all []Judgement) []Judgement {
	out := slices.Clone(all)
	for i, j := range out {
		if compareKeys(j.A, j.B) > 0 {
			out[i].A, out[i].B = j.B, j.A
		}
	}
	slices.SortFunc(out, func(x, y Judgement) int {
		same := 0
		if x.Same != y.Same {
			same = 1
			if y.Same {
				same = -1
			}
		}
		return cmp.Or(compareKeys(x.A, y.A), compareKeys(x.B, y.B), y.At.Compare(x.At), same)
	})
	return slices.CompactFunc(out, func(x, y Judgement) bool { return x.A == y.A && x.B == y.B })
}
