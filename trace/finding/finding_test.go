package finding_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/trace"
	"tributary/trace/finding"
	"tributary/trace/flow"
)

func day(s string) canonical.Date {
	d, err := canonical.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// Places of the parties of a small channel.
const (
	maker int32 = iota
	d1
	d2
	h1
	p1
)

func parties() []trace.Party {
	var out []trace.Party
	for _, c := range []struct {
		code     string
		kind     canonical.CustomerKind
		division string
	}{{"M", canonical.Manufacturer, "330000"}, {"D1", canonical.Distributor, "330100"}, {"D2", canonical.Distributor, "440100"}, {"H1", canonical.Hospital, "330106"}, {"P1", canonical.Pharmacy, "440106"}} {
		out = append(out, trace.Party{Customer: trace.Customer{GoldenID: "g-" + c.code, Code: c.code, Name: "name of " + c.code, Kind: string(c.kind), Division: c.division}})
	}
	return out
}

var product = canonical.Product{Code: "AMX", CaseFactor: canonical.Units(40)}

func move(id string, from, to int32, on string, q int64) trace.Move {
	n := canonical.Units(q)
	return trace.Move{ID: canonical.DeriveID("row", id), From: from, To: to, Date: day(on), Kind: canonical.Sale, Low: n, Point: n, High: n, Named: true}
}

func lotData(lot canonical.Lot, moves ...trace.Move) trace.Data {
	return trace.Data{Product: product, Lot: lot, Maker: maker, Parties: parties(), Moves: moves}
}

func rules(list []finding.Finding) map[finding.Rule][]string {
	out := map[finding.Rule][]string{}
	for _, f := range list {
		out[f.Rule] = append(out[f.Rule], f.Party.Code)
	}
	for _, l := range out {
		slices.Sort(l)
	}
	return out
}

func TestLotRules(t *testing.T) {
	t.Parallel()
	released := canonical.Lot{Lot: "250301", Quantity: canonical.Units(100), MfgDate: day("2025-03-01"), ExpDate: day("2027-02-28")}
	returned := move("r", d1, maker, "2025-04-01", 30)
	returned.Kind = canonical.Return
	backToD2 := move("b", h1, d2, "2025-05-02", 1)
	backToD2.Kind = canonical.Return
	maybe := move("maybe", d1, d2, "2025-04-10", 5)
	maybe.Low, maybe.Named = 0, false
	destroyed := move("x", d1, flow.Nobody, "2028-01-01", 5)
	destroyed.Kind = canonical.Destroyed
	for name, c := range map[string]struct {
		lot   canonical.Lot
		moves []trace.Move
		want  map[finding.Rule][]string
	}{
		"all in order":                     {released, []trace.Move{move("1", maker, d1, "2025-03-02", 100), move("2", d1, h1, "2027-02-28", 40)}, map[finding.Rule][]string{}},
		"on the day of making":             {released, []trace.Move{move("1", maker, d1, "2025-03-01", 1)}, map[finding.Rule][]string{}},
		"before it was made":               {released, []trace.Move{move("1", maker, d1, "2025-02-28", 1)}, map[finding.Rule][]string{finding.SoldBeforeMade: {"M"}}},
		"after it expired":                 {released, []trace.Move{move("1", maker, d1, "2025-03-02", 9), move("2", d1, h1, "2027-03-01", 1)}, map[finding.Rule][]string{finding.SoldAfterExpiry: {"D1"}}},
		"destroyed after it expired":       {released, []trace.Move{move("1", maker, d1, "2025-03-02", 9), destroyed}, map[finding.Rule][]string{}},
		"more than released":               {released, []trace.Move{move("1", maker, d1, "2025-03-02", 60), move("2", maker, d2, "2025-03-02", 41)}, map[finding.Rule][]string{finding.MoreThanReleased: {"M"}}},
		"what came back may go out again":  {released, []trace.Move{move("1", maker, d1, "2025-03-02", 100), returned, move("2", maker, d2, "2025-04-02", 30)}, map[finding.Rule][]string{}},
		"never received":                   {released, []trace.Move{move("1", maker, d1, "2025-03-02", 100), move("2", d2, h1, "2025-05-01", 5), backToD2}, map[finding.Rule][]string{finding.NeverReceived: {"D2"}}},
		"a receipt that may carry it":      {released, []trace.Move{move("1", maker, d1, "2025-03-02", 100), maybe, move("2", d2, h1, "2025-05-01", 5)}, map[finding.Rule][]string{}},
		"unknown lot":                      {canonical.Lot{Lot: "250310"}, []trace.Move{move("1", d2, h1, "2025-05-01", 5)}, map[finding.Rule][]string{finding.UnknownLot: {""}}},
		"an unknown lot that no row names": {canonical.Lot{Lot: "250310"}, []trace.Move{maybe}, map[finding.Rule][]string{}},
	} {
		d := lotData(c.lot, c.moves...)
		require.Equal(t, c.want, rules(finding.OfLot(&d, []string{"250301", "251201"})), name)
	}
	d := lotData(canonical.Lot{Lot: "250310"}, move("1", d2, h1, "2025-05-01", 5))
	f := finding.OfLot(&d, []string{"250301", "251201"})[0]
	require.Equal(t, "250301", f.Args["near"], "two neighbours swapped")
	require.Contains(t, f.Text("en"), "250301")
	require.Contains(t, f.Text("zh"), "name of D2")
	require.Empty(t, finding.OfLot(&d, nil), "without a master of lots nothing is unknown")
	require.Len(t, finding.NoLots(product, []string{"250310"}), 1)
	require.Empty(t, finding.NoLots(product, nil))
}

func TestBookRules(t *testing.T) {
	t.Parallel()
	released := func(lot string) canonical.Lot { return canonical.Lot{Lot: lot, Quantity: canonical.Units(10_000)} }
	// D1 booked 2 cases of 250301 in as 2 boxes; D2 sold 50 of 250302 as 250303.
	a := lotData(released("250301"), move("a1", maker, d1, "2025-03-02", 2), move("a2", d1, h1, "2025-03-09", 60))
	a.Holdings = []trace.Holding{{Party: d1, Date: day("2025-03-31"), Available: canonical.Units(20), Named: true}}
	b := lotData(released("250302"), move("b1", maker, d2, "2025-03-02", 100))
	b.Holdings = []trace.Holding{{Party: d2, Date: day("2025-03-31"), Available: canonical.Units(50), Named: true}}
	c := lotData(released("250303"), move("c1", maker, d2, "2025-03-02", 100), move("c2", d2, p1, "2025-03-10", 50))
	c.Holdings = []trace.Holding{{Party: d2, Date: day("2025-03-31"), Available: canonical.Units(100), Named: true}}
	lots := []trace.Data{a, b, c}
	found := finding.OfBooks(product, lots, trace.Balance(trace.Lots{Lots: lots}, trace.Period{}, trace.Options{}))
	require.Equal(t, map[finding.Rule][]string{finding.UnitFactor: {"D1"}, finding.LotTypo: {"D2"}}, rules(found))
	for _, f := range found {
		switch f.Rule {
		case finding.UnitFactor:
			require.Equal(t, []canonical.ID{canonical.DeriveID("row", "a1")}, f.Rows)
			require.Equal(t, "40", f.Args["factor"])
		case finding.LotTypo:
			require.Equal(t, []string{"250302", "250303", "50"}, []string{f.Lot, f.Args["other_lot"], f.Args["gap"]})
			require.Equal(t, 3, f.RowCount)
		}
	}
}

func TestLineRules(t *testing.T) {
	t.Parallel()
	lines := []finding.Line{
		{ID: canonical.DeriveID("1"), Party: d1, Ledger: canonical.Stock, Date: day("2025-03-31"), Lot: "250301", Quantity: canonical.Units(-3)},
		{ID: canonical.DeriveID("2"), Party: d1, Ledger: canonical.Stock, Date: day("2025-04-30"), Lot: "250301", Quantity: canonical.Units(-7)},
		{ID: canonical.DeriveID("3"), Party: d1, Ledger: canonical.Stock, Date: day("2025-04-30"), Lot: "250302", Quantity: canonical.Units(7)},
		{ID: canonical.DeriveID("4"), Party: d2, Ledger: canonical.Sales, Date: day("2025-04-30"), Lot: "2.5E+05", LotRaw: "2.5E+05", Quantity: canonical.Units(7), Doubt: "exponent"},
	}
	found := finding.OfLines(product, parties(), lines)
	require.Equal(t, map[finding.Rule][]string{finding.NegativeStock: {"D1"}, finding.LotAsNumber: {"D2"}}, rules(found))
	for _, f := range found {
		if f.Rule == finding.NegativeStock {
			require.Equal(t, "-7", f.Args["quantity"])
			require.Equal(t, 2, f.RowCount)
		}
	}
}

func trade(id string, seller, buyer int32, on string, price string) finding.Trade {
	p, err := canonical.ParseQuantity(price)
	if err != nil {
		panic(err)
	}
	return finding.Trade{ID: canonical.DeriveID("row", id), Seller: seller, Buyer: buyer, Kind: canonical.Sale, Date: day(on), Quantity: canonical.Units(10), Price: p}
}

func watch(register finding.Register, trades ...finding.Trade) []finding.Finding {
	w := finding.NewWatch(product, maker, parties(), register)
	for i := range trades {
		w.See(&trades[i])
	}
	out := w.Findings()
	finding.Sort(out)
	return out
}

func TestTerritoryAndChannel(t *testing.T) {
	t.Parallel()
	register := finding.Register{
		Territories: []finding.Territory{{Seller: "g-D1", Division: "330000", Name: "浙江省"}, {Seller: "g-D2", Product: "OTHER", Division: "330000", Name: "浙江省"}},
		Channels:    []finding.Channel{{Buyer: "g-H1", Supplier: "g-D1", Product: "AMX", To: day("2025-12-31")}},
	}
	for name, c := range map[string]struct {
		trade finding.Trade
		want  []finding.Rule
	}{
		"in the territory":                  {trade("1", d1, h1, "2025-05-01", "0"), nil},
		"outside":                           {trade("1", d1, p1, "2025-05-01", "0"), []finding.Rule{finding.OutOfTerritory}},
		"a territory for another product":   {trade("1", d2, p1, "2025-05-01", "0"), nil},
		"not the registered supplier":       {trade("1", d2, h1, "2025-05-01", "0"), []finding.Rule{finding.OffChannel}},
		"after the registration has ended":  {trade("1", d2, h1, "2026-05-01", "0"), nil},
		"who has no registration is not it": {trade("1", d2, p1, "2025-05-01", "0"), nil},
	} {
		var got []finding.Rule
		for _, f := range watch(register, c.trade) {
			got = append(got, f.Rule)
		}
		require.Equal(t, c.want, got, name)
	}
	back := trade("1", d1, p1, "2025-05-01", "0")
	back.Kind = canonical.Return
	require.Empty(t, watch(register, back), "goods go back where they came from")
	f := watch(register, trade("1", d1, p1, "2025-05-01", "0"))[0]
	require.Equal(t, []string{"D1", "P1", "浙江省"}, []string{f.Party.Code, f.Partner.Code, f.Args["territory"]})
	require.Contains(t, watch(register, trade("1", d2, h1, "2025-05-01", "0"))[0].Text("en"), "registered: name of D1")
}

func TestPriceFarBelowTheNorm(t *testing.T) {
	t.Parallel()
	usual := func(n int) (out []finding.Trade) {
		for i := range n {
			out = append(out, trade(fmt.Sprint("usual", i), d1, h1, "2025-05-01", fmt.Sprintf("10.%d", i%5)))
		}
		return out
	}
	require.Empty(t, watch(finding.Register{}, usual(20)...))
	found := watch(finding.Register{}, append(usual(20), trade("low", d2, h1, "2025-06-01", "4"))...)
	require.Equal(t, map[finding.Rule][]string{finding.LowPrice: {"D2"}}, rules(found))
	require.Equal(t, "4", found[0].Args["price"])
	require.Empty(t, watch(finding.Register{}, append(usual(20), trade("low", d2, h1, "2025-06-01", "8"))...), "a fifth below is bargaining")
	require.Empty(t, watch(finding.Register{}, append(usual(20), trade("low", d2, h1, "2026-06-01", "4"))...), "another year has its own norm")
	require.Empty(t, watch(finding.Register{}, append(usual(20), trade("low", maker, h1, "2025-06-01", "4"))...), "the maker's price is another tier")
	require.Empty(t, watch(finding.Register{}, append(usual(3), trade("low", d2, h1, "2025-06-01", "4"))...), "three prices are no norm")
	var wide []finding.Trade
	for i := range 20 {
		wide = append(wide, trade(fmt.Sprint("wide", i), d1, h1, "2025-05-01", fmt.Sprint(2+i)))
	}
	require.Empty(t, watch(finding.Register{}, wide...), "a tier whose prices vary widely has no far-off price")
}

func seen(id, step string, hour int, at, to string) finding.Sighting {
	spot := func(code string) finding.Spot {
		for _, p := range parties() {
			if p.Customer.Code == code {
				return finding.Spot{Who: finding.Who{GoldenID: p.Customer.GoldenID, Code: code, Name: p.Customer.Name}, Division: p.Customer.Division, Region: p.Customer.Division}
			}
		}
		return finding.Spot{}
	}
	return finding.Sighting{Event: id, Step: step, Time: time.Date(2025, 5, 1, hour, 0, 0, 0, time.UTC), At: spot(at), To: spot(to)}
}

func TestCodeRules(t *testing.T) {
	t.Parallel()
	returned := seen("e3", "receiving", 3, "H1", "")
	returned.Returned = true
	for name, c := range map[string]struct {
		seen []finding.Sighting
		want []finding.Rule
	}{
		"shipped and sold where it was sent": {[]finding.Sighting{seen("e1", "shipping", 1, "M", "D1"), seen("e2", "receiving", 2, "D1", ""), seen("e3", "shipping", 3, "D1", "H1"), seen("e4", "dispensing", 4, "H1", "")}, nil},
		"seen in another province":           {[]finding.Sighting{seen("e1", "shipping", 1, "M", "D1"), seen("e4", "retail_selling", 4, "P1", "")}, []finding.Rule{finding.CodeElsewhere}},
		"before any shipment":                {[]finding.Sighting{seen("e0", "receiving", 0, "P1", ""), seen("e1", "shipping", 1, "M", "D1")}, nil},
		"sent on to there":                   {[]finding.Sighting{seen("e1", "shipping", 1, "M", "D1"), seen("e2", "shipping", 2, "D1", "P1"), seen("e4", "retail_selling", 4, "P1", "")}, nil},
		"sold twice":                         {[]finding.Sighting{seen("e1", "retail_selling", 1, "P1", ""), seen("e2", "retail_selling", 2, "P1", "")}, []finding.Rule{finding.CodeSoldAgain}},
		"one sale told twice":                {[]finding.Sighting{seen("e1", "retail_selling", 1, "P1", ""), seen("e1", "retail_selling", 1, "P1", "")}, nil},
		"sold, returned, sold":               {[]finding.Sighting{seen("e1", "dispensing", 1, "H1", ""), returned, seen("e4", "dispensing", 4, "H1", "")}, nil},
		"nothing":                            {nil, nil},
	} {
		var got []finding.Rule
		for _, f := range finding.OfCode("81234567890123456789", "AMX", "250301", c.seen) {
			got = append(got, f.Rule)
			require.NotEmpty(t, f.Events)
		}
		require.Equal(t, c.want, got, name)
	}
}

// TestOrderDoesNotMatter: whatever the order of rows, moves, prices and sightings, the findings are the same.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	register := finding.Register{Territories: []finding.Territory{{Seller: "g-D1", Division: "33", Name: "浙江"}}, Channels: []finding.Channel{{Buyer: "g-H1", Supplier: "g-D1"}}}
	rapid.Check(t, func(t *rapid.T) {
		var moves []trace.Move
		var trades []finding.Trade
		var lines []finding.Line
		var sightings []finding.Sighting
		place := func(label string) int32 { return int32(rapid.IntRange(0, 4).Draw(t, label)) }
		code := func(label string) string {
			return rapid.SampledFrom([]string{"M", "D1", "D2", "H1", "P1", ""}).Draw(t, label)
		}
		for i := range rapid.IntRange(0, 25).Draw(t, "rows") {
			on := day("2025-02-25") + canonical.Date(rapid.IntRange(0, 10).Draw(t, "day"))
			m := move(fmt.Sprint(i), place("from"), place("to"), on.String(), int64(rapid.IntRange(1, 50).Draw(t, "q")))
			m.Kind = rapid.SampledFrom([]canonical.FlowKind{canonical.Sale, canonical.Return, canonical.Transfer}).Draw(t, "kind")
			moves = append(moves, m)
			trades = append(trades, finding.Trade{ID: m.ID, Seller: m.From, Buyer: m.To, Kind: m.Kind, Date: on, Quantity: m.Point, Price: canonical.Units(int64(rapid.SampledFrom([]int{0, 1, 10, 10, 10, 11}).Draw(t, "price")))})
			lines = append(lines, finding.Line{ID: m.ID, Party: m.From, Ledger: canonical.Stock, Date: on, Lot: "250301", Quantity: canonical.Units(int64(rapid.IntRange(-2, 2).Draw(t, "stock")))})
			s := seen(fmt.Sprint("e", i), rapid.SampledFrom(finding.Watched()).Draw(t, "step"), rapid.IntRange(0, 5).Draw(t, "hour"), code("at"), code("sent to"))
			sightings = append(sightings, s)
		}
		all := func() []finding.Finding {
			d := lotData(canonical.Lot{Lot: "250301", Quantity: canonical.Units(100), MfgDate: day("2025-03-01"), ExpDate: day("2025-03-03")}, slices.Clone(moves)...)
			u := lotData(canonical.Lot{Lot: "250310"}, slices.Clone(moves)...)
			out := slices.Concat(finding.OfLot(&d, []string{"250301"}), finding.OfLot(&u, []string{"250301"}), watch(register, trades...),
				finding.OfLines(product, parties(), lines), finding.OfCode("c", "AMX", "", sightings))
			lots := []trace.Data{d, u}
			out = append(out, finding.OfBooks(product, lots, trace.Balance(trace.Lots{Lots: lots}, trace.Period{}, trace.Options{}))...)
			finding.Sort(out)
			return out
		}
		want := all()
		ids := map[canonical.ID]bool{}
		for _, f := range want {
			require.False(t, ids[f.ID], "two findings with one id: %s", f.Rule)
			ids[f.ID] = true
			require.NotEmpty(t, f.Evidence)
			require.NotContains(t, f.Text("en")+f.Next("en")+f.Text("zh")+f.Next("zh"), "{", "a placeholder that nothing fills")
		}
		moves, trades = rapid.Permutation(moves).Draw(t, "moves"), rapid.Permutation(trades).Draw(t, "trades")
		lines, sightings = rapid.Permutation(lines).Draw(t, "lines"), rapid.Permutation(sightings).Draw(t, "sightings")
		require.Equal(t, want, all())
	})
}

