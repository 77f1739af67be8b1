package pharmacy

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/internal/errs"
)

var zone = time.FixedZone("+08:00", 8*3600)

var streams = []connectors.StreamInfo{
	{Name: "stores", Title: "门店 Stores", Entity: canonical.EntityCustomer, Key: []string{"code"}, Deletes: "snapshot"},
	{Name: "sales", Title: "零售 Sales to persons", Entity: canonical.EntityFlow, Ledger: canonical.Usage, Party: "store_code", Key: []string{"id"}, Cursor: "updated_at", Deletes: "flag"},
	{Name: "purchases", Title: "购进 Purchases", Entity: canonical.EntityFlow, Ledger: canonical.Purchases, Party: "store_code", Key: []string{"id"}, Cursor: "updated_at", Deletes: "flag"},
	{Name: "stock", Title: "库存 Stock", Entity: canonical.EntityFlow, Ledger: canonical.Stock, Party: "store_code", Key: []string{"snapshot_date", "id"}, Deletes: "none"},
}

// fields are what rows of a stream carry.
var fields = map[string][]string{
	"stores":    {"code", "name", "kind", "uscc", "licence_no", "province", "city", "county", "address", "phone"},
	"sales":     {"id", "store_code", "date", "doc_no", "product_code", "product_name", "spec", "approval_no", "unit", "lot", "quantity", "kind", "updated_at", "deleted"},
	"purchases": {"id", "store_code", "date", "doc_no", "supplier_code", "supplier_name", "product_code", "product_name", "spec", "approval_no", "unit", "lot", "quantity", "kind", "updated_at", "deleted"},
	"stock":     {"id", "store_code", "product_code", "product_name", "spec", "approval_no", "unit", "lot", "quantity", "snapshot_date"},
}

func streamOf(name string) (connectors.StreamInfo, error) {
	i := slices.IndexFunc(streams, func(s connectors.StreamInfo) bool { return s.Name == name })
	if i < 0 {
		return connectors.StreamInfo{}, errs.New(errs.Invalid, "connectors.stream_unknown", errs.Args{"stream": name, "known": "stores, sales, purchases, stock"})
	}
	return streams[i], nil
}

// bearer is a token that never changes: refused once, refused for good.
type bearer struct{ token connectors.Secret }

func (b bearer) Apply(_ context.Context, _, _ string, header http.Header) (string, error) {
	header.Set("Authorization", "Bearer "+b.token.Reveal())
	return "token", nil
}

func (bearer) Refused(string) {}

// Source reads one connection, one stream at a time.
type Source struct {
	client   *httpsource.Client
	settings Settings
	stream   connectors.StreamInfo
	walk     *httpsource.Walk
	next     string // link of a snapshot's next page
	ended    bool
	snapshot string
	row      int
	restarts int // of the present window
}

var (
	_ connectors.Source     = (*Source)(nil)
	_ connectors.Backfiller = (*Source)(nil)
)

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*Source, error) {
	options := s.Options("pharmacy chain", s.BaseURL, env)
	options.Auth = bearer{s.Token}
	client, err := httpsource.New(options)
	if err != nil {
		return nil, err
	}
	return &Source{client: client, settings: s}, nil
}

// Open starts a run. A first call takes the server's time, so that the run's upper bound is on its clock.
func (s *Source) Open(ctx context.Context, name string, raw json.RawMessage) error {
	st, err := streamOf(name)
	if err != nil {
		return err
	}
	if _, known := s.client.Skew(); !known {
		if _, err := s.fetch(ctx, "stores", first("stores", 1, httpsource.Window{})); err != nil {
			return err
		}
	}
	upper := s.client.SourceNow().Truncate(time.Second)
	walk, err := httpsource.OpenWalk(raw, upper, s.settings.Overlap)
	if err != nil {
		return err
	}
	s.stream, s.walk, s.next, s.ended, s.row, s.restarts = st, walk, "", false, 0, 0
	s.snapshot = canonical.DateOf(upper.In(zone)).String()
	return nil
}

// first is the link of a list's first page.
func first(stream string, size int, w httpsource.Window) string {
	q := url.Values{"limit": {strconv.Itoa(size)}}
	if !w.To.IsZero() {
		q.Set("updated_before", w.To.Format(time.RFC3339))
	}
	if !w.From.IsZero() {
		q.Set("updated_from", w.From.Format(time.RFC3339))
	}
	return "/" + stream + "?" + q.Encode()
}

