package world

import (
	"iter"

	"tributary/canonical"
)

// System is a source of records about customers. Its text is the source name of the sandbox's configuration.
type System string

// Systems that know customers.
const (
	ERP       System = "erp"       // customers the maker trades with
	SFA       System = "sfa"       // accounts, doctors and patients of the sales force
	Chain     System = "pharmacy"  // stores of the reporting chain
	EMR       System = "emr"       // patients as a hospital system exports them
	Events    System = "events"    // doctors as they signed in at meetings
	Terminals System = "terminals" // a spreadsheet of pharmacies, clinics and hospitals
)

// Systems lists the systems.
func Systems() []System { return []System{ERP, SFA, Chain, EMR, Events, Terminals} }

// view says that a system knows a customer; more than one view of a customer in one system are duplicates.
type view struct {
	truth int
	again bool // the second record of the same customer
}

// share is how much of a kind a system knows, and how often twice.
type share struct{ known, twice float64 }

var shares = map[System]map[canonical.CustomerKind]share{
	ERP: {canonical.Distributor: {1, 0.04}, canonical.Chain: {1, 0}, canonical.Hospital: {0.6, 0.03}, canonical.Clinic: {0.1, 0}, canonical.Pharmacy: {0.15, 0.02}},
	SFA: {
		canonical.Distributor: {0.8, 0.05}, canonical.Chain: {0.9, 0.05}, canonical.Hospital: {0.97, 0.08}, canonical.Clinic: {0.85, 0.06}, canonical.Pharmacy: {0.7, 0.06},
		canonical.HCP: {0.97, 0.17}, canonical.Patient: {0.95, 0.1},
	},
	EMR:       {canonical.Patient: {0.9, 0.02}},
	Events:    {canonical.HCP: {0.97, 0.08}},
	Terminals: {canonical.Hospital: {0.8, 0.01}, canonical.Clinic: {0.6, 0.02}, canonical.Pharmacy: {0.9, 0.02}},
}

// look decides which system knows whom, in an order that tells nothing.
func (w *World) look() {
	w.views = map[System][]view{}
	for n, sys := range Systems() {
		r := w.random(forViews, n)
		var all []view
		if sys == Chain {
			all = append(all, view{truth: w.ChainHQ})
			for _, at := range w.Stores {
				all = append(all, view{truth: at})
			}
			w.views[sys] = all
			continue
		}
		for i := range w.Customers {
			s := shares[sys][w.Customers[i].Kind]
			known := r.chance(s.known) || sys == ERP && w.Customers[i].Kind == canonical.Distributor
			if !known {
				continue
			}
			all = append(all, view{truth: i})
			if r.chance(s.twice) {
				all = append(all, view{truth: i, again: true})
			}
		}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		w.views[sys] = all
	}
	w.accounts = map[int]int{}
	for i, v := range w.views[SFA] {
		if _, met := w.accounts[v.truth]; !met && !w.Customers[v.truth].Kind.Person() {
			w.accounts[v.truth] = i
		}
	}
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
				if !yield(canonical.RecordKey{Source: string(sys), ID: w.id(sys, i)}, w.TruthOf(sys, i)) {
					return
				}
			}
		}
	}
}
