package hub

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// FindRequest asks who a customer could be that is about to be created.
type FindRequest struct {
	Customer canonical.Customer // whatever is known; a name or an identifier at least
	Min      float64            // least probability of a candidate; 0 = 0.05
	Limit    int                // 0 = 10
	Lang     string
}

// Found is the answer: the customers that are likely the same, best first.
type Found struct {
	Verdict    string      `json:"verdict"` // match: the first is the same; ask: a person should look; none: nobody known
	Compared   int         `json:"compared"`
	Candidates []Candidate `json:"candidates"`
}

// Candidate is a customer that could be the one.
type Candidate struct {
	GoldenID    canonical.ID           `json:"golden_id"`
	Kind        canonical.CustomerKind `json:"kind"`
	Name        string                 `json:"name"` // masked for patients
	Place       string                 `json:"place"`
	Probability float64                `json:"probability"`
	Weight      float64                `json:"weight"` // bits
	Verdict     string                 `json:"verdict"`
	Rule        string                 `json:"rule,omitempty"`
	Vetoes      []string               `json:"vetoes"`
	Reasons     []string               `json:"reasons"` // what speaks for it and against it, strongest first
	Record      canonical.RecordKey    `json:"record"`  // of its records, the one that fits best
	Model       string                 `json:"model"`
}

const (
	findLimit    = 10
	findMost     = 100
	findMin      = 0.05
	findLooked   = 200 // candidates looked at: those of the rarest keys
	findCompared = 64  // of them scored
	findPerOne   = 3   // of one customer, so that one with many records leaves room for others
)

// FindCustomers looks for the customer that a record describes, through the stored blocking keys and the scores of a run.
// It reads only, waits for no writer, and knows what the resolver has worked off.
func (h *Hub) FindCustomers(ctx context.Context, req FindRequest) (Found, error) {
	out := Found{Verdict: "none", Candidates: []Candidate{}}
	c := req.Customer
	c.Kind = cmp.Or(c.Kind, canonical.UnknownParty)
	if err := knownKind(string(c.Kind)); err != nil {
		return out, err
	}
	if req.Min < 0 || req.Min > 1 {
		return out, errs.New(errs.Invalid, "customers.probability", errs.Args{"value": fmt.Sprint(req.Min)})
	}
	limit := req.Limit
	if limit <= 0 {
		limit = findLimit
	}
	engine, err := h.engine(ctx)
	if err != nil {
		return out, err
	}
	asked := engine.Prepare(dedupe.Input{ID: -1, Trust: 1, Customer: c})
	keys := engine.Keys(asked)
	if len(keys) == 0 {
		return out, errs.New(errs.Invalid, "customers.nothing_to_find_by", nil)
	}
	numbers, err := h.DB.Candidates(ctx, keys, engine.Blocking(asked.Type), findLooked)
	if err != nil {
		return out, err
	}
	golden, err := h.spread(ctx, numbers)
	if err != nil {
		return out, err
	}
	out.Compared = len(golden)
	best, err := h.bestOfGoldens(ctx, engine, asked, golden, cmp.Or(req.Min, findMin))
	if err != nil {
		return out, err
	}
	best = best[:min(len(best), limit, findMost)]
	goldens, err := h.DB.Goldens(ctx, goldensOf(best))
	if err != nil {
		return out, err
	}
	for _, s := range best {
		if g, ok := goldens[s.golden]; ok && g.Status == store.GoldenActive {
			out.Candidates = append(out.Candidates, candidate(engine, asked, s, &g, req.Lang))
		}
	}
	if len(out.Candidates) > 0 && out.Candidates[0].Verdict != dedupe.Different.String() {
		out.Verdict = out.Candidates[0].Verdict
	}
	return out, nil
}

// scored is a customer with the record of it that fits best.
type scored struct {
	golden canonical.ID
	record *dedupe.Record
	pair   dedupe.Pair
}

func goldensOf(list []scored) []canonical.ID {
	out := make([]canonical.ID, len(list))
	for i, s := range list {
		out[i] = s.golden
	}
	return out
}

// spread picks the records to score out of the candidates, best first, and tells whose they are.
func (h *Hub) spread(ctx context.Context, numbers []int64) (map[int64]canonical.ID, error) {
	links, err := h.DB.LastLinks(ctx, numbers)
	if err != nil {
		return nil, err
	}
	linked := map[int64]canonical.ID{}
	for _, l := range links {
		if l.Open {
			linked[l.Record] = l.Golden
		}
	}
	out, taken := map[int64]canonical.ID{}, map[canonical.ID]int{}
	for _, n := range numbers {
		if id, ok := linked[n]; ok && taken[id] < findPerOne && len(out) < findCompared {
			taken[id]++
			out[n] = id
		}
	}
	return out, nil
}

// bestOfGoldens scores records and keeps the best of each customer, best first.
func (h *Hub) bestOfGoldens(ctx context.Context, engine *dedupe.Engine, asked *dedupe.Record, golden map[int64]canonical.ID, least float64) ([]scored, error) {
	records, err := h.DB.CustomerRecords(ctx, slices.Sorted(maps.Keys(golden)))
	if err != nil {
		return nil, err
	}
	records = slices.DeleteFunc(records, func(r store.CustomerRecord) bool { return !r.Living() })
	compare := pipeline.Comparer{DB: h.DB, Engine: engine}
	// A mention's aliases lead to the company's codes, which the asked record does not have: they decide nothing here.
	ready, err := compare.Prepare(ctx, records, noAliases)
	if err != nil {
		return nil, err
	}
	best := map[canonical.ID]scored{}
	for _, r := range ready {
		if r.Type != asked.Type {
			continue
		}
		id := golden[r.ID]
		s := scored{id, r, engine.Score(asked, r)}
		if s.pair.P >= least && (best[id].record == nil || compareScored(s, best[id]) < 0) {
			best[id] = s
		}
	}
	return slices.SortedFunc(maps.Values(best), compareScored), nil
}

var noAliases = &store.PartyAliases{}

func compareScored(a, b scored) int {
	return cmp.Or(cmp.Compare(b.pair.Weight, a.pair.Weight), cmp.Compare(a.record.Key.Source, b.record.Key.Source), cmp.Compare(a.record.Key.ID, b.record.Key.ID))
}

func candidate(engine *dedupe.Engine, asked *dedupe.Record, s scored, g *store.Golden, lang string) Candidate {
	v := pipeline.RenderGolden(g, nil, true)
	why := engine.Why(asked, s.record)
	out := Candidate{GoldenID: s.golden, Kind: v.Kind, Name: v.Name, Place: v.Address.Place(""), Probability: s.pair.P, Weight: s.pair.Weight,
		Verdict: why.Verdict, Rule: why.Rule, Vetoes: why.Vetoes, Record: s.record.Key, Model: why.Model, Reasons: []string{}}
	levels := slices.DeleteFunc(slices.Clone(why.Levels), func(l dedupe.LevelWhy) bool { return l.Level == "" })
	slices.SortStableFunc(levels, func(a, b dedupe.LevelWhy) int {
		return cmp.Compare(abs(b.Weight+b.Frequency), abs(a.Weight+a.Frequency))
	})
	for _, veto := range why.Vetoes {
		out.Reasons = append(out.Reasons, dedupe.Label("veto", veto, lang))
	}
	for _, l := range levels {
		out.Reasons = append(out.Reasons, fmt.Sprintf("%s: %s (%+.1f)", dedupe.Label("comparison", l.Comparison, lang), dedupe.Label("level", l.Level, lang), l.Weight+l.Frequency))
	}
	return out
}

func abs(x float64) float64 { return max(x, -x) }
