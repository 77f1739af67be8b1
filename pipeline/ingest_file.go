package pipeline

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors/filesource"
	"tributary/internal/errs"
	"tributary/mapping"
	"tributary/normalize"
	"tributary/store"
)

// FileImport is a table file to take in.
type FileImport struct {
	File         filesource.File
	Options      filesource.Options
	Kind         mapping.Kind
	Connection   string
	Source       string                 // whose records, or whose codes, the rows are
	Party        store.Party            // of ledgers: who reports; of aliases: the default party
	CustomerKind canonical.CustomerKind // of customers in files without a column of kinds
	Map          *mapping.Map           // nil: by the headers
	MapText      string                 // of Map, kept for replays
	Trust        int                    // rank of the source
	Replace      string                 // month yyyy-MM that the file is a new version of, or ""
	Version      string                 // of the file, or ""
	State        time.Time              // when the place of a feed says that the file last changed: of two files of one version the later is right
	Note         store.CorrectionNote   // on what its rows change in closed months
	Empty        bool                   // it may empty the month that it replaces
	Actor        string
	DryRun       bool
	// Taken is called in the transaction that completes the file: the position of a feed moves with it.
	Taken func(ctx context.Context, tx *store.Tx, run canonical.ID) error
}

// File takes one file in. The report is filled also when an error comes with it.
func (g Ingest) File(ctx context.Context, req FileImport) (store.Run, error) {
	run := store.Run{Connection: req.Connection, Source: req.Source, Stream: string(req.Kind), File: req.File.Name(), Actor: req.Actor, StartedAt: g.DB.Now()}
	if req.Kind.Ledger() != "" {
		run.Party = req.Party.Key
	}
	i := &fileIngest{job: g.newJob(&run, req.Source, req.DryRun), req: req}
	i.note = req.Note
	err := i.open(ctx)
	if err == nil {
		err = i.take(ctx)
	}
	if i.table != nil {
		err = errors.Join(err, i.table.Close())
	}
	if err != nil && i.lease == nil && !req.DryRun && !store.Away(err) {
		// Refused before it began: the attempt is still worth a line in the list of runs.
		if ctx.Err() == nil {
			if e := g.DB.InTx(ctx, func(tx *store.Tx) error { return tx.StartRun(ctx, &run) }); e != nil {
				run.ID = canonical.ID{}
			}
		}
	}
	return i.end(ctx, err)
}

// fileIngest is the import of one file at work.
type fileIngest struct {
	*job
	req     FileImport
	table   *filesource.Table
	report  mapping.Report
	mapped  *mapping.Map
	flow    mapping.FlowFunc
	hash    []byte
	version string
	unknown bool // the order of the file among others is not known
	skip    int64
	left    map[int][]store.Quarantined // what earlier contents of the file left in quarantine, by row number
	outside int                         // rows outside the month that the file replaces
	inside  int                         // rows in it
}

// open reads what decides whether the file can be taken in at all: content, headers, required columns.
func (i *fileIngest) open(ctx context.Context) (err error) {
	if i.req.Options.Known == nil {
		i.req.Options.Known = mapping.Known(i.req.Kind)
	}
	if i.table, err = i.req.File.Open(ctx, i.req.Options); err != nil {
		return err
	}
	if err := i.understand(); err != nil {
		return err
	}
	i.run.UnknownColumns = i.report.Unknown
	if i.req.Kind == mapping.Customers {
		i.run.UnknownColumns = nil // kept as custom attributes
	}
	text, err := i.req.File.Hash(ctx)
	if err != nil {
		return err
	}
	i.hash, err = hex.DecodeString(text)
	return err
}

func (i *fileIngest) understand() (err error) {
	headers := i.table.Headers()
	switch {
	case i.req.Map != nil:
		if i.req.Map.Entity() != i.req.Kind.Entity() || i.req.Map.Ledger() != i.req.Kind.Ledger() {
			return errs.New(errs.Invalid, "ingest.map_entity", errs.Args{"kind": i.req.Kind, "entity": i.req.Map.Entity()})
		}
		i.mapped = i.req.Map
	case i.req.Kind.Ledger() != "":
		i.flow, i.report, err = mapping.CompileFlow(i.req.Kind, headers)
	default:
		i.mapped, i.report, err = mapping.FromHeaders(i.req.Kind, headers, mapping.Defaults{CustomerKind: i.req.CustomerKind, Party: i.req.Party.Key})
	}
	return err
}

