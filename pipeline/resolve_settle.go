package pipeline

import (
	"context"
	"slices"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/store"
)

// settle clusters the components of a closure and writes what follows, organisations first: the golden records of
// persons name them.
func (r *resolveRun) settle(ctx context.Context, c *closure) error {
	partitions, err := r.engine.ClusterAll(ctx, c.components)
	if err != nil {
		return err
	}
	clusters := slices.Clone(c.asTheyAre)
	questions := map[int64][]store.Question{} // record → the questions that name it, under the smaller one
	for i, p := range partitions {
		clusters = append(clusters, p.Clusters...)
		r.report.Cut += len(p.Cut)
		r.report.Largest = max(r.report.Largest, len(c.components[i].Records))
		for _, q := range p.Review {
			a, b := min(q.A, q.B), max(q.A, q.B)
			questions[a] = append(questions[a], store.Question{A: a, B: b, Weight: q.Weight, P: q.P, Reason: string(q.Why)})
		}
	}
	r.report.Clusters += int64(len(clusters))
	var gone, decided []int64
	for _, id := range c.records {
		p := r.cache[id].comparable
		if p == nil {
			gone = append(gone, id)
		}
		if p == nil || r.decides(p.Type) {
			decided = append(decided, id)
		}
	}
	if err := r.putQuestions(ctx, decided, questions); err != nil {
		return err
	}
	w, err := r.newWriter(c, clusters)
	if err != nil {
		return err
	}
	portion, size := []family{}, 0
	for _, f := range families(clusters, gone, c) {
		n := len(f.gone)
		for _, i := range f.clusters {
			n += len(clusters[i].Members)
		}
		if size > 0 && size+n > resolveUnit {
			if err := w.write(ctx, portion); err != nil {
				return err
			}
			portion, size = portion[:0], 0
		}
		portion, size = append(portion, f), size+n
	}
	if len(portion) > 0 {
		if err := w.write(ctx, portion); err != nil {
			return err
		}
	}
	// Records that are gone and never had a golden id.
	return w.clear(ctx, slices.DeleteFunc(gone, func(id int64) bool { _, linked := c.links[id]; return linked }))
}

// putQuestions brings the review queue up to date for the records of a closure. Questions are derived: they go before
// the golden records, while the records are still dirty.
func (r *resolveRun) putQuestions(ctx context.Context, records []int64, want map[int64][]store.Question) error {
	open, err := r.DB.OpenQuestionsOf(ctx, records)
	if err != nil {
		return err
	}
	var put, closed []store.Question
	for _, id := range records {
		for _, q := range want[id] {
			have, known := open[[2]int64{q.A, q.B}]
			delete(open, [2]int64{q.A, q.B})
			if !known || have.Weight != q.Weight || have.Reason != q.Reason {
				put = append(put, q)
			}
		}
	}
	for _, q := range open {
		closed = append(closed, q)
	}
	err = inUnits(put, func(part []store.Question) error {
		return r.unit(ctx, func(tx *store.Tx) error { return tx.PutQuestions(ctx, part) })
	})
	if err != nil {
		return err
	}
	return inUnits(closed, func(part []store.Question) error {
		return r.unit(ctx, func(tx *store.Tx) error { return tx.CloseQuestions(ctx, part) })
	})
}

// refs are the members of a cluster as the assignment of ids sees them.
func (r *resolveRun) refs(c dedupe.Cluster) []dedupe.Ref {
	out := make([]dedupe.Ref, len(c.Members))
	for i, m := range c.Members {
		rec := r.cache[m].record
		out[i] = dedupe.Ref{Number: m, Rank: -rec.Trust, Key: rec.Key}
	}
	return out
}

// assign decides the golden ids of families, and which of them live.
func (w *goldenWriter) assign(ctx context.Context, list []family) (dedupe.Assignment, []int, error) {
	var order []int
	var clusters [][]dedupe.Ref
	var ids []canonical.ID
	for _, f := range list {
		for _, i := range f.clusters {
			order = append(order, i)
			clusters = append(clusters, w.refs(w.clusters[i]))
		}
		ids = append(ids, f.goldens...)
	}
	var err error
	if w.known, err = w.DB.Goldens(ctx, ids); err != nil {
		return dedupe.Assignment{}, nil, err
	}
	chosen, err := w.DB.ChosenGoldens(ctx, ids)
	if err != nil {
		return dedupe.Assignment{}, nil, err
	}
	var states []dedupe.IDState
	for _, id := range ids {
		if g, ok := w.known[id]; ok && (g.Status == store.GoldenActive || g.Status == store.GoldenInactive) {
			states = append(states, dedupe.IDState{ID: id, Published: g.CreatedAt, Inactive: g.Status == store.GoldenInactive, Chosen: chosen[id]})
		}
	}
	var links []dedupe.Link
	for _, refs := range clusters {
		for _, m := range refs {
			if l, ok := w.links[m.Number]; ok {
				links = append(links, dedupe.Link{Record: m.Number, Golden: l.Golden, Open: l.Open})
			}
			for _, gone := range w.absorbed[m.Number] {
				if l, ok := w.links[gone]; ok {
					links = append(links, dedupe.Link{Record: m.Number, Golden: l.Golden, Open: l.Open, Heir: true})
				}
			}
		}
	}
	return dedupe.Assign(clusters, links, states), order, nil
}
