package flow

import (
	"cmp"
	"slices"

	"tributary/canonical"
)

// timeline walks the movements of a circle in their order and keeps what every member holds, to say which lots a
// lot-less issue most likely carried.
type timeline struct {
	*circle
	order   []int32 // moves that touch a member, in their order
	state   map[int32]progress
	inflow  map[int32][]int32 // member → its receipts, in their order
	outflow map[int32][]int32
	hold    map[int32]*holding
	plan    map[int32]*closing
	next    map[int32]int // member → its first report that was not reached
}

type progress int8

const (
	waiting progress = iota
	running
	done
)

// points computes the shares of all lot-less issues of the circle.
func (c *circle) points() {
	t := &timeline{
		circle: c, state: map[int32]progress{}, inflow: map[int32][]int32{}, outflow: map[int32][]int32{},
		hold: map[int32]*holding{}, plan: map[int32]*closing{}, next: map[int32]int{},
	}
	t.arrange()
	for _, p := range c.members {
		t.hold[p] = t.opening(p)
	}
	for _, i := range t.order {
		m := &t.moves[i]
		t.passReports(m.from, m.Date)
		t.passReports(m.to, m.Date)
		t.process(i)
	}
}

// arrange orders the moves that touch a member. The order sees no others, so that it does not depend on how much of the
// product's flow the book holds.
func (t *timeline) arrange() {
	var touching []int32
	for _, p := range t.members {
		touching = append(touching, t.in[p]...)
		touching = append(touching, t.out[p]...)
	}
	slices.Sort(touching)
	touching = slices.Compact(touching)
	local := map[int32]int32{}
	number := func(p int32) int32 {
		if p == Nobody {
			return Nobody
		}
		n, ok := local[p]
		if !ok {
			n = int32(len(local))
			local[p] = n
		}
		return n
	}
	steps := make([]Step, len(touching))
	for k, i := range touching {
		m := &t.moves[i]
		steps[k] = Step{From: number(m.from), To: number(m.to), Date: m.Date, DocNo: m.DocNo, ID: m.ID}
	}
	order, _ := Order(len(local), steps)
	for _, k := range order {
		i := touching[k]
		t.order = append(t.order, i)
		m := &t.moves[i]
		if m.to != Nobody && t.home[m.to] == t.id {
			t.inflow[m.to] = append(t.inflow[m.to], i)
		}
		if t.home[m.from] == t.id {
			t.outflow[m.from] = append(t.outflow[m.from], i)
		}
	}
}

func (t *timeline) opening(p int32) *holding {
	h, b := newHolding(), t.books[p]
	for _, o := range t.origins[p] {
		h.add(o.Lot, o.Date, o.Quantity)
	}
	for lot, q := range b.opening {
		h.add(lot, b.first, q)
	}
	return h
}

// process lets a move happen, once. Receipts that its issuer needs and that are dated no more than the tolerance later
// happen before it: they were posted late.
func (t *timeline) process(i int32) {
	if t.state[i] != waiting {
		return
	}
	t.state[i] = running
	m := &t.moves[i]
	if t.home[m.from] == t.id {
		if m.Lot == "" {
			t.attribute(i)
		} else {
			t.pull(m.from, m.Date, func() bool { return t.hold[m.from].of(m.Lot) >= m.Quantity }, m.Lot)
			t.hold[m.from].take(m.Lot, m.Quantity)
		}
	}
	if m.to != Nobody && t.home[m.to] == t.id {
		if m.Lot != "" {
			t.hold[m.to].add(m.Lot, m.Date, m.Quantity)
		}
		for _, s := range t.shares[i] {
			t.hold[m.to].add(s.lot, m.Date, s.point)
		}
	}
	t.state[i] = done
}

// passReports corrects what a member holds by its reports from before the date. Only the walk through time calls it, never
// a receipt that is pulled forward.
func (t *timeline) passReports(p int32, date canonical.Date) {
	if p == Nobody || t.home[p] != t.id {
		return
	}
	reports := t.reports[p]
	for t.next[p] < len(reports) && reports[t.next[p]].Date < date {
		r := reports[t.next[p]]
		t.next[p]++
		h := t.hold[p]
		for lot, q := range r.Lots {
			h.set(lot, q, t.books[p].first)
		}
		for lot := range h.lots {
			if q, known := r.Holds(lot); known {
				h.set(lot, q, t.books[p].first)
			}
		}
	}
}

