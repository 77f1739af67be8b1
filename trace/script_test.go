package trace_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"tributary/canonical"
	"tributary/trace"
	"tributary/trace/flow"
)

var update = flag.Bool("update", false, "rewrite the want parts of testdata/*.txtar")

// TestScripts runs every testdata/*.txtar: a small channel as parties, released lots, ledger rows and stock, through
// Join, Attribute and Forward, against the wanted balance.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			w := world{}
			want := -1
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = i
					continue
				}
				w.read(t, f.Name, string(f.Data))
			}
			require.GreaterOrEqual(t, want, 0, "no want part")
			var text strings.Builder
			for _, lot := range w.lots {
				if lot.Quantity > 0 || len(w.lots) == 1 {
					render(&text, trace.Forward(w.data(lot.Lot), w.options))
				}
			}
			if *update {
				archive.Files[want].Data = []byte(text.String())
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
				return
			}
			require.Equal(t, string(archive.Files[want].Data), text.String())
		})
	}
}

// world is a channel in the form in which the hub has it after look-up. Party numbers are positions + 1.
type world struct {
	parties   []trace.Party
	lots      []canonical.Lot
	lines     []flow.Line
	stock     []canonical.StockPosition
	options   trace.Options
	moves     []canonical.Movement
	shares    flow.Shares
	processed bool
}

func (w *world) number(code string) int64 {
	if code == "-" {
		return 0
	}
	i := slices.IndexFunc(w.parties, func(p trace.Party) bool { return p.Customer.Code == code })
	if i < 0 {
		i = len(w.parties)
		w.add(code, string(canonical.Distributor))
	}
	return int64(i + 1)
}

func (w *world) add(code, kind string) {
	w.parties = append(w.parties, trace.Party{Customer: trace.Customer{GoldenID: "g-" + code, Code: code, Name: code, Kind: kind}})
}

func (w *world) read(t *testing.T, part, text string) {
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		switch part {
		case "parties":
			w.add(f[0], f[1])
		case "lots":
			w.lots = append(w.lots, canonical.Lot{Lot: f[0], Quantity: quantity(t, f[1])})
		case "lines":
			l := flow.Line{
				Ledger: canonical.Ledger(f[0]), Party: w.number(f[1]), Partner: w.number(f[2]), Product: 1,
				Date: date(t, f[3]), DocNo: f[4], Lot: strings.TrimPrefix(f[5], "-"), Quantity: quantity(t, f[6]), Kind: canonical.Sale,
			}
			if len(f) > 7 {
				l.Kind = canonical.FlowKind(f[7])
			}
			l.ID = canonical.DeriveID(line)
			w.lines = append(w.lines, l)
			if l.Kind == canonical.Used {
				w.parties[l.Party-1].ReportsUsage = true
			}
		case "stock":
			s := canonical.StockPosition{
				Party: w.number(f[0]), Product: 1, Date: date(t, f[1]), Lot: strings.TrimPrefix(f[2], "-"), Quantity: quantity(t, f[3]),
				Kind: canonical.Available,
			}
			if len(f) > 4 {
				s.Kind = canonical.FlowKind(f[4])
			}
			w.stock = append(w.stock, s)
		case "options":
			w.options.AsOf = date(t, f[1])
		default:
			t.Fatalf("unknown part %s", part)
		}
	}
}

// join runs the stages up to the attributions.
func (w *world) join() {
	if w.processed {
		return
	}
	w.processed = true
	w.moves = joinAll(w.lines, flow.Options{})
	w.shares = flow.Attribute(flow.Book{Moves: w.moves, Origins: w.origins(), Stock: w.stock}, flow.Options{})
}

func (w *world) origins() []flow.Origin {
	var out []flow.Origin
	for _, l := range w.lots {
		out = append(out, flow.Origin{Party: 1, Lot: l.Lot, Date: l.MfgDate, Quantity: l.Quantity})
	}
	return out
}

