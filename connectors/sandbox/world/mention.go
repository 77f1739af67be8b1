package world

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"tributary/canonical"
)

// Mention is a customer as the ledger of one of the Sellers names it on a day: the distributor's own code and spelling.
// A few customers are renamed in its books during the year; the code stays.
func (w *World) Mention(distributor, customer, day int) canonical.PartyMention {
	c := &w.Customers[customer]
	r := w.random(forMention, distributor, customer)
	h := [3]habits{
		{abbreviate: 0.12, dropPlace: 0.06, former: 0.4, typo: 0.02, bracket: 0.2, width: 0.03},
		{abbreviate: 0.22, dropPlace: 0.1, former: 0.6, traditional: 0.03, typo: 0.03, bracket: 0.3, note: 0.03, width: 0.08},
		{abbreviate: 0.08, dropPlace: 0.04, former: 0.5, typo: 0.02, bracket: 0.2},
	}[distributor]
	name := c.Name
	if c.Former != "" && r.chance(h.former) {
		name = c.Former
	}
	first := spell(r, h, name, c.place)
	second := spell(r, h, c.Name, c.place)
	if change := r.between(30, 300); r.chance(0.04) && day >= change {
		first = second
	}
	out := canonical.PartyMention{Code: PartnerCode(distributor, customer), Name: first}
	if uscc := [3]float64{0: 0.4, linked: 0.8}[distributor]; uscc > 0 { // who asks for papers writes down where they are from
		out.City, out.County = c.place.city, c.place.county
		if r.chance(uscc) {
			out.USCC = c.USCC
		}
	}
	return out
}

// PartnerCode is the own code of one of the Sellers of a customer.
func PartnerCode(distributor, customer int) string {
	return fmt.Sprintf("%s%05d", [3]string{"KH", "1", "DK"}[distributor], customer)
}

// ProductMention is a product as the ledger of one of the Sellers names it; the unit is left open.
func (w *World) ProductMention(distributor, product int) canonical.ProductMention {
	p := w.Products[product]
	if distributor != 1 {
		return canonical.ProductMention{
			Code: fmt.Sprintf([3]string{0: "10%03d", linked: "Y%03d"}[distributor], 17*(product+1)), Name: p.Name, Spec: strings.ReplaceAll(p.Spec, "×", "*"), ApprovalNo: p.ApprovalNo,
			Maker: w.Customers[w.Maker].Name,
		}
	}
	out := canonical.ProductMention{Code: fmt.Sprintf("YP%04d", 900+product), Name: p.Name, Spec: p.Spec, Maker: "百川制药"}
	if product == foreignWord { // known only to those who have the alias
		out.Name, out.Spec = "连花清瘟胶囊(百川)", "36粒装"
	}
	return out
}

// foreignWord is the product that the second distributor calls by a name of its own.
const foreignWord = 5

// ProductAliases are the words of the reporting distributors that no master record explains.
func (w *World) ProductAliases() []canonical.Alias {
	m := w.ProductMention(1, foreignWord)
	return []canonical.Alias{{Type: "product", Party: w.Customers[w.Reporting[1]].Name, RawName: m.Name, RawSpec: m.Spec, RawCode: m.Code, TargetCode: w.Products[foreignWord].Code}}
}

// ordered goes over a map in the order of its keys.
func ordered[K cmp.Ordered, V any](m map[K]V) iter.Seq2[K, V] {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return func(yield func(K, V) bool) {
		for _, k := range keys {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// Mentions are the different ways in which a distributor's sales ledger names its customers, each with the customer it
// means.
func (w *World) Mentions(distributor int) iter.Seq2[canonical.PartyMention, int] {
	return func(yield func(canonical.PartyMention, int) bool) {
		met := map[canonical.PartyMention]bool{}
		for _, l := range [3][]Line{w.Ledgers.DistributorSales[0], w.Ledgers.DistributorSales[1], w.Ledgers.LinkedSales}[distributor] {
			m := w.Mention(distributor, l.Partner, l.Day)
			if met[m] {
				continue
			}
			met[m] = true
			if !yield(m, l.Partner) {
				return
			}
		}
	}
}
