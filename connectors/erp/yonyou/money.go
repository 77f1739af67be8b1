package yonyou

import (
	"encoding/json"

	"tributary/canonical"
)

// Number is a quantity or an amount as the maker's platforms take it: exact.
func Number(q canonical.Quantity) json.Number { return json.Number(q.String()) }

// Money is what a line of an order costs: with tax, without, and the tax; the price is that of a unit without tax.
type Money struct{ Sum, Net, Tax, Price canonical.Quantity }

const cent = canonical.QuantityScale / 100

// MoneyOf reckons a line as bookkeeping does: the sum with tax is rounded to cents, the part without tax follows from it,
// and the tax is what is left, so that they always add up. The rate is in percent.
func MoneyOf(l canonical.OrderLine, rate int) (m Money, err error) {
	if m.Sum, err = l.Quantity.MulDiv(l.Price, canonical.QuantityScale); err != nil {
		return m, err
	}
	m.Sum = toCents(m.Sum)
	parts := canonical.Quantity(100 + rate)
	if m.Net, err = m.Sum.MulDiv(100, parts); err != nil {
		return m, err
	}
	m.Net = toCents(m.Net)
	m.Tax = m.Sum - m.Net
	m.Price, err = l.Price.MulDiv(100, parts)
	return m, err
}

func toCents(q canonical.Quantity) canonical.Quantity { return (q + cent/2) / cent * cent }
