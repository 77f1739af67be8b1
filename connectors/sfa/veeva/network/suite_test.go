package network_test

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simveeva"
	"tributary/connectors/sandbox/world"
	"tributary/connectors/sfa/veeva/network"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

var now = connectortest.Start

// bench is a simulated instance.
type bench struct {
	*simveeva.Network
	url    string
	faults *fault.Set
	clock  connectortest.Clock
	rows   connectortest.Rows
	merged map[int]int // loser → winner
}

func start(t *testing.T, change func(*simveeva.NetworkOptions)) *bench {
	t.Helper()
	b := &bench{faults: fault.New(), merged: map[int]int{}}
	options := sandbox.NetworkInstance(b.clock.Now, b.faults)
	if change != nil {
		change(&options)
	}
	b.Network = simveeva.NewNetwork(options, sandbox.NetworkRecords(connectortest.SmallWorld(t), world.Specialty))
	srv := httptest.NewServer(fault.Transport{Faults: b.faults, Now: b.clock.Now, Delay: time.Hour}.Wrap(b.Network))
	t.Cleanup(srv.Close)
	b.url = srv.URL
	b.rows = connectortest.Rows{Clock: &b.clock, Make: b.record, Text: "corporate_name__v", Publish: func(rows []map[string]any) {
		list := make(simveeva.RecordList, len(rows))
		for i, r := range rows {
			list[i] = simveeva.Record{Kind: "HCO", Fields: r}
		}
		b.SetRecords(list)
	}}
	return b
}

func vid(i int) string { return fmt.Sprintf("9381541081%08d", i) }

func (b *bench) record(i int, at time.Time) map[string]any {
	out := map[string]any{
		"vid__v": vid(i), "modified_date__v": simveeva.NetworkTime(at), "record_state__v": "VALID", "record_merged_vid__v": nil, "primary_country__v": "CN",
		"corporate_name__v": fmt.Sprintf("医院%d", i), "parent_hcos__v": []any{}, "addresses__v": []any{},
	}
	if winner, ok := b.merged[i]; ok {
		out["record_state__v"], out["record_merged_vid__v"] = "MERGED_INTO", vid(winner)
	}
	return out
}

// merge makes one record live on in another one.
func (b *bench) merge(loser, winner int) {
	b.merged[loser] = winner
	b.rows.Touch(loser)
	b.rows.Touch(winner)
}

func (b *bench) settings() map[string]any {
	s := sandbox.Settings("veeva-network", b.url)
	s["base_url"] = b.url
	return s
}

