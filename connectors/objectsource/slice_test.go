package objectsource

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/connectors/httpsource"
)

// However slices are halved, they follow one another without gap or overlap to the window's end.
func TestSlicesCoverTheirWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		second := func(name string, from, to int64) time.Time {
			return time.Unix(rapid.Int64Range(from, to).Draw(t, name), 0).UTC()
		}
		w := httpsource.Window{To: second("to", 1_000_000_000, 2_000_000_000)}
		if rapid.Bool().Draw(t, "later") {
			w.From = second("from", 900_000_000, w.To.Unix()-1)
		}
		at, err := sliceOf(w, "")
		require.NoError(t, err)
		reached := w.From
		for range 10_000 {
			require.Equal(t, reached, at.From)
			require.True(t, at.From.Before(at.To))
			require.Zero(t, at.To.Nanosecond())
			back, err := sliceOf(w, at.text())
			require.NoError(t, err)
			require.True(t, back.From.Equal(at.From) && back.To.Equal(at.To) && back.Page == at.Page)
			if half, can := at.half(time.Second); can && rapid.IntRange(0, 3).Draw(t, "crowded") == 0 {
				require.True(t, half.To.Before(at.To))
				at = half
				continue
			}
			reached = at.To
			next, more := at.after(w.To, time.Second)
			if !more {
				require.Equal(t, w.To, reached)
				return
			}
			at = next
		}
		require.FailNow(t, "the slices do not end")
	})
}

func TestAPlaceOfAnotherWindow(t *testing.T) {
	t.Parallel()
	to := time.Unix(2_000_000_000, 0).UTC()
	for _, text := range []string{`{`, `{}`, `{"to":"2099-01-01T00:00:00Z","page":1}`, `{"from":"2001-01-01T00:00:00Z","to":"2002-01-01T00:00:00Z","page":1}`} {
		_, err := sliceOf(httpsource.Window{From: to.Add(-time.Hour), To: to}, text)
		require.Equal(t, httpsource.RestartCursor, httpsource.ClassOf(err), text)
	}
}
