package pipeline

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/store"
)

// graphStep brings the stored keys and edges of dirty records up to date.
type graphStep struct {
	*resolveRun
	dirty []int64
}

// update returns the records from which the touched components are found: the dirty ones, the members of keys that
// crossed a bound, and the neighbours that an edge was taken from. All of them are marked dirty in the unit that changes
// the keys or edges, so that a crash loses nobody; those marked here are looked at once more by the next step, for they
// may have been dirty on their own account.
func (g *graphStep) update(ctx context.Context) ([]int64, error) {
	crossed, err := g.keys(ctx)
	if err != nil {
		return nil, err
	}
	work := union(g.dirty, crossed)
	if err := g.load(ctx, crossed, false); err != nil {
		return nil, err
	}
	lost, err := g.edges(ctx, work)
	return union(work, lost), err
}

// keys stores the keys of the dirty records and returns the members of keys that are refined otherwise than before.
func (g *graphStep) keys(ctx context.Context) ([]int64, error) {
	stored, err := g.DB.BlockKeys(ctx, g.dirty)
	if err != nil {
		return nil, err
	}
	var changed []store.RecordKeys
	touched := map[dedupe.Key]bool{}
	for _, id := range g.dirty {
		want := g.keysOf(id)
		if slices.Equal(want, stored[id]) {
			continue
		}
		changed = append(changed, store.RecordKeys{Record: id, Keys: want})
		for _, k := range difference(want, stored[id]) {
			touched[k] = true
		}
	}
	crossed, err := g.crossings(ctx, changed, stored, touched)
	if err != nil {
		return nil, err
	}
	err = inUnits(crossed, func(part []int64) error {
		return g.unit(ctx, func(tx *store.Tx) error { return tx.MarkDirty(ctx, part) })
	})
	if err != nil {
		return nil, err
	}
	return crossed, inUnits(changed, func(part []store.RecordKeys) error {
		return g.unit(ctx, func(tx *store.Tx) error { return tx.ReplaceBlockKeys(ctx, part) })
	})
}

// keysOf are the keys of a record as they are stored, ordered as signed numbers: blocking keys and the links it waits for.
func (r *resolveRun) keysOf(id int64) []dedupe.Key {
	p := r.cache[id]
	if p.comparable == nil {
		return nil
	}
	keys := r.engine.Keys(p.comparable)
	for _, to := range linksOut(p.record) {
		if k := linkKey(to.key); !slices.ContainsFunc(keys, func(have dedupe.Key) bool { return have.Hash == k.Hash }) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b dedupe.Key) int { return cmp.Compare(int64(a.Hash), int64(b.Hash)) })
	return keys
}

