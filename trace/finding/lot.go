package finding

import (
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/internal/nearest"
	"tributary/trace"
	"tributary/trace/flow"
)

// OfLot checks one lot: its life, whether it was released, whether more of it left the maker than was made, and who
// issued what it never received. released are the lot numbers of the product's released lots.
func OfLot(d *trace.Data, released []string) []Finding {
	l := lot{Data: d}
	switch {
	case d.Lot.Quantity > 0 || slices.Contains(released, d.Lot.Lot):
		l.life()
		l.mass()
		l.origin()
	case len(released) > 0:
		l.unknown(released)
	}
	return l.found
}

// NoLots is the finding of a product whose rows name lots while none was ever released: B4 and B5 cannot be checked.
func NoLots(product canonical.Product, named []string) []Finding {
	if len(named) == 0 {
		return nil
	}
	named = slices.Sorted(slices.Values(named))
	facts := make([]fact, len(named))
	for i, l := range named {
		facts[i].note = l
	}
	return []Finding{build(Finding{Rule: NoReleasedLots, Product: product.Code, Args: map[string]string{"lots": listed(named)}}, facts)}
}

type lot struct {
	*trace.Data
	found []Finding
}

func (l *lot) add(f Finding, facts []fact) {
	f.Product, f.Lot = l.Product.Code, l.Lot.Lot
	l.found = append(l.found, build(f, facts))
}

func factOf(m *trace.Move) fact { return fact{row: m.ID, date: m.Date, quantity: m.Point} }

// handedOn reports whether a move passes goods on to somebody.
func handedOn(m *trace.Move) bool {
	return m.To != flow.Nobody && (m.Kind == canonical.Sale || m.Kind == canonical.Transfer || m.Kind == canonical.DropShip)
}

// life: nothing is sold before it is made, or after it expired. Only rows that name the lot count.
func (l *lot) life() {
	early, late := map[int32][]fact{}, map[int32][]fact{}
	for i := range l.Moves {
		m := &l.Moves[i]
		if !m.Named || !handedOn(m) {
			continue
		}
		if !l.Lot.MfgDate.IsZero() && m.Date < l.Lot.MfgDate {
			early[m.From] = append(early[m.From], factOf(m))
		}
		if !l.Lot.ExpDate.IsZero() && m.Date > l.Lot.ExpDate {
			late[m.From] = append(late[m.From], factOf(m))
		}
	}
	for p, facts := range early {
		l.add(Finding{Rule: SoldBeforeMade, Party: l.who(p), Args: map[string]string{"quantity": total(facts), "made": l.Lot.MfgDate.String()}}, note(facts, l.Lot.MfgDate.String()))
	}
	for p, facts := range late {
		l.add(Finding{Rule: SoldAfterExpiry, Party: l.who(p), Args: map[string]string{"quantity": total(facts), "expiry": l.Lot.ExpDate.String()}}, note(facts, l.Lot.ExpDate.String()))
	}
}

func (l *lot) who(p int32) Who { return whoOf(&l.Parties[p].Customer) }

func total(facts []fact) string {
	sum := canonical.Quantity(0)
	for _, f := range facts {
		sum += f.quantity
	}
	return sum.String()
}

// note adds to each fact what it was held against: that changes, the evidence changes.
func note(facts []fact, text string) []fact {
	for i := range facts {
		facts[i].note = text
	}
	return facts
}

// mass: what certainly left the maker, less all that may have come back, is not more than was released.
func (l *lot) mass() {
	shipped := canonical.Quantity(0)
	var facts []fact
	for i := range l.Moves {
		m := &l.Moves[i]
		switch {
		case m.From == l.Maker && handedOn(m):
			shipped += m.Low
		case m.To == l.Maker && m.From != l.Maker:
			shipped -= m.High
		default:
			continue
		}
		facts = append(facts, factOf(m))
	}
	if shipped <= l.Lot.Quantity {
		return
	}
	l.add(Finding{Rule: MoreThanReleased, Party: l.who(l.Maker), Args: map[string]string{
		"shipped": shipped.String(), "released": l.Lot.Quantity.String(), "excess": (shipped - l.Lot.Quantity).String(),
	}}, note(facts, l.Lot.Quantity.String()))
}

// origin: who passed the lot on under its number must have got it from somewhere (R2). What its own customers sent back
// is no origin. A receipt that may have carried the lot is one.
func (l *lot) origin() {
	issued, had := map[int32][]fact{}, map[int32]bool{}
	for i := range l.Moves {
		m := &l.Moves[i]
		if m.Named && handedOn(m) && m.From != l.Maker {
			issued[m.From] = append(issued[m.From], factOf(m))
		}
		if handedOn(m) && m.High > 0 {
			had[m.To] = true
		}
	}
	for p, facts := range issued {
		if !had[p] {
			l.add(Finding{Rule: NeverReceived, Party: l.who(p), Args: map[string]string{"quantity": total(facts)}}, facts)
		}
	}
}

// unknown: a lot that nobody released.
func (l *lot) unknown(released []string) {
	var facts []fact
	by := map[string]bool{}
	for i := range l.Moves {
		if m := &l.Moves[i]; m.Named {
			facts = append(facts, factOf(m))
			by[l.who(m.From).called()] = true
		}
	}
	for _, h := range l.Holdings {
		if h.Named && h.Total() != 0 {
			// That it holds the lot is evidence, not on which day it counted it again.
			facts = append(facts, fact{note: l.who(h.Party).key()}, fact{date: h.Date, shown: true})
			by[l.who(h.Party).called()] = true
		}
	}
	if len(facts) == 0 {
		return
	}
	names := make([]string, 0, len(by))
	for name := range by {
		names = append(names, name)
	}
	slices.Sort(names)
	l.add(Finding{Rule: UnknownLot, Args: map[string]string{"near": listed(near(l.Lot.Lot, released)), "by": listed(names)}}, facts)
}

// near are the released lots that differ by one typing error; when none does, the nearest one.
func near(lot string, released []string) []string {
	var out []string
	for _, r := range released {
		if trace.OneEdit(lot, r) {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		if n := nearest.Of(lot, slices.Sorted(slices.Values(released))); n != "" {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// listed joins words, the first few of them.
func listed(words []string) string {
	const most = 8
	switch {
	case len(words) == 0:
		return "–"
	case len(words) > most:
		return strings.Join(words[:most], ", ") + ", …"
	}
	return strings.Join(words, ", ")
}
