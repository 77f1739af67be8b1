package pipeline

import (
	"context"
	"io"

	"tributary/canonical"
	"tributary/mapping"
	"tributary/store"
)

// Replay takes rows of the quarantine in again, after their map or their source was mended. All rows come from the same
// file, or the same stream, of the same source and party.
type Replay struct {
	Rows         []store.Quarantined // with their content (store.QuarantinedRow)
	Map          *mapping.Map        // the map that holds now; nil: by the headers of the file
	Party        store.Party
	Ledger       canonical.Ledger // of flow rows
	Entity       canonical.Entity
	Trust        int
	CustomerKind canonical.CustomerKind
	Actor        string
}

// Replay brings in each row that is right now, exactly once: a row leaves the quarantine in the transaction that stores
// it. Rows that are still wrong stay, with one more attempt. The report is a run of its own.
func (g Ingest) Replay(ctx context.Context, req Replay) (store.Run, error) {
	first := &req.Rows[0]
	run := store.Run{Connection: "", Source: first.Source, Stream: first.Stream, Party: first.Party, File: first.File, Actor: req.Actor, StartedAt: g.DB.Now()}
	if first.Retry.As == "" {
		run.Connection = first.Source
	}
	r := &replay{job: g.newJob(&run, first.Retry.Codes, false), req: req, given: map[canonical.ID]bool{}}
	return r.end(ctx, r.take(ctx))
}

type replay struct {
	*job
	req   Replay
	given map[canonical.ID]bool // identities of this run
}

func (r *replay) take(ctx context.Context) error {
	lease := "stream/" + r.run.Source + "/" + r.run.Stream
	if r.req.Ledger != "" {
		lease = "stream/" + canonical.FlowSource(r.req.Party.Key) + "/flow"
	}
	if err := r.begin(ctx, lease, func(*store.Tx) error { return nil }); err != nil {
		return err
	}
	rows := r.req.Rows
	next := func(ctx context.Context) (*unit, error) {
		if len(rows) == 0 {
			return nil, io.EOF
		}
		part := rows[:min(len(rows), firstUnit)]
		rows = rows[len(part):]
		u := &unit{}
		for i := range part {
			u.read++
			if err := r.add(ctx, u, &part[i]); err != nil {
				return nil, err
			}
		}
		return u, nil
	}
	if err := r.pump(ctx, next); err != nil {
		return err
	}
	if r.req.Ledger != "" {
		return r.settle(ctx, r.req.Ledger)
	}
	return nil
}

func (r *replay) add(ctx context.Context, u *unit, q *store.Quarantined) error {
	again := func(issues []canonical.Issue) {
		bad := *q
		bad.Issues = issues
		u.bad = append(u.bad, bad)
	}
	if len(q.Retry.Fields) == 0 {
		again(q.Issues) // it could not be split into fields; only a corrected file helps
		return nil
	}
	m, err := r.mapFor(q)
	if err != nil {
		return err
	}
	res := m.Apply(q.Retry.Fields)
	line, isLine := res.Value.(*canonical.FlowLine)
	switch {
	case res.Filtered:
		u.filtered++
	case len(res.Issues) > 0:
		again(res.Issues)
		return nil
	case isLine && line != nil:
		if err := r.addLine(ctx, u, q, line, res.Deleted); err != nil {
			return err
		}
	case r.req.Entity == canonical.EntityEvent:
		if issues := r.addEvent(u, q, res); len(issues) > 0 {
			again(issues)
			return nil
		}
	default:
		if res.Key == "" {
			res.Key = q.Retry.Key
		}
		record, personal, err := recordOf(res, r.req.Entity, q.Source)
		if err != nil {
			return err
		}
		if record.SourceTime.IsZero() {
			record.SourceTime = q.Retry.Time
		}
		record.Stream, record.Trust, record.Row = q.Stream, r.req.Trust, q.Row
		record.ReadOrder = readOrder(r.run.StartedAt, 0, int(u.read))
		if personal {
			u.personal = append(u.personal, personalRow{len(u.records), q.Raw})
		}
		u.records = append(u.records, record)
	}
	u.mended = append(u.mended, *q)
	return nil
}

// addEvent takes an event of the quarantine; the issues say why it cannot be taken.
func (r *replay) addEvent(u *unit, q *store.Quarantined, res mapping.Result) []canonical.Issue {
	e, own, issues := r.takeEvent(res.Value, res.Deleted, q.Retry.Time)
	switch {
	case len(issues) > 0:
		return issues
	case own:
		u.own++
		return nil
	}
	u.events = append(u.events, eventRow{store.EventRow{Event: e, Stands: q.Retry.Document != ""}, *q})
	r.partOf(u, q, e.ID)
	return nil
}

// partOf notes that a row of the quarantine is part of a document again.
func (r *replay) partOf(u *unit, q *store.Quarantined, ref string) {
	if q.Retry.Document == "" {
		return
	}
	d := u.document(q.Retry.Document, r.req.Ledger)
	d.part = true
	d.refs = append(d.refs, ref)
}

func (r *replay) mapFor(q *store.Quarantined) (*mapping.Map, error) {
	if r.req.Map != nil {
		return r.req.Map, nil
	}
	if q.Retry.Map != "" {
		return mapping.Parse(q.Stream, []byte(q.Retry.Map))
	}
	kind, err := mapping.ParseKind(q.Retry.As)
	if err != nil {
		return nil, err
	}
	m, _, err := mapping.FromHeaders(kind, q.Retry.Headers, mapping.Defaults{CustomerKind: canonical.CustomerKind(q.Retry.Kind), Party: q.Party})
	return m, err
}

// addLine gives the row the identity it would have had in its file: equal rows that are stored under other row numbers
// come before it.
func (r *replay) addLine(ctx context.Context, u *unit, q *store.Quarantined, line *canonical.FlowLine, deleted bool) error {
	row := store.FlowRow{Line: *line, Number: q.Row, Version: q.Retry.Version, Deleted: deleted, Hash: store.HashLine(line)}
	if q.Retry.As == "" {
		row.ID, row.Key = pulledIdentity(r.req.Party.Key, r.req.Ledger, line, q.Retry.Key), q.Retry.Key
		u.addFlow(r.req.Party, &row)
		if !deleted {
			r.partOf(u, q, row.ID.String())
		}
		return nil
	}
	own := line.DocNo != "" && line.SourceRow != ""
	identity := mapping.NewIdentity(r.req.Party.Key, r.req.Ledger)
	for {
		row.ID, _, _ = identity.Of(line)
		at, found, err := r.db.LineRow(ctx, row.ID)
		if err != nil {
			return err
		}
		if own || !r.given[row.ID] && (!found || at == q.Row) {
			break
		}
	}
	r.given[row.ID] = true
	u.addFlow(r.req.Party, &row)
	return nil
}
