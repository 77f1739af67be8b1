package pipeline

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/store"
)

// closure is everything that a change can reach: whole components of the keep-graph, and whole golden records.
type closure struct {
	records    []int64
	components []dedupe.Component
	asTheyAre  []dedupe.Cluster            // persons that the stage of organisations reaches; their own stage decides them
	links      map[int64]store.RecordLink  // the last link of each record that ever had one
	overrides  map[int64][]dedupe.Override // record → what stewards set at it
	absorbed   map[int64][]int64           // living record → those that its source merged into it
}

// closure grows the seeds until no edge, judgement, override or golden record leads out.
func (r *resolveRun) closure(ctx context.Context, seeds []int64) (*closure, error) {
	c := &closure{links: map[int64]store.RecordLink{}}
	edges := map[[2]int64]store.Edge{}
	judgements := map[dedupe.Judgement]bool{}
	overrides := map[canonical.ID]store.Override{}
	reached := map[int64]bool{}
	goldens := map[canonical.ID]bool{}
	successors := map[int64]int64{}
	for frontier := union(seeds); len(frontier) > 0; {
		for _, id := range frontier {
			reached[id] = true
		}
		if err := r.load(ctx, frontier, false); err != nil {
			return nil, err
		}
		var next []int64
		err := r.DB.MatchEdges(ctx, frontier, func(e store.Edge) {
			edges[[2]int64{e.A, e.B}] = e
			next = append(next, e.A, e.B)
		})
		if err != nil {
			return nil, err
		}
		judged, err := r.judged(ctx, frontier, judgements)
		if err != nil {
			return nil, err
		}
		overridden, err := r.overridden(ctx, frontier, overrides)
		if err != nil {
			return nil, err
		}
		siblings, err := r.siblings(ctx, frontier, goldens, c.links)
		if err != nil {
			return nil, err
		}
		heirs, err := r.heirs(ctx, frontier, successors)
		if err != nil {
			return nil, err
		}
		frontier = slices.DeleteFunc(union(next, judged, overridden, siblings, heirs), func(id int64) bool { return reached[id] })
	}
	c.records = slices.Sorted(maps.Keys(reached))
	c.overrides = r.owners(c.records, overrides)
	c.absorbed = r.absorbed(c.records, successors)
	if err := r.keepPersons(ctx, c); err != nil {
		return nil, err
	}
	return c, r.components(ctx, c, edges, slices.Collect(maps.Keys(judgements)))
}

// keysOfRecords are the names of loaded records.
func (r *resolveRun) keysOfRecords(ids []int64) []canonical.RecordKey {
	keys := make([]canonical.RecordKey, 0, len(ids))
	for _, id := range ids {
		if p, ok := r.cache[id]; ok {
			keys = append(keys, p.record.Key)
		}
	}
	return keys
}

// judged reads the judgements on records and returns the other records they name.
func (r *resolveRun) judged(ctx context.Context, ids []int64, into map[dedupe.Judgement]bool) ([]int64, error) {
	found, err := r.DB.JudgementsOf(ctx, r.keysOfRecords(ids), store.Micros(r.asOf))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var named []canonical.RecordKey
	for _, j := range found {
		into[j.Judgement] = true
		named = append(named, j.A, j.B)
	}
	numbers, err := r.DB.CustomersByKey(ctx, named)
	return slices.Collect(maps.Values(numbers)), err
}

// overridden reads the overrides that hang at records and returns the other records they hang at.
func (r *resolveRun) overridden(ctx context.Context, ids []int64, into map[canonical.ID]store.Override) ([]int64, error) {
	found, err := r.DB.OverridesOf(ctx, r.keysOfRecords(ids), store.Micros(r.asOf))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var named []canonical.RecordKey
	for _, o := range found {
		into[o.ID] = o
		named = append(named, o.Anchors...)
	}
	numbers, err := r.DB.CustomersByKey(ctx, named)
	return slices.Collect(maps.Values(numbers)), err
}

