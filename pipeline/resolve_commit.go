package pipeline

import (
	"context"
	"slices"

	"tributary/canonical"
	"tributary/events"
	"tributary/store"
)

// commit writes a change in one transaction. Invariant 1: golden records, links and their events stand or fall together.
func (w *goldenWriter) commit(ctx context.Context, ch *change) error {
	return w.unit(ctx, func(tx *store.Tx) error {
		for i := range ch.goldens {
			g := &ch.goldens[i]
			if g.CreatedAt.IsZero() {
				g.CreatedAt = tx.Now
			}
			g.UpdatedAt = tx.Now
		}
		var list []events.Event
		meta := events.Meta{Time: tx.Now, Resolve: w.step.String()}
		for _, render := range ch.events {
			list = append(list, render(meta)...)
		}
		done, err := w.settled(ctx, tx, ch.done)
		if err != nil {
			return err
		}
		for _, do := range []func() error{
			func() error { return tx.PutGoldens(ctx, ch.goldens) },
			func() error { return tx.RetireGoldens(ctx, ch.retired) },
			func() error { return tx.EraseGoldens(ctx, ch.erased) },
			func() error { return tx.Relink(ctx, ch.relinks) },
			func() error { return tx.SetLinkVersions(ctx, ch.linkVersions) },
			func() error { return tx.PutAffiliations(ctx, ch.affiliations) },
			func() error { return tx.AppendLedger(ctx, ch.ledger) },
			func() error { return tx.MarkFlowDirty(ctx, ch.moved) },
			func() error { return tx.AppendEvents(ctx, list) },
			func() error { return tx.ClearDirty(ctx, done) },
			func() error { return tx.MarkDirty(ctx, ch.dirty) },
		} {
			if err := do(); err != nil {
				return err
			}
		}
		return nil
	})
}

// settled leaves out records of other portions, and mentions whose alias came or went meanwhile: they stay dirty.
func (w *goldenWriter) settled(ctx context.Context, tx *store.Tx, done []store.RecordVersion) ([]store.RecordVersion, error) {
	done = slices.DeleteFunc(slices.Clone(done), func(v store.RecordVersion) bool { return !w.portion[v.ID] })
	if !slices.ContainsFunc(done, func(v store.RecordVersion) bool { return w.cache[v.ID].record.Key.Mention() }) {
		return done, nil
	}
	now, err := tx.PartyAliases(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(done, func(v store.RecordVersion) bool {
		rec := w.cache[v.ID].record
		return rec.Key.Mention() && !slices.Equal(now.Targets(rec.Key.Source, rec.Customer.Name, rec.Customer.Code), w.aliases.Targets(rec.Key.Source, rec.Customer.Name, rec.Customer.Code))
	}), nil
}

// remember keeps the cache in step with what was committed.
func (w *goldenWriter) remember(ch *change) {
	for _, v := range ch.linkVersions {
		w.cache[v.ID].record.LinkVersion = v.Version
	}
	for _, l := range ch.relinks {
		w.links[l.Record] = store.RecordLink{Record: l.Record, Golden: l.Golden, Open: !l.Golden.IsZero()}
	}
	r := &w.report
	r.Created += ch.counts.Created
	r.Updated += ch.counts.Updated
	r.Merged += ch.counts.Merged
	r.Split += ch.counts.Split
	r.Inactivated += ch.counts.Inactivated
	r.Relinked += int64(len(ch.relinks))
}

// clear ends the wait of records that have nothing to write.
func (r *resolveRun) clear(ctx context.Context, ids []int64) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return !r.portion[id] })
	return inUnits(ids, func(part []int64) error {
		done := make([]store.RecordVersion, len(part))
		for i, id := range part {
			done[i] = store.RecordVersion{ID: id, Version: r.cache[id].record.Version}
		}
		return r.unit(ctx, func(tx *store.Tx) error { return tx.ClearDirty(ctx, done) })
	})
}

// goldenOf is the golden id a record has after the change at hand: among the houses, else as it is linked.
func goldenOf(houses []house) map[int64]canonical.ID {
	out := map[int64]canonical.ID{}
	for i := range houses {
		for _, m := range houses[i].cluster.Members {
			out[m] = houses[i].id
		}
	}
	return out
}
