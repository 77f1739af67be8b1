package neocrm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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

// connection is what all streams of one connection share. Login and API are different hosts.
type connection struct {
	login, api *httpsource.Client
	auth       bearer
	settings   Settings
}

// Source reads one connection, one stream at a time.
type Source struct {
	*connection
	stream  stream
	desc    description
	columns []string
	names   map[string]string
	walk    *httpsource.Walk
	locator string // of the running scroll
	text    string // of the running scroll: it must stay the same from page to page
	row     int
}

var (
	_ connectors.Source     = (*Source)(nil)
	_ connectors.Sweeper    = (*Source)(nil)
	_ connectors.Backfiller = (*Source)(nil)
)

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*Source, error) {
	login, err := httpsource.New(s.Options("Neocrm", s.LoginURL, env))
	if err != nil {
		return nil, err
	}
	address := s.APIURL
	if address == "" {
		address = s.LoginURL
	}
	api, err := httpsource.New(s.Options("Neocrm", address, env))
	if err != nil {
		return nil, err
	}
	c := &connection{login: login, api: api, settings: s}
	c.auth = newBearer(login, s, env.Now, func(address string) error {
		if s.APIURL != "" {
			return nil // the configured host wins
		}
		return api.Rebase(address)
	})
	api.SetAuth(c.auth)
	return &Source{connection: c}, nil
}

// connect logs in before the first call, because the login may name the API's host.
func (c *connection) connect(ctx context.Context) error {
	_, err := c.auth.holder.Get(ctx)
	return err
}

func (c *connection) object(st stream) string {
	if st.object == "" {
		return c.settings.Patient
	}
	return st.object
}

