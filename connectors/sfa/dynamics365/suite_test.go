package dynamics365_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	"tributary/connectors/sandbox/simdataverse"
	"tributary/connectors/sandbox/world"
	"tributary/connectors/sfa/dynamics365"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

var now = connectortest.Start

type bench struct {
	*simdataverse.Server
	url    string
	faults *fault.Set
	clock  connectortest.Clock
	rows   connectortest.Rows
}

func start(t *testing.T, change func([]simdataverse.Table)) *bench {
	t.Helper()
	w := connectortest.SmallWorld(t)
	b := &bench{faults: fault.New()}
	settings := sandbox.Settings("dynamics365", "")
	tables := sandbox.DynamicsTables(w, world.SFA)
	if change != nil {
		change(tables)
	}
	b.Server = simdataverse.New(simdataverse.Options{TenantID: settings["tenant_id"].(string), ClientID: settings["client_id"].(string), ClientSecret: settings["client_secret"].(string), Now: b.clock.Now, Faults: b.faults}, tables...)
	srv := httptest.NewServer(fault.Transport{Faults: b.faults, Now: b.clock.Now, Delay: time.Hour}.Wrap(b.Server))
	t.Cleanup(srv.Close)
	b.url = srv.URL
	b.rows = connectortest.Rows{Clock: &b.clock, Make: account, Text: "name", Publish: func(rows []map[string]any) { b.SetRows("accounts", rows) }}
	return b
}

func (b *bench) settings() map[string]any {
	s := sandbox.Settings("dynamics365", b.url)
	s["base_url"], s["authority"] = b.url, b.url
	return s
}

func account(i int, at time.Time) map[string]any {
	return map[string]any{"accountid": fmt.Sprintf("00000001-0000-0000-0000-%012d", i), "modifiedon": at.UTC().Format(time.RFC3339), "statecode": 0, "name": fmt.Sprintf("医院%d", i), "customertypecode": 1}
}

func TestConnector(t *testing.T) {
	driver, err := dynamics365.Driver()
	require.NoError(t, err)
	connectortest.Run(t, connectortest.Harness{
		Driver: driver, Text: "name", Stream: "accounts", BaseURL: []string{"base_url", "authority"}, Password: "client_secret", PageSize: "page_size",
		Start: func(t *testing.T) *connectortest.System {
			b := start(t, nil)
			return &connectortest.System{Settings: b.settings(), Faults: b.faults, Now: b.clock.Now, Logins: b.Logins, Advance: b.clock.Advance, Before: b.BeforeQuery, Fill: b.rows.Fill, Touch: b.rows.Touch, Remove: b.rows.Remove, Write: b.rows.Write}
		},
		Passing: []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.ShortPage, fault.SessionExpiry, fault.ClockFast, fault.ClockSlow},
		Failing: []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.SessionExpiry, fault.DeadLocator},
	})
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Taker {
	t.Helper()
	spec, err := connectors.SpecOf(dynamics365.Settings{})
	require.NoError(t, err)
	raw := b.settings()
	raw["retry_first"], raw["calls_per_second"], raw["page_size"] = "1ms", 0, 7
	maps.Copy(raw, change)
	settings, problems := spec.Parse("p", raw)
	require.Empty(t, problems)
	src, err := dynamics365.New(settings.(dynamics365.Settings), connectors.Env{Now: b.clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

// run reads a run whole.
func run(t *testing.T, src *objectsource.Taker, from json.RawMessage) (rows []connectors.Row, last json.RawMessage, snapshot bool) {
	t.Helper()
	require.NoError(t, src.Open(t.Context(), "accounts", from))
	for {
		b, err := src.Read(t.Context())
		if errors.Is(err, io.EOF) {
			return rows, last, snapshot
		}
		require.NoError(t, err)
		rows, last, snapshot = append(rows, b.Rows...), b.Position, snapshot || b.SnapshotEnd
	}
}

func TestTheLogTellsChangesAndDeletes(t *testing.T) {
	b := start(t, nil)
	b.rows.Fill(20)
	src := open(t, b, nil)
	rows, last, whole := run(t, src, nil)
	require.Len(t, rows, 20)
	require.True(t, whole, "a first run shows every key")
	require.NotContains(t, string(last), b.url, "positions survive a change of host name")

	b.rows.Touch(3)
	b.rows.Remove(5)
	rows, last, whole = run(t, src, last)
	require.Len(t, rows, 2)
	require.False(t, whole)
	require.Equal(t, account(3, now)["accountid"], rows[0].Key)
	require.Equal(t, connectors.Delete, rows[1].Op)
	require.Equal(t, account(5, now)["accountid"], rows[1].Key)
	rows, _, _ = run(t, src, last)
	require.Empty(t, rows)
}

// A link into the log that expired makes the run read the table whole: what is gone is missing from it, and is no "0 rows".
func TestAnExpiredLinkReadsTheTableAgain(t *testing.T) {
	b := start(t, nil)
	b.rows.Fill(20)
	src := open(t, b, nil)
	_, last, _ := run(t, src, nil)
	b.rows.Remove(0)
	b.faults.Arm(fault.DeadLocator, 1)
	rows, after, whole := run(t, src, last)
	require.Len(t, rows, 19)
	require.True(t, whole)
	rows, _, _ = run(t, src, after)
	require.Empty(t, rows)

	// Broken off in the middle, it begins again from the first row: only then what is missing is known.
	b.faults.Arm(fault.DeadLocator, 1)
	require.NoError(t, src.Open(t.Context(), "accounts", last))
	first, err := src.Read(t.Context())
	require.NoError(t, err)
	require.False(t, first.SnapshotEnd)
	rows, _, whole = run(t, open(t, b, nil), first.Position)
	require.Len(t, rows, 19)
	require.True(t, whole)
}

func TestAWindowIsReadByTime(t *testing.T) {
	b := start(t, nil)
	b.rows.Fill(20)
	b.clock.Advance(time.Hour)
	b.rows.Touch(3)
	src := open(t, b, nil)
	window, err := src.Backfill("accounts", now.Add(30*time.Minute), now.Add(2*time.Hour))
	require.NoError(t, err)
	rows, _, _ := run(t, src, window)
	require.Len(t, rows, 1)
	require.Equal(t, "医院", rows[0].Fields["customertypecode_label"])
	require.Equal(t, json.Number("1"), rows[0].Fields["customertypecode"])
}

func TestATableWithoutChangeTracking(t *testing.T) {
	b := start(t, func(tables []simdataverse.Table) { tables[0].Untracked = true })
	src := open(t, b, nil)
	require.Equal(t, "connectors.change_tracking", errs.CodeOf(src.Open(t.Context(), "accounts", nil)))
	found, err := src.Check(t.Context())
	require.NoError(t, err)
	require.Equal(t, "connectors.change_tracking", found[0].Code)
}
