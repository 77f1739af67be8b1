package connectortest

import (
	"testing"

	"go.uber.org/goleak"
)

// tests are the parts of the suite with the items of the acceptance list that each proves.
var tests = []struct {
	name  string
	items []int
	test  func(*testing.T, Harness)
}{
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
	{"faults that pass", []int{34}, passingFaults},
	{"faults that end the run", []int{22, 34}, failingFaults},
	{"a session that dies in the middle", []int{34}, sessionExpiry},
	{"secrets stay secret", []int{2}, secretsStay},
}

// Run runs the suite and compares what it proves with testdata/acceptance.json. The connector's goroutines must be gone
// at its end.
func Run(t *testing.T, h Harness) {
	t.Cleanup(func() { goleak.VerifyNone(t, goleak.IgnoreCurrent()) })
	failed := map[int]bool{}
	for _, part := range tests {
		ok := t.Run(part.name, func(t *testing.T) { part.test(t, h) })
		for _, item := range part.items {
			failed[item] = failed[item] || !ok
		}
	}
	if !t.Failed() {
		keepResults(t, failed, h.Reasons)
	}
}
