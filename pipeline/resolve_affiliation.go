package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/events"
	"tributary/store"
)

// affiliationRecords works off records of the entity affiliation: it stores whom they wait for and makes the customer
// they begin at dirty, whose golden record then takes them up. False when there was none.
func (r *resolveRun) affiliationRecords(ctx context.Context) (bool, error) {
	list, err := r.DB.DirtyAffiliations(ctx, resolveUnit)
	if err != nil || len(list) == 0 {
		return false, err
	}
	var from []canonical.RecordKey
	for _, a := range list {
		if !a.Deleted {
			from = append(from, canonical.RecordKey{Source: a.Key.Source, ID: a.Value.From})
		}
	}
	ids := make([]int64, len(list))
	keys := make([]store.RecordKeys, len(list))
	done := make([]store.RecordVersion, len(list))
	for i, a := range list {
		ids[i] = a.ID
		keys[i].Record = a.ID
		done[i] = store.RecordVersion{ID: a.ID, Version: a.Version}
		if a.Deleted {
			continue
		}
		keys[i].Keys = append(keys[i].Keys, linkKey(canonical.RecordKey{Source: a.Key.Source, ID: a.Value.From}))
		if a.Value.To != a.Value.From {
			keys[i].Keys = append(keys[i].Keys, linkKey(canonical.RecordKey{Source: a.Key.Source, ID: a.Value.To}))
		}
	}
	// Who they began at before: a changed or deleted record leaves an affiliation there that is none any more.
	before, err := r.DB.AffiliationHolders(ctx, ids)
	if err != nil {
		return false, err
	}
	begin, err := r.DB.CustomersByKey(ctx, from)
	if err != nil {
		return false, err
	}
	dirty := before
	for _, id := range begin {
		dirty = append(dirty, id)
	}
	return true, r.unit(ctx, func(tx *store.Tx) error {
		if err := tx.ReplaceBlockKeys(ctx, keys); err != nil {
			return err
		}
		if err := tx.MarkDirty(ctx, dirty); err != nil {
			return err
		}
		return tx.ClearDirty(ctx, done)
	})
}

// statement is one link as a record states it.
type statement struct {
	link
	from   canonical.RecordKey
	golden canonical.ID // of the other end
}