// Open starts a run of a stream; see Kingdee's for the same order of things.
func (s *Source) Open(ctx context.Context, name string, raw json.RawMessage) error {
	st, ok := streamOf(name)
	if !ok {
		return errs.New(errs.Invalid, "connectors.stream_unknown", errs.Args{"stream": name, "known": strings.Join(streamNames(), ", ")})
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	desc, err := s.describe(ctx, s.object(st))
	if err != nil {
		return err
	}
	walk, err := httpsource.OpenWalk(raw, s.api.SourceNow().Truncate(time.Millisecond), s.settings.Overlap)
	if err != nil {
		return err
	}
	s.stream, s.desc, s.walk, s.locator, s.row = st, desc, walk, "", 0
	s.columns, s.names = st.columns(desc, s.settings.Tenant)
	return nil
}

// columns is what to ask for, and the name each column has in rows.
func (st stream) columns(desc description, tenant map[string]string) ([]string, map[string]string) {
	columns := append(slices.Clone(common), st.required...)
	for _, f := range st.optional {
		if desc.has(f) {
			columns = append(columns, f)
		}
	}
	names := map[string]string{}
	for _, c := range columns {
		names[c] = strings.ReplaceAll(c, ".", "_")
	}
	for _, name := range slices.Sorted(maps.Keys(tenant)) {
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
	w, more := s.walk.Window()
	if !more {
		return connectors.Batch{}, io.EOF
	}
	scroll := s.settings.Paging == "scroll"
	if s.locator == "" {
		s.text = s.xoql(w, scroll)
	}
	p, err := s.query(ctx, s.object(s.stream), s.text, scroll, s.locator)
	if httpsource.ClassOf(err) == httpsource.RestartCursor && s.locator != "" {
		s.locator, s.text = "", s.xoql(w, scroll) // the scroll died: a new one begins behind the last id read
		p, err = s.query(ctx, s.object(s.stream), s.text, scroll, "")
	}
	if err != nil {
		return connectors.Batch{}, err
	}
	batch, last, err := s.batch(p, w.After)
	if err != nil {
		return connectors.Batch{}, err
	}
	s.locator = p.locator
	if last != "" {
		s.walk.Read(last)
	}
	ended := len(p.rows) == 0 // servers cut pages below the limit asked for
	if scroll {
		ended = p.locator == ""
	}
	if ended {
		batch.Position = s.walk.Finish()
	} else {
		batch.Position = s.walk.Position()
	}
	return batch, nil
}

// xoql reads the rest of a window in id order.
func (s *Source) xoql(w httpsource.Window, scroll bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "select %s from %s where %s < %d", strings.Join(s.columns, ", "), s.object(s.stream), updated, w.To.UnixMilli())
	if !w.From.IsZero() {
		fmt.Fprintf(&b, " and %s >= %d", updated, w.From.UnixMilli())
	}
	if w.After != "" {
		fmt.Fprintf(&b, " and id > %s", w.After)
	}
	b.WriteString(" order by id")
	if !scroll {
		fmt.Fprintf(&b, " limit %d offset 0", s.settings.PageSize)
	}
	return b.String()
}

func (s *Source) batch(p page, after string) (connectors.Batch, string, error) {
	out := connectors.Batch{Raw: p.raw, Rows: make([]connectors.Row, 0, len(p.rows))}
	last := after
	for _, e := range p.rows {
		id := idText(e.Fields["id"])
		if id == "" || strings.Trim(id, "0123456789") != "" {
			return out, "", s.shape("a row without a numeric id")
		}
		if last != "" && !less(last, id) {
			return out, "", s.shape("rows out of order at id " + id)
		}
		last = id
		s.row++
		row := connectors.Row{Key: id, Number: s.row, Fields: s.rename(e.Fields), RawOff: e.Off, RawLen: e.Len}
		for _, field := range []string{updated, "createdAt"} {
			if ms, err := strconv.ParseInt(idText(e.Fields[field]), 10, 64); err == nil {
				row.SourceTime = time.UnixMilli(ms).UTC()
				break
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out, last, nil
}

// rename gives columns their names in rows, picklists their labels and business dates their form.
func (s *Source) rename(in map[string]any) map[string]any {
	out := make(map[string]any, len(s.columns)+4)
	for _, column := range s.columns {
		name := s.names[column]
		v, given := in[column]
		if t, isText := v.(string); isText && strings.TrimSpace(t) == "" {
			v = nil
		}
		switch {
		case !given:
			v = nil // a missing key means the same as null
		case column == "id" || strings.HasSuffix(column, "Id") || column == "hospital__c":
			v = textOrNil(v)
		case s.desc.dates[column] || slices.Contains(s.stream.dates, column):
			v = date(v)
		}
		out[name] = v
		if label := s.desc.label(column, v); label != nil {
			out[name+"_label"] = label
		}
	}
	return out
}

// date turns epoch milliseconds at Chinese midnight into a date.
func date(v any) any {
	ms, err := strconv.ParseInt(idText(v), 10, 64)
	if err != nil {
		return v
	}
	return canonical.DateOf(time.UnixMilli(ms).In(zone)).String()
}

func textOrNil(v any) any {
	if t := idText(v); t != "" {
		return t
	}
	return nil
}

func less(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

func (s *Source) shape(why string) error {
	e := httpsource.UnknownShape("%s", why)
	e.Op, e.Source, e.Host = "query "+s.object(s.stream), "Neocrm", s.api.Host()
	return e
}

// Ack does nothing: the source keeps no position for its readers.
func (s *Source) Ack(context.Context, json.RawMessage) error { return nil }

// Close frees the connections.
func (s *Source) Close() error {
	s.login.Close()
	s.api.Close()
	return nil
}

// Backfill is the position of one window of updatedAt.
func (s *Source) Backfill(name string, from, to time.Time) (json.RawMessage, error) {
	if _, ok := streamOf(name); !ok {
		return nil, errs.New(errs.Invalid, "connectors.stream_unknown", errs.Args{"stream": name, "known": strings.Join(streamNames(), ", ")})
	}
	return httpsource.Backfill(from, to)
}

// Keys lists the ids of a stream as they are now.
func (s *Source) Keys(ctx context.Context, name string) ([]string, error) {
	sweep := &Source{connection: s.connection}
	if err := sweep.Open(ctx, name, nil); err != nil {
		return nil, err
	}
	sweep.columns = common
	var keys []string
	for {
		b, err := sweep.Read(ctx)
		if errors.Is(err, io.EOF) {
			return keys, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list ids of %s: %w", name, err)
		}
		for _, r := range b.Rows {
			keys = append(keys, r.Key)
		}
	}
}