// heirs returns the records that took in those of ids which their source merged away.
func (r *resolveRun) heirs(ctx context.Context, ids []int64, successors map[int64]int64) ([]int64, error) {
	named := map[int64]canonical.RecordKey{}
	for _, id := range ids {
		if p, ok := r.cache[id]; ok && p.record.MergedInto != "" {
			named[id] = canonical.RecordKey{Source: p.record.Key.Source, ID: p.record.MergedInto}
		}
	}
	if len(named) == 0 {
		return nil, nil
	}
	numbers, err := r.DB.CustomersEver(ctx, slices.Collect(maps.Values(named)))
	if err != nil {
		return nil, err
	}
	var out []int64
	for id, key := range named {
		if heir, known := numbers[key]; known {
			successors[id] = heir
			out = append(out, heir)
		}
	}
	return out, nil
}

// absorbed follows chains of merges to the records that live.
func (r *resolveRun) absorbed(records []int64, successors map[int64]int64) map[int64][]int64 {
	out := map[int64][]int64{}
	for _, id := range records {
		at, ok := successors[id]
		for range successors { // no chain is longer, and one that leads round in a circle ends
			next, on := successors[at]
			if !ok || !on {
				break
			}
			at = next
		}
		if p := r.cache[at]; ok && p.comparable != nil {
			out[at] = append(out[at], id)
		}
	}
	return out
}

// owners gives each override to the first living record that it hangs at.
func (r *resolveRun) owners(records []int64, overrides map[canonical.ID]store.Override) map[int64][]dedupe.Override {
	if len(overrides) == 0 {
		return nil
	}
	living := map[canonical.RecordKey]int64{}
	for _, id := range records {
		if p := r.cache[id]; p.comparable != nil {
			living[p.record.Key] = id
		}
	}
	out := map[int64][]dedupe.Override{}
	for _, o := range overrides {
		for _, anchor := range o.Anchors {
			if id, ok := living[anchor]; ok {
				out[id] = append(out[id], o.Dedupe())
				break
			}
		}
	}
	return out
}

// siblings returns the other records of the golden records that ids belong to, or belonged to last.
func (r *resolveRun) siblings(ctx context.Context, ids []int64, seen map[canonical.ID]bool, links map[int64]store.RecordLink) ([]int64, error) {
	last, err := r.DB.LastLinks(ctx, ids)
	if err != nil {
		return nil, err
	}
	var fresh []canonical.ID
	for _, l := range last {
		links[l.Record] = l
		if !seen[l.Golden] {
			seen[l.Golden] = true
			fresh = append(fresh, l.Golden)
		}
	}
	members, err := r.DB.MembersOf(ctx, fresh)
	out := make([]int64, len(members))
	for i, m := range members {
		out[i] = m.Record
	}
	return out, err
}

// keepPersons leaves persons together as they are in the stage of organisations, and makes them wait for their own: the
// evidence on them is in only when organisations are decided. Decided before, they would merge and part again, and lose
// their ids by it.
func (r *resolveRun) keepPersons(ctx context.Context, c *closure) error {
	var waiting []int64
	at := map[canonical.ID]int{}
	for _, id := range c.records {
		if p := r.cache[id]; p.comparable == nil || r.decides(p.comparable.Type) {
			continue
		}
		waiting = append(waiting, id)
		delete(r.portion, id)
		link, linked := c.links[id]
		if !linked || !link.Open {
			continue
		}
		i, known := at[link.Golden]
		if !known {
			i = len(c.asTheyAre)
			at[link.Golden] = i
			c.asTheyAre = append(c.asTheyAre, dedupe.Cluster{})
		}
		c.asTheyAre[i].Members = append(c.asTheyAre[i].Members, id)
	}
	for _, cluster := range c.asTheyAre {
		slices.SortFunc(cluster.Members, func(a, b int64) int { return byKey(r.cache[a].record.Key, r.cache[b].record.Key) })
	}
	return inUnits(waiting, func(part []int64) error {
		return r.unit(ctx, func(tx *store.Tx) error { return tx.MarkDirty(ctx, part) })
	})
}