// maxRestarts is how often a window is begun anew because its link died; links that live shorter than a window would
// make it go round for ever.
const maxRestarts = 3

// Read returns the next page.
func (s *Source) Read(ctx context.Context) (connectors.Batch, error) {
	if s.walk == nil {
		return connectors.Batch{}, errs.New(errs.Internal, "connectors.not_open", nil)
	}
	if s.stream.Cursor == "" {
		return s.readSnapshot(ctx)
	}
	w, more := s.walk.Window()
	if !more {
		return connectors.Batch{}, io.EOF
	}
	link := w.After
	if link == "" {
		link = first(s.stream.Name, s.settings.PageSize, w)
	}
	p, err := s.fetch(ctx, s.stream.Name, link)
	if httpsource.ClassOf(err) == httpsource.RestartCursor && w.After != "" && s.restarts < maxRestarts {
		s.restarts++
		p, err = s.fetch(ctx, s.stream.Name, first(s.stream.Name, s.settings.PageSize, w)) // the link died: the window again
	}
	if err != nil {
		return connectors.Batch{}, err
	}
	batch, err := s.batch(p)
	if err != nil {
		return connectors.Batch{}, err
	}
	if p.next == "" {
		s.restarts = 0
		batch.Position = s.walk.Finish()
		return batch, nil
	}
	s.walk.Read(p.next)
	batch.Position = s.walk.Position()
	if len(batch.Position) > connectors.MaxPosition {
		return connectors.Batch{}, s.shape("a next link that is too long to keep")
	}
	return batch, nil
}

// readSnapshot reads a complete list; every run starts at its first page, for only then it has shown every key.
func (s *Source) readSnapshot(ctx context.Context) (connectors.Batch, error) {
	if s.ended {
		return connectors.Batch{}, io.EOF
	}
	link := s.next
	if link == "" {
		link = first(s.stream.Name, s.settings.PageSize, httpsource.Window{})
	}
	p, err := s.fetch(ctx, s.stream.Name, link)
	if err != nil {
		return connectors.Batch{}, err
	}
	batch, err := s.batch(p)
	if err != nil {
		return connectors.Batch{}, err
	}
	s.next, s.ended = p.next, p.next == ""
	batch.Position = s.walk.Position()
	if s.ended {
		batch.Position = s.walk.Finish()
		batch.SnapshotEnd = s.stream.Deletes == "snapshot"
	}
	return batch, nil
}

func (s *Source) batch(p page) (connectors.Batch, error) {
	out := connectors.Batch{Raw: p.raw, Rows: make([]connectors.Row, 0, len(p.rows))}
	for _, e := range p.rows {
		s.row++
		row := connectors.Row{Number: s.row, Fields: e.Fields, RawOff: e.Off, RawLen: e.Len}
		for _, k := range s.stream.Key {
			if k == "snapshot_date" {
				e.Fields[k] = s.snapshot
			}
			part := idText(e.Fields[k])
			if part == "" {
				return out, s.shape("a row without " + k)
			}
			if row.Key != "" {
				row.Key += "|"
			}
			row.Key += part
		}
		if s.stream.Cursor != "" {
			t, err := time.Parse(time.RFC3339, idText(e.Fields["updated_at"]))
			if err != nil {
				return out, s.shape("row " + row.Key + " has no time updated_at")
			}
			row.SourceTime = t.UTC()
			if e.Fields["deleted"] == true {
				row.Op = connectors.Delete
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

func idText(v any) string {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case string:
		return strings.TrimSpace(v)
	}
	return ""
}

func (s *Source) shape(why string) error {
	e := httpsource.UnknownShape("%s", why)
	e.Op, e.Source, e.Host = "read "+s.stream.Name, "pharmacy chain", s.client.Host()
	return e
}

// Ack does nothing: the chain keeps no position for its readers.
func (s *Source) Ack(context.Context, json.RawMessage) error { return nil }

// Close frees the connection.
func (s *Source) Close() error {
	s.client.Close()
	return nil
}

// Backfill is the position of one window of updated_at.
func (s *Source) Backfill(name string, from, to time.Time) (json.RawMessage, error) {
	st, err := streamOf(name)
	if err != nil {
		return nil, err
	}
	if st.Cursor == "" {
		return nil, errs.New(errs.Invalid, "connectors.no_window", errs.Args{"stream": name})
	}
	return httpsource.Backfill(from.Truncate(time.Second), to.Truncate(time.Second))
}
