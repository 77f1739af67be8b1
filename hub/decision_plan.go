package hub

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// Bounds of a decision.
const (
	anchors       = 3      // records of a customer that hold a merge together, so that one which goes does not undo it
	maxSplitPairs = 50_000 // judgements of one split
)

// plan turns what was asked for into judgements on the records as they stand, and refuses those that contradict others.
func (h *Hub) plan(ctx context.Context, verb string, req DecisionRequest) (plan, error) {
	var p plan
	var err error
	switch verb {
	case verbSplit: // names every pair of the two parts: it is the later word on each
		return h.planSplit(ctx, req)
	case verbMerge:
		p, err = h.planMerge(ctx, req, newMergeView())
	default:
		p, err = h.planPairs(ctx, verb, req)
	}
	if err != nil {
		return p, err
	}
	return p, h.consistent(ctx, p.judgements)
}

// planPairs judges pairs of records, as the review queue asks about them.
func (h *Hub) planPairs(ctx context.Context, verb string, req DecisionRequest) (plan, error) {
	var p plan
	for _, pair := range req.Pairs {
		p.judgements = append(p.judgements, dedupe.Judgement{A: pair[0], B: pair[1], Same: verb == verbSame})
	}
	if verb != verbSame {
		return p, nil
	}
	g, of, err := h.gather(ctx, req.Pairs)
	if err != nil {
		return p, err
	}
	for _, ids := range of {
		p.size = max(p.size, g.size(ids...))
		g.join(ids...)
	}
	return p, nil
}

// planMerge binds the records of all customers together. Every record is bound to a few of each other customer: to all
// would be many, to one would end the merge when its source deletes that one.
func (h *Hub) planMerge(ctx context.Context, req DecisionRequest, view *mergeView) (plan, error) {
	p := plan{survivor: req.Survivor}
	if err := view.know(ctx, h, req.Customers); err != nil {
		return p, err
	}
	for i, x := range req.Customers {
		if view.dead[x] {
			return p, errs.New(errs.Conflict, "steward.not_living", errs.Args{"customer": x.String()})
		}
		for _, y := range req.Customers[i+1:] {
			if a, b, clash := view.clash(x, y); clash {
				return p, errs.New(errs.Invalid, "steward.merge_kinds", errs.Args{"a": x.String(), "kind_a": string(a), "b": y.String(), "kind_b": string(b)})
			}
		}
	}
	p.size = view.size(req.Customers...)
	members := map[canonical.ID][]store.CustomerRecord{}
	for _, id := range req.Customers {
		members[id] = view.members[view.root(id)]
	}
	standing, err := h.judgementsAmong(ctx, members)
	if err != nil {
		return p, err
	}
	bound := map[[2]canonical.RecordKey]bool{}
	bind := func(a, b canonical.RecordKey) {
		if k := orderedPair(a, b); !bound[k] {
			bound[k] = true
			p.judgements = append(p.judgements, dedupe.Judgement{A: a, B: b, Same: true})
		}
	}
	for i, x := range req.Customers {
		left := speakers(members[x])
		for _, y := range req.Customers[i+1:] {
			if view.one([]canonical.ID{x, y}) {
				continue
			}
			if !req.Overrule {
				if err := h.notKeptApart(ctx, members[x], members[y], standing); err != nil {
					return p, err
				}
			}
			right := speakers(members[y])
			for n, a := range left {
				for k, b := range right {
					if n < anchors || k < anchors {
						bind(a.Key, b.Key)
					}
				}
			}
			for _, j := range dedupe.InForce(bare(standing)) {
				if !j.Same && (belongs(members[x], j.A) && belongs(members[y], j.B) || belongs(members[x], j.B) && belongs(members[y], j.A)) {
					bind(j.A, j.B) // overruled: a later word on the same pair
				}
			}
		}
	}
	return p, nil
}

// planSplit keeps each record that leaves from each that stays, and holds both parts together where only the other part
// did.
func (h *Hub) planSplit(ctx context.Context, req DecisionRequest) (plan, error) {
	var p plan
	members, err := h.membersOf(ctx, req.Customers)
	if err != nil {
		return p, err
	}
	all := members[req.Customers[0]]
	p.size = len(speakers(all))
	var leave, stay []store.CustomerRecord
	for _, r := range all {
		if slices.Contains(req.Records, r.Key) {
			leave = append(leave, r)
		} else {
			stay = append(stay, r)
		}
	}
	switch {
	case len(leave) < len(req.Records):
		for _, k := range req.Records {
			if !belongs(all, k) {
				return p, errs.New(errs.Invalid, "steward.not_a_member", errs.Args{"record": k.Source + ":" + k.ID, "customer": req.Customers[0].String()})
			}
		}
	case len(stay) == 0:
		return p, errs.New(errs.Invalid, "steward.split_all", errs.Args{"customer": req.Customers[0].String()})
	case len(leave)*len(stay) > maxSplitPairs:
		return p, errs.New(errs.Invalid, "steward.split_large", errs.Args{"pairs": len(leave) * len(stay), "max": maxSplitPairs})
	}
	for _, a := range leave {
		for _, b := range stay {
			p.judgements = append(p.judgements, dedupe.Judgement{A: a.Key, B: b.Key})
		}
	}
	for _, part := range [][]store.CustomerRecord{leave, stay} {
		held, err := h.hold(ctx, part)
		if err != nil {
			return p, err
		}
		p.judgements = append(p.judgements, held...)
	}
	return p, nil
}

