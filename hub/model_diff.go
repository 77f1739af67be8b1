package hub

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"tributary/dedupe"
)

// ModelDiff lists where two models differ.
type ModelDiff struct {
	From    string        `json:"from"`
	To      string        `json:"to"`
	Changes []ModelChange `json:"changes"` // empty: they decide alike
}

// ModelChange is one number that differs.
type ModelChange struct {
	Path string `json:"path"`
	From string `json:"from"` // "" = not there
	To   string `json:"to"`
}

// DiffModels compares two models, each a version, a file, or "" for the one in use.
func (h *Hub) DiffModels(ctx context.Context, a, b string) (ModelDiff, error) {
	left, err := h.model(ctx, a)
	if err != nil {
		return ModelDiff{}, err
	}
	right, err := h.model(ctx, b)
	if err != nil {
		return ModelDiff{}, err
	}
	return diffModels(left, right), nil
}

func diffModels(left, right *dedupe.Model) ModelDiff {
	out := ModelDiff{From: left.Version, To: right.Version, Changes: []ModelChange{}}
	from, to := modelFacts(left), modelFacts(right)
	for _, f := range from {
		if now := to.of(f.path); now != f.value {
			out.Changes = append(out.Changes, ModelChange{f.path, f.value, now})
		}
	}
	for _, f := range to {
		if !from.has(f.path) {
			out.Changes = append(out.Changes, ModelChange{f.path, "", f.value})
		}
	}
	return out
}

type modelFact struct{ path, value string }

// factsOfModel is everything that decides, by path, in a fixed order.
type factsOfModel []modelFact

func (f factsOfModel) has(path string) bool {
	return slices.ContainsFunc(f, func(x modelFact) bool { return x.path == path })
}

func (f factsOfModel) of(path string) string {
	for _, x := range f {
		if x.path == path {
			return x.value
		}
	}
	return ""
}

func (f *factsOfModel) add(path, value string) { *f = append(*f, modelFact{path, value}) }

func modelFacts(m *dedupe.Model) factsOfModel {
	var out factsOfModel
	for _, t := range showModel(m).Types {
		tm := m.Types[dedupe.Type(t.Type)]
		out.add(t.Type+".prior", number(t.Prior))
		out.add(t.Type+".merge", number(t.Merge))
		out.add(t.Type+".review", number(t.Review))
		out.add(t.Type+".blocking", fmt.Sprintf("cap %d, limit %d", t.Cap, t.Limit))
		out.set(t.Type+".blocking.stop", tm.Blocking.Stop)
		out.set(t.Type+".blocking.off", tm.Blocking.Off)
		g := tm.Clustering
		out.add(t.Type+".clustering", fmt.Sprintf("max_component %d, max_records %d, strongest %s", g.MaxComponent, g.MaxRecords, number(g.Strongest)))
		for _, c := range t.Comparisons {
			for _, l := range c.Levels {
				out.add(t.Type+"."+c.Comparison+"."+l.Level, fmt.Sprintf("%+.2f (m %s, u %s)", l.Weight, number(l.M), number(l.U)))
			}
		}
		if n := t.Names; n != nil {
			out.add(t.Type+".names", fmt.Sprintf("average %s, floor %s, scale %s", number(n.Average), number(n.Floor), number(n.Scale)))
			values := tm.Frequencies["name"].Values
			for _, name := range slices.Sorted(maps.Keys(values)) {
				out.add(t.Type+".names."+name, number(values[name]))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Aliases)) {
		out.add("aliases."+name, m.Aliases[name])
	}
	out.set("shared", m.Shared)
	return out
}

// set adds the values of a list, each under a path of its own.
func (f *factsOfModel) set(path string, values []string) {
	for _, v := range slices.Compact(slices.Sorted(slices.Values(values))) {
		f.add(path+"."+v, "+")
	}
}

func number(x float64) string {
	return strings.Replace(strconv.FormatFloat(x, 'g', 4, 64), "e-0", "e-", 1)
}
