package bench_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/pipeline"
	"tributary/store"
	"tributary/test/servers"
)

// BenchmarkJoinPostgres compares the join of a distributor's month, whose products and partners are found, with the import
// of the same rows.
func BenchmarkJoinPostgres(t *testing.B) {
	rows := min(benchRows(t), 300_000)
	path := salesFile(t, rows)
	h := openHub(t, servers.PostgresSchema(t))
	db := h.DB
	var products []store.Record
	for i := range 200 { // those of the file
		code := fmt.Sprintf("P%03d", i)
		products = append(products, store.Record{Entity: canonical.EntityProduct, Source: "erp", ID: code, Trust: 50, ReadOrder: "1", Run: canonical.DeriveID("r"),
			Payload: bytesOf(t, canonical.Product{Code: code, Name: fmt.Sprintf("百川胶囊%d号", i), Spec: fmt.Sprintf("0.25g*%d粒", 10+i%5), ApprovalNo: fmt.Sprintf("国药准字H2025%04d", i), Unit: "盒"})})
	}
	require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.PutRecords(t.Context(), products)
		return err
	}))
	taken := measure(t, "join/import", rows, func() { importSales(t, db, path, rows) })
	taken.print()
	_, err := h.Resolver().Run(t.Context())
	require.NoError(t, err)
	var report pipeline.JoinReport
	own := measure(t, "join/postgres", rows, func() {
		report, err = h.Joiner().Run(t.Context())
		require.NoError(t, err)
	})
	require.EqualValues(t, rows, report.Opened)
	own.Peer, own.Ratio = taken.Figure, taken.Seconds/own.Seconds
	own.print()
}
