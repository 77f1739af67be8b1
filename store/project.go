package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"tributary/canonical"
	"tributary/events"
	"tributary/normalize"
)

// projection keeps the tables that are read as a whole (product, lot, alias) in step with their source records, in the
// transaction that changes the records.
type projection struct {
	tx      *Tx
	events  []events.Event
	touched []int64 // products of lots that changed
}

// changed is a source record whose current version a batch replaced.
type changed struct {
	id      int64
	record  *Record
	existed bool
}

func (b *recordBatch) project(ctx context.Context) error {
	by := map[canonical.Entity][]changed{}
	for _, id := range b.order {
		if s := b.states[id]; s.next != nil {
			by[id.entity] = append(by[id.entity], changed{s.id, s.next, s.fromDB})
		}
	}
	p := projection{tx: b.tx}
	for _, step := range []struct {
		entity canonical.Entity
		run    func(context.Context, []changed) error
	}{{canonical.EntityProduct, p.products}, {canonical.EntityLot, p.lots}, {canonical.EntityAlias, p.aliases},
		{canonical.EntityTerritory, p.registers}, {canonical.EntityChannel, p.registers}} {
		if len(by[step.entity]) == 0 {
			continue
		}
		if err := step.run(ctx, by[step.entity]); err != nil {
			return fmt.Errorf("project %s records: %w", step.entity, err)
		}
	}
	if err := p.markTouched(ctx); err != nil {
		return err
	}
	return b.tx.AppendEvents(ctx, p.events)
}

// before is the payload that a changed record had; empty when it is new.
func (p *projection) before(ctx context.Context, c changed, into any) (bool, error) {
	if !c.existed {
		return false, nil
	}
	var payload []byte
	err := p.tx.get(ctx, &payload, `SELECT payload FROM record_version WHERE record_id = ? AND stale = FALSE ORDER BY version DESC LIMIT 1`, c.id)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal(payload, into)
}

// valueOf is what a record that is not deleted says.
func valueOf[T any](r *Record) (v T, err error) {
	if have, ok := r.Value.(*T); ok && have != nil {
		return *have, nil
	}
	err = json.Unmarshal(r.Payload, &v)
	return v, err
}

func (p *projection) meta(version int64, active bool) events.Meta {
	op := events.Created
	if active {
		op = events.Updated
	}
	return events.Meta{Op: op, Version: version + 1, Time: p.tx.Now}
}

// aliases keeps a party's own words, and marks what they may change.
func (p *projection) aliases(ctx context.Context, list []changed) error {
	words := aliasWords{names: map[string]map[string]bool{}, codes: map[string]map[string]bool{}, products: map[string]bool{}}
	for _, c := range list {
		var old canonical.Alias
		had, err := p.before(ctx, c, &old)
		if err != nil {
			return err
		}
		if had {
			if err := p.collect(ctx, old, &words); err != nil {
				return err
			}
		}
		if _, err := p.tx.exec(ctx, `DELETE FROM alias WHERE record_id = ?`, c.id); err != nil {
			return err
		}
		if c.record.Deleted {
			continue
		}
		a, err := valueOf[canonical.Alias](c.record)
		if err != nil {
			return err
		}
		party, err := p.aliasParty(ctx, a.Party, c.record)
		if err != nil {
			return err
		}
		if _, err := p.tx.exec(ctx, `INSERT INTO alias (record_id, type, party, raw_name, raw_spec, raw_code, target_code, op, factor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			c.id, a.Type, party, normalize.Text(a.RawName), a.RawSpec, a.RawCode, a.TargetCode, a.Op, int64(a.Factor)); err != nil {
			return err
		}
		if err := p.collect(ctx, a, &words); err != nil {
			return err
		}
	}
	return p.markAliased(ctx, words)
}

// aliasWords are the words of aliases that came or went, by the source of the party whose they are.
type aliasWords struct {
	names, codes map[string]map[string]bool
	products     map[string]bool // sources with a word for a product
}

// collect notes whose mentions an alias may resolve, or no longer resolves.
func (p *projection) collect(ctx context.Context, a canonical.Alias, into *aliasWords) error {
	sources, err := p.flowSources(ctx, a.Party)
	for _, source := range sources {
		if a.Type == "product" {
			into.products[source] = true
			continue
		}
		note(into.names, source, normalize.Text(a.RawName))
		note(into.codes, source, a.RawCode)
	}
	return err
}

func note(words map[string]map[string]bool, source, word string) {
	if words[source] == nil {
		words[source] = map[string]bool{}
	}
	if word != "" {
		words[source][word] = true
	}
}

func (p *projection) aliasParty(ctx context.Context, text string, r *Record) (int64, error) {
	if text == "" {
		return 0, nil
	}
	party, err := p.tx.FindParty(ctx, text)
	if err != nil {
		return 0, err
	}
	return p.tx.EnsureParty(ctx, party, Origin{Run: r.Run, ReadOrder: r.ReadOrder})
}

// markAliased marks the mentions that words may resolve, or no longer resolve.
func (p *projection) markAliased(ctx context.Context, words aliasWords) error {
	for source := range words.products {
		_, err := p.tx.exec(ctx, `UPDATE product_mention SET dirty = TRUE WHERE dirty = FALSE AND party IN
			(SELECT id FROM source_record WHERE entity = 'customer' AND source = ? AND source_id = ?)`, source, canonical.ReporterID)
		if err != nil {
			return err
		}
	}
	for source := range words.names {
		if err := p.markMentions(ctx, source, words.names[source], words.codes[source]); err != nil {
			return err
		}
	}
	return nil
}

func (p *projection) flowSources(ctx context.Context, party string) ([]string, error) {
	if party == "" {
		return p.tx.flowSources(ctx)
	}
	found, err := p.tx.FindParty(ctx, party)
	return []string{canonical.FlowSource(found.Key)}, err
}

// markMentions reads the mentions of one party: there are as many as it has customers, and aliases are rare.
func (p *projection) markMentions(ctx context.Context, source string, names, codes map[string]bool) error {
	var mentions []struct {
		ID      int64  `db:"id"`
		Payload []byte `db:"payload"`
	}
	if err := p.tx.sel(ctx, &mentions, `SELECT id, payload FROM source_record WHERE entity = 'customer' AND source = ? AND dirty = FALSE`, source); err != nil {
		return err
	}
	var hit []int64
	for _, m := range mentions {
		var c canonical.Customer
		if err := json.Unmarshal(m.Payload, &c); err != nil {
			return err
		}
		if names[normalize.Text(c.Name)] || codes[c.Code] {
			hit = append(hit, m.ID)
		}
	}
	return p.tx.setDirty(ctx, true, hit)
}
