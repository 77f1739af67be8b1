package quality

import "tributary/canonical"

// Share is a part of a whole. Percent has at most two decimals, cut off and never rounded up to 100; "" when there is
// no whole.
type Share struct {
	Numerator   canonical.Quantity `json:"numerator"`
	Denominator canonical.Quantity `json:"denominator"`
	Percent     string             `json:"percent"`
}

// Coverage tells how complete the ledgers of a period are. It says nothing of whether they are right.
type Coverage struct {
	Parties Share `json:"k1_parties"` // that reported ÷ that should
	Shipped Share `json:"k2_shipped"` // what the company shipped to parties that reported ÷ all it shipped
	Days    Share `json:"k3_days"`    // reports that came ÷ that were due by their cadence
	Lots    Share `json:"k4_lots"`    // rows that name a lot ÷ rows
	Matched Share `json:"k5_matched"` // rows whose product and partner are in the master ÷ rows
	Late    Share `json:"late"`       // rows that came more than three days after their date ÷ rows
}

func (s *Share) add(o Share) {
	s.Numerator += o.Numerator
	s.Denominator += o.Denominator
}

// Add counts another part of the data.
func (c *Coverage) Add(o Coverage) {
	for i, s := range o.shares() {
		c.shares()[i].add(*s)
	}
}

func (c *Coverage) shares() []*Share {
	return []*Share{&c.Parties, &c.Shipped, &c.Days, &c.Lots, &c.Matched, &c.Late}
}

// Finish computes the percentages.
func (c *Coverage) Finish() {
	for _, s := range c.shares() {
		s.Percent = cutPercent(s.Numerator, s.Denominator)
	}
}

func cutPercent(part, whole canonical.Quantity) string {
	if whole == 0 {
		return ""
	}
	const hundredth = canonical.QuantityScale / 100
	p, err := part.MulDiv(canonical.Units(100), whole)
	if err != nil {
		return ""
	}
	if p >= canonical.Units(100) && part < whole {
		p = canonical.Units(100) - 1
	}
	return (p / hundredth * hundredth).String()
}

// Completeness is the coverage of a product's ledgers in the days in which a recall's lots moved.
type Completeness struct {
	From canonical.Date `json:"from"`
	To   canonical.Date `json:"to"`
	Coverage
}
