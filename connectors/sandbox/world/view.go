package world

import (
	"iter"

	"tributary/canonical"
)

// view says that a system knows a customer; more than one view of a customer in one system are duplicates.
type view struct {
	truth int
	again bool // the second record of the same customer
}

// look decides which system knows whom, in an order that tells nothing.
func (w *World) look() {
	w.views, w.accounts = map[System][]view{}, map[System]map[int]int{}
	for n := range w.systems {
		s := &w.systems[n]
		w.views[s.name] = w.seen(n, s)
	}
}

// seen are a system's views. Organisations come before persons in the order of customers, so its accounts are known when
// persons are filed under them.
func (w *World) seen(n int, s *system) (all []view) {
	r := w.random(forViews, n)
	if s.name == Chain {
		for _, at := range append([]int{w.ChainHQ}, w.Stores...) {
			all = append(all, view{truth: at})
		}
		return all
	}
	organisations := map[int]bool{}
	for i := range w.Customers {
		c := &w.Customers[i]
		share := s.shares[c.Kind]
		known := r.chance(share.known) || s.name == ERP && c.Kind == canonical.Distributor
		if !known && s.name == ERP && i == w.Hospital { // who reports has a number there
			all = append(all, view{truth: i})
		}
		if !known || !s.reaches(w, i) || s.only && c.Kind.Person() && !organisations[c.Parent] {
			continue
		}
		organisations[i] = true
		all = append(all, view{truth: i})
		if r.chance(share.twice) {
			all = append(all, view{truth: i, again: true})
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if s.staff {
		accounts := map[int]int{}
		for i, v := range all {
			if _, met := accounts[v.truth]; !met && !w.Customers[v.truth].Kind.Person() {
				accounts[v.truth] = i
			}
		}
		w.accounts[s.name] = accounts
	}
	return all
}

// Len is how many records a system has.
func (w *World) Len(sys System) int { return len(w.views[sys]) }

// TruthOf is the customer behind the i-th record of a system.
func (w *World) TruthOf(sys System, i int) int { return w.views[sys][i].truth }

// Records are the records of a system in the order of their ids.
func (w *World) Records(sys System) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for i := range w.Len(sys) {
			if !yield(w.Record(sys, i)) {
				return
			}
		}
	}
}

// Truth tells for every record of every system which customer is behind it.
func (w *World) Truth() iter.Seq2[canonical.RecordKey, int] {
	return func(yield func(canonical.RecordKey, int) bool) {
		for _, sys := range Systems() {
			for i := range w.Len(sys) {
				if !yield(canonical.RecordKey{Source: string(sys), ID: w.RecordID(sys, i)}, w.TruthOf(sys, i)) {
					return
				}
			}
		}
	}
}
