package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"tributary/canonical"
	"tributary/epcis"
	"tributary/store"
)

// Ingest takes files and pulled rows in. It has no state of its own and is safe for concurrent use; two runs of one
// stream wait for each other.
type Ingest struct {
	DB     *store.DB
	Origin string // how events name this hub: what it exported itself is no news
}

const (
	leaseTime = time.Minute
	leasePoll = 200 * time.Millisecond
	maxTries  = 5

	maxUnit    = 5000                   // rows of a unit of work (rule 6.9)
	firstUnit  = 1000                   // on SQLite, until it is known how long they take
	minUnit    = 100                    //
	unitTarget = 200 * time.Millisecond // below the 250 ms that a writer may hold a SQLite file
)

// unit is what one transaction brings in.
type unit struct {
	read, filtered int64
	flow           map[store.Party][]store.FlowRow
	records        []store.Record
	events         []eventRow
	own            int64 // events that this hub exported
	documents      []*document
	bad            []store.Quarantined
	raw            []store.RawRow
	pack           store.RawPack // of raw, made by the reading goroutine
	personal       []personalRow
	mended         []store.Quarantined // rows of the quarantine that are taken in with this unit
	halves         []store.Quarantined // rows of the quarantine, cut off, whose whole rows are taken in with this unit
	void           []store.Quarantined // the same, whose whole rows are in quarantine themselves
	stored         bool                // the rows are in the store already, from a run that was cut off
	expect         int                 // rows that are likely to come
	position       json.RawMessage     // of a pull: the position after these rows; nil = not yet
	moved          []movedRecord       // records that another stream had brought
}

// movedRecord is a record that another stream had brought.
type movedRecord struct{ key, from string }

// personalRow is the raw form of a record in the same unit; it is kept only when the record is news.
type personalRow struct {
	record int
	data   []byte
}

func (u *unit) addFlow(p store.Party, r *store.FlowRow) {
	if u.flow == nil {
		u.flow = map[store.Party][]store.FlowRow{p: make([]store.FlowRow, 0, u.expect)}
	}
	u.flow[p] = append(u.flow[p], *r)
}

// job is one run at work.
type job struct {
	db    *store.DB
	hub   string // as events name it
	lease *store.Lease
	run   *store.Run
	file  *store.DataFile // nil for pulls
	codes string          // the source whose ids the partners' codes may be
	dry   bool
	sinks map[store.Party]*store.FlowSink
	units int64
	size  atomic.Int64 // rows the next unit should have

	after     func(context.Context, *store.Tx, store.Counts) error // ends a unit of work; nil: nothing more to do
	stored    func(*unit)                                          // hears of units of work that are committed; nil: nobody does
	whole     bool                                                 // events go in all or none
	clashed   []*epcis.Event                                       // of the last unit: their ids belong to others
	refused   map[canonical.ID]bool                                // their places in quarantine
	declared  int                                                  // events of the last unit that were known, and are declared wrong
	corrected int                                                  // the same of the run

	closed bool // the run is closed

	note   store.CorrectionNote // on what the rows change in closed months
	booked store.Booked         // changes of closed months
	voided store.Booked         // the same, of the lines that the transaction under way takes out of force

	committed atomic.Pointer[json.RawMessage] // of a pull: the newest position that is stored
}

func (g Ingest) newJob(run *store.Run, codes string, dry bool) *job {
	db := g.DB
	j := &job{db: db, hub: g.Origin, run: run, codes: codes, dry: dry, sinks: map[store.Party]*store.FlowSink{}, booked: store.Booked{}}
	if dry {
		run.ID = canonical.DeriveID("dry run") // what is rolled back needs an id too
	}
	j.size.Store(maxUnit)
	if db.Dialect() == "sqlite" {
		j.size.Store(firstUnit)
	}
	return j
}

// errDry rolls back a unit of a dry run.
var errDry = errors.New("dry run")

