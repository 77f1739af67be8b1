package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"tributary/canonical"
	"tributary/connectors/filesource"
	"tributary/mapping"
	"tributary/store"
)

// fileRows turns the rows of a table into units.
type fileRows struct {
	i        *fileIngest
	identity *mapping.Identity
	read     int64
	scratch  store.FlowRow
	open     map[int][]store.Quarantined // rows that earlier contents of the file left in quarantine, by number
	persons  bool                        // a row that cannot be read may be about a person
}

func (i *fileIngest) rows() *fileRows {
	r := &fileRows{i: i, open: i.left}
	if l := i.req.Kind.Ledger(); l != "" {
		r.identity = mapping.NewIdentity(i.req.Party.Key, l)
	}
	r.persons = i.req.Kind == mapping.Customers && (i.req.CustomerKind == "" || i.req.CustomerKind.Person())
	return r
}

func (r *fileRows) next(ctx context.Context) (*unit, error) {
	size := r.i.size.Load()
	u := &unit{raw: make([]store.RawRow, 0, size), expect: int(size)}
	if left := r.i.skip - r.read; left > 0 {
		u.stored = true
		size = min(left, maxUnit)
	}
	var arena []byte
	for u.read < size {
		rec, err := r.i.table.Next()
		if err != nil {
			if u.read == 0 {
				u = nil
			}
			return u, err
		}
		if u.read%256 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		u.read++
		r.read++
		start := len(arena)
		if cap(arena)-start < len(rec.Raw) { // texts of earlier rows stay in the block they are in
			arena, start = make([]byte, 0, max(64<<10, len(rec.Raw))), 0
		}
		arena = append(arena, rec.Raw...)
		raw, bad := arena[start:len(arena):len(arena)], len(u.bad)
		r.add(u, rec, raw)
		r.complete(u, rec.Number, raw, len(u.bad) > bad)
	}
	return u, nil
}

// complete settles what a half-written file left in quarantine of a row that is there whole now.
func (r *fileRows) complete(u *unit, number int, raw []byte, bad bool) {
	for _, q := range r.open[number] {
		switch {
		case len(q.Raw) == 0 || len(q.Raw) >= len(raw) || !bytes.HasPrefix(raw, q.Raw):
		case bad:
			u.void = append(u.void, q)
		default:
			u.halves = append(u.halves, q)
		}
	}
}

func (r *fileRows) add(u *unit, rec filesource.Record, raw []byte) {
	switch {
	case rec.Bad != nil:
		r.quarantine(u, rec, raw, []canonical.Issue{*rec.Bad}, "", r.persons)
	case r.i.flow != nil:
		row := &r.scratch
		row.Number, row.Version = rec.Number, r.i.version
		r.addFlow(u, rec, raw, row, r.i.flow(rec.Cells, &row.Line))
	default:
		r.addMapped(u, rec, raw)
	}
}

func (r *fileRows) addFlow(u *unit, rec filesource.Record, raw []byte, row *store.FlowRow, issues []canonical.Issue) {
	u.raw = append(u.raw, store.RawRow{Number: rec.Number, Data: raw})
	if len(issues) > 0 {
		r.quarantineOnly(u, rec, raw, issues, "", false)
		return
	}
	id, _, clash := r.identity.Of(&row.Line)
	if clash {
		r.quarantineOnly(u, rec, raw, []canonical.Issue{mapping.ClashIssue(&row.Line)}, "", false)
		return
	}
	if r.i.req.Replace != "" {
		if row.Line.Date.Month() == r.i.req.Replace {
			r.i.inside++
		} else {
			r.i.outside++
		}
	}
	row.ID, row.Hash = id, store.HashLine(&row.Line)
	u.addFlow(r.i.req.Party, row)
}

