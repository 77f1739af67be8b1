package hub

import (
	"context"
	"maps"
	"slices"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/pipeline"
	"tributary/store"
)

// TrialMerge is an example of customers that would become one.
type TrialMerge struct {
	Survivor TrialCustomer `json:"survivor"`
	Gone     TrialCustomer `json:"gone"`
	Because  TrialBecause  `json:"because"` // their surest pair
}

// TrialSplit is an example of a customer that would be parted.
type TrialSplit struct {
	Customer TrialCustomer `json:"customer"`
	Stays    int           `json:"stays"`  // records
	Leaves   int           `json:"leaves"` // records, to one or more other customers
	Because  TrialBecause  `json:"because"`
}

// TrialCustomer names a customer; the names of patients are masked. An id that does not exist yet is empty.
type TrialCustomer struct {
	GoldenID string `json:"golden_id"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Records  int    `json:"records"` // now
}

// TrialBecause is a pair of records under both models. Values of persons are not shown.
type TrialBecause struct {
	A        HowRecord     `json:"a"`
	B        HowRecord     `json:"b"`
	Before   TrialVerdict  `json:"before"`
	After    TrialVerdict  `json:"after"`
	Question string        `json:"question,omitempty"` // what a person would be asked under the new model
	Changes  []TrialChange `json:"changes"`            // comparisons that weigh otherwise
}

// TrialVerdict is what a model says of a pair.
type TrialVerdict struct {
	Verdict string   `json:"verdict"`
	P       float64  `json:"probability"`
	Weight  float64  `json:"weight"` // bits
	Rule    string   `json:"rule,omitempty"`
	Vetoes  []string `json:"vetoes"`
}

// TrialChange is a comparison that weighs otherwise; an empty level was not compared.
type TrialChange struct {
	Comparison string  `json:"comparison"` // prior: how likely two random records are one customer
	Before     string  `json:"level_before"`
	After      string  `json:"level_after"`
	BitsBefore float64 `json:"bits_before"` // with the correction for common values
	BitsAfter  float64 `json:"bits_after"`
}

// trialExamples picks the surest merges, and the splits that were surest before, and explains each by one pair.
func (h *Hub) trialExamples(ctx context.Context, t *ModelTrial, result *dedupe.Result, most int) error {
	if most <= 0 {
		return nil
	}
	asks := map[[2]int]string{} // two customers of the trial → the question between them
	for _, q := range result.Review {
		asks[between(t, q.A, q.B)] = string(q.Why)
	}
	joined := map[canonical.ID]dedupe.Pair{} // id that would redirect → the surest pair that joins it to others
	for _, p := range result.Pairs {
		if t.cluster[p.A] != t.cluster[p.B] || t.golden[p.A] == t.golden[p.B] {
			continue
		}
		for _, record := range []int64{p.A, p.B} {
			id := t.golden[record]
			if have, ok := joined[id]; !ok || surest(p, have) < 0 {
				joined[id] = p
			}
		}
	}
	x := trialTeller{Hub: h, trial: t, asks: asks}
	merges := slices.DeleteFunc(slices.Clone(t.assigned.Redirects), func(r dedupe.Redirect) bool { _, ok := joined[r.From]; return !ok })
	slices.SortFunc(merges, func(a, b dedupe.Redirect) int { return surest(joined[a.From], joined[b.From]) })
	for _, r := range merges[:min(len(merges), most)] {
		p := joined[r.From]
		because, err := x.because(ctx, p.A, p.B)
		if err != nil {
			return err
		}
		m := TrialMerge{Because: because}
		if m.Survivor, err = x.customer(ctx, t.assigned.Golden[r.ToCluster]); err != nil {
			return err
		}
		if m.Gone, err = x.customer(ctx, r.From); err != nil {
			return err
		}
		t.Merges = append(t.Merges, m)
	}
	return x.splits(ctx, most)
}

// between names two customers of the trial, in a fixed order.
func between(t *ModelTrial, a, b int64) [2]int {
	i, j := t.cluster[a], t.cluster[b]
	return [2]int{min(i, j), max(i, j)}
}

// trialTeller explains what a trial found.
type trialTeller struct {
	*Hub
	trial *ModelTrial
	asks  map[[2]int]string
}

// splits adds examples of customers that would be parted, in the order of their ids.
func (x *trialTeller) splits(ctx context.Context, most int) error {
	t := x.trial
	gone := map[canonical.ID]bool{}
	for _, r := range t.assigned.Redirects {
		gone[r.From] = true
	}
	leaving := map[canonical.ID]bool{}
	for record, id := range t.golden {
		if c, ok := t.cluster[record]; ok && t.assigned.Golden[c] != id && !gone[id] {
			leaving[id] = true
		}
	}
	ids := slices.SortedFunc(maps.Keys(leaving), func(a, b canonical.ID) int { return slices.Compare(a[:], b[:]) })
	for _, id := range ids[:min(len(ids), most)] {
		var members []int64
		s := TrialSplit{}
		links, err := x.DB.MembersOf(ctx, []canonical.ID{id})
		if err != nil {
			return err
		}
		for _, l := range links {
			c, living := t.cluster[l.Record]
			if !living {
				continue
			}
			members = append(members, l.Record)
			if t.assigned.Golden[c] == id {
				s.Stays++
			} else {
				s.Leaves++
			}
		}
		if s.Leaves == 0 {
			continue // it belonged there last, and waits
		}
		a, b, err := x.held(ctx, members)
		if err != nil {
			return err
		}
		if s.Because, err = x.because(ctx, a, b); err != nil {
			return err
		}
		if s.Customer, err = x.customer(ctx, id); err != nil {
			return err
		}
		t.Splits = append(t.Splits, s)
	}
	return nil
}

// held is the pair that held a customer together most, of those that would be parted.
func (x *trialTeller) held(ctx context.Context, members []int64) (a, b int64, err error) {
	var best store.Edge
	here := map[int64]bool{}
	for _, m := range members {
		here[m] = true
	}
	err = x.DB.MatchEdges(ctx, members, func(e store.Edge) {
		if here[e.A] && here[e.B] && x.trial.cluster[e.A] != x.trial.cluster[e.B] && (best.A == 0 || e.Weight > best.Weight || e.Weight == best.Weight && e.A < best.A) {
			best = e
		}
	})
	if err != nil || best.A != 0 {
		return best.A, best.B, err
	}
	// Nothing but others between them held the two.
	slices.Sort(members)
	for _, m := range members[1:] {
		if x.trial.cluster[m] != x.trial.cluster[members[0]] {
			return members[0], m, nil
		}
	}
	return members[0], members[0], nil
}

func (x *trialTeller) customer(ctx context.Context, id canonical.ID) (TrialCustomer, error) {
	if id.IsZero() {
		return TrialCustomer{}, nil
	}
	g, err := x.DB.Golden(ctx, id)
	if err != nil {
		return TrialCustomer{}, err
	}
	shown := pipeline.RenderGolden(&g, nil, true)
	return TrialCustomer{GoldenID: id.String(), Kind: string(g.Kind), Name: shown.Name, Records: g.Members}, nil
}

// because explains two records under both models.
func (x *trialTeller) because(ctx context.Context, a, b int64) (TrialBecause, error) {
	out := TrialBecause{Question: x.asks[between(x.trial, a, b)], Changes: []TrialChange{}}
	records, err := x.DB.CustomerRecords(ctx, []int64{a, b})
	if err != nil || len(records) != 2 {
		return out, err
	}
	if records[0].ID != a {
		slices.Reverse(records)
	}
	aliases, err := x.DB.PartyAliases(ctx)
	if err != nil {
		return out, err
	}
	sides := []*HowRecord{&out.A, &out.B}
	for i := range records {
		*sides[i] = HowRecord{records[i].Key, pipeline.Masked(records[i].Customer).Name}
	}
	before, err := x.trial.before.Prepare(ctx, records, aliases)
	if err != nil {
		return out, err
	}
	after, err := x.trial.after.Prepare(ctx, records, aliases)
	if err != nil {
		return out, err
	}
	was, is := x.trial.now.Why(before[0], before[1]), x.trial.engine.Why(after[0], after[1])
	out.Before, out.After = verdictOf(&was), verdictOf(&is)
	if was.Prior != is.Prior {
		out.Changes = append(out.Changes, TrialChange{Comparison: "prior", BitsBefore: was.Prior, BitsAfter: is.Prior})
	}
	for i, w := range was.Levels {
		n := is.Levels[i]
		if w.Level != n.Level || w.Weight+w.Frequency != n.Weight+n.Frequency {
			out.Changes = append(out.Changes, TrialChange{w.Comparison, w.Level, n.Level, w.Weight + w.Frequency, n.Weight + n.Frequency})
		}
	}
	return out, nil
}

func verdictOf(x *dedupe.Explanation) TrialVerdict {
	return TrialVerdict{Verdict: x.Verdict, P: x.P, Weight: x.Weight, Rule: x.Rule, Vetoes: x.Vetoes}
}
