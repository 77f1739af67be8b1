package hub

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/pipeline"
	"tributary/store"
)

// ModelTrial is what applying a model would do.
type ModelTrial struct {
	From        string       `json:"from"` // the version in use
	To          string       `json:"to"`
	Records     int          `json:"records"`
	Waiting     int64        `json:"waiting"` // records that wait for resolution: what they change is counted too
	Before      int          `json:"customers_before"`
	After       int          `json:"customers_after"`
	Merged      int          `json:"merged"`  // ids that would redirect
	Split       int          `json:"split"`   // ids that would lose records
	Created     int          `json:"created"` // new ids
	Moved       int          `json:"moved"`   // records that would change their customer
	AsksBefore  int64        `json:"questions_before"`
	AsksAfter   int          `json:"questions_after"`
	Largest     int          `json:"largest_component"`
	Oversize    int          `json:"oversize_keys"` // keys that too many records have: they bring nobody together
	Cut         int          `json:"cut_edges"`
	Kinds       []TrialKind  `json:"kinds"`
	Merges      []TrialMerge `json:"merges"` // examples, the surest first
	Splits      []TrialSplit `json:"splits"` // examples
	assigned    dedupe.Assignment
	records     []*dedupe.Record
	clusters    []dedupe.Cluster
	golden      map[int64]canonical.ID // record → customer it belongs to
	cluster     map[int64]int
	engine, now *dedupe.Engine
	before      *pipeline.Comparer // by the stored organisations
	after       *pipeline.Comparer // by those of the trial
}

// TrialKind counts for one kind of customer.
type TrialKind struct {
	Kind    string `json:"kind"`
	Before  int    `json:"customers_before"`
	Merged  int    `json:"merged"`
	Split   int    `json:"split"`
	Created int    `json:"created"`
}

// TryModel resolves every record in memory under a model, a version or a file, and tells what applying it would change, with at
// most examples of each. Nothing is written. More than limit records are refused (0 = 200,000).
func (h *Hub) TryModel(ctx context.Context, text string, examples, limit int) (ModelTrial, error) {
	model, err := h.model(ctx, text)
	if err != nil {
		return ModelTrial{}, err
	}
	t := ModelTrial{To: model.Version, Kinds: []TrialKind{}, Merges: []TrialMerge{}, Splits: []TrialSplit{}}
	if t.now, err = h.engine(ctx); err != nil {
		return t, err
	}
	t.From = t.now.Version()
	if t.engine, err = h.engineOf(model); err != nil {
		return t, err
	}
	judgements, err := h.wordsInForce(ctx)
	if err != nil {
		return t, err
	}
	m, err := h.resolveInMemory(ctx, t.engine, limit, judgements)
	if err != nil {
		return t, fmt.Errorf("try model %s: %w", model.Version, err)
	}
	result := m.result
	t.records, t.Records, t.clusters = m.records, len(m.records), result.Clusters
	t.before, t.after = &pipeline.Comparer{DB: h.DB, Engine: t.now}, m.compare
	if err := h.countTrial(ctx, &t); err != nil {
		return t, fmt.Errorf("try model %s: %w", model.Version, err)
	}
	t.AsksAfter, t.Largest, t.Oversize, t.Cut = len(result.Review), result.Report.Largest, len(result.Report.Oversize), result.Report.Cut
	if err := h.trialExamples(ctx, &t, result, examples); err != nil {
		return t, fmt.Errorf("try model %s: %w", model.Version, err)
	}
	return t, nil
}

