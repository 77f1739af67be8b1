package dynamics365_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simdataverse"
	"tributary/connectors/sandbox/world"
	"tributary/connectors/sfa/dynamics365"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2025, 3, 10, 12, 0, 0, 0, time.UTC)

var small = sync.OnceValues(func() (*world.World, error) {
	until, err := canonical.NewDate(2025, 2, 28)
	if err != nil {
		return nil, err
	}
	return world.New(world.Config{Seed: 4, Scale: 0.05, Until: until})
})

type bench struct {
	*simdataverse.Server
	url    string
	faults *fault.Set
	clock  atomic.Int64
	mu     sync.Mutex
	rows   []map[string]any
}

func (b *bench) now() time.Time { return now.Add(time.Duration(b.clock.Load())) }

func start(t *testing.T, change func([]simdataverse.Table)) *bench {
	t.Helper()
	w, err := small()
	require.NoError(t, err)
	b := &bench{faults: fault.New()}
	settings := sandbox.Settings("dynamics365", "")
	tables := sandbox.DynamicsTables(w)
	if change != nil {
		change(tables)
	}
	b.Server = simdataverse.New(simdataverse.Options{TenantID: settings["tenant_id"].(string), ClientID: settings["client_id"].(string), ClientSecret: settings["client_secret"].(string), Now: b.now, Faults: b.faults}, tables...)
	srv := httptest.NewServer(fault.Transport{Faults: b.faults, Now: b.now, Delay: time.Hour}.Wrap(b.Server))
	t.Cleanup(srv.Close)
	b.url = srv.URL
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

func (b *bench) publish() { b.SetRows("accounts", slices.Clone(b.rows)) }

func (b *bench) fill(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows = nil
	for i := range n {
		b.rows = append(b.rows, account(i, now.Add(-time.Hour)))
	}
	b.publish()
}

func (b *bench) touch(i int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows[i] = account(i, b.now())
	b.rows[i]["name"] = fmt.Sprint("更名", b.now().UnixMilli())
	b.publish()
}

func (b *bench) remove(i int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows = append(b.rows[:i:i], b.rows[i+1:]...)
	b.publish()
}

func (b *bench) write(i int, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows[i] = account(i, b.now())
	b.rows[i]["name"] = text
	b.publish()
}

func TestConnector(t *testing.T) {
	driver, err := dynamics365.Driver()
	require.NoError(t, err)
	connectortest.Run(t, connectortest.Harness{
		Driver: driver, Text: "name", Stream: "accounts", BaseURL: []string{"base_url", "authority"}, Password: "client_secret", PageSize: "page_size",
		Start: func(t *testing.T) *connectortest.System {
			b := start(t, nil)
			return &connectortest.System{Settings: b.settings(), Faults: b.faults, Now: b.now, Logins: b.Logins, Advance: func(d time.Duration) { b.clock.Add(int64(d)) }, Before: b.BeforeQuery, Fill: b.fill, Touch: b.touch, Remove: b.remove, Write: b.write}
		},
		Passing: []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.ShortPage, fault.SessionExpiry, fault.ClockFast, fault.ClockSlow},
		Failing: []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.SessionExpiry, fault.DeadLocator},
	})
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Source {
	t.Helper()
	spec, err := connectors.SpecOf(dynamics365.Settings{})
	require.NoError(t, err)
	raw := b.settings()
	raw["retry_first"], raw["calls_per_second"], raw["page_size"] = "1ms", 0, 7
	maps.Copy(raw, change)
	settings, problems := spec.Parse("p", raw)
	require.Empty(t, problems)
	src, err := dynamics365.New(settings.(dynamics365.Settings), connectors.Env{Now: b.now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

// run reads a run whole.
func run(t *testing.T, src *objectsource.Source, from json.RawMessage) (rows []connectors.Row, last json.RawMessage, snapshot bool) {
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
	b.fill(20)
	src := open(t, b, nil)
	rows, last, whole := run(t, src, nil)
	require.Len(t, rows, 20)
	require.True(t, whole, "a first run shows every key")
	require.NotContains(t, string(last), b.url, "positions survive a change of host name")

	b.touch(3)
	b.remove(5)
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
	b.fill(20)
	src := open(t, b, nil)
	_, last, _ := run(t, src, nil)
	b.mu.Lock()
	b.rows = b.rows[1:]
	b.publish()
	b.mu.Unlock()
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
	b.fill(20)
	b.clock.Store(int64(time.Hour))
	b.touch(3)
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
