package httpsource_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/connectors/httpsource"
	"tributary/internal/errs"
)

type row struct {
	key string
	at  time.Time
}

// table is a source that answers windows in key order.
type table []row

func (t table) page(w httpsource.Window, limit int) []row {
	var out []row
	for _, r := range t {
		if (w.From.IsZero() || !r.at.Before(w.From)) && r.at.Before(w.To) && r.key > w.After {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b row) int {
		if a.key < b.key {
			return -1
		}
		return 1
	})
	return out[:min(limit, len(out))]
}

// read runs a walk to its end, at most pages pages, and gives what it saw and every position it passed.
func read(t require.TestingT, src func() table, pos json.RawMessage, upper time.Time, pages int) (seen map[string]time.Time, positions []json.RawMessage) {
	return readAhead(t, src, pos, upper, 0, pages)
}

// readAhead reads a source whose clock is ahead of ours.
func readAhead(t require.TestingT, src func() table, pos json.RawMessage, upper time.Time, ahead time.Duration, pages int) (seen map[string]time.Time, positions []json.RawMessage) {
	w, err := httpsource.OpenWalk(pos, upper, ahead, 2*time.Minute)
	require.NoError(t, err)
	seen = map[string]time.Time{}
	for range pages {
		win, more := w.Window()
		if !more {
			return seen, positions
		}
		require.True(t, win.From.Before(win.To))
		p := src().page(win, 3)
		if len(p) == 0 {
			positions = append(positions, w.Finish())
			continue
		}
		for _, r := range p {
			seen[r.key] = r.at
		}
		w.Read(p[len(p)-1].key)
		positions = append(positions, w.Position())
	}
	return seen, positions
}

var start = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// Whatever is written between and during runs, once writing stops and a last run has passed, the newest state of every
// row was seen; and so it is from every checkpoint on.
func TestWalkSeesTheNewestStateOfEveryRow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		clock := start
		rows := map[string]time.Time{}
		current := func() table {
			var out table
			for k, at := range rows {
				out = append(out, row{k, at})
			}
			return out
		}
		write := func(n int) {
			for range n {
				late := time.Duration(rapid.IntRange(0, 110).Draw(rt, "late")) * time.Second
				rows[fmt.Sprintf("k%02d", rapid.IntRange(0, 25).Draw(rt, "key"))] = clock.Add(-late) // committed after its own stamp
			}
		}
		all := map[string]time.Time{}
		see := func(seen map[string]time.Time) {
			for k, at := range seen {
				if at.After(all[k]) {
					all[k] = at
				}
			}
		}
		var pos json.RawMessage
		for range rapid.IntRange(1, 5).Draw(rt, "runs") {
			write(rapid.IntRange(0, 12).Draw(rt, "writes"))
			clock = clock.Add(time.Duration(rapid.IntRange(0, 300).Draw(rt, "pause")) * time.Second)
			seen, positions := read(rt, func() table {
				if rapid.IntRange(0, 3).Draw(rt, "meanwhile") == 0 {
					clock = clock.Add(time.Second)
					write(1)
				}
				return current()
			}, pos, clock, rapid.IntRange(1, 30).Draw(rt, "killed after"))
			see(seen)
			if len(positions) > 0 {
				pos = positions[len(positions)-1]
			}
		}
		clock = clock.Add(time.Second)
		seen, _ := read(rt, current, pos, clock, 1000)
		see(seen)
		for k, at := range rows {
			require.False(rt, all[k].Before(at) && rows[k].Equal(at), "%s: saw %v, newest is %v", k, all[k], at)
		}
	})
}

// A source's clock is set forth and back between runs that end anywhere: every row that was ever written is seen once its
// time has come.
func TestWalkSeesEveryRowOfASourceWhoseClockIsSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		clock, ahead, seen := start, time.Duration(0), map[string]time.Time{}
		var rows table
		var pos json.RawMessage
		run := func(pages int) {
			got, positions := readAhead(rt, func() table { return rows }, pos, clock.Add(ahead), ahead, pages)
			maps.Copy(seen, got)
			if len(positions) > 0 {
				pos = positions[len(positions)-1]
			}
		}
		for range rapid.IntRange(1, 8).Draw(rt, "runs") {
			if rapid.Bool().Draw(rt, "set") {
				ahead = time.Duration(rapid.IntRange(-10, 10).Draw(rt, "minutes ahead")) * time.Minute
			}
			for range rapid.IntRange(0, 5).Draw(rt, "writes") {
				clock = clock.Add(time.Duration(rapid.IntRange(0, 200).Draw(rt, "pause")) * time.Second)
				late := time.Duration(rapid.IntRange(0, 110).Draw(rt, "late")) * time.Second
				rows = append(rows, row{fmt.Sprintf("k%02d", len(rows)), clock.Add(ahead - late)})
			}
			clock = clock.Add(time.Second)
			run(rapid.IntRange(1, 30).Draw(rt, "killed after"))
		}
		clock = clock.Add(time.Hour)
		run(1000)
		require.Len(rt, seen, len(rows))
	})
}

