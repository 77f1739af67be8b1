package kingdee

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/internal/errs"
)

// zone is the time of every Kingdee server: its times carry none.
var zone = time.FixedZone("+08:00", 8*3600)

// literal is a time in a filter; it has whole seconds, so windows begin and end on them.
const literal = "2006-01-02 15:04:05"

// connection is what all streams of one connection share.
type connection struct {
	client   *httpsource.Client
	settings Settings
	now      func() time.Time
}

// Source reads one connection, one stream at a time.
type Source struct {
	*connection
	stream   stream
	columns  []string
	names    map[string]string // column → field name of rows
	walk     *httpsource.Walk
	snapshot string
	after    string
	done     bool
	row      int
}

var (
	_ connectors.Source     = (*Source)(nil)
	_ connectors.Sweeper    = (*Source)(nil)
	_ connectors.Backfiller = (*Source)(nil)
)

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*Source, error) {
	base, err := url.Parse(s.BaseURL)
	if err == nil && strings.Trim(base.Path, "/") == "" {
		base.Path = "/K3Cloud"
		s.BaseURL = base.String()
	}
	options := s.Options("Kingdee", s.BaseURL, env)
	options.Cookies = true
	client, err := httpsource.New(options)
	if err != nil {
		return nil, err
	}
	if s.Auth == "signature" {
		client.SetAuth(signer{settings: s, now: env.Now})
	} else {
		client.SetAuth(newSession(client, s, env.Now))
	}
	return &Source{connection: &connection{client: client, settings: s, now: env.Now}}, nil
}

// Open starts a run of a stream. It reads the form's metadata, so that optional fields the tenant lacks are not asked
// for, and takes the run's upper bound from the server's clock.
func (s *Source) Open(ctx context.Context, name string, raw json.RawMessage) error {
	st, ok := streamOf(name)
	if !ok {
		return errs.New(errs.Invalid, "connectors.stream_unknown", errs.Args{"stream": name, "known": strings.Join(streamNames(), ", ")})
	}
	form, err := s.metadata(ctx, name)
	if err != nil {
		return err
	}
	upper := s.client.SourceNow().Truncate(time.Second)
	walk, err := httpsource.OpenWalk(raw, upper, s.settings.Overlap)
	if err != nil {
		return err
	}
	s.stream, s.walk, s.row, s.done, s.after = st, walk, 0, false, ""
	s.snapshot = canonical.DateOf(upper.In(zone)).String()
	s.columns, s.names = st.columns(form, s.settings.Tenant)
	return nil
}

// columns is what to ask for, and the name each column has in rows.
func (st stream) columns(form formInfo, tenant map[string]string) ([]string, map[string]string) {
	columns := slices.Clone(st.required)
	for _, f := range st.optional {
		if form.has(f) {
			columns = append(columns, f)
		}
	}
	names := make(map[string]string, len(columns))
	for _, c := range columns {
		names[c] = strings.ReplaceAll(c, ".", "_")
	}
	for _, name := range sortedKeys(tenant) {
		if owner, own, _ := strings.Cut(name, "."); owner == st.info.Name {
			if !slices.Contains(columns, tenant[name]) {
				columns = append(columns, tenant[name])
			}
			names[tenant[name]] = own
		}
	}
	return columns, names
}

// Read returns the next page.
func (s *Source) Read(ctx context.Context) (connectors.Batch, error) {
	if s.walk == nil {
		return connectors.Batch{}, errs.New(errs.Internal, "connectors.not_open", nil)
	}
	if s.stream.snapshot {
		return s.readSnapshot(ctx)
	}
	w, more := s.walk.Window()
	if !more {
		return connectors.Batch{}, io.EOF
	}
	p, err := s.query(ctx, query{
		Form: s.stream.info.Name, Columns: s.columns, Filter: s.stream.filter(w), Order: s.stream.id + " asc", Limit: s.settings.PageSize,
	})
	if err != nil {
		return connectors.Batch{}, err
	}
	if len(p.rows) == 0 { // only an empty page ends a window: servers cut pages below the limit asked for
		return connectors.Batch{Raw: p.raw, Position: s.walk.Finish()}, nil
	}
	batch, last, err := s.batch(p, w.After)
	if err != nil {
		return connectors.Batch{}, err
	}
	s.walk.Read(last)
	batch.Position = s.walk.Position()
	return batch, nil
}

// readSnapshot reads stock as of now; every run starts at the first row.
func (s *Source) readSnapshot(ctx context.Context) (connectors.Batch, error) {
	if s.done {
		return connectors.Batch{}, io.EOF
	}
	q := query{Form: s.stream.info.Name, Columns: s.columns, Order: s.stream.id + " asc", Limit: s.settings.PageSize}
	if s.after != "" {
		q.Filter = s.stream.id + " > " + quote(s.after)
	}
	p, err := s.query(ctx, q)
	if err != nil {
		return connectors.Batch{}, err
	}
	if len(p.rows) == 0 {
		s.done = true
		return connectors.Batch{Raw: p.raw, Position: s.walk.Finish()}, nil
	}
	batch, last, err := s.batch(p, s.after)
	if err != nil {
		return connectors.Batch{}, err
	}
	s.after = last
	batch.Position = s.walk.Position()
	return batch, nil
}

