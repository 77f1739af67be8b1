package hub_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
	"tributary/store"
)

// BenchmarkTraceLot asks for lots with 20 distributors and 500 end customers among 300,000 movements of a product.
func BenchmarkTraceLot(b *testing.B) {
	h := benchHub(b, 200)
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		r, err := h.TraceLot(b.Context(), hub.TraceLotRequest{Product: "P1", Lot: fmt.Sprintf("L%03d", len(took)%200)})
		require.NoError(b, err)
		require.Len(b, r.Parties, 521)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

func benchHub(b *testing.B, lots int) *hub.Hub {
	h := bareHub(b, "sqlite:hub.db")
	ctx := b.Context()
	var records []store.Record
	code := func(i int) string {
		switch {
		case i == 0:
			return "M"
		case i <= 20:
			return fmt.Sprintf("D%d", i)
		}
		return fmt.Sprintf("H%d", i)
	}
	const parties = 521
	for i := range parties {
		payload, err := json.Marshal(canonical.Customer{Kind: canonical.UnknownParty, Name: "客户" + code(i), Code: code(i)})
		require.NoError(b, err)
		records = append(records, store.Record{Entity: canonical.EntityCustomer, Source: "flow:" + code(i), ID: canonical.ReporterID, Payload: payload, ReadOrder: "1", Run: canonical.DeriveID("r")})
	}
	product, err := json.Marshal(canonical.Product{Code: "P1", Name: "片", Unit: "盒"})
	require.NoError(b, err)
	records = append(records, store.Record{Entity: canonical.EntityProduct, Source: "erp", ID: "P1", Trust: 50, Payload: product, ReadOrder: "1", Run: canonical.DeriveID("r")})
	var numbers []int64
	require.NoError(b, h.DB.InTx(ctx, func(tx *store.Tx) error {
		put, err := tx.PutRecords(ctx, records)
		var links []store.RecordLink
		var goldens []store.Golden
		for i, p := range put[:parties] {
			kind := canonical.Hospital
			if i == 0 {
				kind = canonical.Manufacturer
			} else if i <= 20 {
				kind = canonical.Distributor
			}
			payload, err := json.Marshal(store.GoldenPayload{Customer: canonical.Customer{Kind: kind, Name: "客户" + code(i), Code: code(i), Phones: []string{"13812345678"}},
				Sources: []canonical.RecordKey{{Source: "erp", ID: code(i)}}})
			if err != nil {
				return err
			}
			id := canonical.DeriveID("g", code(i))
			numbers = append(numbers, p.Record)
			links = append(links, store.RecordLink{Record: p.Record, Golden: id, Open: true})
			goldens = append(goldens, store.Golden{ID: id, Kind: kind, Status: store.GoldenActive, Company: i == 0, Code: code(i), Name: "客户" + code(i), Payload: payload, Lineage: []byte("[]"), Version: 1, Resolve: canonical.DeriveID("r")})
		}
		if err != nil {
			return err
		}
		if err := tx.PutGoldens(ctx, goldens); err != nil {
			return err
		}
		return tx.Relink(ctx, links)
	}))
	sku, _, err := h.DB.ProductByCode(ctx, "P1")
	require.NoError(b, err)
	r := rand.New(rand.NewPCG(1, 1))
	for lot := range lots {
		var moves []store.StoredMovement
		add := func(from, to int, day int, q int64) {
			m := canonical.Movement{Seller: numbers[from], Buyer: numbers[to], Product: sku.ID, Lot: fmt.Sprintf("L%03d", lot), Quantity: canonical.Units(q), Date: canonical.Date(739000 + day),
				Kind: canonical.Sale, Grade: canonical.GradeA, Match: "match", DocNo: fmt.Sprint(len(moves))}
			m.ID = canonical.DeriveID("m", fmt.Sprint(lot), fmt.Sprint(len(moves)))
			m.SellerLine = m.ID
			moves = append(moves, store.StoredMovement{Movement: m, Version: 1})
		}
		for d := 1; d <= 20; d++ {
			add(0, d, r.IntN(10), 10_000)
			add(d, 1+r.IntN(20), 10+r.IntN(10), 500)
		}
		for i := range 1460 {
			add(1+r.IntN(20), 21+i%500, 20+r.IntN(200), 1+r.Int64N(50))
		}
		require.NoError(b, h.DB.InTx(ctx, func(tx *store.Tx) error { return tx.PutMovements(ctx, nil, moves) }))
	}
	return h
}
