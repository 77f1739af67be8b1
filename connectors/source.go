package connectors

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"tributary/canonical"
)

// Source is one connection to one system.
type Source interface {
	// Check probes the connection and says in findings what is wrong and how to mend it. The error is only for a
	// cancelled context.
	Check(ctx context.Context) ([]Finding, error)
	// Discover lists the streams with their fields, keys and cursors.
	Discover(ctx context.Context) ([]StreamInfo, error)
	// Open starts a run of a stream after the position (nil: from the beginning) and fixes the run's upper bound.
	Open(ctx context.Context, stream string, position json.RawMessage) error
	// Read returns the next batch, or io.EOF at the run's upper bound.
	Read(ctx context.Context) (Batch, error)
	// Ack tells the source that everything up to the position is stored. It is idempotent and may be lost.
	Ack(ctx context.Context, position json.RawMessage) error
	// Close ends the run and frees what it holds.
	Close() error
}

// Op is what happened to a row at the source.
type Op uint8

// Operations on rows.
const (
	Upsert Op = iota
	Delete
)

// Row is one row as the source sent it.
type Row struct {
	Key        string         // the row's key in the stream
	Op         Op             //
	SourceTime time.Time      // the source's own time of the version; zero when it has none
	SourceSeq  string         // the source's own version within equal times, compared as text; may be empty
	Number     int            // 1-based number of the row in its file or run, for people
	Fields     map[string]any // text, json.Number, bool, nil, or nested values; numbers are never float64
	RawOff     int            // where the row's bytes lie in Batch.Raw; RawLen 0: the whole of it
	RawLen     int
	// Document names the bill or other document of which the row is a part, in streams of flow and of events. The rows of
	// a document come together, one after the other in one batch, as it is now: what it held before and does not any more
	// is taken back. Their keys begin with the document's name and a bar. A Delete whose Key is the Document takes all of
	// it back.
	Document string
}

// Batch is what is committed together: some rows and the position after them.
type Batch struct {
	Rows        []Row
	Bad         []BadRow // rows that could not be parsed into fields
	Raw         []byte   // the page or block of lines as received
	Position    json.RawMessage
	SnapshotEnd bool  // with this batch the run has shown every key the source has
	Shown       *Days // of ledgers whose days are read again: those of which the run, up to this batch and the end, shows every row
}

// Days are the business dates from From on and before To. A zero From is no bound; with a zero To they are none.
type Days struct {
	From, To canonical.Date
	Behind   time.Duration // how much older what the source shows may be than what it showed before: replicas behind one address
}

// BadRow is a row of the source that has no fields: a ragged line, bytes that are not text. It goes to quarantine.
type BadRow struct {
	Number int
	Issue  canonical.Issue
	Raw    []byte
}

// MaxPosition bounds an encoded position in bytes.
const MaxPosition = 16 << 10

// Severity of a finding.
type Severity string

// Severities.
const (
	OK    Severity = "ok"
	Warn  Severity = "warning"
	Fault Severity = "fault"
)

// Finding is one result of Check. Code and Args name a message of the catalogue, remedy included.
type Finding struct {
	Severity Severity       `json:"severity"`
	Code     string         `json:"code"`
	Args     map[string]any `json:"args,omitempty"`
}

// StreamInfo describes a stream a source offers.
type StreamInfo struct {
	Name     string           `json:"name"`
	Title    string           `json:"title,omitempty"`
	Entity   canonical.Entity `json:"entity"`           // what the built-in map makes of it; "" when a map must say
	Ledger   canonical.Ledger `json:"ledger,omitempty"` // for flow streams
	Party    string           `json:"party,omitempty"`  // for flow streams: the field that names the reporting party by its source id; "" = the company itself
	Key      []string         `json:"key"`
	Cursor   string           `json:"cursor,omitempty"` // the field that orders versions; "" = snapshot
	Deletes  string           `json:"deletes"`          // how deletes are seen: log, flag, sweep, snapshot, window (of days that are read again), none
	Personal bool             `json:"personal"`         // rows are about natural persons
	Fields   []Field          `json:"fields,omitempty"`
}

// DeletesByKey reports whether deletes of the stream may be told by keys alone: by those that a source still has, or by
// those that its log names.
func (i StreamInfo) DeletesByKey() bool {
	return i.Deletes == "sweep" || i.Deletes == "snapshot" || i.Deletes == "log"
}

// Field is one field of a stream as the source's own metadata states it.
type Field struct {
	Name  string `json:"name"`
	Type  string `json:"type,omitempty"`
	Title string `json:"title,omitempty"`
}

// Sweeper lists the keys that exist at the source now, for the detection of deletes.
type Sweeper interface {
	Keys(ctx context.Context, stream string) ([]string, error)
}

// Backfiller makes positions that read one window of a stream's cursor and nothing after it. Such a position is passed to
// Open like any other and is never kept as the stream's own.
type Backfiller interface {
	Backfill(stream string, from, to time.Time) (json.RawMessage, error)
}

// Env is what the hub lends a source. Now must be set; the rest may be nil: nobody listens. The functions are safe for
// concurrent use.
type Env struct {
	Now     func() time.Time
	Waited  func(time.Duration) // hears how long a call waited for a limit on calls
	Circuit func(open bool)     // hears that calls to the connection are held back, or pass again
	Shared  *Shared             // of the connection; nil: the source has its limits and its circuit for itself
	Inbox   Inbox               // of a connection that receives; nil where there is no store
	URL     string              // of the hub, as far as it knows itself
	Path    string              // under it, where the hub receives for the connection
}

// Shared is what the sources of one connection have together, one after the other or side by side, while the process lives:
// limits on calls, circuits. It is safe for concurrent use.
type Shared struct{ things sync.Map }

// Get is the thing of a name, made when it is first asked for. The nil Shared makes a new one each time.
func (s *Shared) Get(name string, make func() any) any {
	if s == nil {
		return make()
	}
	if known, ok := s.things.Load(name); ok {
		return known
	}
	shared, _ := s.things.LoadOrStore(name, make())
	return shared
}

// Driver is a connector: the way to configure and make a Source.
type Driver struct {
	Name    string // as written in the configuration
	Title   map[string]string
	Streams []StreamInfo      // the streams known before discovery
	Maps    map[string][]byte // built-in map (YAML) per stream
	Config  any               // zero value of the settings struct; its tags are the Spec
	New     func(settings any, env Env) (Source, error)

	Setup    map[string]string               // what to ask for and where, in Markdown, by language
	Declared func(settings any) []StreamInfo // streams that the settings declare, for connectors that have none of their own
	Receives bool                            // its sources are Receivers
	Example  string                          // settings and streams of a configuration, indented by six spaces, where they say more than one line each
}

// CredentialsRefused reports whether a message says that the system refused the credentials: they must not be tried
// again as they are, since accounts are locked after a few tries.
func CredentialsRefused(code string) bool {
	return slices.Contains([]string{"connectors.credentials", "database.credentials", "files.remote_credentials"}, code)
}
