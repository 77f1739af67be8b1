package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/events"
	"tributary/normalize"
	"tributary/store"
)

// goldenWriter writes what a resolve step decided. The records of one step share its id in events and rows.
type goldenWriter struct {
	*resolveRun
	clusters []dedupe.Cluster
	links    map[int64]store.RecordLink
	absorbed map[int64][]int64           // living record → those that its source merged into it
	set      map[int64][]dedupe.Override // record → what stewards set at it
	step     canonical.ID
	known    map[canonical.ID]store.Golden // golden records of the families at hand, as they were
}

func (r *resolveRun) newWriter(c *closure, clusters []dedupe.Cluster) (*goldenWriter, error) {
	step, err := r.DB.NewID()
	return &goldenWriter{resolveRun: r, clusters: clusters, links: c.links, absorbed: c.absorbed, set: c.overrides, step: step}, err
}

// change is all that one unit of work writes.
type change struct {
	goldens      []store.Golden
	retired      []store.Retirement
	erased       []canonical.ID
	relinks      []store.RecordLink
	linkVersions []store.RecordVersion
	affiliations []store.Affiliation
	ledger       []store.LedgerEntry
	dirty        []int64 // records whose golden record names one that changed
	moved        []int64 // mentions that moved
	done         []store.RecordVersion
	events       []func(events.Meta) []events.Event // rendered with the transaction's time
	counts       ResolveReport
}

// write decides and writes families in one unit of work.
func (w *goldenWriter) write(ctx context.Context, list []family) error {
	assigned, order, err := w.assign(ctx, list)
	if err != nil {
		return err
	}
	var ch change
	houses, err := w.houses(assigned, order)
	if err != nil {
		return err
	}
	if err := w.affiliate(ctx, houses, list, &ch); err != nil {
		return err
	}
	for i := range houses {
		if err := w.keep(&houses[i], &ch); err != nil {
			return err
		}
	}
	w.retire(assigned, houses, list, &ch)
	w.letGo(list, &ch)
	if err := w.mindHolders(ctx, houses, &ch); err != nil {
		return err
	}
	if err := w.commit(ctx, &ch); err != nil {
		return err
	}
	w.remember(&ch)
	return nil
}

// house is one customer in the making.
type house struct {
	id           canonical.ID
	cluster      dedupe.Cluster
	fresh        bool // the id is new
	revived      bool
	before       store.Golden
	golden       dedupe.Golden
	sources      []canonical.RecordKey
	affiliations []store.GoldenAffiliation
	moved        []int64 // members that belonged to another golden record, or to none
	changed      bool    // its values or its links to others are not as they were
}

func (w *goldenWriter) houses(assigned dedupe.Assignment, order []int) ([]house, error) {
	out := make([]house, len(order))
	for k, i := range order {
		h := &out[k]
		h.id, h.cluster = assigned.Golden[k], w.clusters[i]
		if h.id.IsZero() {
			id, err := w.DB.NewID()
			if err != nil {
				return nil, err
			}
			h.id, h.fresh = id, true
		}
		h.before = w.known[h.id]
		h.revived = slices.Contains(assigned.Reactivated, h.id)
		members := make([]dedupe.Member, len(h.cluster.Members))
		var set []dedupe.Override
		for n, m := range h.cluster.Members {
			rec := w.cache[m].record
			members[n] = dedupe.Member{Key: rec.Key, Trust: rec.Trust, Updated: rec.Updated, Customer: rec.Customer}
			h.sources = append(h.sources, rec.Key)
			set = append(set, w.set[m]...)
			if l, linked := w.links[m]; !linked || !l.Open || l.Golden != h.id {
				h.moved = append(h.moved, m)
			}
		}
		h.golden = w.Policy.Survive(members, set)
	}
	return out, nil
}