// pump reads units in one goroutine and commits them in another, and waits for both. What was read before a failure is
// committed. next returns a last unit together with io.EOF, or nil.
func (j *job) pump(ctx context.Context, next func(context.Context) (*unit, error)) error {
	units := make(chan *unit, 1)
	var readErr error
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(units)
		for {
			u, err := next(gctx)
			if u != nil {
				if !u.stored {
					u.pack, u.raw = store.PackRaw(u.raw), nil
				}
				select {
				case units <- u:
				case <-gctx.Done():
					return gctx.Err()
				}
			}
			if err != nil {
				if err != io.EOF {
					readErr = err
				}
				return nil
			}
		}
	})
	g.Go(func() error {
		for u := range units {
			if err := j.commit(gctx, u); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return err
	}
	return readErr
}

// commit is the unit of work. Invariants 1 and 3: rows, raw input, quarantine, position, counts, dirty marks and outbox
// commit together or not at all.
func (j *job) commit(ctx context.Context, u *unit) error {
	err := j.inTx(ctx, func(tx *store.Tx) error {
		counts, err := j.write(ctx, tx, u)
		if err != nil {
			return err
		}
		if j.dry {
			j.run.Counts = j.run.Counts.Add(counts)
			j.noteBooked()
			return errDry
		}
		if err := j.advance(ctx, tx, u, counts); err != nil {
			return err
		}
		for _, q := range u.mended {
			if j.refused[q.ID] {
				continue
			}
			if err := tx.DecideQuarantine(ctx, q, store.QuarantineReplayed, j.run.Actor); err != nil {
				return err
			}
		}
		if err := tx.SettleQuarantine(ctx, u.halves, store.QuarantineReplayed, j.run.Actor); err != nil {
			return err
		}
		if err := tx.SettleQuarantine(ctx, u.void, store.QuarantineDiscarded, j.run.Actor); err != nil {
			return err
		}
		if j.after != nil {
			if err := j.after(ctx, tx, counts); err != nil {
				return err
			}
		}
		return tx.AddToRun(ctx, j.run.ID, counts)
	})
	if err != nil || j.dry {
		return err
	}
	j.noteBooked()
	if j.stored != nil {
		j.stored(u)
	}
	j.corrected += j.declared
	j.units++
	if u.position != nil {
		j.run.Position = u.position
		j.committed.Store(&u.position)
	}
	return j.relieve(ctx)
}

// relieve bounds the memory of the sinks.
func (j *job) relieve(ctx context.Context) error {
	for _, s := range j.sinks {
		if s.Full() {
			if err := j.flush(ctx, s); err != nil {
				return err
			}
			s.Forget()
		}
	}
	return nil
}

func (j *job) flush(ctx context.Context, s *store.FlowSink) error {
	for left := 1; left > 0; {
		err := j.inTx(ctx, func(tx *store.Tx) (err error) {
			left, err = s.FlushMentions(ctx, tx, j.origin(), flushMentions)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inTx runs fn under the lease, again when another transaction was in the way, and learns from the time it took.
func (j *job) inTx(ctx context.Context, fn func(*store.Tx) error) error {
	for try := 1; ; try++ {
		began := j.db.Now()
		err := j.db.InTx(ctx, func(tx *store.Tx) error {
			if j.lease != nil {
				if err := tx.Hold(ctx, j.lease); err != nil {
					return err
				}
			}
			return fn(tx)
		})
		if err == nil {
			j.tune(j.db.Now().Sub(began))
			return nil
		}
		for _, s := range j.sinks {
			s.Reset()
		}
		if errors.Is(err, errDry) {
			return nil
		}
		if !store.Retryable(err) || try == maxTries {
			return err
		}
	}
}

// tune keeps the units of SQLite within the time a writer may hold the file.
func (j *job) tune(took time.Duration) {
	if j.db.Dialect() != "sqlite" {
		return
	}
	size := j.size.Load()
	switch {
	case took > unitTarget:
		size = max(minUnit, size*int64(unitTarget)/int64(took))
	case took < unitTarget/2:
		size = min(maxUnit, size+size/4)
	}
	j.size.Store(size)
}

func (j *job) write(ctx context.Context, tx *store.Tx, u *unit) (store.Counts, error) {
	c := store.Counts{Read: u.read, Filtered: u.filtered, Quarantined: int64(len(u.bad))}
	j.voided = nil
	if u.stored {
		c.Unchanged = u.read - c.Quarantined - c.Filtered
		return c, j.meet(ctx, tx, u)
	}
	count := func(o store.Outcome) {
		switch o {
		case store.Stored, store.Declared:
			c.Canonical++
		case store.Suppressed:
			c.Filtered++
		case store.Clash:
			c.Quarantined++
		default:
			c.Unchanged++
		}
	}
	clashed, news, err := j.writeEvents(ctx, tx, u, count)
	if err != nil {
		return c, err
	}
	bad := append(slices.Clip(u.bad), clashed...)
	if j.whole && len(bad) > 0 {
		return c, errRefused
	}
	for i := range bad {
		bad[i].Run = j.run.ID
	}
	erased, err := tx.PutQuarantine(ctx, bad)
	if err != nil {
		return c, err
	}
	c.Quarantined -= int64(erased)
	c.Filtered += int64(erased)
	if len(u.flow) > 0 {
		err = j.writeFlow(ctx, tx, u, count)
	} else {
		err = j.writeRecords(ctx, tx, u, count, news || len(bad) > 0)
	}
	if err != nil {
		return c, err
	}
	return c, j.writeDocuments(ctx, tx, u, count)
}

func (j *job) writeFlow(ctx context.Context, tx *store.Tx, u *unit, count func(store.Outcome)) error {
	raw, err := j.putRaw(ctx, tx, u)
	if err != nil {
		return err
	}
	parts := make([]store.FlowPart, 0, len(u.flow))
	for party, rows := range u.flow {
		sink, err := j.sink(ctx, tx, party)
		if err != nil {
			return err
		}
		parts = append(parts, store.FlowPart{Sink: sink, Rows: rows})
	}
	out, err := tx.PutFlow(ctx, parts, raw, j.origin())
	if err != nil {
		return err
	}
	for _, o := range out {
		count(o)
	}
	return j.keepKeys(ctx, tx, u)
}

// keepKeys notes which lines the rows of a source became that tells deletes by keys. A row that became another line, for
// its number or its party is another now, is no longer the one it was.
func (j *job) keepKeys(ctx context.Context, tx *store.Tx, u *unit) error {
	lines, ledger := map[string]canonical.ID{}, canonical.Ledger("")
	for _, rows := range u.flow {
		for i := range rows {
			if r := &rows[i]; r.Key != "" && !r.Deleted {
				lines[r.Key], ledger = r.ID, r.Line.Ledger
			}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	left, err := tx.KeepFlowKeys(ctx, j.run.Source, j.run.Stream, lines)
	if err != nil || len(left) == 0 {
		return err
	}
	_, j.voided, err = tx.VoidLines(ctx, ledger, left, j.origin())
	return err
}

func (j *job) meet(ctx context.Context, tx *store.Tx, u *unit) error {
	for party, rows := range u.flow {
		sink, err := j.sink(ctx, tx, party)
		if err != nil {
			return err
		}
		if err := sink.Meet(ctx, tx, store.FlowBatch{Rows: rows, Origin: j.origin()}); err != nil {
			return err
		}
	}
	return nil
}

// writeRecords keeps the raw form only of batches, and of persons only of rows, that brought something new: a stream
// that is read again and again without news must not grow. news says that there is some besides the records.
func (j *job) writeRecords(ctx context.Context, tx *store.Tx, u *unit, count func(store.Outcome), news bool) error {
	for i := range u.records {
		u.records[i].Run = j.run.ID
	}
	put, err := tx.PutRecords(ctx, u.records)
	if err != nil {
		return err
	}
	u.moved = nil
	for i, p := range put {
		count(p.Outcome)
		news = news || p.Outcome == store.Stored || p.Outcome == store.Stale
		if p.From != "" {
			u.moved = append(u.moved, movedRecord{u.records[i].ID, p.From})
		}
	}
	if !news {
		return nil
	}
	if _, err := j.putRaw(ctx, tx, u); err != nil {
		return err
	}
	var personal []store.PersonalRow
	for _, p := range u.personal {
		if o := put[p.record].Outcome; o == store.Stored || o == store.Stale {
			r := &u.records[p.record]
			personal = append(personal, store.PersonalRow{Owner: r.Key(), Number: r.Row, Data: p.data})
		}
	}
	return tx.PutPersonalRows(ctx, j.run.ID, personal)
}

func (j *job) putRaw(ctx context.Context, tx *store.Tx, u *unit) (int64, error) {
	file := int64(0)
	if j.file != nil {
		file = j.file.ID
	}
	return tx.PutRaw(ctx, j.run.ID, file, j.units, u.pack)
}

// advance keeps the position: of a file the rows that are in, of a pull what the source said.
func (j *job) advance(ctx context.Context, tx *store.Tx, u *unit, c store.Counts) error {
	if j.file != nil {
		if u.stored {
			return nil
		}
		return tx.AdvanceFile(ctx, j.file.ID, c.Read, c.Quarantined)
	}
	if u.position == nil {
		return nil
	}
	return tx.SetPosition(ctx, j.run.Source, j.run.Stream, u.position, j.run.ID)
}

func (j *job) origin() store.Origin {
	return store.Origin{Run: j.run.ID, ReadOrder: readOrder(j.run.StartedAt, 0, 0), Note: j.note}
}

// readOrder is the place of a row in the order in which everything was ever read (rule 6.1).
func readOrder(start time.Time, page, row int) string {
	return fmt.Sprintf("%016x-%08x-%08x", store.Micros(start), page, row)
}

// EntryOrder is the place of a record that a person enters at a time.
func EntryOrder(at time.Time) string { return readOrder(at, 0, 0) }

// sink is the sink of a party, made at its first row.
func (j *job) sink(ctx context.Context, tx *store.Tx, p store.Party) (*store.FlowSink, error) {
	s := j.sinks[p]
	if s == nil {
		s = store.NewFlowSink(p.Key, j.codes)
		j.sinks[p] = s
	}
	if s.Bound() {
		return s, nil
	}
	record, err := tx.EnsureParty(ctx, p, j.origin())
	if err != nil {
		return nil, err
	}
	s.Bind(record)
	return s, nil
}