func (r *fileRows) addMapped(u *unit, rec filesource.Record, raw []byte) {
	res := r.i.mapped.Apply(r.i.table.Fields(rec))
	if line, ok := res.Value.(*canonical.FlowLine); ok && line != nil && !res.Filtered {
		row := store.FlowRow{Number: rec.Number, Version: r.i.version, Line: *line, Deleted: res.Deleted}
		r.addFlow(u, rec, raw, &row, res.Issues)
		return
	}
	if res.Filtered {
		u.filtered++
		return
	}
	record, personal, err := recordOf(res, r.i.mapped.Entity(), r.i.req.Source)
	if len(res.Issues) > 0 || err != nil {
		r.quarantine(u, rec, raw, orInternal(res.Issues, err), res.Key, personal)
		return
	}
	record.Stream, record.Trust, record.Row = string(r.i.req.Kind), r.i.req.Trust, rec.Number
	record.ReadOrder = readOrder(r.i.run.StartedAt, 0, rec.Number)
	if personal {
		u.personal = append(u.personal, personalRow{len(u.records), raw})
	} else {
		u.raw = append(u.raw, store.RawRow{Number: rec.Number, Data: raw})
	}
	u.records = append(u.records, record)
}

// recordOf is the source record of a mapped row. personal says that the row is, or may be, about a natural person.
func recordOf(res mapping.Result, entity canonical.Entity, source string) (store.Record, bool, error) {
	r := store.Record{Entity: entity, Source: source, ID: res.Key, SourceTime: res.SourceTime, Deleted: res.Deleted}
	personal := false
	if c, ok := res.Value.(*canonical.Customer); ok && c != nil {
		r.Kind = c.Kind
		personal = c.Kind.Person() || c.Kind == ""
		r.Personal = personal
	}
	if entity == canonical.EntityComplaint { // who complains, and about which patient
		personal, r.Personal = true, true
	}
	if res.Deleted {
		if entity == canonical.EntityCustomer && res.MergedInto != res.Key {
			r.MergedInto = res.MergedInto
		}
		return r, personal, nil
	}
	var err error
	if len(res.Issues) == 0 {
		r.Value = res.Value
		r.Payload, err = json.Marshal(res.Value)
	}
	return r, personal, err
}

// orInternal is what a quarantined row says; a value that cannot be rendered is told like any other issue.
func orInternal(issues []canonical.Issue, err error) []canonical.Issue {
	if len(issues) > 0 {
		return issues
	}
	return []canonical.Issue{canonical.Invalid("row", "", errors.Join(err).Error())}
}

func (r *fileRows) quarantine(u *unit, rec filesource.Record, raw []byte, issues []canonical.Issue, key string, personal bool) {
	if !personal {
		u.raw = append(u.raw, store.RawRow{Number: rec.Number, Data: raw})
	}
	r.quarantineOnly(u, rec, raw, issues, key, personal)
}

func (r *fileRows) quarantineOnly(u *unit, rec filesource.Record, raw []byte, issues []canonical.Issue, key string, personal bool) {
	req := r.i.req
	q := store.Quarantined{
		ID:     store.QuarantineID(req.Source, string(req.Kind), r.i.run.Party, r.i.run.File+"#"+strconv.Itoa(rec.Number), raw),
		Source: req.Source, Stream: string(req.Kind), Party: r.i.run.Party, File: r.i.run.File, Row: rec.Number,
		Issues: issues, Raw: raw, Personal: personal, Owner: canonical.RecordKey{Source: req.Source, ID: key},
		Retry: store.Retry{As: string(req.Kind), Kind: string(req.CustomerKind), Map: req.MapText, Codes: req.Source, Version: r.i.version, Headers: r.i.table.Headers()},
	}
	if rec.Cells != nil {
		q.Retry.Fields = r.i.table.Fields(rec)
	}
	if key == "" {
		q.Owner.ID = "quarantine:" + q.ID.String()
	}
	if r.i.file != nil {
		q.Retry.FileID = r.i.file.ID
	}
	u.bad = append(u.bad, q)
}
