package pharmacy_test

import (
	"errors"
	"fmt"
	"io"
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
	*connectortest.Site
}

func start(t *testing.T) *bench {
	t.Helper()
	b := &bench{Site: connectortest.NewSite()}
	b.Server = sandbox.NewPharmacy(connectortest.SmallWorld(t), b.Clock.Now, b.Faults)
	b.Serve(t, b.Server)
	b.Rows = connectortest.Rows{Clock: &b.Clock, Make: sale, Text: "product_name", Gone: "deleted", Publish: func(rows []map[string]any) { b.SetList("sales", simpharmacy.List(rows)) }}
	return b
}

func sale(i int, at time.Time) map[string]any {
	return map[string]any{
		"id": fmt.Sprintf("LS%06d", i), "store_code": "S00001", "date": "2025-03-01", "doc_no": "D1", "product_code": "P", "product_name": "药", "spec": "s", "approval_no": "a",
		"unit": "盒", "lot": "250301", "quantity": "2", "kind": "零售", "updated_at": at.Format(time.RFC3339), "deleted": false,
	}
}

func TestConnector(t *testing.T) {
	driver, err := pharmacy.Driver()
	require.NoError(t, err)
	connectortest.Run(t, connectortest.Harness{
		Driver: driver, Text: "product_name", Stream: "sales", BaseURL: []string{"base_url"}, Password: "token", PageSize: "page_size",
		Start: func(t *testing.T) *connectortest.System {
			b := start(t)
			return b.System(sandbox.Settings("pharmacy", b.URL), b.BeforeQuery, nil)
		},
		Passing:  []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.ShortPage, fault.ClockFast, fault.ClockSlow},
		Failing:  []fault.Name{fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.BadCredentials, fault.DeadLocator, fault.SamePage},
		Optional: []string{},
	})
}

func open(t *testing.T, b *bench) *objectsource.Source {
	t.Helper()
	return connectortest.Open(t, pharmacy.New, b.Clock.Now, sandbox.Settings("pharmacy", b.URL), map[string]any{"page_size": 5})
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
			b.Faults.Arm(fault.DeadLocator, 1)
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
	require.Equal(t, 1, b.Faults.Hits(fault.DeadLocator))
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
