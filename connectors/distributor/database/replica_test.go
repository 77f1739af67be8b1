package database_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/connectors/connectortest"
	"tributary/connectors/distributor/database"
	"tributary/connectors/sandbox/simpostgres"
	"tributary/internal/errs"
)

// replicas are two copies of one database behind one address. Each is behind what it copies by a time of its own and has a
// clock of its own; which of them answers changes from connection to connection, so answers go back in time.
type replicas struct {
	clock   connectortest.Clock // the true time
	doubles [2]doubled
	behind  [2]time.Duration
	fast    [2]atomic.Int64 // how far each one's clock is ahead, in nanoseconds
	proxy   connectortest.Proxy
	asked   atomic.Int32 // who answers the next connection
	commits []commit
}

// commit is a version of a row and when it can be seen in the database that is copied.
type commit struct {
	id      int
	qty     string
	changed time.Time
	seen    time.Time
}

func startReplicas(t *testing.T) (*replicas, site) {
	r := &replicas{}
	for i := range r.doubles {
		r.doubles[i] = double(t, simpostgres.Options{Now: func() time.Time { return r.clock.Now().Add(time.Duration(r.fast[i].Load())) }}, salesTable())
	}
	s := r.doubles[0].site
	s.settings = maps.Clone(s.settings)
	r.proxy.Choose = func() string { return r.doubles[r.asked.Load()].settings["address"].(string) }
	s.settings["address"], s.settings["zone"] = r.proxy.Start(t, ""), "UTC"
	return r, s
}

// show gives each replica the rows that it has by now.
func (r *replicas) show(t require.TestingT) {
	for i, d := range r.doubles {
		last := map[int]commit{}
		for _, c := range r.commits { // in the order in which they were seen
			if !c.seen.Add(r.behind[i]).After(r.clock.Now()) {
				last[c.id] = c
			}
		}
		table := salesTable()
		for _, c := range last {
			table.Rows = append(table.Rows, salesRow(c.id, c.changed, c.qty))
		}
		require.NoError(t, d.server.SetRows(table))
	}
}

// write changes a row, whose new version can be seen some time after its time of change.
func (r *replicas) write(id int, late time.Duration) {
	now := r.clock.Now()
	c := commit{id, strconv.Itoa(len(r.commits) + 1), now.Add(-late).Add(time.Duration(len(r.commits)) * time.Microsecond), now}
	for _, before := range r.commits {
		if before.id == id && !c.changed.After(before.changed) {
			return // the row was held by the other transaction
		}
	}
	r.commits = append(r.commits, c)
}

// Whatever replica answers which page, and wherever a run breaks: what is behind by no more than lag and overlap together is
// read, in its last version.
func TestReplicasThatAreBehindLoseNoRow(t *testing.T) {
	t.Parallel()
	r, s := startReplicas(t)
	rapid.Check(t, func(rt *rapid.T) {
		seconds := func(label string, least, most int) time.Duration {
			return time.Duration(rapid.IntRange(least, most).Draw(rt, label)) * time.Second
		}
		lag, overlap := seconds("lag", 0, 60), seconds("overlap", 0, 60)
		late := seconds("late", 0, int((lag+overlap)/time.Second))
		left := int((lag + overlap - late) / time.Second)
		r.commits = nil
		r.clock.Advance(connectortest.Start.Sub(r.clock.Now()))
		for i := range r.doubles {
			r.fast[i].Store(int64(seconds("ahead", -30, left)))
		}
		for i := range r.doubles {
			r.behind[i] = seconds("behind", 0, left-int(max(0, r.fast[0].Load(), r.fast[1].Load())/int64(time.Second)))
		}
		src := s.source(t, map[string]any{"lag": lag.String(), "overlap": overlap.String(), "page_size": rapid.IntRange(1, 4).Draw(rt, "page"), "max_rows": rapid.SampledFrom([]int{3, 1000}).Draw(rt, "most")})
		defer func() { require.NoError(rt, src.Close()) }()
		turn := func() {
			for range rapid.IntRange(0, 3).Draw(rt, "writes") {
				r.write(rapid.IntRange(1, 12).Draw(rt, "id"), seconds("late by", 0, int(late/time.Second)))
			}
			r.clock.Advance(seconds("passes", 0, 40))
			r.show(rt)
			if rapid.Bool().Draw(rt, "other") {
				r.asked.Store(1 - r.asked.Load())
				r.proxy.Cut()
			}
		}
		got := map[string]version{}
		var position json.RawMessage
		for range rapid.IntRange(1, 8).Draw(rt, "runs") {
			turn()
			position = run(rt, src, position, got, turn)
		}
		r.clock.Advance(3 * time.Minute)
		r.show(rt)
		for range 20 { // runs that are cut off at max_rows go on
			position = run(rt, src, position, got, func() {})
		}
		want := map[string]version{}
		for _, c := range r.commits {
			want[strconv.Itoa(c.id)] = version{c.changed, c.qty}
		}
		require.Equal(rt, want, got)
	})
}

// version is what the hub keeps of a row: of two versions the one with the later time of change.
type version struct {
	changed time.Time
	qty     string
}

// run reads until the run ends or breaks, and returns where the next one goes on.
func run(t require.TestingT, src *database.Source, position json.RawMessage, got map[string]version, between func()) json.RawMessage {
	ctx := context.Background()
	if err := src.Open(ctx, "sales", position); err != nil { // the connection was cut
		require.Equal(t, "database.lost", errs.CodeOf(err), "%v", err)
		return position
	}
	for {
		batch, err := src.Read(ctx)
		if errors.Is(err, io.EOF) {
			return position
		}
		if err != nil {
			require.Equal(t, "database.lost", errs.CodeOf(err), "%v", err)
			return position
		}
		require.Empty(t, batch.Bad)
		for _, row := range batch.Rows {
			if v := (version{row.SourceTime, fmt.Sprint(row.Fields["qty"])}); !v.changed.Before(got[row.Key].changed) {
				got[row.Key] = v
			}
		}
		position = batch.Position
		between()
	}
}