// hold links the clusters that the records alone would fall into.
func (h *Hub) hold(ctx context.Context, part []store.CustomerRecord) ([]dedupe.Judgement, error) {
	engine, err := h.engine(ctx)
	if err != nil {
		return nil, err
	}
	c, err := h.component(ctx, engine, part)
	if err != nil {
		return nil, err
	}
	keys := map[int64]canonical.RecordKey{}
	for _, r := range part {
		keys[r.ID] = r.Key
	}
	var out []dedupe.Judgement
	clusters := engine.Cluster(c.Component).Clusters
	for i := range clusters {
		if i > 0 {
			out = append(out, dedupe.Judgement{A: keys[clusters[0].Members[0]], B: keys[clusters[i].Members[0]], Same: true})
		}
	}
	return out, nil
}

// membersOf reads the living records of customers, the most trusted first.
func (h *Hub) membersOf(ctx context.Context, goldens []canonical.ID) (map[canonical.ID][]store.CustomerRecord, error) {
	links, err := h.DB.MembersOf(ctx, goldens)
	if err != nil {
		return nil, err
	}
	golden := map[int64]canonical.ID{}
	for _, l := range links {
		golden[l.Record] = l.Golden
	}
	records, err := h.DB.CustomerRecords(ctx, slices.Sorted(maps.Keys(golden)))
	if err != nil {
		return nil, err
	}
	out := map[canonical.ID][]store.CustomerRecord{}
	for _, r := range records {
		if r.Living() {
			out[golden[r.ID]] = append(out[golden[r.ID]], r)
		}
	}
	for _, list := range out {
		slices.SortFunc(list, trustedFirst)
	}
	return out, nil
}

func trustedFirst(a, b store.CustomerRecord) int {
	return cmp.Or(cmp.Compare(b.Trust, a.Trust), cmp.Compare(a.Key.Source, b.Key.Source), cmp.Compare(a.Key.ID, b.Key.ID))
}

// speakers are the records that stand for a customer: the real ones, else its mentions.
func speakers(members []store.CustomerRecord) []store.CustomerRecord {
	n := 0
	for n < len(members) && members[n].Trust > 0 {
		n++
	}
	if n == 0 {
		return members
	}
	return members[:n]
}

func belongs(members []store.CustomerRecord, key canonical.RecordKey) bool {
	return slices.ContainsFunc(members, func(r store.CustomerRecord) bool { return r.Key == key })
}

// judgementsAmong reads the judgements in force on the records of customers.
func (h *Hub) judgementsAmong(ctx context.Context, members map[canonical.ID][]store.CustomerRecord) ([]store.Judgement, error) {
	var keys []canonical.RecordKey
	for _, list := range members {
		for _, r := range list {
			keys = append(keys, r.Key)
		}
	}
	return h.DB.JudgementsOf(ctx, keys, store.Micros(h.Now()))
}

// component is a set of records with the stored pairs and the judgements among them, ready to be clustered.
type component struct {
	dedupe.Component
	judged []store.Judgement
	model  map[[2]int64]string // pair → the model that scored it
}

func (h *Hub) component(ctx context.Context, engine *dedupe.Engine, records []store.CustomerRecord) (component, error) {
	var c component
	aliases, err := h.DB.PartyAliases(ctx)
	if err != nil {
		return c, err
	}
	numbers := make([]int64, len(records))
	keys := make([]canonical.RecordKey, len(records))
	here := map[int64]bool{}
	for i := range records {
		numbers[i], keys[i], here[records[i].ID] = records[i].ID, records[i].Key, true
	}
	compare := pipeline.Comparer{DB: h.DB, Engine: engine}
	if c.Records, err = compare.Prepare(ctx, records, aliases); err != nil {
		return c, err
	}
	c.model = map[[2]int64]string{}
	err = h.DB.MatchEdges(ctx, numbers, func(e store.Edge) {
		if _, known := c.model[[2]int64{e.A, e.B}]; known || !here[e.A] || !here[e.B] {
			return
		}
		c.model[[2]int64{e.A, e.B}] = e.Model
		c.Pairs = append(c.Pairs, dedupe.RestorePair(c.Records[0].Type, e.A, e.B, e.Weight, e.P, dedupe.ParseRule(e.Rule), dedupe.ParseVetoes(e.Veto)))
	})
	if err != nil {
		return c, err
	}
	c.judged, err = h.DB.JudgementsOf(ctx, keys, store.Micros(h.Now()))
	for _, j := range c.judged {
		c.Judgements = append(c.Judgements, j.Judgement)
	}
	return c, err
}

// concerned lists the customers that the records of a request belong to now, and those it names.
func (h *Hub) concerned(ctx context.Context, req *DecisionRequest) ([]canonical.ID, error) {
	keys := slices.Clone(req.Records)
	for _, p := range req.Pairs {
		keys = append(keys, p[0], p[1])
	}
	golden, err := h.DB.GoldensByKey(ctx, keys)
	if err != nil {
		return nil, err
	}
	found := map[canonical.ID]bool{}
	for _, id := range golden {
		found[id] = true
	}
	goldens, err := h.DB.Goldens(ctx, req.Customers)
	for id, g := range goldens {
		if g.Status == store.GoldenMerged {
			id = g.Survivor
		}
		found[id] = true
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b canonical.ID) int { return bytes.Compare(a[:], b[:]) }), err
}
