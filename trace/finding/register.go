package finding

import (
	"strings"

	"tributary/canonical"
)

// Territory says that a seller may sell a product in a region.
type Territory struct {
	Seller   string // golden id
	Product  string // code; "" = every product
	Division string // code of GB/T 2260; "" = everywhere
	Name     string // of the region, as registered
	From, To canonical.Date
}

// Channel says from whom a buyer is registered to buy a product.
type Channel struct {
	Buyer, Supplier string // golden ids
	Product         string // code; "" = every product
	From, To        canonical.Date
}

// Register is what is agreed with partners. A seller without a territory, and a buyer without a channel, for a product
// and a day are not checked: nothing was agreed.
type Register struct {
	Territories []Territory
	Channels    []Channel
}

func valid(from, to, day canonical.Date) bool {
	return (from.IsZero() || day >= from) && (to.IsZero() || day <= to)
}

// within reports whether a division lies in another; codes nest by their first digits.
func within(code, parent string) bool {
	for strings.HasSuffix(parent, "00") && parent != "" {
		parent = strings.TrimSuffix(parent, "00")
	}
	return strings.HasPrefix(code, parent)
}

// outside reports whether a seller may not sell a product to a place on a day, and which regions it may sell in.
func (r *index) outside(seller, division string, day canonical.Date) (regions []string, is bool) {
	if division == "" {
		return nil, false // where the buyer is, is not known
	}
	for _, t := range r.territories[seller] {
		if !valid(t.From, t.To, day) {
			continue
		}
		if within(division, t.Division) {
			return nil, false
		}
		regions = append(regions, t.Name)
	}
	return regions, len(regions) > 0
}

// unregistered reports whether a buyer is registered with suppliers on a day and this is none of them.
func (r *index) unregistered(buyer, supplier string, day canonical.Date) (suppliers []string, is bool) {
	for _, c := range r.channels[buyer] {
		if !valid(c.From, c.To, day) {
			continue
		}
		if c.Supplier == supplier {
			return nil, false
		}
		suppliers = append(suppliers, c.Supplier)
	}
	return suppliers, len(suppliers) > 0
}

// index is the register of one product.
type index struct {
	territories map[string][]Territory
	channels    map[string][]Channel
}

func (r Register) of(product string) *index {
	x := &index{map[string][]Territory{}, map[string][]Channel{}}
	for _, t := range r.Territories {
		if t.Product == "" || t.Product == product {
			x.territories[t.Seller] = append(x.territories[t.Seller], t)
		}
	}
	for _, c := range r.Channels {
		if c.Product == "" || c.Product == product {
			x.channels[c.Buyer] = append(x.channels[c.Buyer], c)
		}
	}
	return x
}
