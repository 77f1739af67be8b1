package flow

import (
	"cmp"
	"slices"
	"sort"

	"tributary/canonical"
)

// ledger is a running total of quantities by date. Entries are added in any order, then seal makes it readable.
type ledger struct {
	entries []entry
}

type entry struct {
	date  canonical.Date
	total canonical.Quantity // until seal: of this entry alone
}

func (l *ledger) add(date canonical.Date, q canonical.Quantity) {
	l.entries = append(l.entries, entry{date, q})
}

func (l *ledger) seal() {
	slices.SortFunc(l.entries, func(a, b entry) int { return cmp.Compare(a.date, b.date) })
	sum := canonical.Quantity(0)
	for i := range l.entries {
		sum += l.entries[i].total
		l.entries[i].total = sum
	}
}

// insert adds to a sealed ledger.
func (l *ledger) insert(date canonical.Date, q canonical.Quantity) {
	i := sort.Search(len(l.entries), func(i int) bool { return l.entries[i].date > date })
	before := canonical.Quantity(0)
	if i > 0 {
		before = l.entries[i-1].total
	}
	l.entries = slices.Insert(l.entries, i, entry{date, before})
	for ; i < len(l.entries); i++ {
		l.entries[i].total += q
	}
}

// upTo is the total of all entries dated d or earlier. A nil ledger is empty.
func (l *ledger) upTo(d canonical.Date) canonical.Quantity {
	if l == nil {
		return 0
	}
	n := sort.Search(len(l.entries), func(i int) bool { return l.entries[i].date > d })
	if n == 0 {
		return 0
	}
	return l.entries[n-1].total
}

func (l *ledger) all() canonical.Quantity {
	if l == nil || len(l.entries) == 0 {
		return 0
	}
	return l.entries[len(l.entries)-1].total
}

// ledgers are the ledgers of lots.
type ledgers map[string]*ledger

func (ls ledgers) add(lot string, date canonical.Date, q canonical.Quantity) {
	l := ls[lot]
	if l == nil {
		l = &ledger{}
		ls[lot] = l
	}
	l.add(date, q)
}

// insert adds to sealed ledgers.
func (ls ledgers) insert(lot string, date canonical.Date, q canonical.Quantity) {
	if ls[lot] == nil {
		ls[lot] = &ledger{}
	}
	ls[lot].insert(date, q)
}

func (ls ledgers) seal() {
	for _, l := range ls {
		l.seal()
	}
}