// affiliate finds the affiliations of the houses and adds those that changed; each house learns its own.
func (w *goldenWriter) affiliate(ctx context.Context, houses []house, list []family, ch *change) error {
	stated, err := w.statements(ctx, houses)
	if err != nil {
		return err
	}
	var wanted []store.Affiliation
	for i := range houses {
		wanted = append(wanted, affiliationsOf(&houses[i], stated[i])...)
	}
	if err := w.nameEnds(ctx, houses, wanted); err != nil {
		return err
	}
	var ids []canonical.ID
	for _, a := range wanted {
		ids = append(ids, a.ID)
	}
	have, err := w.DB.AffiliationsByID(ctx, ids)
	if err != nil {
		return err
	}
	var goldens []canonical.ID
	for _, f := range list {
		goldens = append(goldens, f.goldens...)
	}
	old, err := w.DB.AffiliationsFrom(ctx, goldens)
	if err != nil {
		return err
	}
	stored := map[canonical.ID]store.Affiliation{}
	for _, a := range append(have, old...) {
		stored[a.ID] = a
	}
	for _, a := range wanted {
		b, known := stored[a.ID]
		delete(stored, a.ID)
		a.Version = b.Version
		if known && sameAffiliation(a, b) {
			continue
		}
		w.changeAffiliation(a, known, ch)
	}
	for _, b := range stored {
		if b.Active && slices.Contains(goldens, b.From) {
			b.Active = false
			w.changeAffiliation(b, true, ch)
		}
	}
	slices.SortFunc(ch.affiliations, func(a, b store.Affiliation) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return nil
}

func sameAffiliation(a, b store.Affiliation) bool {
	return a.Active == b.Active && a.From == b.From && a.To == b.To && a.Role == b.Role && a.Department == b.Department && a.Primary == b.Primary &&
		a.ValidFrom == b.ValidFrom && a.ValidTo == b.ValidTo && slices.Equal(a.Sources, b.Sources)
}

func (w *goldenWriter) changeAffiliation(a store.Affiliation, known bool, ch *change) {
	a.Version++
	ch.affiliations = append(ch.affiliations, a)
	ch.events = append(ch.events, func(m events.Meta) []events.Event {
		m.Version = a.Version
		if !a.Active {
			return []events.Event{events.AffiliationGone(m, a.ID)}
		}
		m.Op = events.Created
		if known {
			m.Op = events.Updated
		}
		return []events.Event{events.Affiliation(m, events.AffiliationValue{
			AffiliationID: a.ID, From: a.From, To: a.To, Role: a.Role, Department: a.Department, Primary: a.Primary,
			ValidFrom: a.ValidFrom, ValidTo: a.ValidTo, Sources: a.Sources,
		})}
	})
}

// statements collects what the records of each house say about whom they belong to, as far as the other end is known.
func (w *goldenWriter) statements(ctx context.Context, houses []house) ([][]statement, error) {
	out := make([][]statement, len(houses))
	at := map[canonical.RecordKey]int{}
	var hashes []uint64
	for i := range houses {
		for _, m := range houses[i].cluster.Members {
			rec := w.cache[m].record
			if rec.Key.Mention() {
				continue
			}
			at[rec.Key] = i
			hashes = append(hashes, linkKey(rec.Key).Hash)
			for _, l := range linksOut(rec) {
				out[i] = append(out[i], statement{link: l, from: rec.Key})
			}
		}
	}
	var holders []int64
	if err := w.DB.BlockRecords(ctx, hashes, func(_ uint64, record int64) { holders = append(holders, record) }); err != nil {
		return nil, err
	}
	records, err := w.DB.AffiliationRecords(ctx, union(holders))
	if err != nil {
		return nil, err
	}
	for _, a := range records {
		from := canonical.RecordKey{Source: a.Key.Source, ID: a.Value.From}
		if i, here := at[from]; here && !a.Deleted {
			v := &a.Value
			out[i] = append(out[i], statement{from: from, link: link{
				key: canonical.RecordKey{Source: a.Key.Source, ID: v.To}, role: cmp.Or(v.Role, roleWork), department: v.Department, primary: v.Primary, from: v.ValidFrom, to: v.ValidTo,
			}})
		}
	}
	return out, w.findEnds(ctx, houses, out)
}

// findEnds looks up the golden ids of the other ends.
func (w *goldenWriter) findEnds(ctx context.Context, houses []house, stated [][]statement) error {
	var keys []canonical.RecordKey
	for _, list := range stated {
		for _, s := range list {
			keys = append(keys, s.key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	numbers, err := w.DB.CustomersByKey(ctx, keys)
	if err != nil {
		return err
	}
	var records []int64
	for _, n := range numbers {
		records = append(records, n)
	}
	links, err := w.DB.LastLinks(ctx, union(records))
	if err != nil {
		return err
	}
	golden := map[int64]canonical.ID{}
	for _, l := range links {
		if l.Open {
			golden[l.Record] = l.Golden
		}
	}
	for record, id := range goldenOf(houses) {
		golden[record] = id
	}
	for i := range stated {
		for k := range stated[i] {
			stated[i][k].golden = golden[numbers[stated[i][k].key]]
		}
	}
	return nil
}

// affiliationsOf makes one affiliation of all statements about the same two customers and role. Its id comes from the
// smallest statement, so it outlives merges of both ends. One of a house's affiliations per role is primary.
func affiliationsOf(h *house, stated []statement) []store.Affiliation {
	slices.SortFunc(stated, func(a, b statement) int {
		return cmp.Or(cmp.Compare(a.from.Source, b.from.Source), cmp.Compare(a.from.ID, b.from.ID), cmp.Compare(a.key.ID, b.key.ID), cmp.Compare(a.role, b.role), cmp.Compare(a.department, b.department))
	})
	var out []store.Affiliation
	primary := map[string]bool{}
	for _, s := range stated {
		if s.golden.IsZero() || s.golden == h.id {
			continue
		}
		at := slices.IndexFunc(out, func(a store.Affiliation) bool { return a.To == s.golden && a.Role == s.role })
		if at < 0 {
			at = len(out)
			out = append(out, store.Affiliation{
				ID:   canonical.DeriveID("affiliation", s.from.Source, s.from.ID, s.key.ID, s.role),
				From: h.id, To: s.golden, Role: s.role, ValidFrom: s.link.from, ValidTo: s.link.to, Active: true,
			})
		}
		a := &out[at]
		a.Department = cmp.Or(a.Department, s.department)
		if !slices.Contains(a.Sources, s.from) {
			a.Sources = append(a.Sources, s.from)
		}
		if s.primary && !primary[s.role] {
			a.Primary, primary[s.role] = true, true
		}
	}
	return out
}

// nameEnds tells each house the names of those it belongs to.
func (w *goldenWriter) nameEnds(ctx context.Context, houses []house, wanted []store.Affiliation) error {
	names := map[canonical.ID]string{}
	at := map[canonical.ID]int{}
	for i := range houses {
		names[houses[i].id] = houses[i].golden.Customer.Name
		at[houses[i].id] = i
	}
	var missing []canonical.ID
	for _, a := range wanted {
		if _, known := names[a.To]; !known {
			missing = append(missing, a.To)
		}
	}
	found, err := w.DB.GoldenNames(ctx, missing)
	if err != nil {
		return err
	}
	for _, a := range wanted {
		h := &houses[at[a.From]]
		h.affiliations = append(h.affiliations, store.GoldenAffiliation{
			Golden: a.To, Name: cmp.Or(names[a.To], found[a.To]), Role: a.Role, Department: a.Department, Primary: a.Primary,
		})
	}
	return nil
}

// mindHolders marks the records that name a member of a house that moved or changed its names or its place: their golden
// records state it, and professionals are compared by it. Those at hand are looked at again by the next step.
func (w *goldenWriter) mindHolders(ctx context.Context, houses []house, ch *change) error {
	var hashes []uint64
	for i := range houses {
		h := &houses[i]
		members := h.moved
		if other, err := otherWorkplace(h); err != nil {
			return err
		} else if other {
			members = h.cluster.Members
		}
		for _, m := range members {
			if key := w.cache[m].record.Key; !key.Mention() {
				hashes = append(hashes, linkKey(key).Hash)
			}
		}
	}
	for _, l := range ch.relinks {
		if key := w.cache[l.Record].record.Key; l.Golden.IsZero() && !key.Mention() {
			hashes = append(hashes, linkKey(key).Hash)
		}
	}
	var holders []int64
	if err := w.DB.BlockRecords(ctx, hashes, func(_ uint64, record int64) { holders = append(holders, record) }); err != nil {
		return err
	}
	ch.dirty = union(holders)
	for _, id := range ch.dirty {
		delete(w.refreshed, id)
		if p := w.cache[id]; p.comparable != nil && p.comparable.Type == dedupe.Professional {
			delete(w.portion, id)
		}
	}
	return nil
}

// otherWorkplace reports whether a golden record is another place of work than before: by its names, or where it lies.
func otherWorkplace(h *house) (bool, error) {
	if !h.changed {
		return false, nil
	}
	var before store.GoldenPayload
	if len(h.before.Payload) > 0 {
		if err := json.Unmarshal(h.before.Payload, &before); err != nil {
			return false, fmt.Errorf("read golden record %s: %w", h.id, err)
		}
	}
	a, b := &before.Customer, &h.golden.Customer
	return a.Kind != b.Kind || a.Name != b.Name || a.ShortName != b.ShortName || a.Address != b.Address ||
		!slices.Equal(a.Aliases, b.Aliases) || !slices.Equal(a.FormerNames, b.FormerNames), nil
}