// TestEvidenceChangesWithTheFactsAlone: a new name of a party leaves the evidence as it is, another quantity does not.
func TestEvidenceChangesWithTheFactsAlone(t *testing.T) {
	t.Parallel()
	of := func(change func(*trace.Data)) finding.Finding {
		d := lotData(canonical.Lot{Lot: "250301", Quantity: canonical.Units(100), MfgDate: day("2025-03-01")}, move("1", maker, d1, "2025-02-20", 5))
		change(&d)
		return finding.OfLot(&d, []string{"250301"})[0]
	}
	first := of(func(*trace.Data) {})
	renamed := of(func(d *trace.Data) { d.Parties[maker].Customer.Name = "renamed" })
	require.Equal(t, first.Evidence, renamed.Evidence)
	require.Equal(t, first.ID, renamed.ID)
	more := of(func(d *trace.Data) { d.Moves[0].Point = canonical.Units(6) })
	require.NotEqual(t, first.Evidence, more.Evidence)
	require.Equal(t, first.ID, more.ID)
	later := of(func(d *trace.Data) { d.Lot.MfgDate = day("2025-03-02") })
	require.NotEqual(t, first.Evidence, later.Evidence, "what it was held against changed")
}

// TestEveryRuleSpeaksBothLanguages: what was found and what to do, with every placeholder filled.
func TestEveryRuleSpeaksBothLanguages(t *testing.T) {
	t.Parallel()
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(finding.Rules()))), len(finding.Rules()))
	for _, rule := range finding.Rules() {
		f := finding.Finding{Rule: rule}
		for _, lang := range []string{"en", "zh"} {
			m := errs.Lookup("finding." + string(rule)).In(lang)
			require.NotEmpty(t, m.What, rule)
			require.NotEmpty(t, m.Next, rule)
			require.NotEmpty(t, f.Text(lang))
			require.NotEmpty(t, f.Next(lang))
		}
	}
}