// The clock is set back while a window is read and right again before its end: what was stamped meanwhile lies before the
// next window unless the position remembers.
func TestAClockThatIsRightAgainBeforeTheWindowEnds(t *testing.T) {
	t.Parallel()
	rows := table{}
	for i := range 5 {
		rows = append(rows, row{fmt.Sprintf("k%02d", i), start})
	}
	seen, positions := readAhead(t, func() table { return rows }, nil, start.Add(time.Second), 0, 1000)
	pos := positions[len(positions)-1]
	for _, run := range []struct{ at, ahead time.Duration }{{2 * time.Second, 0}, {3 * time.Second, -3 * time.Minute}, {4 * time.Second, 0}, {time.Hour, 0}} {
		if run.ahead < 0 {
			rows = append(rows, row{"late", start.Add(run.at + run.ahead)})
		}
		got, positions := readAhead(t, func() table { return rows }, pos, start.Add(run.at+run.ahead), run.ahead, 1)
		maps.Copy(seen, got)
		pos = positions[len(positions)-1]
	}
	got, _ := readAhead(t, func() table { return rows }, pos, start.Add(2*time.Hour), 0, 1000)
	maps.Copy(seen, got)
	require.Len(t, seen, len(rows))
}

func TestEveryCheckpointLeadsToTheSameSet(t *testing.T) {
	t.Parallel()
	var src table
	for i := range 40 {
		src = append(src, row{fmt.Sprintf("k%03d", i), start.Add(-time.Hour)}) // one time for all
	}
	whole, positions := read(t, func() table { return src }, nil, start, 1000)
	require.Len(t, whole, 40)
	for i, p := range positions {
		before, _ := read(t, func() table { return src }, nil, start, i+1)
		after, _ := read(t, func() table { return src }, p, start.Add(time.Hour), 1000)
		for k := range after {
			before[k] = start
		}
		require.Len(t, before, 40, "from checkpoint %d", i)
		require.LessOrEqual(t, len(p), 200, "positions are bounded")
	}
}

func TestBackfillReadsItsWindowAndNothingElse(t *testing.T) {
	t.Parallel()
	src := table{{"a", start.Add(-time.Hour)}, {"b", start}, {"c", start.Add(time.Hour)}}
	p, err := httpsource.Backfill(start, start.Add(time.Hour))
	require.NoError(t, err)
	seen, positions := read(t, func() table { return src }, p, start.Add(24*time.Hour), 1000)
	require.Equal(t, map[string]time.Time{"b": start}, seen)
	again, _ := read(t, func() table { return src }, positions[len(positions)-1], start.Add(48*time.Hour), 1000)
	require.Empty(t, again)
	_, err = httpsource.Backfill(start, start)
	require.Equal(t, "connectors.window", errs.CodeOf(err))
}

func TestPositionsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for raw, code := range map[string]string{
		`{`: "connectors.position", `[]`: "connectors.position", `{}`: "connectors.position", `{"v":1}`: "connectors.position",
		`{"v":9,"to":"2025-01-01T00:00:00Z"}`: "connectors.position_newer",
	} {
		_, err := httpsource.OpenWalk(json.RawMessage(raw), start, 0, 0)
		require.Equal(t, code, errs.CodeOf(err), raw)
	}
}

func TestClockSetBackDoesNotTurnWindowsRound(t *testing.T) {
	t.Parallel()
	src := table{{"a", start.Add(-time.Second)}}
	_, positions := read(t, func() table { return src }, nil, start, 100)
	seen, _ := read(t, func() table { return src }, positions[len(positions)-1], start.Add(-time.Hour), 100)
	require.Contains(t, seen, "a")
}

func FuzzOpenWalk(f *testing.F) {
	f.Add([]byte(`{"v":1,"to":"2025-01-01T00:00:00Z","done":true}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		w, err := httpsource.OpenWalk(raw, start, 0, time.Minute)
		if err == nil {
			w.Window()
			w.Read("k")
			w.Finish()
			w.Position()
		}
	})
}
