package connectortest

import (
	"slices"
	"testing"

	"tributary/connectors/connectortest/leak"
)

// partOf is a part of a suite.
type partOf[H any] struct {
	name string
	test func(*testing.T, H)
}

// run runs the part. At its end the connector's goroutines, connections and files must be gone.
func (p partOf[H]) run(t *testing.T, h H) {
	t.Run(p.name, func(t *testing.T) {
		leak.Check(t)
		p.test(t, h)
	})
}

// part is a part of the suite with the items of the acceptance list that it proves.
type part struct {
	name  string
	items []int // faults: those of the harness's medium
	test  func(*testing.T, Harness)
}

// faults stands for the item about faults of the harness's medium.
const faults = 0

func (p part) proves(h Harness) []int {
	if i := slices.Index(p.items, faults); i >= 0 {
		return slices.Concat(p.items[:i], p.items[i+1:], h.Medium.faults())
	}
	return p.items
}

var tests = []part{
	{"spec is a valid schema, documented, secrets marked", []int{1}, specIsWhole},
	{"settings of the released version still hold", []int{3}, releasedSettingsHold},
	{"a missing required setting is named", []int{4}, missingSettings},
	{"check gives one verdict with its own code", []int{5}, checkVerdicts},
	{"what does not exist is refused", []int{6}, unknownThings},
	{"a hanging source hangs nobody", []int{7}, hangingSource},
	{"the catalogue is whole", []int{8}, catalogue},
	{"the catalogue keeps its promises", []int{9}, releasedCatalogueHolds},
	{"records match the catalogue", []int{10, 11, 25}, recordsMatch},
	{"two reads of an unchanged source are equal", []int{12}, twoReads},
	{"a second run repeats no more than the overlap", []int{13}, secondRun},
	{"every checkpoint leads to the same set", []int{14}, everyCheckpoint},
	{"ties on the cursor across pages", []int{15}, ties},
	{"a row that is committed late", []int{16}, lateRow},
	{"rows updated while paging", []int{17}, updatedWhilePaging},
	{"a row of the far future, clocks that differ", []int{18}, future},
	{"deletes are seen", []int{19}, deletes},
	{"positions that cannot be used", []int{20}, badPositions},
	{"a backfill reads its window and nothing else", []int{21}, backfill},
	{"texts of every kind come through", []int{24}, texts},
	{"faults that pass", []int{faults}, passingFaults},
	{"faults that end the run", []int{22, faults}, failingFaults},
	{"a session that dies in the middle", []int{34}, sessionExpiry},
	{"a database that is locked, restarted, cut off", []int{35}, databaseFaults},
	{"files that are unfinished, changed, gone, hostile", []int{36}, fileFaults},
	{"secrets stay secret", []int{2}, secretsStay},
}

// Run runs the suite and compares what it proves with testdata/acceptance.json. Where a connector reaches systems of
// several kinds the suite runs over each, named by Harness.Name, and an item is passed when it is on all of them; the
// first says which do not apply. At the end of each part the connector's goroutines, connections and files must be gone.
func Run(t *testing.T, h Harness, others ...Harness) {
	proved := h.run(t)
	for _, other := range others {
		t.Run(other.Name, func(t *testing.T) { other.run(t) })
	}
	if !t.Failed() {
		keepResults(t, h, proved)
	}
}

// run runs the suite over one system and returns the items that it looked at.
func (h Harness) run(t *testing.T) map[int]bool {
	proved := map[int]bool{42: true}
	for _, p := range tests {
		items := p.proves(h)
		if !slices.ContainsFunc(items, h.concerns) {
			continue
		}
		partOf[Harness]{p.name, p.test}.run(t, h)
		for _, item := range items {
			proved[item] = true
		}
	}
	return proved
}

// concerns reports whether the harness gives no reason against an item, and its medium none either.
func (h Harness) concerns(item int) bool {
	media := []Medium{HTTP, Database, Files}
	elsewhere := slices.ContainsFunc(media, func(m Medium) bool { return slices.Contains(m.faults(), item) })
	return h.Reasons[item] == "" && (!elsewhere || slices.Contains(h.Medium.faults(), item))
}
