package objectsource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/internal/errs"
)

// System is what differs from one system to the next.
type System interface {
	// Connect logs in where the login tells the address of the rest; elsewhere it does nothing.
	Connect(ctx context.Context) error
	// Client is the client whose host and clock are the system's.
	Client() *httpsource.Client
	// Describe reads the metadata of a stream's object.
	Describe(ctx context.Context, st Stream) (Metadata, error)
	// Query asks for a page of a run.
	Query(ctx context.Context, run *Run, q Query) (Page, error)
	// Row makes a row, without Number and raw place, and says by which key the next page begins behind it. Its error is
	// what is wrong with the row's form.
	Row(run *Run, fields map[string]any) (row connectors.Row, place string, err error)
	// Close frees the connections.
	Close()
}

// Query asks for one page: rows of the window behind After, or what the locator names.
type Query struct {
	Window  httpsource.Window
	Locator string // of the page before; "" = begin
	Limit   int
	Log     bool // ask the log of changes, not a window
}

// Page is an answer.
type Page struct {
	Raw  []byte
	Rows []httpsource.Element
	Next string // locator of the next page, for systems that have them; of a log, at its end, the link for the next run
	End  bool   // the window, or the log, is read to its end
	// Aside: the rows stand outside the window's order, as those of a log of deletes do; the place in the window stays.
	Aside bool
}

// Config shapes the reading of a system.
type Config struct {
	Name     string            // of the system, for messages
	Streams  Table             //
	User     string            // whose rights decide what is seen, for messages
	Tenant   map[string]string // STREAM.name → column, fields of the tenant's own
	Overlap  time.Duration     // how far a window reaches back before the end of the last one
	Lag      time.Duration     // how far runs stay behind the system's clock, where rows show later than they are stamped
	Unit     time.Duration     // what times in filters are cut to; a second
	PageSize int
	Zone     *time.Location                // of the date of lists without a time of change
	Less     func(place, next string) bool // order of places; nil: only a place that repeats is noticed

	WriteBack connectors.WriteBackSettings // what a system that is a Keeper gets back
	Within    time.Duration                // how long one call may take, its repeats too
}

// maxRestarts is how often a window is begun again, without progress between, because its locator died: locators that
// live shorter than a window would make it go round for ever.
const maxRestarts = 3

// Source reads one connection, one stream at a time.
type Source struct {
	sys     System
	conf    Config
	run     *Run
	walk    *httpsource.Walk
	after   string // place in a list without a time of change
	locator string
	began   string // the place behind which the locator's question asked
	done    bool   // such a list is read to its end
	seeds   maphash.Seed
	met     map[uint64]bool // links of this window
	row     int
	restart int
	log     *logPosition // of streams that are read by the system's log of changes
	fresh   bool         // this run has read the whole list from its first row
}

var (
	_ connectors.Source      = (*Source)(nil)
	_ connectors.Sweeper     = (*Source)(nil)
	_ connectors.Backfiller  = (*Source)(nil)
	_ connectors.WriteBacker = (*Source)(nil)
)

// New makes a source; it does no calls.
func New(sys System, c Config) *Source {
	if c.Unit == 0 {
		c.Unit = time.Second
	}
	if c.Zone == nil {
		c.Zone = time.FixedZone("+08:00", 8*3600)
	}
	return &Source{sys: sys, conf: c, seeds: maphash.MakeSeed()}
}

// Open starts a run. It reads the object's metadata, so that optional columns which the tenant lacks are not asked for,
// and takes the run's upper bound from the system's clock as that answer told it.
func (s *Source) Open(ctx context.Context, name string, raw json.RawMessage) error {
	return s.open(ctx, name, raw, -s.conf.Lag)
}

// open starts a run up to the system's clock and so much more.
func (s *Source) open(ctx context.Context, name string, raw json.RawMessage, more time.Duration) error {
	st, err := s.conf.Streams.Of(name)
	if err != nil {
		return err
	}
	if err := s.sys.Connect(ctx); err != nil {
		return err
	}
	meta, err := s.sys.Describe(ctx, st)
	if err != nil {
		return err
	}
	now := s.sys.Client().SourceNow()
	upper := now.Add(more).Truncate(s.conf.Unit)
	ahead, _ := s.sys.Client().Skew()
	s.log = nil
	if st.Log {
		log, isLog, err := openLog(raw)
		if err != nil {
			return err
		}
		if isLog {
			s.log, s.fresh, raw = log, log.Link == "", nil
		}
	}
	walk, err := httpsource.OpenWalk(raw, upper, ahead, s.conf.Overlap)
	if err != nil {
		return err
	}
	s.run, s.walk = newRun(st, meta, s.conf.Tenant), walk
	s.run.Snapshot = canonical.DateOf(now.In(s.conf.Zone)).String()
	s.after, s.locator, s.done, s.row, s.restart, s.met = "", "", false, 0, 0, map[uint64]bool{}
	if w, more := walk.Window(); more && st.ByLink && !st.Snapshot {
		s.locator = w.After
	}
	return nil
}

// Read returns the next page.
func (s *Source) Read(ctx context.Context) (connectors.Batch, error) {
	if s.walk == nil {
		return connectors.Batch{}, errs.New(errs.Internal, "connectors.not_open", nil)
	}
	if s.log != nil {
		return s.readLog(ctx)
	}
	w, more := s.window()
	if !more {
		return connectors.Batch{}, io.EOF
	}
	p, err := s.query(ctx, w)
	if err != nil {
		return connectors.Batch{}, err
	}
	batch, last, err := s.batch(p, w.After)
	if err != nil {
		return connectors.Batch{}, err
	}
	return batch, s.advance(&batch, p, last)
}

