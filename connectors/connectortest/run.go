package connectortest

import (
	"testing"

	"go.uber.org/goleak"
)

// Run runs the suite. The connector's goroutines must be gone at its end.
func Run(t *testing.T, h Harness) {
	t.Cleanup(func() { goleak.VerifyNone(t, goleak.IgnoreCurrent()) })
	for _, item := range []struct {
		name string
		test func(*testing.T, Harness)
	}{
		{"spec is a valid schema, documented, secrets marked", specIsWhole},
		{"settings of the released version still hold", releasedSettingsHold},
		{"a missing required setting is named", missingSettings},
		{"check gives one verdict with its own code", checkVerdicts},
		{"what does not exist is refused", unknownThings},
		{"a hanging source hangs nobody", hangingSource},
		{"the catalogue is whole", catalogue},
		{"the catalogue keeps its promises", releasedCatalogueHolds},
		{"records match the catalogue", recordsMatch},
		{"two reads of an unchanged source are equal", twoReads},
		{"a second run repeats no more than the overlap", secondRun},
		{"every checkpoint leads to the same set", everyCheckpoint},
		{"ties on the cursor across pages", ties},
		{"rows updated while paging", updatedWhilePaging},
		{"positions that cannot be used", badPositions},
		{"faults that pass", passingFaults},
		{"faults that end the run", failingFaults},
		{"a session that dies in the middle", sessionExpiry},
		{"secrets stay secret", secretsStay},
	} {
		t.Run(item.name, func(t *testing.T) { item.test(t, h) })
	}
}
