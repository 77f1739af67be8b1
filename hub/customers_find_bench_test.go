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
	"tributary/normalize"
	"tributary/store"
)

// BenchmarkFindCustomers searches among 60,000 organisations for ones that are known, written a little differently.
func BenchmarkFindCustomers(b *testing.B) {
	h := bareHub(b, "sqlite:hub.db")
	r := rand.New(rand.NewPCG(1, 2))
	cores := []rune("仁济安康同德瑞华博爱长庚普陀慈铭曙光东方康宁和平天佑明德永春益民广济福临")
	kinds := []string{"医院", "中医院", "大药房", "卫生院", "诊所", "社区卫生服务中心"}
	var cities []normalize.Division
	for d := range normalize.StandardDivisions().All() {
		if d.Level == normalize.Prefecture {
			cities = append(cities, d)
		}
	}
	customer := func() canonical.Customer {
		city := cities[r.IntN(len(cities))]
		core := ""
		for range 2 + r.IntN(2) {
			core += string(cores[r.IntN(len(cores))])
		}
		return canonical.Customer{Kind: canonical.Hospital, Name: city.Name + core + kinds[r.IntN(len(kinds))], Phones: []string{fmt.Sprintf("1%010d", 3_000_000_000+r.IntN(1_000_000_000))}}
	}
	var asked []canonical.Customer
	const records, portion = 60_000, 5000
	for from := 0; from < records; from += portion {
		var list []store.Record
		for i := range portion {
			c := customer()
			if i%50 == 0 {
				asked = append(asked, canonical.Customer{Kind: c.Kind, Name: c.Name})
			}
			payload, err := json.Marshal(c)
			require.NoError(b, err)
			list = append(list, store.Record{Entity: canonical.EntityCustomer, Source: "erp", ID: fmt.Sprint(from + i), Kind: c.Kind, Trust: 50, Payload: payload, ReadOrder: "1", Run: canonical.DeriveID("r")})
		}
		require.NoError(b, h.DB.InTx(b.Context(), func(tx *store.Tx) error { _, err := tx.PutRecords(b.Context(), list); return err }))
	}
	_, err := h.Resolver().Run(b.Context())
	require.NoError(b, err)
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		found, err := h.FindCustomers(b.Context(), hub.FindRequest{Customer: asked[len(took)%len(asked)]})
		require.NoError(b, err)
		require.NotEqual(b, "none", found.Verdict)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
