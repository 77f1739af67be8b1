package finding

import (
	"cmp"
	"slices"
	"time"

	"tributary/canonical"
)

// Sighting is one captured event about one pack.
type Sighting struct {
	Event    string
	Time     time.Time
	Step     string // the short name of the business step: shipping, retail_selling, …
	Returned bool   // a receipt of goods that came back
	// At is where it happened, To whom the goods were sent; zero when the event does not say, or says it in a way
	// that leads to no customer.
	At, To Spot
}

// Spot is a customer and its place.
type Spot struct {
	Who
	Division, Region string
}

// sells are the steps that end a pack's way in the trade.
var sells = []string{"retail_selling", "dispensing"}

// Watched lists the business steps that the rules on codes look at.
func Watched() []string {
	return append([]string{"shipping", "receiving", "storing", "stock_taking", "holding"}, sells...)
}

// OfCode checks the sightings of one pack: sold again after it was sold (R6), or seen in a province to which it was never
// sent (R4). product and lot may be unknown.
func OfCode(code, product, lot string, seen []Sighting) []Finding {
	seen = slices.Clone(seen)
	slices.SortFunc(seen, func(a, b Sighting) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Event, b.Event)) })
	seen = slices.CompactFunc(seen, func(a, b Sighting) bool { return a.Event == b.Event })
	base := Finding{Code: code, Product: product, Lot: lot}
	var out []Finding
	if f, ok := soldAgain(base, seen); ok {
		out = append(out, f)
	}
	if f, ok := elsewhere(base, seen); ok {
		out = append(out, f)
	}
	return out
}

// soldAgain: each sale but the first, unless the pack came back in between.
func soldAgain(f Finding, seen []Sighting) (Finding, bool) {
	var sales []Sighting
	again := false
	for _, s := range seen {
		switch {
		case slices.Contains(sells, s.Step):
			again = again || len(sales) > 0
			sales = append(sales, s)
		case s.Returned && !again:
			sales = nil
		}
	}
	if !again {
		return f, false
	}
	f.Rule = CodeSoldAgain
	f.Party, f.Partner = sales[0].At.Who, sales[len(sales)-1].At.Who
	return ofSightings(f, sales, map[string]string{"first_at": place(sales[0]), "again_at": place(sales[1]), "times": canonical.Units(int64(len(sales))).String()}), true
}

// elsewhere: seen in a province that is neither where it set out from nor where it was sent. Sightings before the first
// shipment to a known place say nothing.
func elsewhere(f Finding, seen []Sighting) (Finding, bool) {
	var sent []Sighting
	provinces := map[string]bool{}
	for _, s := range seen {
		at := province(s.At.Division)
		if s.Step == "shipping" && province(s.To.Division) != "" {
			// Where it sets out from counts as seen, unless it was sent somewhere before.
			if len(sent) == 0 && at != "" {
				provinces[at] = true
			}
			sent = append(sent, s)
			provinces[province(s.To.Division)] = true
		}
		if len(sent) == 0 || at == "" || provinces[at] || s.Returned {
			continue
		}
		f.Rule, f.Party, f.Partner = CodeElsewhere, s.At.Who, sent[len(sent)-1].To.Who
		return ofSightings(f, append(slices.Clone(sent), s), map[string]string{"seen_in": region(s.At), "sent_to": region(sent[len(sent)-1].To)}), true
	}
	return f, false
}

func province(division string) string {
	if len(division) < 2 {
		return ""
	}
	return division[:2]
}

func region(s Spot) string { return cmp.Or(s.Region, s.Division) }

func place(s Sighting) string { return cmp.Or(s.At.called(), "?") }

func ofSightings(f Finding, list []Sighting, args map[string]string) Finding {
	f.Args = args
	var facts []fact
	for _, s := range list {
		day := canonical.DateOf(s.Time.In(time.FixedZone("+08:00", 8*3600)))
		facts = append(facts, fact{date: day, note: s.Event + " " + s.Step + " " + s.At.Division + " " + s.To.Division})
		f.Events = append(f.Events, s.Event)
	}
	return build(f, facts)
}
