package connectortest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/sandbox/fault"
)

// Medium is how a connector reaches its system: it says which of the items about faults concern it.
type Medium string

// Media.
const (
	HTTP     Medium = "" // the zero value
	Database Medium = "a database"
	Files    Medium = "files" // places on other machines, which may speak HTTP
)

// faults are the items that faults on the way to the system prove.
func (m Medium) faults() []int {
	return map[Medium][]int{HTTP: {34}, Database: {35}, Files: {34, 36}}[m]
}

// Harness is what the suite needs to know of a connector.
type Harness struct {
	Driver connectors.Driver
	Medium Medium
	Name   string // of the system, where the suite runs over several
	// Start starts a simulated system; it ends with the test.
	Start func(t *testing.T) *System
	// Stream is the stream that System.Fill fills.
	Stream string
	// BaseURL are the settings that hold the system's address.
	BaseURL []string
	// Password is a setting that, when wrong, makes the login fail; Wrong are whole settings for connectors where it
	// stands in a group.
	Password string
	Wrong    map[string]any
	// Passing are faults that a run gets over by itself; Failing end it with an error.
	Passing, Failing []fault.Name
	// PageSize is the setting of rows per page, MaxPage the most that the system allows; 0: whatever the suite wants.
	PageSize string
	MaxPage  int
	// Optional are discovered fields that rows need not have.
	Optional []string
	// Reasons say, by item of the acceptance list, why the connector's system cannot prove it. A part of the suite whose
	// items all have reasons is passed over.
	Reasons map[int]string
	// Codes are the connector's own messages of the verdicts of a check, by the name of the verdict; Untrusted are
	// settings that lead to a server whose certificate nobody vouches for, where an HTTPS server will not do.
	Codes     map[string]string
	Untrusted func(t *testing.T) map[string]any
	// Which tells the filled stream's rows apart where keys name the place at which a row was found; nil: the key.
	Which func(connectors.Row) string
	// Text is a field of the stream that holds what System.Write writes.
	Text string
}

// System is a simulated system with data in every stream.
type System struct {
	Settings map[string]any
	Faults   *fault.Set
	Now      func() time.Time
	// Advance moves the system's clock, and the connector's with it.
	Advance func(time.Duration)
	// Fill replaces the stream's rows by n rows that share one time of change, in the past.
	Fill func(n int)
	// Touch changes the i-th row of the filled stream now.
	Touch func(i int)
	// Remove deletes the i-th row in the system's own way, now.
	Remove func(i int)
	// Write puts a text into the i-th row, now.
	Write func(i int, text string)
	// Before is called before every query is answered.
	Before func(func())
	// Logins counts logins; nil when the system has none.
	Logins func() int
	// Server is what befalls a server that is a database, Place what people do to files; nil for others.
	Server *Server
	Place  *Place
}

// quick are settings that make retries fast.
var quick = map[string]any{"retry_first": "1ms", "retry_budget": "2s", "calls_per_second": 0, "timeout": "5s"}

// open makes a source for the system with changed settings.
func (h Harness) open(t *testing.T, s *System, change map[string]any) connectors.Source {
	t.Helper()
	spec := specOf(t, h)
	raw := merged(s.Settings, quick, map[string]any{h.PageSize: 7}, change)
	if size, _ := raw[h.PageSize].(int); h.MaxPage > 0 && size > h.MaxPage {
		raw[h.PageSize] = h.MaxPage
	}
	maps.DeleteFunc(raw, func(name string, _ any) bool { // not everybody pages and retries
		_, hurries := quick[name]
		_, known := spec.Option(name)
		return (hurries || name == "") && !known
	})
	return source(t, h.Driver.Config, h.Driver.New, s.Now, raw)
}

// wrong are settings that make the login fail.
func (h Harness) wrong() map[string]any {
	if h.Wrong != nil {
		return h.Wrong
	}
	return map[string]any{h.Password: "wrong"}
}

// streams are those that the connector offers with the system's settings.
func (h Harness) streams(t *testing.T, s *System) []connectors.StreamInfo {
	t.Helper()
	if h.Driver.Declared == nil {
		return h.Driver.Streams
	}
	settings, problems := specOf(t, h).Parse("p", s.Settings)
	require.Empty(t, problems)
	return h.Driver.Declared(settings)
}

// secrets are the values of the secrets in raw settings, those in groups too.
func secrets(spec connectors.Spec, raw map[string]any) (out []string) {
	for _, o := range spec.Options {
		if text, ok := raw[o.Name].(string); ok && o.Secret {
			out = append(out, text)
		}
		if group, ok := raw[o.Name].(map[string]any); ok && o.Group != nil {
			if o.Type == connectors.TypeGroup {
				out = append(out, secrets(*o.Group, group)...)
				continue
			}
			for _, one := range group {
				if inner, ok := one.(map[string]any); ok {
					out = append(out, secrets(*o.Group, inner)...)
				}
			}
		}
	}
	return out
}

func merged(tables ...map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range tables {
		maps.Copy(out, m)
	}
	return out
}

// run is what one run of a stream gave.
type run struct {
	rows      []connectors.Row
	positions []json.RawMessage
	batches   []connectors.Batch
}

func read(ctx context.Context, src connectors.Source, stream string, from json.RawMessage) (run, error) {
	var out run
	if err := src.Open(ctx, stream, from); err != nil {
		return out, err
	}
	for range 100_000 {
		b, err := src.Read(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if err := src.Ack(ctx, b.Position); err != nil {
			return out, err
		}
		out.rows, out.positions, out.batches = append(out.rows, b.Rows...), append(out.positions, b.Position), append(out.batches, b)
	}
	return out, errors.New("the run does not end")
}

func (r run) last() json.RawMessage {
	if len(r.positions) == 0 {
		return nil
	}
	return r.positions[len(r.positions)-1]
}

func (h Harness) which(r connectors.Row) string {
	if h.Which != nil {
		return h.Which(r)
	}
	return r.Key
}

// state is the set of rows after applying them in order.
func (h Harness) state(into map[string]string, rows []connectors.Row) map[string]string {
	if into == nil {
		into = map[string]string{}
	}
	for _, r := range rows {
		key := h.which(r)
		if r.Op == connectors.Delete {
			delete(into, key)
			if r.Document != "" && r.Key == r.Document { // all rows of the document
				maps.DeleteFunc(into, func(key, _ string) bool { return strings.HasPrefix(key, r.Document+"|") })
			}
			continue
		}
		b, err := json.Marshal(r.Fields)
		if err != nil {
			b = []byte(fmt.Sprint(r.Fields))
		}
		into[key] = string(b)
	}
	return into
}