// pull lets waiting receipts of a member happen until enough holds. An empty lot pulls receipts of any lot.
func (t *timeline) pull(p int32, date canonical.Date, enough func() bool, lot string) {
	for _, i := range t.inflow[p] {
		if t.moves[i].Date > date+t.tolerance || enough() {
			return
		}
		if t.state[i] == waiting && t.mayCarry(i, lot) {
			t.process(i)
		}
	}
}

func (t *timeline) mayCarry(i int32, lot string) bool {
	m := &t.moves[i]
	if lot == "" || m.Lot == lot || t.insider(m) {
		return true
	}
	return slices.ContainsFunc(t.shares[i], func(s share) bool { return s.lot == lot && s.point > 0 })
}

// attribute finds the shares of a lot-less issue and takes them from the issuer's holding.
func (t *timeline) attribute(i int32) {
	m, caps := &t.moves[i], t.caps[i]
	h := t.hold[m.from]
	available := func() (sum canonical.Quantity) {
		for _, b := range caps {
			sum += min(b.high, max(0, h.of(b.lot)))
		}
		return sum
	}
	q := attributable(m.Quantity, caps)
	t.pull(m.from, m.Date, func() bool { return available() >= q }, "")
	s := newSplit(q, caps, h)
	plan := t.closingFor(m.from, m.Date)
	if !s.byReport(plan) {
		s.byAge(h)
	}
	shares := s.shares()
	left := m.Quantity
	for _, x := range shares {
		h.take(x.lot, x.point)
		plan.spend(x.lot, x.point)
		left -= x.point
	}
	t.shares[i], t.short[i] = shares, left
}

func attributable(q canonical.Quantity, caps []bound) canonical.Quantity {
	total := canonical.Quantity(0)
	for _, b := range caps {
		total += b.upper
	}
	return min(q, total)
}

// closing says what a member's lot-less issues up to a report must have carried together: what receipts, issues that name
// a lot, and the report leave of each lot.
type closing struct {
	until canonical.Date
	known bool // a report tells; else left says nothing
	sole  bool // it leaves exactly the issues' quantity, and no choice: one issue only, or one lot only
	left  map[string]canonical.Quantity
}

const never = canonical.Date(1 << 30)

// closingFor is the closing that holds for an issue of the date; it is made at the first issue after a report.
func (t *timeline) closingFor(p int32, date canonical.Date) *closing {
	if c := t.plan[p]; c != nil && date <= c.until {
		return c
	}
	c := &closing{until: never}
	t.plan[p] = c
	reports := t.reports[p]
	n, _ := slices.BinarySearchFunc(reports, date, func(r Report, d canonical.Date) int { return cmp.Compare(r.Date, d) })
	if n == len(reports) {
		return c
	}
	c.until = reports[n].Date
	t.close(c, p, reports[n])
	return c
}

func (t *timeline) close(c *closing, p int32, r Report) {
	left := map[string]canonical.Quantity{}
	for lot := range t.hold[p].lots {
		left[lot] = t.hold[p].of(lot)
	}
	for _, i := range t.inflow[p] {
		m := &t.moves[i]
		if m.Date > r.Date || t.state[i] != waiting {
			continue
		}
		if t.insider(m) {
			return // what comes from the circle is not known yet
		}
		if m.Lot != "" {
			left[m.Lot] += m.Quantity
		}
		for _, s := range t.shares[i] {
			left[s.lot] += s.point
		}
	}
	issues, sum := 0, canonical.Quantity(0)
	for _, i := range t.outflow[p] {
		m := &t.moves[i]
		switch {
		case m.Date > r.Date || t.state[i] == done:
		case m.Lot == "":
			issues++
			sum += m.Quantity
		default:
			left[m.Lot] -= m.Quantity
		}
	}
	for lot := range r.Lots {
		left[lot] += 0
	}
	lots, exact := 0, true
	for lot := range left {
		q, known := r.Holds(lot)
		left[lot] -= q
		switch {
		case left[lot] > 0 && known:
			lots++
			sum -= left[lot]
		case left[lot] > 0:
			return // the report does not say what is left of a lot that was there
		default: // more is left than came in: the lot was not among the issues
			exact = exact && left[lot] == 0
			left[lot] = 0
		}
	}
	c.left, c.known, c.sole = left, true, exact && sum == 0 && (issues == 1 || lots == 1)
}

func (c *closing) spend(lot string, q canonical.Quantity) {
	if c.known {
		c.left[lot] -= q
	}
}
