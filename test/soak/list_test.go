package soak

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"
)

// changer is something in a system that changes while the service reads it.
type changer interface {
	// change changes one thing at the time of the system's clock, and says what it did.
	change(r *rand.Rand, now time.Time) string
}

// list is one list of a system whose rows change while the service reads them.
type list struct {
	name    string
	rows    []map[string]any // in ascending order of the key
	key     string
	own     []string                               // further columns whose value is one row's alone
	vary    string                                 // the column that updates change
	as      func(r *rand.Rand, rows []row) any     // what they change it to; nil: what another row has
	stamp   func(row map[string]any, at time.Time) // sets the time of change
	gone    func(row map[string]any)               // marks a deleted row; nil: a deleted row is missing
	publish func(rows []map[string]any)            // gives the system its rows
	fixed   func(row map[string]any) bool          // rows that never change; nil: none
	steady  bool                                   // rows are never updated
	changed func(row map[string]any)               // hears each row that was changed or deleted; nil: nobody
	apart   int64                                  // how far behind the last key new ones begin, where lists of a system share their keys
	mu      sync.Mutex
	serial  int
	last    any                  // the key given last: no system gives the key of a deleted row to another
	stamped map[string]time.Time // by key
	deleted map[string]bool
}

type row = map[string]any

// late is how long before it is seen a row committed late bears its time of change: less than any overlap.
const late = 20 * time.Second

// change inserts, updates or deletes one row at the time of the system's clock, and says which it did.
func (l *list) change(r *rand.Rand, now time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { l.publish(append([]row(nil), l.rows...)) }()
	at := r.IntN(len(l.rows))
	for range len(l.rows) {
		if l.may(l.rows[at]) {
			break
		}
		at = (at + 1) % len(l.rows)
	}
	one := maps.Clone(l.rows[at])
	what := []string{"inserted", "inserted", "inserted late", "updated", "updated", "updated late", "deleted", "deleted"}[r.IntN(8)]
	if what == "deleted" && l.living() <= few || !l.may(one) || l.steady && strings.HasPrefix(what, "updated") {
		what = "inserted"
	}
	if strings.HasSuffix(what, "late") {
		now = now.Add(-late)
	}
	if now.Before(l.stamped[fmt.Sprint(one[l.key])]) { // versions of a row are told by their times: a source keeps them in order
		what = "inserted"
	}
	l.stamp(one, now)
	if l.changed != nil {
		defer func() { l.changed(one) }()
	}
	switch {
	case strings.HasPrefix(what, "inserted"):
		l.serial++
		one[l.key] = l.fresh()
		for _, c := range l.own {
			one[c] = fmt.Sprintf("%v-%d", one[c], l.serial)
		}
		l.rows = append(l.rows, one)
	case what == "deleted" && l.gone == nil:
		l.rows = append(append([]row(nil), l.rows[:at]...), l.rows[at+1:]...)
		return what
	case what == "deleted":
		l.gone(one)
		if l.deleted == nil {
			l.deleted = map[string]bool{}
		}
		l.deleted[fmt.Sprint(one[l.key])] = true
		l.rows[at] = one
		return what
	default:
		l.rows[at] = one
	}
	if l.stamped == nil {
		l.stamped = map[string]time.Time{}
	}
	l.stamped[fmt.Sprint(one[l.key])] = now
	switch {
	case l.steady:
	case l.as != nil:
		one[l.vary] = l.as(r, l.rows)
	default:
		one[l.vary] = l.rows[r.IntN(len(l.rows))][l.vary]
	}
	return what
}

// fresh is a key that no row ever had.
func (l *list) fresh() any {
	if l.last == nil {
		l.last = l.rows[len(l.rows)-1][l.key]
		if k, number := l.last.(int64); number {
			l.last = k + l.apart
		}
	}
	l.last = follow(l.last)
	return l.last
}

// few rows are left at least: a list that is empty says nothing.
const few = 3

func (l *list) living() (n int) {
	for _, r := range l.rows {
		if !l.deleted[fmt.Sprint(r[l.key])] {
			n++
		}
	}
	return n
}

func (l *list) may(r row) bool {
	return !l.deleted[fmt.Sprint(r[l.key])] && (l.fixed == nil || !l.fixed(r))
}

// follow is the key behind another.
func follow(key any) any {
	switch k := key.(type) {
	case int:
		return k + 1
	case int64:
		return k + 1
	}
	text := key.(string)
	digits := text[strings.LastIndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })+1:]
	digits = digits[max(0, len(digits)-15):]
	n, _ := strconv.Atoi(digits)
	return fmt.Sprintf("%s%0*d", text[:len(text)-len(digits)], len(digits), n+1)
}
