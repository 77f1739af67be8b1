package trace_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	sandbox "tributary/connectors/sandbox/world"
	"tributary/trace"
	"tributary/trace/flow"
)

// TestASimulatedYearComesOutTrue joins the ledgers of a simulated year, whose true movements are known, with every party
// and product found as it should be: what is left is the work of join, attribution and trace.
func TestASimulatedYearComesOutTrue(t *testing.T) {
	w, err := sandbox.New(sandbox.Config{Seed: 7, Scale: 0.3, Until: date(t, "2026-11-24")})
	require.NoError(t, err)
	y := yearOf(w)
	for lot := range w.Lots {
		y.check(t, lot)
	}
	c := w.Complaint
	require.GreaterOrEqual(t, c.Lot, 0)
	// Rows without a lot may hide from which lot the boxes vanished, never that they did.
	gap := canonical.Quantity(0)
	for lot, l := range w.Lots {
		if l.Product != w.Lots[c.Lot].Product {
			continue
		}
		for _, p := range trace.Forward(y.data(lot), trace.Options{}).Parties {
			if p.Customer.Code == fmt.Sprint(c.Party) {
				gap += p.Gap
			}
		}
	}
	require.Equal(t, canonical.Units(int64(c.Missing)), gap)
}

// year is a world after the join.
type year struct {
	w     *sandbox.World
	moves map[int][]canonical.Movement // by product
	share map[int]flow.Shares
	stock map[int][]canonical.StockPosition
	truth map[canonical.ID]int // row without a lot → the lot it carried
}

func yearOf(w *sandbox.World) *year {
	y := &year{w: w, moves: map[int][]canonical.Movement{}, share: map[int]flow.Shares{}, stock: map[int][]canonical.StockPosition{}, truth: map[canonical.ID]int{}}
	lines := map[int][]flow.Line{}
	book := 0
	add := func(ledger canonical.Ledger, party int, rows []sandbox.Line) {
		book++
		for i, l := range rows {
			if party >= 0 {
				l.Party = party
			}
			line := flow.Line{ID: canonical.DeriveID(fmt.Sprint(book), fmt.Sprint(i)), Ledger: ledger, Party: int64(l.Party + 1), Partner: int64(l.Partner + 1),
				Product: int64(l.Product + 1), Date: w.From().AddDays(l.Day), DocNo: fmt.Sprint(l.Doc), Lot: w.Lots[l.Lot].Number, Quantity: canonical.Units(int64(l.Quantity)), Kind: l.Kind}
			if l.NoLot {
				line.Lot = ""
				y.truth[line.ID] = l.Lot
			}
			lines[l.Product] = append(lines[l.Product], line)
		}
	}
	count := func(rows []sandbox.Line, party int) {
		for _, l := range rows {
			if party >= 0 {
				l.Party = party
			}
			y.stock[l.Product] = append(y.stock[l.Product], canonical.StockPosition{Party: int64(l.Party + 1), Lot: w.Lots[l.Lot].Number, Date: w.From().AddDays(l.Day), Kind: l.Kind, Quantity: canonical.Units(int64(l.Quantity))})
		}
	}
	l := &w.Ledgers
	add(canonical.Sales, w.Maker, l.MakerSales)
	add(canonical.Sales, w.Maker, l.MakerReturns)
	for d := range 2 {
		add(canonical.Sales, w.Reporting[d], l.DistributorSales[d])
		add(canonical.Purchases, w.Reporting[d], l.DistributorPurchases[d])
		count(l.DistributorStock[d], w.Reporting[d])
	}
	add(canonical.Purchases, -1, l.ChainPurchases)
	add(canonical.Usage, -1, l.ChainSales)
	count(l.MakerStock, w.Maker)
	count(l.ChainStock, -1)
	for product, list := range lines {
		y.moves[product] = joinAll(list, flow.Options{})
		of := flow.Book{Moves: y.moves[product], Stock: y.stock[product]}
		for _, lot := range w.Lots {
			if lot.Product == product {
				of.Origins = append(of.Origins, flow.Origin{Party: int64(w.Maker + 1), Lot: lot.Number, Date: lot.Made, Quantity: canonical.Units(int64(lot.Quantity))})
			}
		}
		y.share[product] = flow.Attribute(of, flow.Options{})
	}
	return y
}

func (y *year) data(lot int) trace.Data {
	l := y.w.Lots[lot]
	d := trace.Data{Maker: int32(y.w.Maker), Lot: canonical.Lot{Lot: l.Number, Quantity: canonical.Units(int64(l.Quantity))}}
	for i, c := range y.w.Customers {
		d.Parties = append(d.Parties, trace.Party{Customer: trace.Customer{GoldenID: fmt.Sprint(i), Code: fmt.Sprint(i), Name: c.Name, Kind: string(c.Kind)}})
	}
	for _, m := range y.moves[l.Product] {
		if m.Kind == canonical.Used {
			d.Parties[m.Seller-1].ReportsUsage = true
		}
	}
	place := func(n int64) int32 { return int32(n - 1) }
	d.Moves = trace.Gather(l.Number, y.moves[l.Product], y.share[l.Product].Attributions, place)
	first := map[int32]canonical.Date{}
	for _, m := range d.Moves {
		for _, p := range [2]int32{m.From, m.To} {
			if seen, ok := first[p]; !ok || m.Date < seen {
				first[p] = m.Date
			}
		}
	}
	byParty := map[int32][]canonical.StockPosition{}
	for _, s := range y.stock[l.Product] {
		byParty[place(s.Party)] = append(byParty[place(s.Party)], s)
	}
	for p, list := range byParty {
		if h, ok := trace.LastHolding(p, l.Number, canonical.NoDate, first[p], list); ok {
			d.Holdings = append(d.Holdings, h)
		}
	}
	return d
}

// check compares a lot with the truth: the totals add up, every party that received it is listed, and what it received
// lies within the bounds.
func (y *year) check(t *testing.T, lot int) {
	t.Helper()
	d := y.data(lot)
	r := trace.Forward(d, trace.Options{Lang: "en"})
	rows := map[string]trace.PartyResult{}
	for _, p := range r.Parties {
		rows[p.Customer.Code] = p
		require.Equal(t, p.Received-p.Forwarded-p.Returned-p.Used-p.Sampled-p.Destroyed, p.Stock+p.Gap)
	}
	received := map[int]int64{}
	seen := map[int]bool{y.w.Maker: true, y.w.Reporting[0]: true, y.w.Reporting[1]: true, y.w.ChainHQ: true} // by whose books a transfer is known
	for _, m := range y.w.Movements {
		if m.Lot == lot && m.To >= 0 && m.To != y.w.Maker && (seen[m.From] || seen[m.To]) {
			received[m.To] += int64(m.Quantity)
		}
	}
	for p, n := range received {
		row, listed := rows[fmt.Sprint(p)]
		require.True(t, listed, "%s received %d of lot %s", y.w.Customers[p].Name, n, y.w.Lots[lot].Number)
		require.LessOrEqual(t, row.ReceivedLow, canonical.Units(n), "%s, lot %s", y.w.Customers[p].Name, y.w.Lots[lot].Number)
		require.GreaterOrEqual(t, row.ReceivedHigh, canonical.Units(n), "%s, lot %s", y.w.Customers[p].Name, y.w.Lots[lot].Number)
	}
}
