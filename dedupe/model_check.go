package dedupe

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tributary/internal/errs"
	"tributary/internal/nearest"
)

// modelName is what a model may be called: it becomes part of versions, which people type.
var modelName = regexp.MustCompile(`^[a-z0-9][a-z0-9_.]{0,39}$`)

// ValidModelName reports whether a model may be called so.
func ValidModelName(name string) bool { return modelName.MatchString(name) }

// blockingRules are the rules that make keys, by type: what Blocking.Off may name.
var blockingRules = map[Type][]string{
	Organisation: {"uscc", "org_code", "licence", "institution", "phone", "email", "address", "name", "core", "bare", "vague", "house", "ordinal", "head", "tail", "stem", "id", "any_id"},
	Professional: {"certificate", "phone", "email", "name_employer", "sound_employer", "family_employer", "name_city", "name_department", "name_born", "name"},
	Person:       {"certificate", "phone", "email", "name_born", "sound_born", "family_born", "given_born", "name_year", "name_day", "name_place", "name_address", "sound_address"},
}

// Validate reports everything that makes the model unusable, as Problems.
func (m *Model) Validate() error {
	if p := m.problems(); len(p) > 0 {
		return p
	}
	return nil
}

func (m *Model) problems() Problems {
	c := checker{}
	if m.Format != ModelFormat {
		c.wrong("model.format", errs.Args{"value": m.Format, "format": ModelFormat}, "format")
	}
	if !ValidModelName(m.Name) {
		c.wrong("model.name", errs.Args{"value": m.Name}, "name")
	}
	for t := range m.Types {
		if !slices.Contains(Types(), t) {
			c.unknown("model.unknown_type", string(t), names(Types()), "types", string(t))
		}
	}
	for _, t := range Types() {
		if tm := m.Types[t]; tm != nil {
			c.typeModel(t, tm)
			// Stored keys do not tell the type they are of, so one pair of bounds serves them all.
			if o := m.Types[Types()[0]]; o != nil && (tm.Blocking.Cap != o.Blocking.Cap || tm.Blocking.Limit != o.Blocking.Limit) {
				c.wrong("model.bounds_differ", nil, "types", string(t), "blocking")
			}
		} else {
			c.wrong("model.missing", nil, "types", string(t))
		}
	}
	for name, full := range m.Aliases {
		if matchingForm(name) == "" || matchingForm(full) == "" {
			c.wrong("model.alias", errs.Args{"name": name, "full": full}, "aliases", name)
		}
	}
	slices.SortFunc(c.found, func(a, b Problem) int { return slices.Compare(a.path, b.path) }) // maps come in no order
	return c.found
}

// checker collects problems.
type checker struct{ found Problems }

func (c *checker) wrong(code string, args errs.Args, path ...string) {
	if args == nil {
		args = errs.Args{}
	}
	args["where"] = place{0, strings.Join(path, ".")}
	c.found = append(c.found, Problem{Err: errs.New(errs.Invalid, code, args), path: path})
}

func (c *checker) unknown(code, value string, known []string, path ...string) {
	c.wrong(code, errs.Args{"value": value, "known": strings.Join(known, ", "), "nearest": nearest.Or(value, known, known[0])}, path...)
}

func (c *checker) probability(p float64, path ...string) {
	if !(p > 0 && p < 1) {
		c.wrong("model.probability", errs.Args{"value": p}, path...)
	}
}

func (c *checker) typeModel(t Type, tm *TypeModel) {
	at := func(more ...string) []string { return append([]string{"types", string(t)}, more...) }
	c.probability(tm.Prior, at("prior")...)
	c.probability(tm.Merge, at("merge")...)
	c.probability(tm.Review, at("review")...)
	if tm.Review > tm.Merge {
		c.wrong("model.thresholds", errs.Args{"merge": tm.Merge, "review": tm.Review}, at("review")...)
	}
	if tm.Blocking.Cap < 2 || tm.Blocking.Limit < tm.Blocking.Cap {
		c.wrong("model.blocking", errs.Args{"cap": tm.Blocking.Cap, "limit": tm.Blocking.Limit}, at("blocking")...)
	}
	for i, rule := range tm.Blocking.Off {
		if !slices.Contains(blockingRules[t], rule) {
			c.unknown("model.unknown_rule", rule, blockingRules[t], at("blocking", "off", strconv.Itoa(i))...)
		}
	}
	if g := tm.Clustering; g.MaxComponent < 2 || g.MaxRecords < 2 || !(g.Strongest > 0) {
		c.wrong("model.clustering", nil, at("clustering")...)
	}
	var known []string
	for _, x := range comparisonsOf(t) {
		known = append(known, x.name)
		c.levels(x, tm.Comparisons[x.name], at("comparisons", x.name)...)
	}
	for name := range tm.Comparisons {
		if !slices.Contains(known, name) {
			c.unknown("model.unknown_comparison", name, known, at("comparisons", name)...)
		}
	}
	for name, f := range tm.Frequencies {
		if name != "name" || t == Organisation {
			c.wrong("model.frequencies_unused", errs.Args{"name": name}, at("frequencies", name)...)
			continue
		}
		c.frequencies(f, at("frequencies", name)...)
	}
}

func (c *checker) levels(x comparison, have []Level, path ...string) {
	given := map[string]bool{}
	for i, l := range have {
		at := append(slices.Clone(path), strconv.Itoa(i))
		if !slices.Contains(x.levels, l.Level) {
			c.unknown("model.unknown_level", l.Level, x.levels, at...)
			continue
		}
		if given[l.Level] {
			c.wrong("model.level_twice", errs.Args{"level": l.Level}, at...)
		}
		given[l.Level] = true
		c.probability(l.M, append(slices.Clone(at), "m")...)
		c.probability(l.U, append(slices.Clone(at), "u")...)
	}
	for _, name := range x.levels {
		if !given[name] {
			c.wrong("model.level_missing", errs.Args{"level": name, "known": strings.Join(x.levels, ", ")}, path...)
		}
	}
}

func (c *checker) frequencies(f Frequencies, path ...string) {
	at := func(field ...string) []string { return append(slices.Clone(path), field...) }
	c.probability(f.Average, at("average")...)
	c.probability(f.Floor, at("floor")...)
	if !(f.Scale >= 0 && f.Scale <= 1) {
		c.wrong("model.scale", errs.Args{"value": f.Scale}, at("scale")...)
	}
	for value, tf := range f.Values {
		c.probability(tf, at("values", value)...)
	}
}

func names[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}