// keep adds to the change what a living customer needs: its row when it differs, its event, its links.
func (w *goldenWriter) keep(h *house, ch *change) error {
	row, err := w.row(h)
	if err != nil {
		return err
	}
	b := &h.before
	h.changed = !bytes.Equal(b.Payload, row.Payload)
	same := !h.fresh && b.Status == row.Status && b.Kind == row.Kind && !h.changed && b.Code == row.Code && b.Company == row.Company
	switch {
	case !same:
		row.Version = b.Version + 1
		op := w.operation(h, ch)
		ch.goldens = append(ch.goldens, row)
		ch.events = append(ch.events, func(m events.Meta) []events.Event {
			m.Op, m.Version = op, row.Version
			row.UpdatedAt = m.Time
			return []events.Event{events.Golden(m, RenderGolden(&row, nil, true))}
		})
	case !bytes.Equal(b.Lineage, row.Lineage):
		ch.goldens = append(ch.goldens, row) // the story changed, the values did not: no event
	}
	for _, m := range h.moved {
		rec := w.cache[m].record
		ch.relinks = append(ch.relinks, store.RecordLink{Record: m, Golden: h.id})
		ch.linkVersions = append(ch.linkVersions, store.RecordVersion{ID: m, Version: rec.LinkVersion + 1})
		if rec.Key.Mention() {
			ch.moved = append(ch.moved, m)
		}
		key, version, id := rec.Key, rec.LinkVersion+1, h.id
		ch.events = append(ch.events, func(meta events.Meta) []events.Event {
			meta.Version, meta.Op = version, events.Updated
			if version == 1 {
				meta.Op = events.Created
			}
			return []events.Event{events.Crosswalk(meta, key, id)}
		})
	}
	for _, m := range h.cluster.Members {
		ch.done = append(ch.done, store.RecordVersion{ID: m, Version: w.cache[m].record.Version})
	}
	return nil
}

// operation says what happened to a golden record, and writes it into the ledger and the counts.
func (w *goldenWriter) operation(h *house, ch *change) events.Op {
	entry := store.LedgerEntry{Golden: h.id, Resolve: w.step}
	switch {
	case h.fresh:
		entry.Event = "created"
		ch.ledger = append(ch.ledger, entry)
		ch.counts.Created++
		return events.Created
	case h.revived:
		entry.Event = "reactivated"
		ch.ledger = append(ch.ledger, entry)
	}
	ch.counts.Updated++
	members := map[int64]bool{}
	for _, m := range h.cluster.Members {
		members[m] = true
	}
	for record, l := range w.links {
		if l.Open && l.Golden == h.id && !members[record] && w.cache[record].comparable != nil {
			entry.Event = "split"
			ch.ledger = append(ch.ledger, entry)
			ch.counts.Split++
			return events.Split
		}
	}
	return events.Updated
}

// row is the golden record as it is stored, at the version it has.
func (w *goldenWriter) row(h *house) (store.Golden, error) {
	c := &h.golden.Customer
	payload, err := json.Marshal(store.GoldenPayload{Customer: *c, Sources: h.sources, Affiliations: h.affiliations})
	if err != nil {
		return store.Golden{}, fmt.Errorf("render golden record: %w", err)
	}
	lineage, err := json.Marshal(h.golden.Lineage)
	if err != nil {
		return store.Golden{}, fmt.Errorf("render lineage: %w", err)
	}
	row := store.Golden{
		ID: h.id, Kind: c.Kind, Status: store.GoldenActive, Personal: c.Kind.Person(), Payload: payload, Lineage: lineage,
		Completeness: h.golden.Completeness.Total, Members: len(h.cluster.Members), Version: h.before.Version, Resolve: w.step,
		CreatedAt: h.before.CreatedAt, UpdatedAt: h.before.UpdatedAt,
	}
	for _, k := range h.sources {
		switch {
		case k.Source == canonical.CompanySource:
			row.Company, row.Code = true, k.ID
		case k.Source == w.Company && (row.Code == "" || k.ID < row.Code) && !row.Company:
			row.Code = k.ID
		}
	}
	if c.Kind != canonical.Patient {
		row.Name, row.Search = c.Name, searchText(c)
	}
	if !row.Personal {
		row.GLN = c.GLN
	}
	return row, nil
}