// joinAll groups lines as the stage does and joins every group.
func joinAll(lines []flow.Line, opt flow.Options) []canonical.Movement {
	type group struct{ seller, buyer int64 }
	groups := map[group][]flow.Line{}
	for _, l := range lines {
		g := group{l.Party, l.Partner}
		if l.Ledger == canonical.Purchases {
			g = group{l.Partner, l.Party}
		}
		groups[g] = append(groups[g], l)
	}
	var out []canonical.Movement
	for _, g := range groups {
		out = append(out, flow.Join(g, opt)...)
	}
	return out
}

func (w *world) data(lot string) trace.Data {
	w.join()
	d := trace.Data{Product: canonical.Product{Code: "P1", Name: "示例片", Unit: "盒", CaseFactor: canonical.Units(40), InnerFactor: canonical.Units(10)}, Parties: w.parties}
	d.Lot = canonical.Lot{Lot: lot}
	for _, l := range w.lots {
		if l.Lot == lot {
			d.Lot = l
		}
	}
	place := func(n int64) int32 { return int32(n - 1) }
	d.Moves = trace.Gather(lot, w.moves, w.shares.Attributions, place)
	for p := range w.parties {
		var own []canonical.StockPosition
		for _, s := range w.stock {
			if place(s.Party) == int32(p) {
				own = append(own, s)
			}
		}
		first := canonical.NoDate
		for _, m := range d.Moves {
			if (m.From == int32(p) || m.To == int32(p)) && (first.IsZero() || m.Date < first) {
				first = m.Date
			}
		}
		if h, ok := trace.LastHolding(int32(p), lot, w.options.AsOf, first, own); ok {
			d.Holdings = append(d.Holdings, h)
		}
	}
	for _, s := range w.shares.Shortages {
		s.Party--
		d.Shortages = append(d.Shortages, s)
	}
	return d
}

func render(b *strings.Builder, r trace.Result) {
	fmt.Fprintf(b, "lot %s released %s\n", r.Lot, r.Released)
	for _, p := range r.Parties {
		fmt.Fprintf(b, "%s tier %d: in %s", p.Customer.Code, p.Tier, p.Received)
		if p.ReceivedLow != p.ReceivedHigh {
			fmt.Fprintf(b, " (%s to %s)", p.ReceivedLow, p.ReceivedHigh)
		}
		for _, c := range []struct {
			name string
			q    canonical.Quantity
		}{{"forwarded", p.Forwarded}, {"returned", p.Returned}, {"used", p.Used}, {"sampled", p.Sampled}, {"destroyed", p.Destroyed}} {
			if c.q != 0 {
				fmt.Fprintf(b, ", %s %s", c.name, c.q)
			}
		}
		fmt.Fprintf(b, ", stock %s", p.Stock)
		if !p.StockDate.IsZero() {
			fmt.Fprintf(b, " at %s", p.StockDate)
		}
		fmt.Fprintf(b, ", gap %s, grade %s", p.Gap, p.Grade)
		for _, f := range []struct {
			name string
			on   bool
		}{{"end customer", p.EndCustomer}, {"possible", p.Possible}, {"order uncertain", p.OrderUncertain}} {
			if f.on {
				b.WriteString(", " + f.name)
			}
		}
		b.WriteByte('\n')
		for _, way := range p.Paths {
			via := cmp.Or(strings.Join(way.Via, " > "), "others")
			fmt.Fprintf(b, "  %s: %s\n", via, way.Quantity)
		}
	}
	t := r.Totals
	fmt.Fprintf(b, "released %s = own stock %s + sampled %s + quarantined %s + channel stock %s + used %s + recovered %s + destroyed %s + gap %s\n",
		t.Released, t.OwnStock, t.Sampled, t.Quarantined, t.ChannelStock, t.Used, t.Recovered, t.Destroyed, t.Gap)
	fmt.Fprintf(b, "net shipped %s, in transit %s\n", t.NetShipped, t.InTransit)
	for _, g := range r.Gaps {
		fmt.Fprintf(b, "gap %s %s: %s\n", g.Customer.Code, g.Quantity, g.Code)
	}
}

func quantity(t require.TestingT, s string) canonical.Quantity {
	q, err := canonical.ParseQuantity(s)
	require.NoError(t, err)
	return q
}

func date(t require.TestingT, s string) canonical.Date {
	d, err := canonical.ParseDate(s)
	require.NoError(t, err)
	return d
}
