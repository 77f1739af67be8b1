package dynamics365_test

import (
	"encoding/json"
	"fmt"
	"slices"
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
	*connectortest.Site
	*simdataverse.Server
}

func start(t *testing.T, change func([]simdataverse.Table)) *bench {
	t.Helper()
	b := &bench{Site: connectortest.NewSite()}
	tables := sandbox.DynamicsTables(connectortest.SmallWorld(t), world.SFA)
	if change != nil {
		change(tables)
	}
	b.Server = simdataverse.New(b.options(), tables...)
	b.Serve(t, b.Server)
	b.Rows = connectortest.Rows{Clock: &b.Clock, Make: account, Text: "name", Publish: func(rows []map[string]any) { b.SetRows("accounts", rows) }}
	return b
}

func (b *bench) options() simdataverse.Options {
	text := func(name string) string { return b.settings()[name].(string) }
	return simdataverse.Options{TenantID: text("tenant_id"), ClientID: text("client_id"), ClientSecret: text("client_secret"), Now: b.Clock.Now, Faults: b.Faults}
}

func (b *bench) settings() map[string]any {
	s := sandbox.Settings("dynamics365", b.URL)
	s["base_url"], s["authority"] = b.URL, b.URL
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
			return b.System(b.settings(), b.BeforeQuery, b.Logins)
		},
		Passing: []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.ShortPage, fault.SessionExpiry, fault.ClockFast, fault.ClockSlow},
		Failing: []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.SessionExpiry, fault.DeadLocator, fault.SamePage},
	})
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Taker {
	t.Helper()
	return connectortest.Open(t, dynamics365.New, b.Clock.Now, b.settings(), map[string]any{"page_size": 7}, change)
}

// run reads a run whole, and says whether it showed every key.
func run(t *testing.T, src *objectsource.Taker, from json.RawMessage) (rows []connectors.Row, last json.RawMessage, snapshot bool) {
	t.Helper()
	rows, pages, last := connectortest.Drain(t, src, "accounts", from)
	return rows, last, slices.ContainsFunc(pages, func(b connectors.Batch) bool { return b.SnapshotEnd })
}

func TestTheLogTellsChangesAndDeletes(t *testing.T) {
	b := start(t, nil)
	b.Rows.Fill(20)
	src := open(t, b, nil)
	rows, last, whole := run(t, src, nil)
	require.Len(t, rows, 20)
	require.True(t, whole, "a first run shows every key")
	require.NotContains(t, string(last), b.URL, "positions survive a change of host name")

	b.Rows.Touch(3)
	b.Rows.Remove(5)
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
	b.Rows.Fill(20)
	src := open(t, b, nil)
	_, last, _ := run(t, src, nil)
	b.Rows.Remove(0)
	b.Faults.Arm(fault.DeadLocator, 1)
	rows, after, whole := run(t, src, last)
	require.Len(t, rows, 19)
	require.True(t, whole)
	rows, _, _ = run(t, src, after)
	require.Empty(t, rows)

	// Broken off in the middle, it begins again from the first row: only then what is missing is known.
	b.Faults.Arm(fault.DeadLocator, 1)
	require.NoError(t, src.Open(t.Context(), "accounts", last))
	first, err := src.Read(t.Context())
	require.NoError(t, err)
	require.False(t, first.SnapshotEnd)
	rows, _, whole = run(t, open(t, b, nil), first.Position)
	require.Len(t, rows, 19)
	require.True(t, whole)
}

// Rows that are deleted while the table is read for the first time take no other out of it, and the log tells of them.
func TestDeletesWhileTheTableIsReadMoveNoOtherRow(t *testing.T) {
	b := start(t, nil)
	b.Rows.Fill(20)
	src := open(t, b, map[string]any{"page_size": 8})
	require.NoError(t, src.Open(t.Context(), "accounts", nil))
	first, err := src.Read(t.Context())
	require.NoError(t, err)
	require.Len(t, first.Rows, 8)
	b.Rows.Remove(2)
	b.Rows.Remove(5)
	rest, last, _ := run(t, src, first.Position)
	require.Len(t, rest, 12)
	gone, _, _ := run(t, src, last)
	require.Len(t, gone, 2)
	require.Equal(t, connectors.Delete, gone[0].Op)
}

func TestAWindowIsReadByTime(t *testing.T) {
	b := start(t, nil)
	b.Rows.Fill(20)
	b.Clock.Advance(time.Hour)
	b.Rows.Touch(3)
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
