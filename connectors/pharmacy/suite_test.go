package pharmacy_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/objectsource"
	"tributary/connectors/pharmacy"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simpharmacy"
	"tributary/connectors/sandbox/world"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

var now = connectortest.Start

type bench struct {
	*simpharmacy.Server
	url    string
	faults *fault.Set
	clock  connectortest.Clock
}

func start(t *testing.T) *bench {
	t.Helper()
	w := connectortest.SmallWorld(t)
	b := &bench{faults: fault.New()}
	b.Server = sandbox.NewPharmacy(w, b.clock.Now, b.faults)
	mux := http.NewServeMux()
	mux.Handle("/pharmacy/", fault.Transport{Faults: b.faults, Now: b.clock.Now, Delay: time.Hour}.Wrap(b.Server))
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	b.url = srv.URL
	return b
}

func sale(i int, at time.Time) map[string]any {
	return map[string]any{
		"id": fmt.Sprintf("LS%06d", i), "store_code": "S00001", "date": "2025-03-01", "doc_no": "D1", "product_code": "P", "product_name": "药", "spec": "s", "approval_no": "a",
		"unit": "盒", "lot": "250301", "quantity": "2", "kind": "零售", "updated_at": at.Format(time.RFC3339), "deleted": false,
	}
}

func system(t *testing.T) *connectortest.System {
	b := start(t)
	rows := &connectortest.Rows{Clock: &b.clock, Make: sale, Text: "product_name", Gone: "deleted", Publish: func(rows []map[string]any) {
		b.SetList("sales", simpharmacy.List(rows))
	}}
	return &connectortest.System{
		Settings: sandbox.Settings("pharmacy", b.url), Faults: b.faults, Now: b.clock.Now, Advance: b.clock.Advance,
		Before: func(f func()) { b.BeforeQuery(func(string) { f() }) },
		Fill:   rows.Fill, Touch: rows.Touch, Remove: rows.Remove, Write: rows.Write,
	}
}

func TestConnector(t *testing.T) {
	driver, err := pharmacy.Driver()
	require.NoError(t, err)
	connectortest.Run(t, connectortest.Harness{
		Driver: driver, Text: "product_name", Start: system, Stream: "sales", BaseURL: []string{"base_url"}, Password: "token", PageSize: "page_size",
		Passing:  []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.ShortPage, fault.ClockFast, fault.ClockSlow},
		Failing:  []fault.Name{fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.BadCredentials, fault.DeadLocator},
		Optional: []string{},
	})
}

func open(t *testing.T, b *bench) *objectsource.Source {
	t.Helper()
	spec, err := connectors.SpecOf(pharmacy.Settings{})
	require.NoError(t, err)
	raw := sandbox.Settings("pharmacy", b.url)
	raw["retry_first"], raw["calls_per_second"], raw["page_size"] = "1ms", 0, 5
	settings, problems := spec.Parse("p", raw)
	require.Empty(t, problems)
	src, err := pharmacy.New(settings.(pharmacy.Settings), connectors.Env{Now: b.clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

func TestStoresAreACompleteList(t *testing.T) {
	b := start(t)
	src := open(t, b)
	require.NoError(t, src.Open(t.Context(), "stores", nil))
	var n int
	for {
		batch, err := src.Read(t.Context())
		require.NoError(t, err)
		n += len(batch.Rows)
		if batch.SnapshotEnd {
			break
		}
	}
	w := connectortest.SmallWorld(t)
	require.Equal(t, w.Len(world.Chain), n)
}

func TestADeadLinkBeginsTheWindowAgain(t *testing.T) {
	b := start(t)
	var rows simpharmacy.List
	for i := range 23 {
		rows = append(rows, sale(i, now.Add(-time.Hour)))
	}
	b.SetList("sales", rows)
	src := open(t, b)
	require.NoError(t, src.Open(t.Context(), "sales", nil))
	seen := map[string]bool{}
	for page := 0; ; page++ {
		if page == 2 {
			b.faults.Arm(fault.DeadLocator, 1)
		}
		batch, err := src.Read(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		for _, r := range batch.Rows {
			seen[r.Key] = true
		}
	}
	require.Len(t, seen, 23)
	require.Equal(t, 1, b.faults.Hits(fault.DeadLocator))
}

func TestDeletedRowsAndForeignLinks(t *testing.T) {
	b := start(t)
	gone := sale(1, now.Add(-time.Minute))
	gone["deleted"] = true
	b.SetList("sales", simpharmacy.List{sale(0, now.Add(-time.Hour)), gone})
	src := open(t, b)
	require.NoError(t, src.Open(t.Context(), "sales", nil))
	batch, err := src.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, connectors.Upsert, batch.Rows[0].Op)
	require.Equal(t, connectors.Delete, batch.Rows[1].Op)

	_, err = src.Backfill("stores", now, now.Add(time.Hour))
	require.Equal(t, "connectors.no_window", errs.CodeOf(err))
}