// countTrial gives golden ids to the customers of the trial, as the resolver would, and counts what becomes of those there
// are.
func (h *Hub) countTrial(ctx context.Context, t *ModelTrial) error {
	refs, links, err := h.trialLinks(ctx, t)
	if err != nil {
		return err
	}
	kinds := map[canonical.ID]canonical.CustomerKind{}
	states, err := h.idStates(ctx, slices.Collect(maps.Values(t.golden)), kinds)
	if err != nil {
		return err
	}
	t.assigned = dedupe.Assign(refs, links, states)
	count := map[canonical.CustomerKind]*TrialKind{}
	of := func(kind canonical.CustomerKind) *TrialKind {
		if count[kind] == nil {
			count[kind] = &TrialKind{Kind: string(kind)}
		}
		return count[kind]
	}
	for _, s := range states {
		if !s.Inactive {
			t.Before++
			of(kinds[s.ID]).Before++
		}
	}
	gone := map[canonical.ID]bool{}
	for _, r := range t.assigned.Redirects {
		gone[r.From] = true
		t.Merged++
		of(kinds[r.From]).Merged++
	}
	byID := make(map[int64]*dedupe.Record, len(t.records))
	for _, r := range t.records {
		byID[r.ID] = r
	}
	split := map[canonical.ID]bool{}
	for i, c := range t.clusters {
		id := t.assigned.Golden[i]
		if id.IsZero() {
			t.Created++
			of(byID[c.Members[0]].Kind).Created++
		}
		for _, m := range c.Members {
			was, linked := t.golden[m]
			if !linked || was != id {
				t.Moved++
			}
			if linked && was != id && !gone[was] && !split[was] {
				split[was] = true
				t.Split++
				of(kinds[was]).Split++
			}
		}
	}
	t.After = len(t.clusters)
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		t.Kinds = append(t.Kinds, *count[kind])
	}
	if t.Waiting, err = h.DB.CountDirtyCustomers(ctx); err != nil {
		return err
	}
	t.AsksBefore, err = h.DB.CountQuestions(ctx)
	return err
}

// trialLinks finds out whom each record belongs to now, and names the members of the trial's customers.
func (h *Hub) trialLinks(ctx context.Context, t *ModelTrial) (refs [][]dedupe.Ref, links []dedupe.Link, err error) {
	byID := make(map[int64]*dedupe.Record, len(t.records))
	numbers := make([]int64, len(t.records))
	for i, r := range t.records {
		byID[r.ID], numbers[i] = r, r.ID
	}
	last, err := h.DB.LastLinks(ctx, numbers)
	if err != nil {
		return nil, nil, err
	}
	t.golden = make(map[int64]canonical.ID, len(last))
	links = make([]dedupe.Link, len(last))
	for i, l := range last {
		t.golden[l.Record] = l.Golden
		links[i] = dedupe.Link{Record: l.Record, Golden: l.Golden, Open: l.Open}
	}
	t.cluster = make(map[int64]int, len(t.records))
	refs = make([][]dedupe.Ref, len(t.clusters))
	for i, c := range t.clusters {
		for _, m := range c.Members {
			t.cluster[m] = i
			refs[i] = append(refs[i], dedupe.Ref{Number: m, Rank: -byID[m].Trust, Key: byID[m].Key})
		}
	}
	return refs, links, nil
}

// idStates are the golden ids as the assignment of ids sees them; their kinds are noted.
func (h *Hub) idStates(ctx context.Context, ids []canonical.ID, kinds map[canonical.ID]canonical.CustomerKind) ([]dedupe.IDState, error) {
	slices.SortFunc(ids, func(a, b canonical.ID) int { return slices.Compare(a[:], b[:]) })
	ids = slices.Compact(ids)
	const portion = 5000 // golden records are large, what is needed of them is small
	var out []dedupe.IDState
	for part := range slices.Chunk(ids, portion) {
		goldens, err := h.DB.Goldens(ctx, part)
		if err != nil {
			return nil, err
		}
		chosen, err := h.DB.ChosenGoldens(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, id := range part {
			g, ok := goldens[id]
			if !ok || g.Status != store.GoldenActive && g.Status != store.GoldenInactive {
				continue
			}
			kinds[id] = g.Kind
			out = append(out, dedupe.IDState{ID: id, Published: g.CreatedAt, Inactive: g.Status == store.GoldenInactive, Chosen: chosen[id]})
		}
	}
	return out, nil
}

// surest orders pairs by their evidence, then by their records.
func surest(a, b dedupe.Pair) int {
	return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
}
