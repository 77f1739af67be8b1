package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tributary/connectors"
	"tributary/internal/errs"
	"tributary/mapping"
	"tributary/store"
)

// Pull is one run of one stream of a connection.
type Pull struct {
	Connection    string // also the source name of its records
	Stream        connectors.StreamInfo
	Map           *mapping.Map
	MapText       string
	Trust         int
	Party         store.Party // who reports, in streams that do not say it row by row
	Actor         string
	Window        json.RawMessage // position of a backfill; nil = go on where the stream stands
	AcceptDeletes bool            // believe any number of missing keys
	SweepEvery    time.Duration   // pause between two comparisons of keys with a source that can only list them; 0 = each run
	DryRun        bool
	MaxBad        float64                     // share of bad rows above which the run stops, once badFloor rows are read; 0 or 1 = never
	MaxBadRows    int                         // number of bad rows above which the run stops; 0 = never
	SilentAfter   time.Duration               // warn when the stream brought no row for so long; 0 = never
	Drift         Drift                       // changes of the fields
	Siblings      []string                    // the streams of the connection; a key in two of them is warned of
	Answered      func(context.Context) error // called once, when the source has first answered; nil: nobody wants to know
}

// badFloor is the number of rows below which a share of bad ones says little.
const badFloor = 1000

// alarmShare is the share of records that may go missing from a full list before the list is doubted instead.
const alarmShare = 0.2

// alarmFloor is the number of missing records that is believed whatever the share.
const alarmFloor = 10

// Pull reads a stream to the upper bound of the run. The report is filled also when an error comes with it. The caller
// closes the source.
func (g Ingest) Pull(ctx context.Context, src connectors.Source, req Pull) (store.Run, error) {
	run := store.Run{Connection: req.Connection, Source: req.Connection, Stream: req.Stream.Name, Party: req.Party.Key, Actor: req.Actor, StartedAt: g.DB.Now()}
	p := &pullIngest{job: g.newJob(&run, req.Connection, req.DryRun), src: src, req: req}
	return p.end(ctx, p.take(ctx))
}

// pullIngest is one pull at work.
type pullIngest struct {
	*job
	src connectors.Source
	req Pull

	others int         // records that another stream of the connection had brought
	other  movedRecord // the first of them
}

func (p *pullIngest) take(ctx context.Context) error {
	position, err := p.start(ctx)
	if err != nil {
		return err
	}
	if err := p.src.Open(ctx, p.req.Stream.Name, position); err != nil {
		return err
	}
	drift, err := p.watchDrift(ctx)
	if err != nil {
		return err
	}
	rows := newPulledRows(p, drift)
	p.stored = p.noteMoved
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return rows.fetch(gctx) })
	g.Go(func() error { return p.pump(gctx, rows.next) })
	err = g.Wait()
	p.run.Warnings = append(p.run.Warnings, append(drift.notice(), p.crossed()...)...)
	if err != nil {
		return err
	}
	if err := rows.ack(ctx); err != nil {
		return err
	}
	if p.dry {
		return nil
	}
	if err := p.keepShape(ctx, drift); err != nil {
		return err
	}
	if err := p.listen(ctx, rows.read); err != nil {
		return err
	}
	if l := p.req.Stream.Ledger; l != "" {
		if err := p.settle(ctx, l); err != nil {
			return err
		}
	}
	return p.findDeletes(ctx, rows, position == nil)
}

func (p *pullIngest) noteMoved(u *unit) {
	for _, m := range u.moved {
		if !slices.Contains(p.req.Siblings, m.from) {
			continue
		}
		if p.others++; p.others == 1 {
			p.other = m
		}
	}
}

// crossed warns of keys that two streams of the connection have: one thing that moved, or two that are taken for one.
func (p *pullIngest) crossed() []store.Notice {
	if p.others == 0 {
		return nil
	}
	return []store.Notice{{Code: "ingest.other_stream", Args: errs.Args{"count": p.others, "key": p.other.key, "stream": p.other.from}}}
}

