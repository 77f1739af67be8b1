package pipeline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/mapping"
	"tributary/pipeline"
	"tributary/store"
)

// stateOf is the time at which the place of a feed says that a file last changed.
func stateOf(minute int) option {
	return func(r *pipeline.FileImport) { r.State = time.Date(2025, 3, 2, 8, minute, 0, 0, time.UTC) }
}

// A file that was taken while it was still being written leaves its last row, cut off, in quarantine; the whole file
// settles it. What else is wrong in the file stays open.
func TestTheWholeFileSettlesTheRowThatItsHalfLeft(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		rows := []string{salesHeader,
			"2025-03-01,S1,1,C1,市一院,SKU1,百川片,10片,250301,20,盒",
			"2025-03-32,S2,1,C1,市一院,SKU1,百川片,10片,250301,5,盒",
			"2025-03-02,S3,1,C2,百姓大药房,SKU1,百川片,10片,250301,7,盒",
			"2025-03-32,S4,1,C2,百姓大药房,SKU1,百川片,10片,250301,8,盒",
		}
		open := func() (numbers []int) {
			_, list, err := b.db.ListQuarantine(t.Context(), store.QuarantineFilter{Status: store.QuarantineOpen, Limit: 10})
			require.NoError(t, err)
			for _, q := range list {
				numbers = append(numbers, q.Row)
			}
			return numbers
		}
		half := b.write("s.csv", rows[0], rows[1], rows[2], rows[3][:len("2025-03-02,S3,1,C2,")])
		require.Equal(t, counts(1, 0, 2, 0), b.take(half, mapping.Sales, "D1", stateOf(1)).Counts)
		require.Equal(t, []int{3, 4}, open())

		more := b.write("s.csv", rows[0], rows[1], rows[2], rows[3], rows[4][:len("2025-03-32,S4,1")])
		require.Equal(t, counts(1, 1, 2, 0), b.take(more, mapping.Sales, "D1", stateOf(2)).Counts)
		require.Equal(t, []int{3, 5}, open(), "row 4 is whole now, row 5 is not")
		_, replayed, err := b.db.ListQuarantine(t.Context(), store.QuarantineFilter{Status: store.QuarantineReplayed, Limit: 10})
		require.NoError(t, err)
		require.Len(t, replayed, 1)

		whole := b.write("s.csv", rows...)
		require.Equal(t, counts(0, 2, 2, 0), b.take(whole, mapping.Sales, "D1", stateOf(3)).Counts)
		require.Equal(t, []int{3, 5}, open(), "row 5 is wrong as a whole, and there once")
		_, void, err := b.db.ListQuarantine(t.Context(), store.QuarantineFilter{Status: store.QuarantineDiscarded, Limit: 10})
		require.NoError(t, err)
		require.Len(t, void, 1)
		require.Len(t, b.book("D1"), 2)

		other := b.write("s.csv", rows[0], "2025-04-01,S9,1,C1,市一院,SKU1,百川片,10片,250301,20,盒", "2025-04-02,S8,1,C1,市一院,SKU1,百川片,10片,250301,5,盒")
		require.Equal(t, counts(2, 0, 0, 0), b.take(other, mapping.Sales, "D1", stateOf(4)).Counts)
		require.Equal(t, []int{3, 5}, open(), "another file under the same name settles nothing")
	})
}