// take stores the rows, or finds that they are stored.
func (i *fileIngest) take(ctx context.Context) error {
	if err := i.decideVersion(ctx); err != nil {
		return err
	}
	if !i.req.DryRun {
		known := false
		if err := i.begin(ctx, i.leaseName(), func(tx *store.Tx) (err error) {
			known, err = i.beginFile(ctx, tx)
			return err
		}); err != nil {
			return err
		}
		if known {
			return i.alreadyKnown(ctx)
		}
		left, err := i.db.OpenRowsOf(ctx, i.req.Source, string(i.req.Kind), i.run.Party, i.run.File)
		if err != nil {
			return err
		}
		i.left = left
	}
	rows := i.rows()
	if err := i.pump(ctx, rows.next); err != nil {
		return err
	}
	for _, w := range i.table.Warnings() {
		i.warn(w.Code, w.Args)
	}
	if i.outside > 0 {
		i.warn("ingest.outside_month", errs.Args{"count": i.outside, "month": i.req.Replace})
	}
	if err := i.empties(ctx); err != nil || i.req.DryRun {
		return err
	}
	return i.complete(ctx)
}

func (i *fileIngest) warn(code string, args errs.Args) {
	i.run.Warnings = append(i.run.Warnings, store.Notice{Code: code, Args: args})
}

// leaseName: all ledgers of a party are taken in one after the other, because their mentions are the same records.
func (i *fileIngest) leaseName() string {
	if i.req.Kind.Ledger() != "" {
		return "stream/" + canonical.FlowSource(i.req.Party.Key) + "/flow"
	}
	return "stream/" + i.req.Source + "/" + string(i.req.Kind)
}

// decideVersion finds the version of a ledger file by rule 6.2. Masters have none: their rows are ordered as they are
// read; the version key then says how the rows were understood, so that a file read under another map is not known.
func (i *fileIngest) decideVersion(ctx context.Context) error {
	if i.req.Kind.Ledger() == "" {
		i.version = fmt.Sprintf("%s/%s/%s/%s", i.mapped.Version(), i.req.CustomerKind, i.req.Party.Key, normalize.Version())
		return nil
	}
	text := i.req.Version
	if name, ok := filesource.ParseName(i.req.File.Name()); text == "" && ok {
		text = name.Version()
	}
	if text == "" {
		date, err := i.largestDate(ctx)
		if err != nil {
			return err
		}
		if i.unknown = date.IsZero(); !i.unknown {
			text = date.String()
		}
	}
	if !i.req.State.IsZero() {
		text += stateMark + strconv.FormatInt(i.req.State.UnixNano(), 10)
	}
	i.version = store.VersionKey(text, i.hash)
	return nil
}

// stateMark stands behind what ends a version without a state, so that a state is above none.
const stateMark = "\u00a7"

