package world_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/connectors/sandbox/world"
	"tributary/normalize"
)

func until(t require.TestingT) canonical.Date {
	d, err := canonical.NewDate(2025, 3, 31)
	require.NoError(t, err)
	return d
}

func make1(t require.TestingT, seed uint64, scale float64) *world.World {
	w, err := world.New(world.Config{Seed: seed, Scale: scale, Until: until(t)})
	require.NoError(t, err)
	return w
}

func fingerprint(w *world.World) string {
	h := sha256.New()
	fmt.Fprint(h, w.Movements, w.Lots, w.Ledgers, w.Complaint)
	for _, sys := range world.Systems() {
		for r := range w.Records(sys) {
			fmt.Fprintf(h, "%+v", r)
		}
	}
	for d := range w.Sellers() {
		for m, customer := range w.Mentions(d) {
			fmt.Fprint(h, m, customer)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestSameSeedSameWorld(t *testing.T) {
	t.Parallel()
	a := fingerprint(make1(t, 7, 0.1))
	require.Equal(t, a, fingerprint(make1(t, 7, 0.1)))
	require.NotEqual(t, a, fingerprint(make1(t, 8, 0.1)))
}

func TestSizeAtScaleOne(t *testing.T) {
	t.Parallel()
	w := make1(t, 1, 1)
	records := 0
	for _, sys := range world.Systems() {
		records += w.Len(sys)
	}
	require.InDelta(t, 10_000, len(w.Customers), 10)
	require.GreaterOrEqual(t, records, 20_000)
	require.InDelta(t, 50_000, w.Ledgers.Rows(), 5_000)
}

// Goods come from the maker's lots, stay positive at every party at every moment, and end in stock, in use, missing, or
// with parties whose further doings nobody simulates.
func TestGoodsBalanceToTheLastBox(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := make1(rt, rapid.Uint64().Draw(rt, "seed"), rapid.SampledFrom([]float64{0.02, 0.05, 0.3}).Draw(rt, "scale"))
		type bucket struct{ party, lot int }
		in, out := map[bucket]int{}, map[bucket]int{}
		for _, m := range w.Movements {
			require.Positive(rt, m.Quantity)
			require.Equal(rt, w.Lots[m.Lot].Product, m.Product)
			out[bucket{m.From, m.Lot}] += m.Quantity
			in[bucket{m.To, m.Lot}] += m.Quantity
		}
		for lot, l := range w.Lots {
			in[bucket{w.Maker, lot}] += l.Quantity
		}
		stock := map[bucket]int{}
		for _, rows := range [][]world.Line{w.Ledgers.MakerStock, lastDay(w.Ledgers.DistributorStock[0]), lastDay(w.Ledgers.DistributorStock[1]), lastDay(w.Ledgers.LinkedStock), w.Ledgers.ChainStock} {
			for _, l := range rows {
				stock[bucket{l.Party, l.Lot}] += l.Quantity
			}
		}
		if c := w.Complaint; c.Lot >= 0 {
			stock[bucket{c.Party, c.Lot}] += c.Missing
		}
		reporting := map[int]bool{w.Maker: true}
		for _, at := range w.Sellers() {
			reporting[at] = true
		}
		for _, s := range w.Stores {
			reporting[s] = true
		}
		for b, n := range out {
			require.GreaterOrEqual(rt, in[b], n, "party %d issued more of lot %d than it ever had", b.party, b.lot)
		}
		for b, n := range in {
			if reporting[b.party] {
				require.Equal(rt, n-out[b], stock[b], "party %d (%s), lot %d", b.party, w.Customers[b.party].Name, b.lot)
			}
		}
	})
}

func lastDay(lines []world.Line) []world.Line {
	last := 0
	for _, l := range lines {
		last = max(last, l.Day)
	}
	var out []world.Line
	for _, l := range lines {
		if l.Day == last {
			out = append(out, l)
		}
	}
	return out
}

func TestTheComplaintLotReachesHundreds(t *testing.T) {
	t.Parallel()
	w := make1(t, 1, 1)
	require.GreaterOrEqual(t, w.Complaint.Lot, 0)
	ends, returns := map[int]bool{}, 0
	for _, m := range w.Movements {
		if m.Lot != w.Complaint.Lot {
			continue
		}
		if m.To >= 0 && w.Customers[m.To].Kind.EndCustomer() {
			ends[m.To] = true
		}
		if m.Kind == canonical.Return {
			returns++
		}
	}
	require.Greater(t, len(ends), 200)
	require.Positive(t, returns)
	require.Positive(t, w.Complaint.Missing)
}

func TestIdentifiersPassTheirChecks(t *testing.T) {
	t.Parallel()
	w := make1(t, 3, 0.1)
	for _, c := range w.Customers {
		if c.USCC != "" {
			require.True(t, normalize.USCC(c.USCC).Valid, c.USCC)
		}
		if c.NationalID != "" {
			require.True(t, normalize.ResidentID(c.NationalID).Valid, c.NationalID)
		}
		if c.Licence != "" {
			require.True(t, normalize.LicenceNo(c.Licence).Valid, c.Licence)
		}
	}
}

func TestTruthKnowsEveryRecordOnce(t *testing.T) {
	t.Parallel()
	w := make1(t, 1, 0.2)
	truth := map[canonical.RecordKey]int{}
	for k, customer := range w.Truth() {
		require.NotContains(t, truth, k)
		truth[k] = customer
	}
	for _, sys := range world.Systems() {
		twice := map[int]int{}
		for r := range w.Records(sys) {
			require.Equal(t, truth[canonical.RecordKey{Source: string(sys), ID: r.ID}], r.Truth)
			require.Equal(t, w.Customers[r.Truth].Kind, r.Customer.Kind)
			require.NotEmpty(t, r.Customer.Name)
			require.False(t, r.Modified.Before(r.Created))
			twice[r.Truth]++
		}
		for _, n := range twice {
			require.LessOrEqual(t, n, 2)
		}
	}
}

func TestTrueNamesAreUniqueAmongOrganisations(t *testing.T) {
	t.Parallel()
	w := make1(t, 5, 1)
	seen := map[string]bool{}
	for _, c := range w.Customers {
		if !c.Kind.Person() {
			require.False(t, seen[c.Name], c.Name)
			seen[c.Name] = true
		}
	}
}

func TestConfigThatMakesNoWorld(t *testing.T) {
	t.Parallel()
	_, err := world.New(world.Config{Scale: 0, Until: until(t)})
	require.Error(t, err)
	_, err = world.New(world.Config{Scale: 1})
	require.Error(t, err)
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		make1(b, 1, 1)
	}
}

// A distributor's code means one customer, also where the spelling changes during the year.
func TestMentionsMeanOneCustomer(t *testing.T) {
	t.Parallel()
	w := make1(t, 1, 0.5)
	for d := range w.Sellers() {
		codes, spellings := map[string]int{}, 0
		for m, customer := range w.Mentions(d) {
			require.NotEmpty(t, m.Name)
			if was, met := codes[m.Code]; met {
				require.Equal(t, was, customer)
				spellings++
			}
			codes[m.Code] = customer
		}
		require.Greater(t, len(codes), [3]int{100, 100, 5}[d])
		if d < 2 { // the third has few customers
			require.Positive(t, spellings, "nobody was renamed")
		}
	}
}