// difference lists the keys that are in one list only.
func difference(a, b []dedupe.Key) []dedupe.Key {
	var out []dedupe.Key
	for _, pair := range [2][2][]dedupe.Key{{a, b}, {b, a}} {
		for _, k := range pair[0] {
			if !slices.Contains(pair[1], k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// crossings finds the members of touched keys whose group is another one after the change than before: a key that grew
// beyond its cap or shrank below it, or a part of a large key that did. Their candidates change though they did not.
// Of a key that was large and stays so only the touched parts are read.
func (g *graphStep) crossings(ctx context.Context, changed []store.RecordKeys, stored map[int64][]dedupe.Key, touched map[dedupe.Key]bool) ([]int64, error) {
	gain, most := map[uint64]int{}, 0
	for _, c := range changed {
		for _, k := range c.Keys {
			gain[k.Hash]++
		}
		for _, k := range stored[c.Record] {
			gain[k.Hash]--
		}
	}
	for _, n := range gain {
		most = max(most, n, -n)
	}
	hashes := make([]uint64, 0, len(touched))
	for k := range touched {
		hashes = append(hashes, k.Hash)
	}
	slices.Sort(hashes)
	bounds := g.engine.Blocking(dedupe.Organisation)
	sizes, err := g.DB.BlockSizes(ctx, slices.Compact(hashes), bounds.Cap+1+most)
	if err != nil {
		return nil, err
	}
	before := map[dedupe.Key][]store.BlockMember{} // part of a key that stays large, or a whole key that turns: its second is 0
	turns := map[uint64]bool{}
	var turning []uint64
	var parts []dedupe.Key
	for k := range touched {
		was, is := sizes[k.Hash] > bounds.Cap, sizes[k.Hash]+gain[k.Hash] > bounds.Cap
		if was && is {
			parts = append(parts, k)
		} else if was != is && !turns[k.Hash] {
			turns[k.Hash] = true
			turning = append(turning, k.Hash)
		}
	}
	if len(parts)+len(turning) == 0 {
		return nil, nil
	}
	slices.SortFunc(parts, compareKeys)
	slices.Sort(turning)
	err = g.DB.BlockParts(ctx, parts, func(m store.BlockMember) { before[m.Key] = append(before[m.Key], m) })
	if err != nil {
		return nil, err
	}
	err = g.DB.BlockMembers(ctx, turning, func(m store.BlockMember) {
		whole := dedupe.Key{Hash: m.Hash}
		before[whole] = append(before[whole], m)
	})
	if err != nil {
		return nil, err
	}
	looked := map[dedupe.Key]bool{}
	for _, k := range parts {
		looked[k] = true
	}
	for _, h := range turning {
		looked[dedupe.Key{Hash: h}] = true
	}
	rewritten := map[int64]bool{}
	after := map[dedupe.Key][]store.BlockMember{}
	for _, c := range changed {
		rewritten[c.Record] = true
		for _, k := range c.Keys {
			group := k
			if turns[k.Hash] {
				group = dedupe.Key{Hash: k.Hash}
			}
			if looked[group] {
				after[group] = append(after[group], store.BlockMember{Key: k, Record: c.Record, Real: g.cache[c.Record].record.Trust > 0})
			}
		}
	}
	moved := map[int64]bool{}
	for group := range looked {
		for _, m := range before[group] {
			if !rewritten[m.Record] {
				after[group] = append(after[group], m)
			}
		}
		was := groupsOf(before[group], sizes[group.Hash] > bounds.Cap, bounds)
		is := groupsOf(after[group], sizes[group.Hash]+gain[group.Hash] > bounds.Cap, bounds)
		for record, at := range is {
			if old, had := was[record]; had && old != at && !rewritten[record] {
				moved[record] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(moved)), nil
}

func compareKeys(a, b dedupe.Key) int {
	return cmp.Or(cmp.Compare(a.Hash, b.Hash), cmp.Compare(a.Second, b.Second))
}

// blockGroup names how a member of a key is paired: by the whole key or by a part of it, with all or with real records
// only, or not at all.
type blockGroup struct {
	refined  bool
	second   uint64
	realOnly bool
	unused   bool
}

// groupsOf mirrors the rule of dedupe.Index for the members of a key, or of a part of it; large says whether the key is.
func groupsOf(members []store.BlockMember, large bool, b dedupe.Blocking) map[int64]blockGroup {
	out := make(map[int64]blockGroup, len(members))
	if !large {
		for _, m := range members {
			out[m.Record] = blockGroup{}
		}
		return out
	}
	sizes, reals := map[uint64]int{}, map[uint64]int{}
	for _, m := range members {
		sizes[m.Second]++
		if m.Real {
			reals[m.Second]++
		}
	}
	for _, m := range members {
		out[m.Record] = blockGroup{refined: true, second: m.Second, realOnly: sizes[m.Second] > b.Cap, unused: sizes[m.Second] > b.Cap && reals[m.Second] > b.Limit}
	}
	return out
}

// edges scores the candidates of the records again, stores what changed, and returns the other ends of edges that are
// gone. The ends of new edges are found over the edge.
func (g *graphStep) edges(ctx context.Context, work []int64) ([]int64, error) {
	want, err := g.score(ctx, work)
	if err != nil {
		return nil, err
	}
	have := map[[2]int64]store.Edge{}
	if err := g.DB.MatchEdges(ctx, work, func(e store.Edge) { have[[2]int64{e.A, e.B}] = e }); err != nil {
		return nil, err
	}
	var gone, put []store.Edge
	for at, e := range have {
		if _, still := want[at]; !still {
			gone = append(gone, e)
		}
	}
	for at, e := range want {
		if have[at] != e {
			put = append(put, e)
		}
	}
	slices.SortFunc(gone, compareEdges)
	slices.SortFunc(put, compareEdges)
	working := make(map[int64]bool, len(work))
	for _, id := range work {
		working[id] = true
	}
	var lost []int64
	err = inUnits(gone, func(part []store.Edge) error {
		var ends []int64
		for _, e := range part {
			for _, id := range []int64{e.A, e.B} {
				if !working[id] {
					ends = append(ends, id)
				}
			}
		}
		lost = append(lost, ends...)
		return g.unit(ctx, func(tx *store.Tx) error {
			if err := tx.MarkDirty(ctx, ends); err != nil {
				return err
			}
			return tx.DeleteEdges(ctx, part)
		})
	})
	if err != nil {
		return nil, err
	}
	return lost, inUnits(put, func(part []store.Edge) error {
		return g.unit(ctx, func(tx *store.Tx) error { return tx.PutEdges(ctx, part) })
	})
}

func compareEdges(a, b store.Edge) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B)) }

// score finds the edges that the records should have.
func (g *graphStep) score(ctx context.Context, work []int64) (map[[2]int64]store.Edge, error) {
	index, ids, err := g.index(ctx, work)
	if err != nil {
		return nil, err
	}
	g.report.Oversize += len(index.Oversize())
	number := make(map[int64]int, len(work))
	working := make(map[int64]bool, len(work))
	for _, id := range work {
		working[id] = true
	}
	for n, id := range ids {
		if working[id] {
			number[id] = n
		}
	}
	finder := index.Finder()
	var found [][2]int64
	for _, id := range work {
		if n, known := number[id]; known {
			finder.All(n, func(j int) {
				if !working[ids[j]] || ids[j] > id { // a pair of two that are worked on counts once
					found = append(found, [2]int64{id, ids[j]})
				}
			})
		}
	}
	return g.scorePairs(ctx, found)
}

// index finds the candidates of the records. Of a common key it reads the parts in which they are; in the index each
// such part is a key of its own, so that parts of one key do not count together.
func (g *graphStep) index(ctx context.Context, work []int64) (x *dedupe.Index, ids []int64, err error) {
	keys := map[dedupe.Key]bool{}
	var hashes []uint64
	for _, id := range work {
		for _, k := range g.cache[id].keys(g.engine) {
			keys[k] = true
			hashes = append(hashes, k.Hash)
		}
	}
	slices.Sort(hashes)
	bounds := g.engine.Blocking(dedupe.Organisation)
	sizes, err := g.DB.BlockSizes(ctx, slices.Compact(hashes), bounds.Cap+1)
	if err != nil {
		return nil, nil, err
	}
	var small []uint64
	var parts []dedupe.Key
	for k := range keys {
		if sizes[k.Hash] > bounds.Cap {
			parts = append(parts, k)
		} else if sizes[k.Hash] > 1 { // nobody else has the key of one
			small = append(small, k.Hash)
		}
	}
	slices.Sort(small)
	slices.SortFunc(parts, compareKeys)
	number := map[int64]int{}
	var real []bool
	see := func(record int64, isReal bool) int {
		n, known := number[record]
		if !known {
			n = len(ids)
			number[record] = n
			ids, real = append(ids, record), append(real, false)
		}
		real[n] = real[n] || isReal
		return n
	}
	for _, id := range work {
		if p := g.cache[id]; p.comparable != nil {
			see(id, p.comparable.Real())
		}
	}
	var postings []dedupe.Posting
	small = slices.Compact(small)
	at := make(map[uint64]uint64, len(small))
	for i, h := range small {
		at[h] = uint64(i)
	}
	// Whether a record is real matters in crowded parts only.
	err = g.DB.BlockRecords(ctx, small, func(hash uint64, record int64) {
		postings = append(postings, dedupe.Posting{Key: dedupe.Key{Hash: at[hash]}, Record: see(record, false)})
	})
	if err != nil {
		return nil, nil, err
	}
	of := make(map[dedupe.Key]uint64, len(parts))
	for i, k := range parts {
		of[k] = uint64(len(small) + i)
	}
	err = g.DB.BlockParts(ctx, parts, func(m store.BlockMember) {
		postings = append(postings, dedupe.Posting{Key: dedupe.Key{Hash: of[m.Key]}, Record: see(m.Record, m.Real)})
	})
	return dedupe.NewIndex(postings, real, bounds), ids, err
}

func (g *graphStep) scorePairs(ctx context.Context, found [][2]int64) (map[[2]int64]store.Edge, error) {
	partners := make([]int64, len(found))
	for i, f := range found {
		partners[i] = f[1]
	}
	if err := g.load(ctx, union(partners), false); err != nil {
		return nil, err
	}
	pairs := make([][2]*dedupe.Record, 0, len(found))
	for _, f := range found {
		a, b := g.cache[f[0]].comparable, g.cache[f[1]].comparable
		if a != nil && b != nil {
			pairs = append(pairs, [2]*dedupe.Record{a, b})
		}
	}
	g.report.Compared += int64(len(pairs))
	kept, err := g.engine.ScoreAll(ctx, pairs)
	if err != nil {
		return nil, err
	}
	out := make(map[[2]int64]store.Edge, len(kept))
	for _, p := range kept {
		e := store.Edge{A: min(p.A, p.B), B: max(p.A, p.B), Weight: p.Weight, P: p.P, Rule: p.Rule.String(), Veto: p.Vetoes.String(), Model: g.engine.Version()}
		out[[2]int64{e.A, e.B}] = e
	}
	return out, nil
}

func (p prepared) keys(e *dedupe.Engine) []dedupe.Key {
	if p.comparable == nil {
		return nil
	}
	return e.Keys(p.comparable)
}

// union joins lists of numbers: ascending, each once.
func union(lists ...[]int64) []int64 {
	out := slices.Concat(lists...)
	slices.Sort(out)
	return slices.Compact(out)
}

// link is a record that another one of its source names.
type link struct {
	key        canonical.RecordKey
	role       string
	department string
	primary    bool
	from, to   canonical.Date
}

// linkKey is the key under which whoever names a record of its source is found, be the record there yet or not.
func linkKey(to canonical.RecordKey) dedupe.Key {
	id := canonical.DeriveID("link", to.Source, to.ID)
	var h uint64
	for _, b := range id[:8] {
		h = h<<8 | uint64(b)
	}
	return dedupe.Key{Hash: max(h, 1)}
}

// Roles of affiliations that records state by a field of their own.
const (
	roleWork = "work" // a professional at an organisation
	rolePart = "part" // a branch, campus or store of its whole
)

// linksOut lists the records of its source that a record names as its place of work or its whole.
func linksOut(r *store.CustomerRecord) []link {
	var out []link
	if id := r.Customer.OrganisationID; id != "" {
		out = append(out, link{key: canonical.RecordKey{Source: r.Key.Source, ID: id}, role: roleWork, department: r.Customer.Department, primary: true})
	}
	if id := r.Customer.Parent; id != "" {
		out = append(out, link{key: canonical.RecordKey{Source: r.Key.Source, ID: id}, role: rolePart, primary: true})
	}
	return out
}