// largestDate reads the file once more, for its dates only.
func (i *fileIngest) largestDate(ctx context.Context) (latest canonical.Date, err error) {
	t, err := i.req.File.Open(ctx, i.req.Options)
	if err != nil {
		return latest, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	dateOf := i.dateReader(t)
	for {
		rec, err := t.Next()
		if err == io.EOF {
			return latest, nil
		}
		if err != nil {
			return latest, err
		}
		if rec.Bad == nil {
			latest = max(latest, dateOf(rec))
		}
	}
}

func (i *fileIngest) dateReader(t *filesource.Table) func(filesource.Record) canonical.Date {
	if i.mapped != nil {
		return func(rec filesource.Record) canonical.Date {
			if line, ok := i.mapped.Apply(t.Fields(rec)).Value.(*canonical.FlowLine); ok && line != nil {
				return line.Date
			}
			return canonical.NoDate
		}
	}
	header, column := i.report.Header("date"), -1
	for n, h := range t.Headers() {
		if h == header && column < 0 {
			column = n
		}
	}
	last, date := "", canonical.NoDate // rows of a day follow each other
	return func(rec filesource.Record) canonical.Date {
		if column < 0 || column >= len(rec.Cells) {
			return canonical.NoDate
		}
		if rec.Cells[column] != last {
			last = rec.Cells[column]
			date, _ = normalize.Date(last) // a bad date is the row's own trouble
		}
		return date
	}
}

// beginFile looks the content up and reports whether it is stored whole already.
func (i *fileIngest) beginFile(ctx context.Context, tx *store.Tx) (known bool, err error) {
	party := int64(0)
	if i.req.Kind.Ledger() != "" {
		if party, err = tx.EnsureParty(ctx, i.req.Party, i.origin()); err != nil {
			return false, err
		}
		s := store.NewFlowSink(i.req.Party.Key, i.req.Source)
		s.Bind(party)
		i.sinks[i.req.Party] = s
	}
	f, found, err := tx.FindFile(ctx, i.req.Source, string(i.req.Kind), party, i.hash)
	if err != nil {
		return false, err
	}
	if found && f.Complete {
		if known, err = i.nothingNew(ctx, tx, f); known || err != nil {
			i.file = &f
			return known, err
		}
	}
	if found && !f.Complete && party != 0 && f.VersionKey == i.version && f.Replaces == i.req.Replace {
		i.file, i.skip = &f, f.Read // a run was cut off: go on behind the rows that are stored
		return false, nil
	}
	f.Source, f.Stream, f.Party, f.Hash, f.Name = i.req.Source, string(i.req.Kind), party, i.hash, i.run.File
	f.Size, f.Replaces, f.Run, f.OrderUnknown = i.req.File.Size, i.req.Replace, i.run.ID, i.unknown
	f.VersionKey = i.version
	i.file = &f
	return false, tx.BeginFile(ctx, &f)
}

// nothingNew reports whether a file that was taken in whole would change nothing if it were read again.
func (i *fileIngest) nothingNew(ctx context.Context, tx *store.Tx, f store.DataFile) (bool, error) {
	if f.Party != 0 {
		sameOrder := i.version <= f.VersionKey || i.req.Version == "" && i.unknown
		return sameOrder && (i.req.Replace == "" || i.req.Replace == f.Replaces), nil
	}
	if f.VersionKey != i.version {
		return false, nil
	}
	changed, err := tx.ChangedSince(ctx, i.req.Source, f.Run)
	return !changed, err
}

// alreadyKnown counts a known file whole again without looking at its rows.
func (i *fileIngest) alreadyKnown(ctx context.Context) error {
	return i.close(ctx, func(tx *store.Tx) error {
		first, err := tx.Run(ctx, i.file.Run)
		if err != nil {
			return err
		}
		c := store.Counts{Read: first.Counts.Read, Filtered: first.Counts.Filtered, Quarantined: i.file.Quarantined}
		c.Unchanged = c.Read - c.Filtered - c.Quarantined
		i.run.Warnings = slices.DeleteFunc(first.Warnings, func(n store.Notice) bool { return !strings.HasPrefix(n.Code, "files.") })
		return tx.AddToRun(ctx, i.run.ID, c)
	})
}

// close makes the last change and closes the run as done in one transaction: nobody finds a run that broke off behind a
// file that is complete.
func (i *fileIngest) close(ctx context.Context, last func(*store.Tx) error) error {
	i.tellBooked()
	i.run.Status = store.RunDone
	err := i.inTx(ctx, func(tx *store.Tx) error {
		if err := last(tx); err != nil {
			return err
		}
		if err := tx.FinishRun(ctx, i.run); err != nil || i.req.Taken == nil {
			return err
		}
		return i.req.Taken(ctx, tx, i.run.ID)
	})
	i.closed = err == nil
	return err
}

// complete settles the file and closes it.
func (i *fileIngest) complete(ctx context.Context) error {
	if ledger := i.req.Kind.Ledger(); ledger != "" {
		if err := i.replace(ctx, ledger); err != nil {
			return err
		}
		if err := i.settle(ctx, ledger); err != nil {
			return err
		}
		if i.unknown {
			i.warn("ingest.order_unknown", errs.Args{"file": i.run.File})
		}
	}
	return i.close(ctx, func(tx *store.Tx) error { return tx.CompleteFile(ctx, i.file.ID, i.run.ID) })
}

// replace makes the file the new version of its month: what the month held before and the file leaves out retires.
func (i *fileIngest) replace(ctx context.Context, ledger canonical.Ledger) error {
	if i.req.Replace == "" {
		return nil
	}
	var before, after store.DataFile
	for began, taken := false, 1; taken > 0; began = true {
		err := i.inTx(ctx, func(tx *store.Tx) error {
			s, err := i.sink(ctx, tx, i.req.Party)
			if err != nil {
				return err
			}
			if !began {
				if before, err = i.holder(ctx, tx, ledger); err != nil {
					return err
				}
				if err := s.Replace(ctx, tx, ledger, i.req.Replace, i.version, i.file.ID); err != nil {
					return err
				}
				if after, err = i.holder(ctx, tx, ledger); err != nil {
					return err
				}
			}
			taken, err = s.Retire(ctx, tx, ledger, i.req.Replace, 2000, i.origin())
			return err
		})
		if err != nil {
			return err
		}
		i.noteBooked()
	}
	i.tellClaims(before, after)
	return nil
}