// decides reports whether the stage at hand decides on records of a type. That of persons may reach organisations, on which
// all evidence is in.
func (r *resolveRun) decides(t dedupe.Type) bool { return r.persons || t == dedupe.Organisation }

// components divides the living records that are decided into the parts of the keep-graph.
func (r *resolveRun) components(ctx context.Context, c *closure, edges map[[2]int64]store.Edge, judgements []dedupe.Judgement) error {
	byType := map[dedupe.Type][]*dedupe.Record{}
	for _, id := range c.records {
		if p := r.cache[id]; p.comparable != nil && r.decides(p.comparable.Type) {
			byType[p.comparable.Type] = append(byType[p.comparable.Type], p.comparable)
		}
	}
	pairs := map[dedupe.Type][]dedupe.Pair{}
	for _, e := range edges {
		if p := r.cache[e.A]; p.comparable != nil && r.decides(p.comparable.Type) {
			t := p.comparable.Type
			pairs[t] = append(pairs[t], dedupe.RestorePair(t, e.A, e.B, e.Weight, e.P, dedupe.ParseRule(e.Rule), dedupe.ParseVetoes(e.Veto)))
		}
	}
	for _, t := range dedupe.Types() {
		c.components = append(c.components, dedupe.Components(byType[t], pairs[t], judgements)...)
	}
	return ctx.Err()
}

// family is a set of clusters and golden ids that belong together: ids that records of the clusters have or had. It is
// decided and written in one unit of work.
type family struct {
	clusters []int
	gone     []int64 // records that do not live any more
	goldens  []canonical.ID
}

// families groups clusters and records that are gone by the golden ids they share, in a fixed order. Those of records that
// were merged into a cluster's in their source belong to it too.
func families(clusters []dedupe.Cluster, gone []int64, c *closure) []family {
	links := c.links
	at := map[canonical.ID]int{} // golden id → family
	var all []family
	place := func(ids []canonical.ID) int {
		target := -1
		for _, id := range ids {
			f, known := at[id]
			switch {
			case !known:
			case target < 0:
				target = f
			case f != target:
				for _, moved := range all[f].goldens {
					at[moved] = target
				}
				all[target].clusters = append(all[target].clusters, all[f].clusters...)
				all[target].gone = append(all[target].gone, all[f].gone...)
				all[target].goldens = append(all[target].goldens, all[f].goldens...)
				all[f] = family{}
			}
		}
		if target < 0 {
			target = len(all)
			all = append(all, family{})
		}
		for _, id := range ids {
			if _, known := at[id]; !known {
				at[id] = target
				all[target].goldens = append(all[target].goldens, id)
			}
		}
		return target
	}
	for i, cluster := range clusters {
		var ids []canonical.ID
		for _, m := range cluster.Members {
			for _, record := range append([]int64{m}, c.absorbed[m]...) {
				if l, ok := links[record]; ok && !slices.Contains(ids, l.Golden) {
					ids = append(ids, l.Golden)
				}
			}
		}
		f := place(ids)
		all[f].clusters = append(all[f].clusters, i)
	}
	for _, record := range gone {
		if l, ok := links[record]; ok {
			f := place([]canonical.ID{l.Golden})
			all[f].gone = append(all[f].gone, record)
		}
	}
	all = slices.DeleteFunc(all, func(f family) bool { return len(f.clusters) == 0 && len(f.gone) == 0 })
	for _, f := range all {
		slices.Sort(f.clusters)
		slices.SortFunc(f.goldens, func(a, b canonical.ID) int { return bytes.Compare(a[:], b[:]) })
	}
	return all
}