// window is what to read now. Every run of a list without a time of change starts at its first row: only then it has
// shown every key.
func (s *Source) window() (httpsource.Window, bool) {
	if s.run.Stream.Snapshot {
		return httpsource.Window{After: s.after}, !s.done
	}
	w, more := s.walk.Window()
	if s.run.Stream.ByLink {
		w.After = ""
	}
	return w, more
}

func (s *Source) query(ctx context.Context, w httpsource.Window) (Page, error) {
	if s.locator == "" {
		s.began = w.After
	}
	q := Query{Window: w, Locator: s.locator, Limit: s.conf.PageSize}
	q.Window.After = s.began // systems want the same question from page to page of a locator
	p, err := s.sys.Query(ctx, s.run, q)
	if httpsource.ClassOf(err) == httpsource.RestartCursor && q.Locator != "" && s.restart < maxRestarts {
		s.restart++
		s.met = map[uint64]bool{}
		s.began, q.Locator, q.Window.After = w.After, "", w.After
		p, err = s.sys.Query(ctx, s.run, q)
	}
	var e *httpsource.Error
	if errors.As(err, &e) && e.Source == "" { // of no single call
		e.Op, e.Source, e.Host = "read "+s.run.Object(), s.conf.Name, s.sys.Client().Host()
	}
	return p, err
}

func (s *Source) batch(p Page, after string) (connectors.Batch, string, error) {
	out := connectors.Batch{Raw: p.Raw, Rows: make([]connectors.Row, 0, len(p.Rows))}
	last := after
	for _, e := range p.Rows {
		row, place, err := s.sys.Row(s.run, e.Fields)
		if err != nil {
			return out, "", s.shape(err.Error())
		}
		if p.Aside {
			place = ""
		}
		if place != "" && (place == last || s.conf.Less != nil && !s.run.Stream.Snapshot && last != "" && !s.conf.Less(last, place)) {
			return out, "", s.shape("rows out of order at " + place)
		}
		last = place
		s.row++
		row.Number, row.RawOff, row.RawLen = s.row, e.Off, e.Len
		out.Rows = append(out.Rows, row)
	}
	return out, last, nil
}

// advance notes what is read and gives the batch its position.
func (s *Source) advance(batch *connectors.Batch, p Page, last string) error {
	st := s.run.Stream
	s.locator = p.Next
	if p.End {
		s.locator, s.restart, s.done, s.met = "", 0, true, map[uint64]bool{}
		batch.Position = s.walk.Finish()
		batch.SnapshotEnd = st.Snapshot && st.Info.Deletes == "snapshot"
		return nil
	}
	if p.Next != "" && !s.first(p.Next) {
		return s.shape("a link to a page that was read before")
	}
	place := last
	if st.ByLink {
		place = p.Next
	} else if len(p.Rows) > 0 {
		s.restart = 0
	}
	if st.Snapshot {
		s.after = last
	} else if place != "" {
		s.walk.Read(place)
	}
	batch.Position = s.walk.Position()
	if len(batch.Position) > connectors.MaxPosition {
		return s.shape("a link that is too long to keep")
	}
	return nil
}

// first notes a link and reports whether it is met for the first time.
func (s *Source) first(link string) bool {
	h := maphash.String(s.seeds, link)
	if s.met[h] {
		return false
	}
	s.met[h] = true
	return true
}

// shape is the error of an answer that does not look as documented.
func (s *Source) shape(why string) error {
	e := httpsource.UnknownShape("%s", why)
	e.Op, e.Source, e.Host = "read "+s.run.Object(), s.conf.Name, s.sys.Client().Host()
	return e
}

// Ack does nothing: such systems keep no position for their readers.
func (s *Source) Ack(context.Context, json.RawMessage) error { return nil }

// Close frees the connection.
func (s *Source) Close() error {
	s.sys.Close()
	return nil
}

// Backfill is the position of one window of the time of change.
func (s *Source) Backfill(name string, from, to time.Time) (json.RawMessage, error) {
	st, err := s.conf.Streams.Of(name)
	if err != nil {
		return nil, err
	}
	if st.Snapshot {
		return nil, errs.New(errs.Invalid, "connectors.no_window", errs.Args{"stream": name})
	}
	return httpsource.Backfill(from.Truncate(s.conf.Unit), to.Truncate(s.conf.Unit))
}

// keysAhead is how far behind the present a list of keys ends: a row that changes while they are listed, or that was stamped
// before the system's clock was set back, is there all the same.
const keysAhead = 24 * time.Hour

// Keys lists the keys of a stream as they are now. A row that changes meanwhile may be listed twice.
func (s *Source) Keys(ctx context.Context, name string) ([]string, error) {
	sweep := New(s.sys, s.conf)
	if err := sweep.open(ctx, name, nil, keysAhead); err != nil {
		return nil, err
	}
	if c := sweep.run.Stream.KeyColumns; c != nil {
		sweep.run.Columns = c
	}
	var keys []string
	for {
		b, err := sweep.Read(ctx)
		if errors.Is(err, io.EOF) {
			return keys, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list keys of %s: %w", name, err)
		}
		for _, r := range b.Rows {
			if r.Op == connectors.Upsert {
				keys = append(keys, r.Key)
			}
		}
	}
}
