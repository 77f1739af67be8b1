package finding

import (
	"fmt"
	"slices"

	"tributary/canonical"
	"tributary/trace"
)

// OfBooks looks through the books of a product for gaps that one slip explains: a row counted in another pack than it
// says, or a lot number mistyped for another. lots are the data that the buckets were made of.
func OfBooks(product canonical.Product, lots []trace.Data, buckets []trace.Bucket) []Finding {
	b := books{product: product, lots: map[string]*trace.Data{}}
	for i := range lots {
		b.lots[lots[i].Lot.Lot] = &lots[i]
	}
	for i := range buckets {
		switch k := &buckets[i]; k.Code {
		case "trace.gap.unit":
			b.unit(k)
		case "trace.gap.lot_typo":
			b.typo(k, buckets)
		}
	}
	return b.found
}

type books struct {
	product canonical.Product
	lots    map[string]*trace.Data
	found   []Finding
}

// unit: the gap of a book is what one of its rows would be off by, were it counted in another pack.
func (b *books) unit(k *trace.Bucket) {
	facts := b.rows(k, func(m *trace.Move) bool { return slices.Contains(k.Rows, m.ID) }, false)
	args := map[string]string{"gap": k.Gap.String()}
	for name, value := range k.Args {
		args[name] = fmt.Sprint(value)
	}
	b.found = append(b.found, build(Finding{Rule: UnitFactor, Product: b.product.Code, Lot: k.Lot, Party: whoOf(&k.Customer), Args: args}, append(facts, fact{quantity: k.Gap})))
}

// typo: what one lot's book of a party lacks, the book of a lot with nearly the same number has too much of. One finding
// for the two.
func (b *books) typo(k *trace.Bucket, all []trace.Bucket) {
	for i := range all {
		o := &all[i]
		if o.Code != k.Code || o.Party != k.Party || o.Gap != -k.Gap || !trace.OneEdit(o.Lot, k.Lot) || o.Lot < k.Lot {
			continue
		}
		every := func(*trace.Move) bool { return true }
		facts := append(b.rows(k, every, true), b.rows(o, every, true)...)
		b.found = append(b.found, build(Finding{Rule: LotTypo, Product: b.product.Code, Lot: k.Lot, Party: whoOf(&k.Customer),
			Args: map[string]string{"other_lot": o.Lot, "gap": k.Gap.Abs().String()}}, append(facts, fact{quantity: k.Gap})))
	}
}

// rows are moves of a bucket; as evidence, or only to be shown.
func (b *books) rows(k *trace.Bucket, keep func(*trace.Move) bool, shown bool) []fact {
	var out []fact
	d := b.lots[k.Lot]
	if d == nil {
		return nil
	}
	for i := range d.Moves {
		if m := &d.Moves[i]; (m.From == k.Party || m.To == k.Party) && keep(m) {
			f := factOf(m)
			f.note, f.shown = k.Lot, shown
			out = append(out, f)
		}
	}
	return out
}
