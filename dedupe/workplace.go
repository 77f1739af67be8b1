package dedupe

import "tributary/canonical"

// Workplace is where a professional works, made comparable once for all who work there. It is immutable.
type Workplace struct {
	golden canonical.ID // of the organisation; zero when the place is only written out
	names  []houseName
	place  string
}

// Workplace makes a golden organisation comparable as a place of work.
func (e *Engine) Workplace(golden canonical.ID, c *canonical.Customer) *Workplace {
	place := parseAddress(c.Address).place
	w := &Workplace{golden: golden, names: e.orgNames(c, place), place: place}
	if w.place == "" {
		w.place = placeInNames(w.names)
	}
	return w
}

// employerKey is what the spellings of one hospital most likely share.
func employerKey(n *houseName) string {
	return first(n.stem, n.core.String()) + n.ordinal
}

// employersKey is the key of the first place of work.
func employersKey(places []*Workplace) string {
	for _, w := range places {
		if len(w.names) > 0 {
			return employerKey(&w.names[0])
		}
	}
	return ""
}

// compareWorkplaces takes the two that agree best. One golden organisation is one place of work, however it is written;
// other places are compared as organisations' names are.
func compareWorkplaces(a, b []*Workplace) int8 {
	level := int8(notCompared)
	for _, x := range a {
		for _, y := range b {
			if !x.golden.IsZero() && x.golden == y.golden {
				return fully
			}
		}
	}
	for _, x := range a {
		for _, y := range b {
			if len(x.names) > 0 && len(y.names) > 0 {
				level = max(level, compareEmployers(x, y))
			}
			if level == fully {
				return fully
			}
		}
	}
	return level
}

func compareEmployers(x, y *Workplace) int8 {
	best := bestNames(&organisation{names: x.names, place: x.place}, &organisation{names: y.names, place: y.place})
	switch {
	case best.level >= namePlaced || best.exact:
		return fully
	case best.level >= nameSimilar:
		return partly
	}
	return differs
}