// searchText is what a search looks through, folded.
func searchText(c *canonical.Customer) string {
	words := append([]string{c.Name, c.ShortName, c.Code, c.USCC, c.Organisation}, slices.Concat(c.Aliases, c.FormerNames)...)
	var out []string
	for _, w := range words {
		if form := normalize.Text(w); form != "" && !slices.Contains(out, form) {
			out = append(out, form)
		}
	}
	return strings.Join(out, "\n")
}

// retire adds the ids that end: those that lost to a survivor, and those without a living record.
func (w *goldenWriter) retire(assigned dedupe.Assignment, houses []house, list []family, ch *change) {
	for _, r := range assigned.Redirects {
		survivor, version := houses[r.ToCluster].id, w.known[r.From].Version+1
		ch.retired = append(ch.retired, store.Retirement{ID: r.From, Survivor: survivor, Version: version, Resolve: w.step})
		ch.ledger = append(ch.ledger, store.LedgerEntry{Golden: r.From, Event: "merged", Other: survivor, Resolve: w.step})
		ch.counts.Merged++
		ch.events = append(ch.events, func(m events.Meta) []events.Event {
			m.Version = version
			return []events.Event{events.GoldenMerged(m, r.From, survivor)}
		})
	}
	for _, id := range w.ending(assigned, list) {
		version := w.known[id].Version + 1
		if w.erased(id, list) {
			ch.erased = append(ch.erased, id)
			ch.retired = append(ch.retired, store.Retirement{ID: id, Version: version + 1, Resolve: w.step})
			ch.ledger = append(ch.ledger, store.LedgerEntry{Golden: id, Event: "erased", Resolve: w.step})
			ch.events = append(ch.events, func(m events.Meta) []events.Event {
				m.Version = version
				return events.GoldenErased(m, id)
			})
			continue
		}
		ch.retired = append(ch.retired, store.Retirement{ID: id, Version: version, Resolve: w.step})
		ch.ledger = append(ch.ledger, store.LedgerEntry{Golden: id, Event: "inactivated", Resolve: w.step})
		ch.counts.Inactivated++
		ch.events = append(ch.events, func(m events.Meta) []events.Event {
			m.Version = version
			return []events.Event{events.GoldenInactive(m, id)}
		})
	}
}

// ending are the ids that end in this step: active ones without a living record, and inactive ones whose person was
// erased since.
func (w *goldenWriter) ending(assigned dedupe.Assignment, list []family) []canonical.ID {
	out := slices.Clone(assigned.Inactive)
	for _, f := range list {
		for _, id := range f.goldens {
			if w.known[id].Status == store.GoldenInactive && !slices.Contains(assigned.Golden, id) && w.erased(id, list) {
				out = append(out, id)
			}
		}
	}
	return out
}

// erased reports whether a golden record ends because its person was erased.
func (w *goldenWriter) erased(id canonical.ID, list []family) bool {
	for _, f := range list {
		for _, record := range f.gone {
			if w.links[record].Golden == id && w.cache[record].record.Erased {
				return true
			}
		}
	}
	return false
}

// letGo ends the links of records that do not live any more.
func (w *goldenWriter) letGo(list []family, ch *change) {
	for _, f := range list {
		for _, record := range f.gone {
			rec := w.cache[record].record
			ch.done = append(ch.done, store.RecordVersion{ID: record, Version: rec.Version})
			if !w.links[record].Open {
				continue
			}
			ch.relinks = append(ch.relinks, store.RecordLink{Record: record})
			ch.linkVersions = append(ch.linkVersions, store.RecordVersion{ID: record, Version: rec.LinkVersion + 1})
			if rec.Key.Mention() {
				ch.moved = append(ch.moved, record)
			}
			key, version := rec.Key, rec.LinkVersion+1
			ch.events = append(ch.events, func(m events.Meta) []events.Event {
				m.Version = version
				return []events.Event{events.CrosswalkGone(m, key)}
			})
		}
	}
}