// start takes the lease and reads where the stream stands.
func (p *pullIngest) start(ctx context.Context) (json.RawMessage, error) {
	var state store.Stream
	read := func(q interface {
		Stream(context.Context, string, string) (store.Stream, error)
	}) (err error) {
		state, err = q.Stream(ctx, p.req.Connection, p.req.Stream.Name)
		return err
	}
	var err error
	if p.dry {
		err = read(p.db)
	} else {
		err = p.begin(ctx, "stream/"+p.req.Connection+"/"+p.req.Stream.Name, func(tx *store.Tx) error {
			if err := tx.EnsureStream(ctx, p.req.Connection, p.req.Stream.Name, p.req.Connection); err != nil {
				return err
			}
			return read(tx)
		})
	}
	if p.run.Position = state.Position; p.req.Window != nil {
		return p.req.Window, err
	}
	return state.Position, err
}

// listen warns when a stream falls silent: a list that was full the last time and is empty or half gone now, or a stream
// that brought no row for longer than it should. A success with 0 rows is what a broken source looks like.
func (p *pullIngest) listen(ctx context.Context, read int64) error {
	if p.req.Window != nil {
		return nil
	}
	warn := func(code string, args errs.Args) {
		p.run.Warnings = append(p.run.Warnings, store.Notice{Code: code, Args: args})
	}
	if st := p.req.Stream; st.Cursor == "" && len(st.Key) > 0 { // every run reads the whole list
		last, err := p.db.LastVolume(ctx, p.req.Connection, p.req.Stream.Name, p.run.ID)
		if err != nil {
			return err
		}
		switch {
		case last > 0 && read == 0:
			warn("ingest.zero_rows", errs.Args{"last": last})
		case last > alarmFloor && read < last/2:
			warn("ingest.volume_drop", errs.Args{"read": read, "last": last})
		}
	}
	if p.req.SilentAfter == 0 || read > 0 {
		return nil
	}
	since, err := p.db.LastRows(ctx, p.req.Connection, p.req.Stream.Name)
	if err == nil && p.db.Now().Sub(since) > p.req.SilentAfter {
		warn("ingest.silent", errs.Args{"since": since.UTC().Format(time.RFC3339), "limit": p.req.SilentAfter.String()})
	}
	return err
}

// findDeletes compares the keys that the source has with those the store has, where the source tells deletes that way.
func (p *pullIngest) findDeletes(ctx context.Context, rows *pulledRows, fromStart bool) error {
	if rows.shown != nil {
		return p.findDeletesOf(ctx, rows)
	}
	if p.req.Window != nil {
		return nil
	}
	due, err := false, error(nil)
	switch p.req.Stream.Deletes {
	case "snapshot":
		due = rows.complete
	case "log", "flag": // tell what is gone since they were last asked; a log that forgot is read whole
		if due = rows.complete; !due {
			due, err = p.sweepOwed(ctx)
		}
	case "sweep":
		if !fromStart {
			due, err = p.sweepDue(ctx)
		}
	}
	if !due || err != nil {
		return err
	}
	has := rows.saw
	if !rows.complete {
		if has, err = p.sweep(ctx); has == nil || err != nil {
			return err
		}
	}
	return p.deleteMissing(ctx, has, connectors.Days{})
}

// findDeletesOf takes back the rows of days that the run has shown whole and that were not among them. A row of which not
// even the key could be read may be any of them.
func (p *pullIngest) findDeletesOf(ctx context.Context, rows *pulledRows) error {
	if rows.blind || rows.shown.To.IsZero() || p.req.Stream.Ledger == "" {
		return nil
	}
	if p.req.Window == nil {
		if due, err := p.sweepDue(ctx); !due || err != nil {
			return err
		}
	}
	return p.deleteMissing(ctx, rows.saw, *rows.shown)
}

// sweep lists the keys that the source has; nil when it cannot.
func (p *pullIngest) sweep(ctx context.Context) (func(string) bool, error) {
	sweeper, ok := p.src.(connectors.Sweeper)
	if !ok {
		return nil, nil
	}
	keys, err := sweeper.Keys(ctx, p.req.Stream.Name)
	if err != nil {
		return nil, fmt.Errorf("list the keys of the source: %w", err)
	}
	slices.Sort(keys)
	return func(key string) bool {
		_, found := slices.BinarySearch(keys, key)
		return found
	}, nil
}

// sweepName is the setting that tells when the keys of a stream were last compared, or that it is owed.
func sweepName(connection, stream string) string { return "sweep." + connection + "." + stream }

const sweepOwed = "owed"