func (st stream) filter(w httpsource.Window) string {
	to := w.To.In(zone).Format(literal)
	in := func(field string) string {
		upper := field + " < '" + to + "'"
		if w.From.IsZero() {
			return upper
		}
		return "(" + field + " >= '" + w.From.In(zone).Format(literal) + "' and " + upper + ")"
	}
	// A bill that was never edited may have no modification time.
	filter := "(" + in(modified) + " or " + in(created) + ")"
	if w.After != "" {
		filter += " and " + st.id + " > " + w.After
	}
	if st.document && w.From.IsZero() {
		filter += " and FDocumentStatus = 'C' and FCancelStatus = 'A'" // nothing is stored yet that could be taken back
	}
	return filter
}

func (s *Source) batch(p page, after string) (connectors.Batch, string, error) {
	out := connectors.Batch{Raw: p.raw, Rows: make([]connectors.Row, 0, len(p.rows))}
	last := after
	for _, e := range p.rows {
		id := idText(e.Fields[s.stream.id])
		if id == "" {
			return out, "", s.shape("a row without " + s.stream.id)
		}
		if !s.stream.snapshot && !numeric(id) {
			return out, "", s.shape(s.stream.id + " is not a number")
		}
		if id == last || !s.stream.snapshot && last != "" && !less(last, id) {
			return out, "", s.shape("rows out of order at " + s.stream.id + " " + id)
		}
		last = id
		s.row++
		row := connectors.Row{Number: s.row, Fields: s.rename(e.Fields), RawOff: e.Off, RawLen: e.Len}
		row.Key = s.stream.key(row.Fields, s.snapshot)
		if s.stream.snapshot {
			row.Fields["snapshot_date"] = s.snapshot
		} else {
			row.SourceTime = sourceTime(row.Fields)
		}
		if s.stream.document && (row.Fields["FDocumentStatus"] != "C" || row.Fields["FCancelStatus"] != "A") {
			row.Op = connectors.Delete
		}
		out.Rows = append(out.Rows, row)
	}
	return out, last, nil
}

func (s *Source) shape(why string) error {
	e := httpsource.UnknownShape("%s", why)
	e.Op, e.Source, e.Host = "query "+s.stream.info.Name, "Kingdee", s.client.Host()
	return e
}

// rename gives columns their names in rows; a single space is Kingdee's way of saying nothing.
func (s *Source) rename(in map[string]any) map[string]any {
	out := make(map[string]any, len(in)+1)
	for column, v := range in {
		name, known := s.names[column]
		if !known {
			continue
		}
		if t, ok := v.(string); ok && strings.TrimSpace(t) == "" {
			v = nil
		}
		out[name] = v
	}
	return out
}

// key is the row's key in the stream. Master data that other organisations use appears once more per organisation with
// the same number; those rows get a key of their own.
func (st stream) key(f map[string]any, snapshot string) string {
	switch st.info.Name {
	case "BD_Customer", "BD_MATERIAL":
		if own, used := idText(f["FCreateOrgId_FNumber"]), idText(f["FUseOrgId_FNumber"]); own != used {
			return idText(f["FNumber"]) + "@" + used
		}
		return idText(f["FNumber"])
	case "BD_BatchMainFile":
		return idText(f["FMaterialId_FNumber"]) + "|" + idText(f["FNumber"])
	case "STK_Inventory":
		return snapshot + "|" + idText(f["FID"])
	}
	return idText(f["FEntity_FEntryID"])
}

// Ack does nothing: Kingdee keeps no position for its readers.
func (s *Source) Ack(context.Context, json.RawMessage) error { return nil }

// Close frees the connection.
func (s *Source) Close() error {
	s.client.Close()
	return nil
}

// Backfill is the position of one window of FModifyDate.
func (s *Source) Backfill(name string, from, to time.Time) (json.RawMessage, error) {
	st, ok := streamOf(name)
	if !ok || st.snapshot {
		return nil, errs.New(errs.Invalid, "connectors.no_window", errs.Args{"stream": name})
	}
	return httpsource.Backfill(from.Truncate(time.Second), to.Truncate(time.Second))
}

// Keys lists the keys of a stream as they are now.
func (s *Source) Keys(ctx context.Context, name string) ([]string, error) {
	st, ok := streamOf(name)
	if !ok {
		return nil, errs.New(errs.Invalid, "connectors.stream_unknown", errs.Args{"stream": name, "known": strings.Join(streamNames(), ", ")})
	}
	sweep := &Source{connection: s.connection}
	if err := sweep.Open(ctx, name, nil); err != nil {
		return nil, err
	}
	sweep.columns = slices.DeleteFunc(slices.Clone(st.required), func(c string) bool {
		return !slices.Contains([]string{st.id, "FNumber", "FCreateOrgId.FNumber", "FUseOrgId.FNumber", "FMaterialId.FNumber", "FDocumentStatus", "FCancelStatus"}, c)
	})
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
			keys = append(keys, r.Key)
		}
	}
}