func TestConnector(t *testing.T) {
	driver, err := network.Driver()
	require.NoError(t, err)
	connectortest.Run(t, connectortest.Harness{
		Driver: driver, Text: "corporate_name__v", Stream: "hco", BaseURL: []string{"base_url"}, Password: "password", PageSize: "page_size", MaxPage: 100,
		Start: func(t *testing.T) *connectortest.System {
			b := start(t, func(o *simveeva.NetworkOptions) { o.NoTotal = true })
			remove := func(i int) { b.merged[i] = 0; b.rows.Touch(i) }
			return &connectortest.System{Settings: b.settings(), Faults: b.faults, Now: b.clock.Now, Logins: b.Logins, Advance: b.clock.Advance, Before: b.BeforeQuery, Fill: b.rows.Fill, Touch: b.rows.Touch, Remove: remove, Write: b.rows.Write}
		},
		Passing: []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.ShortPage, fault.SessionExpiry, fault.ClockFast, fault.ClockSlow},
		Failing: []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.SessionExpiry},
	})
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Source {
	t.Helper()
	spec, err := connectors.SpecOf(network.Settings{})
	require.NoError(t, err)
	raw := b.settings()
	raw["retry_first"], raw["retry_budget"], raw["calls_per_second"] = "1ms", "50ms", 0
	maps.Copy(raw, change)
	settings, problems := spec.Parse("p", raw)
	require.Empty(t, problems)
	src, err := network.New(settings.(network.Settings), connectors.Env{Now: b.clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

// apply is what is alive after rows in their order.
func apply(into map[string]bool, rows []connectors.Row) map[string]bool {
	for _, r := range rows {
		into[r.Key] = r.Op == connectors.Upsert
	}
	return into
}

// A chain of merges, A into B and then B into C: neither absorbed key stays alive, the surviving one carries on, and a merge taken back
// brings its record again.
func TestMergedRecordsDoNotStayAlive(t *testing.T) {
	b := start(t, nil)
	b.rows.Fill(10)
	src := open(t, b, nil)
	rows, _, last := connectortest.Drain(t, src, "hco", nil)
	alive := apply(map[string]bool{}, rows)
	require.Len(t, alive, 10)
	b.clock.Advance(time.Hour)
	b.merge(1, 2)
	b.clock.Advance(time.Hour)
	rows, _, last = connectortest.Drain(t, src, "hco", last)
	apply(alive, rows)
	require.False(t, alive[vid(1)])
	require.True(t, alive[vid(2)])
	b.merge(2, 3)
	b.clock.Advance(time.Hour)
	rows, _, last = connectortest.Drain(t, src, "hco", last)
	apply(alive, rows)
	for _, r := range rows {
		if r.Key == vid(2) {
			require.Equal(t, connectors.Delete, r.Op)
			require.Equal(t, vid(3), r.Fields["record_merged_vid__v"], "the survivor stands in the row")
		}
	}
	require.Equal(t, [3]bool{false, false, true}, [3]bool{alive[vid(1)], alive[vid(2)], alive[vid(3)]})
	keys, err := src.Keys(t.Context(), "hco")
	require.NoError(t, err)
	require.Len(t, keys, 8)
	fresh, _, _ := connectortest.Drain(t, open(t, b, nil), "hco", nil)
	require.Len(t, apply(map[string]bool{}, fresh), 8, "a first read sees living records only")

	delete(b.merged, 1)
	b.rows.Touch(1)
	b.clock.Advance(time.Hour)
	rows, _, _ = connectortest.Drain(t, src, "hco", last)
	require.True(t, apply(alive, rows)[vid(1)])
}

// Whatever the state, a record is there or it is not.
func TestRecordStates(t *testing.T) {
	b := start(t, nil)
	states := []string{"VALID", "UNDER_REVIEW", "MERGE_ADDED", "INVALID", "DELETED", "MERGED_INTO", "MERGE_INACTIVATED"}
	var list simveeva.RecordList
	for i, s := range states {
		r := b.record(i, now.Add(-time.Minute))
		r["record_state__v"] = s
		list = append(list, simveeva.Record{Kind: "HCO", Fields: r})
	}
	b.SetRecords(list)
	src := open(t, b, nil)
	window, err := src.Backfill("hco", now.Add(-time.Hour), now)
	require.NoError(t, err)
	rows, _, _ := connectortest.Drain(t, src, "hco", window)
	require.Len(t, rows, 7)
	for i, r := range rows {
		require.Equal(t, i >= 3, r.Op == connectors.Delete, states[i])
	}
}

// Thousands of records share a millisecond and some of them change while they are paged: none is lost.
func TestRecordsThatMoveWhileTheyAreRead(t *testing.T) {
	for _, noTotal := range []bool{false, true} {
		b := start(t, func(o *simveeva.NetworkOptions) { o.NoTotal = noTotal })
		b.rows.Fill(450)
		searches := 0
		b.BeforeQuery(func() {
			if searches++; searches%9 == 0 && searches < 100 {
				b.clock.Advance(time.Second)
				b.rows.Touch(searches / 9)
			}
		})
		src := open(t, b, map[string]any{"page_size": 20})
		rows, _, last := connectortest.Drain(t, src, "hco", nil)
		b.BeforeQuery(func() {})
		b.clock.Advance(time.Hour)
		more, _, _ := connectortest.Drain(t, src, "hco", last)
		require.Len(t, apply(apply(map[string]bool{}, rows), more), 450)
	}
}

// Doctors name their institution; times may be epoch milliseconds; VIDs stay 18 digits.
func TestWhatRecordsHold(t *testing.T) {
	b := start(t, nil)
	src := open(t, b, nil)
	institutions, _, _ := connectortest.Drain(t, src, "hco", nil)
	known := apply(map[string]bool{}, institutions)
	doctors, _, _ := connectortest.Drain(t, src, "hcp", nil)
	require.NotEmpty(t, doctors)
	for _, r := range doctors {
		require.Len(t, r.Key, 18)
		if at := r.Fields["parent_hcos__v_parent_hco_vid__v"]; at != nil {
			require.True(t, known[at.(string)])
		}
	}
	r := b.record(1, now)
	r["vid__v"], r["modified_date__v"] = 938154108180564781, now.Add(-time.Minute).UnixMilli()
	delete(r, "record_merged_vid__v")
	b.SetRecords(simveeva.RecordList{{Kind: "HCO", Fields: r}})
	require.NoError(t, src.Open(t.Context(), "hco", nil), "one record is looked at for metadata")
}

func TestAWrongPasswordLocksNobody(t *testing.T) {
	b := start(t, nil)
	src := open(t, b, map[string]any{"password": "wrong"})
	for range 9 {
		require.Equal(t, "connectors.credentials", errs.CodeOf(src.Open(t.Context(), "hco", nil)))
	}
	require.Equal(t, 1, b.Logins())
	require.NoError(t, open(t, b, nil).Open(t.Context(), "hco", nil))
}