// OweSweep notes that a stream which is read from its beginning though rows of it are known has to compare all keys once:
// what was deleted since it was last asked, no log tells it any more.
func OweSweep(ctx context.Context, tx *store.Tx, connection, stream string) error {
	return tx.SetSetting(ctx, sweepName(connection, stream), sweepOwed)
}

func (p *pullIngest) sweepOwed(ctx context.Context) (bool, error) {
	text, err := p.db.Setting(ctx, p.sweepName())
	return text == sweepOwed, err
}

func (p *pullIngest) sweepName() string { return sweepName(p.req.Connection, p.req.Stream.Name) }

func (p *pullIngest) sweepDue(ctx context.Context) (bool, error) {
	if p.req.SweepEvery == 0 {
		return true, nil
	}
	text, err := p.db.Setting(ctx, p.sweepName())
	if err != nil || text == "" {
		return true, err
	}
	last, err := time.Parse(time.RFC3339, text)
	return err != nil || p.db.Now().Sub(last) >= p.req.SweepEvery, nil
}

// deleteMissing deletes what the source no longer has, unless so much is missing that the answer itself is doubtful.
func (p *pullIngest) deleteMissing(ctx context.Context, has func(string) bool, days connectors.Days) error {
	live, err := p.liveKeys(ctx, days)
	if err != nil {
		return err
	}
	known := len(live)
	missing := slices.DeleteFunc(live, has)
	if !p.req.AcceptDeletes && len(missing) > alarmFloor && float64(len(missing)) > alarmShare*float64(known) {
		p.run.Warnings = append(p.run.Warnings, store.Notice{Code: "ingest.snapshot_drop", Args: errs.Args{"missing": len(missing), "known": known}})
		return nil
	}
	deleted := 0
	for part := range slices.Chunk(missing, maxUnit/5) {
		n, err := p.deletePart(ctx, part)
		if err != nil {
			return err
		}
		deleted += n
	}
	if deleted > 0 {
		p.run.Warnings = append(p.run.Warnings, store.Notice{Code: "ingest.snapshot_deleted", Args: errs.Args{"count": deleted}})
	}
	if p.req.Window != nil { // one of the past says nothing about when the next comparison is due
		return nil
	}
	return p.inTx(ctx, func(tx *store.Tx) error {
		return tx.SetSetting(ctx, p.sweepName(), tx.Now.Format(time.RFC3339))
	})
}

// liveKeys are the keys of what the stream brought and nobody took back, in order.
func (p *pullIngest) liveKeys(ctx context.Context, days connectors.Days) ([]string, error) {
	if p.req.Stream.Ledger != "" {
		var since time.Time
		if days.Behind > 0 { // what came later, the copy of the source that answered may not have yet
			since = p.run.StartedAt.Add(-days.Behind)
		}
		return p.db.LiveFlowKeys(ctx, p.req.Connection, p.req.Stream.Name, days.From, days.To, since)
	}
	return p.db.LiveKeys(ctx, p.req.Stream.Entity, p.req.Connection, p.req.Stream.Name)
}

// deletePart deletes what the keys name and says how much of it was there.
func (p *pullIngest) deletePart(ctx context.Context, keys []string) (deleted int, err error) {
	st := p.req.Stream
	if st.Ledger != "" {
		err = p.inTx(ctx, func(tx *store.Tx) error {
			ids, err := tx.DropFlowKeys(ctx, p.req.Connection, st.Name, keys)
			if err == nil {
				deleted, p.voided, err = tx.VoidLines(ctx, st.Ledger, ids, p.origin())
			}
			return err
		})
		if err == nil {
			p.noteBooked()
		}
		return deleted, err
	}
	records := make([]store.Record, len(keys))
	for n, key := range keys {
		records[n] = store.Record{Entity: st.Entity, Source: p.req.Connection, ID: key, Stream: st.Name, Deleted: true,
			ReadOrder: readOrder(p.run.StartedAt, 1<<31, n), Run: p.run.ID}
	}
	var out []store.PutResult
	err = p.inTx(ctx, func(tx *store.Tx) (err error) {
		out, err = tx.PutRecords(ctx, records)
		return err
	})
	for _, o := range out {
		if o.Outcome == store.Stored {
			deleted++
		}
	}
	return deleted, err
}

// errPosition is a fault of a connector, not of a user.
var errPosition = errors.New("the connector's position is larger than 16 KB")
