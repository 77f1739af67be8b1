package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/store"
)

// Comparer makes stored records comparable under one engine. A professional is compared by the golden organisations that
// the record links to too, by a field of its own or by affiliation records. It remembers these until Forget is called.
// Not safe for concurrent use.
type Comparer struct {
	DB     *store.DB
	Engine *dedupe.Engine
	// Houses finds the golden organisations that records belong to; records that belong to none are left out. nil reads
	// what is stored.
	Houses func(context.Context, []canonical.RecordKey) (map[canonical.RecordKey]*dedupe.Workplace, error)

	known map[canonical.RecordKey]*dedupe.Workplace // nil: belongs to none
}

// Forget drops the organisations it remembers: some changed, or records moved.
func (c *Comparer) Forget() { clear(c.known) }

// Prepare makes living records comparable, in their order. aliases lead mentions to the company's codes.
func (c *Comparer) Prepare(ctx context.Context, records []store.CustomerRecord, aliases *store.PartyAliases) ([]*dedupe.Record, error) {
	places, err := c.workplaces(ctx, records)
	if err != nil {
		return nil, fmt.Errorf("find workplaces: %w", err)
	}
	inputs := make([]dedupe.Input, len(records))
	for i := range records {
		rec := &records[i]
		in := dedupe.Input{ID: rec.ID, Source: rec.Key.Source, SourceID: rec.Key.ID, Trust: rec.Trust, Customer: rec.Customer, Updated: rec.Updated, Workplaces: places[rec.ID]}
		if rec.Key.Mention() {
			in.Reference = rec.Reference
			if rec.Key.ID != canonical.ReporterID {
				in.Targets = aliases.Targets(rec.Key.Source, rec.Customer.Name, rec.Customer.Code)
			}
		}
		inputs[i] = in
	}
	return c.Engine.PrepareAll(ctx, inputs)
}

// workplaces finds the organisations that professionals link to, by the number of their record.
func (c *Comparer) workplaces(ctx context.Context, records []store.CustomerRecord) (map[int64][]*dedupe.Workplace, error) {
	named, err := c.namedPlaces(ctx, records)
	if err != nil || len(named) == 0 {
		return nil, err
	}
	var unknown []canonical.RecordKey
	for _, keys := range named {
		for _, k := range keys {
			if _, have := c.known[k]; !have {
				unknown = append(unknown, k)
			}
		}
	}
	if c.known == nil {
		c.known = map[canonical.RecordKey]*dedupe.Workplace{}
	}
	find := c.Houses
	if find == nil {
		find = c.stored
	}
	const portion = 2000 // golden records are large, what is needed of them is small
	slices.SortFunc(unknown, byKey)
	for part := range slices.Chunk(slices.Compact(unknown), portion) {
		found, err := find(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, k := range part {
			c.known[k] = found[k]
		}
	}
	out := make(map[int64][]*dedupe.Workplace, len(named))
	for record, keys := range named {
		for _, k := range keys {
			if w := c.known[k]; w != nil {
				out[record] = append(out[record], w)
			}
		}
	}
	return out, nil
}

// namedPlaces lists the records that professionals name as their places of work, each once: the field of their own first.
func (c *Comparer) namedPlaces(ctx context.Context, records []store.CustomerRecord) (map[int64][]canonical.RecordKey, error) {
	out := map[int64][]canonical.RecordKey{}
	number := map[canonical.RecordKey]int64{}
	for i := range records {
		r := &records[i]
		if dedupe.TypeOf(r.Customer.Kind) != dedupe.Professional || !r.Living() {
			continue
		}
		number[r.Key] = r.ID
		for _, l := range linksOut(r) {
			if l.role == roleWork {
				out[r.ID] = append(out[r.ID], l.key)
			}
		}
	}
	if len(number) == 0 {
		return nil, nil
	}
	some, err := c.DB.AnyAffiliation(ctx)
	if err != nil || !some {
		return out, err
	}
	var hashes []uint64
	for key := range number {
		hashes = append(hashes, linkKey(key).Hash)
	}
	var holders []int64
	if err := c.DB.BlockRecords(ctx, hashes, func(_ uint64, record int64) { holders = append(holders, record) }); err != nil {
		return nil, err
	}
	stated, err := c.DB.AffiliationRecords(ctx, union(holders))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(stated, func(a, b store.AffiliationRecord) int { return byKey(a.Key, b.Key) })
	for _, a := range stated {
		id, here := number[canonical.RecordKey{Source: a.Key.Source, ID: a.Value.From}]
		to := canonical.RecordKey{Source: a.Key.Source, ID: a.Value.To}
		if here && !a.Deleted && !slices.Contains(out[id], to) {
			out[id] = append(out[id], to)
		}
	}
	return out, nil
}

// stored finds golden organisations as they are stored.
func (c *Comparer) stored(ctx context.Context, keys []canonical.RecordKey) (map[canonical.RecordKey]*dedupe.Workplace, error) {
	golden, err := c.DB.GoldensByKey(ctx, keys)
	if err != nil {
		return nil, err
	}
	goldens, err := c.DB.GoldensBrief(ctx, slices.Collect(maps.Values(golden)))
	if err != nil {
		return nil, err
	}
	made := make(map[canonical.ID]*dedupe.Workplace, len(goldens))
	for id, g := range goldens {
		if g.Kind.Person() || len(g.Payload) == 0 {
			continue
		}
		var p store.GoldenPayload
		if err := json.Unmarshal(g.Payload, &p); err != nil {
			return nil, fmt.Errorf("read golden record %s: %w", id, err)
		}
		made[id] = c.Engine.Workplace(id, &p.Customer)
	}
	out := make(map[canonical.RecordKey]*dedupe.Workplace, len(keys))
	for key, id := range golden {
		if w := made[id]; w != nil {
			out[key] = w
		}
	}
	return out, nil
}

func byKey(a, b canonical.RecordKey) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID))
}
