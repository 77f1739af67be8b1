package finding

import (
	"slices"

	"tributary/canonical"
	"tributary/trace"
)

// Trade is a movement between two parties as the rules of diversion need it.
type Trade struct {
	ID            canonical.ID
	Seller, Buyer int32 // places
	Kind          canonical.FlowKind
	Date          canonical.Date
	Quantity      canonical.Quantity
	Price         canonical.Quantity // for one base unit; 0 = not told
}

// Watch goes through the movements of a product, in any order, and keeps what breaks a rule of territory (R1), channel
// (R3) or price (R5). Memory is that of the offending rows and 48 bytes for each row with a price.
type Watch struct {
	product canonical.Product
	maker   int32
	parties []trace.Party
	index   *index
	outside map[pair]*group
	off     map[pair]*group
	prices  map[tier][]priced
}

type pair struct{ seller, buyer int32 }

type group struct {
	facts []fact
	words map[string]bool // regions, or golden ids of suppliers
}

// NewWatch starts on a product. Parties may grow while it watches, as long as places keep.
func NewWatch(product canonical.Product, maker int32, parties []trace.Party, register Register) *Watch {
	return &Watch{product: product, maker: maker, parties: parties, index: register.of(product.Code),
		outside: map[pair]*group{}, off: map[pair]*group{}, prices: map[tier][]priced{}}
}

// See takes one movement in. Returns break no rule: goods go back where they came from.
func (w *Watch) See(t *Trade) {
	if t.Kind == canonical.Return || t.Seller == t.Buyer {
		return
	}
	seller, buyer := &w.parties[t.Seller].Customer, &w.parties[t.Buyer].Customer
	if regions, is := w.index.outside(seller.GoldenID, buyer.Division, t.Date); is {
		w.keep(w.outside, t, buyer.Division, regions)
	}
	if suppliers, is := w.index.unregistered(buyer.GoldenID, seller.GoldenID, t.Date); is {
		w.keep(w.off, t, "", suppliers)
	}
	if t.Price > 0 && t.Kind != canonical.Transfer {
		k := tier{t.Seller == w.maker, buyer.Kind, t.Date.Time().Year()}
		w.prices[k] = append(w.prices[k], priced{t.Price, t.ID, t.Seller, t.Buyer, t.Date})
	}
}

func (w *Watch) keep(in map[pair]*group, t *Trade, note string, words []string) {
	k := pair{t.Seller, t.Buyer}
	g := in[k]
	if g == nil {
		g = &group{words: map[string]bool{}}
		in[k] = g
	}
	g.facts = append(g.facts, fact{row: t.ID, date: t.Date, quantity: t.Quantity, note: note})
	for _, word := range words {
		g.words[word] = true
	}
}

// Findings are what was seen: one for each rule, seller and buyer.
func (w *Watch) Findings() []Finding {
	var out []Finding
	for k, g := range w.outside {
		out = append(out, w.finding(OutOfTerritory, k, g.facts, map[string]string{"quantity": total(g.facts), "region": regionOf(&w.parties[k.buyer].Customer), "territory": g.listed(nil)}))
	}
	for k, g := range w.off {
		out = append(out, w.finding(OffChannel, k, g.facts, map[string]string{"quantity": total(g.facts), "registered": g.listed(w.names())}))
	}
	return append(out, w.lowPrices()...)
}

func (w *Watch) finding(rule Rule, k pair, facts []fact, args map[string]string) Finding {
	return build(Finding{Rule: rule, Product: w.product.Code, Party: whoOf(&w.parties[k.seller].Customer), Partner: whoOf(&w.parties[k.buyer].Customer), Args: args}, facts)
}

// names are what golden ids are called.
func (w *Watch) names() map[string]string {
	out := map[string]string{}
	for i := range w.parties {
		if who := whoOf(&w.parties[i].Customer); who.GoldenID != "" {
			out[who.GoldenID] = who.called()
		}
	}
	return out
}

func (g *group) listed(names map[string]string) string {
	var out []string
	for word := range g.words {
		if name, ok := names[word]; ok {
			word = name
		}
		out = append(out, word)
	}
	slices.Sort(out)
	return listed(slices.Compact(out))
}

func regionOf(c *trace.Customer) string {
	if c.Region != "" {
		return c.Region
	}
	return c.Division
}
