package mapping_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/mapping"
)

func day(t testing.TB, s string) canonical.Date {
	t.Helper()
	d, err := canonical.ParseDate(s)
	require.NoError(t, err)
	return d
}

func line(t testing.TB, change func(*canonical.FlowLine)) canonical.FlowLine {
	t.Helper()
	l := canonical.FlowLine{
		Ledger: canonical.Sales, Date: day(t, "2025-03-01"), DocNo: "X1", Partner: canonical.PartyMention{Code: "C1", Name: "甲"},
		Product: canonical.ProductMention{Name: "阿莫西林", Spec: "0.25g", Unit: "盒"}, Lot: "250301", Quantity: canonical.Units(20), Kind: canonical.Sale,
	}
	change(&l)
	return l
}

func TestRowIdentity(t *testing.T) {
	t.Parallel()
	first := func(l canonical.FlowLine) canonical.ID {
		id, n, clash := mapping.NewIdentity("D1", canonical.Sales).Of(&l)
		require.Zero(t, n)
		require.False(t, clash)
		return id
	}
	base := first(line(t, func(*canonical.FlowLine) {}))
	same := map[string]func(*canonical.FlowLine){
		"date of a document":     func(l *canonical.FlowLine) { l.Date = l.Date.AddDays(3) },
		"name beside a code":     func(l *canonical.FlowLine) { l.Partner.Name = "甲（更名）" },
		"price":                  func(l *canonical.FlowLine) { l.Price = 5 },
		"a transfer, not a sale": func(l *canonical.FlowLine) { l.Kind = canonical.Transfer },
	}
	for name, change := range same {
		require.Equal(t, base, first(line(t, change)), name)
	}
	other := map[string]func(*canonical.FlowLine){
		"document": func(l *canonical.FlowLine) { l.DocNo = "X2" }, "partner": func(l *canonical.FlowLine) { l.Partner.Code = "C2" },
		"product": func(l *canonical.FlowLine) { l.Product.Name = "头孢" }, "spec": func(l *canonical.FlowLine) { l.Product.Spec = "0.5g" },
		"lot": func(l *canonical.FlowLine) { l.Lot = "" }, "quantity": func(l *canonical.FlowLine) { l.Quantity++ },
		"unit": func(l *canonical.FlowLine) { l.Product.Unit = "件" }, "sign": func(l *canonical.FlowLine) { l.Kind = canonical.Return },
		"row id": func(l *canonical.FlowLine) { l.SourceRow = "1" }, "no document": func(l *canonical.FlowLine) { l.DocNo = "" },
		"code that looks like the name": func(l *canonical.FlowLine) { l.Product.Code = "阿莫西林" },
	}
	seen := map[canonical.ID]string{base: "base"}
	for name, change := range other {
		id := first(line(t, change))
		require.Empty(t, seen[id], name)
		seen[id] = name
	}
	party, _, _ := mapping.NewIdentity("D2", canonical.Sales).Of(new(line(t, func(*canonical.FlowLine) {})))
	require.NotEqual(t, base, party)
	dated := func(days int) canonical.ID {
		return first(line(t, func(l *canonical.FlowLine) { l.DocNo, l.Date = "", l.Date.AddDays(days) }))
	}
	require.NotEqual(t, dated(0), dated(1), "without a document the date counts")
	rowOnly := func(row string) canonical.ID {
		return first(line(t, func(l *canonical.FlowLine) { l.DocNo, l.SourceRow = "", row }))
	}
	require.Equal(t, rowOnly("1"), rowOnly("2"), "without a document a row id is a line number of the file")
}

func TestRowIdsOfTheirOwn(t *testing.T) {
	t.Parallel()
	x := mapping.NewIdentity("D1", canonical.Sales)
	a := line(t, func(l *canonical.FlowLine) { l.SourceRow = "7" })
	id, _, clash := x.Of(&a)
	require.False(t, clash)
	again, _, clash := x.Of(&a)
	require.False(t, clash, "the same row sent twice is one row")
	require.Equal(t, id, again)
	b := line(t, func(l *canonical.FlowLine) { l.SourceRow, l.Lot = "7", "250302" })
	_, _, clash = x.Of(&b)
	require.True(t, clash)
	require.Contains(t, mapping.ClashIssue(&b).Text("en"), "X1 / 7")
	corrected, _, clash := mapping.NewIdentity("D1", canonical.Sales).Of(&b)
	require.False(t, clash)
	require.Equal(t, id, corrected, "in another file it is a correction")
}

// The ids of a file are a function of the multiset of its rows: order does not matter, a longer file repeats the ids of
// a shorter one, and no two rows share one.
func TestIdentityLaw(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		picks := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 60).Draw(rt, "rows")
		run := func(picks []int) map[canonical.ID]int {
			x, out := mapping.NewIdentity("D1", canonical.Sales), map[canonical.ID]int{}
			for _, p := range picks {
				l := line(t, func(l *canonical.FlowLine) { l.Lot = fmt.Sprint(p) })
				id, _, _ := x.Of(&l)
				out[id]++
			}
			return out
		}
		all := run(picks)
		require.Len(rt, all, len(picks))
		require.Equal(rt, all, run(rapid.Permutation(picks).Draw(rt, "order")))
		for id := range run(picks[:len(picks)/2]) {
			require.Contains(rt, all, id)
		}
	})
}

func TestIdentityOfManyRows(t *testing.T) {
	t.Parallel()
	x, seen := mapping.NewIdentity("D1", canonical.Sales), map[canonical.ID]bool{}
	for i := range 50_000 {
		l := line(t, func(l *canonical.FlowLine) { l.Quantity = canonical.Quantity(i) })
		id, n, _ := x.Of(&l)
		require.Zero(t, n)
		seen[id] = true
	}
	require.Len(t, seen, 50_000)
}

// A row id that returns with other content is a clash while the first row is remembered; from far away it is a correction.
func TestClashesAreFoundNearby(t *testing.T) {
	t.Parallel()
	x := mapping.NewIdentity("D1", canonical.Sales)
	line := func(row, quantity int) canonical.FlowLine {
		return canonical.FlowLine{DocNo: "X", SourceRow: strconv.Itoa(row), Quantity: canonical.Quantity(quantity)}
	}
	clashes := func(row, quantity int) bool {
		l := line(row, quantity)
		_, _, clash := x.Of(&l)
		return clash
	}
	for row := range 600_000 {
		require.False(t, clashes(row, 1))
	}
	require.True(t, clashes(599_000, 2))
	require.True(t, clashes(400_000, 2))
	require.False(t, clashes(5, 2))
	require.True(t, clashes(5, 3))
}
