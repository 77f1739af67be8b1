package dedupe

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"tributary/normalize"
)

const (
	leastForNames = 1000 // records from which the frequencies of names are learned
	leastOfName   = 5    // records with a name that is told: rarer ones could tell who is in the data
	mostNames     = 5000 // in a table
	leastSharing  = 10   // different names that make a value shared
)

// nameFrequencies tells how common names of persons are. Only common names are in the table; the others count as the
// floor, which no typing error seen twice falls below. average is the chance that two different persons agree.
func nameFrequencies(records []*Record, average float64, base Frequencies) Frequencies {
	if len(records) < leastForNames {
		return base
	}
	count, named := countNames(records)
	common := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	out := Frequencies{Average: probability(average), Floor: probability(math.Min(2/float64(max(named, 1)), average)), Scale: base.Scale, Values: map[string]float64{}}
	for _, name := range common[:min(len(common), mostNames)] {
		if count[name] >= leastOfName {
			out.Values[name] = probability(float64(count[name]) / float64(named))
		}
	}
	if out.Scale == 0 {
		out.Scale = 1
	}
	return out
}

// countNames counts the names of persons, and gives their sum. A person stands in several sources, but seldom twice in
// one: a name is as common as it is in the source that has it most.
func countNames(records []*Record) (count map[string]int, named int) {
	bySource := map[string]map[string]int{}
	count = map[string]int{}
	for _, r := range records {
		if name := r.person.full; name != "" && r.Real() {
			if bySource[r.Key.Source] == nil {
				bySource[r.Key.Source] = map[string]int{}
			}
			bySource[r.Key.Source][name]++
			count[name] = max(count[name], bySource[r.Key.Source][name])
		}
	}
	for _, n := range count {
		named += n
	}
	return count, named
}

// SharedValues are those of the model and, found in the records, phones and mailboxes that customers of many different
// names have: a switchboard, a purchasing office. Records must be prepared anew by an engine that knows them.
func (e *Engine) SharedValues(records []*Record) []string {
	names := map[string]map[string]bool{}
	note := func(value, name string) {
		if names[value] == nil {
			names[value] = map[string]bool{}
		}
		if len(names[value]) < leastSharing {
			names[value][name] = true
		}
	}
	for _, r := range records {
		phones, mails, name := r.contacts()
		for _, p := range phones {
			note(p.Number, name)
		}
		for _, m := range mails {
			note(m, name)
		}
	}
	out := slices.Clone(e.model.Shared)
	for value, by := range names {
		if len(by) >= leastSharing {
			out = append(out, value)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// contacts are how a record can be reached, and its name.
func (r *Record) contacts() (phones []normalize.Phone, mails []string, name string) {
	if r.org == nil {
		return r.person.phones, r.person.emails, r.person.full
	}
	if len(r.org.names) > 0 {
		name = r.org.names[0].full
	}
	return r.org.phones, r.org.emails, name
}
