package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/internal/config"
	"tributary/internal/errs"
)

// receivedAt is the field that rows get besides their own: when they came.
const receivedAt = "received_at"

// pageBytes bounds the bodies of one batch.
const pageBytes = 4 << 20

// Source reads the deliveries that wait for one connection.
type Source struct {
	settings Settings
	env      connectors.Env
	zone     *time.Location
	stream   string
	at, end  int64 // numbers: read up to, and the run's upper bound
	row      int
}

var (
	_ connectors.Source   = (*Source)(nil)
	_ connectors.Receiver = (*Source)(nil)
)

// New makes a source; it does no I/O.
func New(s Settings, env connectors.Env) (*Source, error) {
	zone, err := config.ParseZone(s.Zone)
	if err != nil {
		return nil, err
	}
	return &Source{settings: s, env: env, zone: zone}, nil
}

// position is the stored form of how far a stream is read.
type position struct {
	V      int   `json:"v"`
	Number int64 `json:"number"`
}

const positionVersion = 1

func parsePosition(raw json.RawMessage) (p position, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return position{V: positionVersion}, nil
	}
	if httpsource.Decode(raw, &p) != nil || p.V < 1 || p.Number < 0 {
		return p, errs.New(errs.Invalid, "connectors.position", nil)
	}
	if p.V > positionVersion {
		return p, errs.New(errs.Invalid, "connectors.position_newer", errs.Args{"version": p.V})
	}
	return p, nil
}

// Open fixes the run's upper bound: what has come by now. What lies up to the position is stored; an acknowledgement of it
// may have been lost.
func (s *Source) Open(ctx context.Context, stream string, raw json.RawMessage) error {
	if _, ok := s.settings.Streams[stream]; !ok {
		return errs.New(errs.Invalid, "connectors.stream_unknown", errs.Args{"stream": stream, "known": strings.Join(s.names(), ", ")})
	}
	p, err := parsePosition(raw)
	if err != nil {
		return err
	}
	if s.env.Inbox == nil {
		return errs.New(errs.Internal, "connectors.not_open", nil)
	}
	last, err := s.env.Inbox.Number(ctx, stream)
	if err != nil {
		return err
	}
	if p.Number > last { // of another hub: what it names was never here
		return errs.New(errs.Invalid, "connectors.position", nil)
	}
	s.stream, s.at, s.end, s.row = stream, p.Number, last, 0
	return s.env.Inbox.Drop(ctx, stream, p.Number)
}

// Read returns the rows of the next deliveries.
func (s *Source) Read(ctx context.Context) (connectors.Batch, error) {
	if s.stream == "" {
		return connectors.Batch{}, errs.New(errs.Internal, "connectors.not_open", nil)
	}
	list, err := s.env.Inbox.Read(ctx, s.stream, s.at, s.end, s.settings.PageSize, pageBytes)
	if err != nil {
		return connectors.Batch{}, err
	}
	if len(list) == 0 {
		return connectors.Batch{}, io.EOF
	}
	var out connectors.Batch
	for _, d := range list {
		s.add(&out, d)
		s.at = d.Number
	}
	out.Position, err = json.Marshal(position{V: positionVersion, Number: s.at})
	return out, err
}

// add appends the rows of a delivery to a batch.
func (s *Source) add(out *connectors.Batch, d connectors.Delivery) {
	k, st := kindOf(d.MediaType), s.settings.Streams[s.stream]
	text := s.settings.text(k, d.Body)
	base := len(out.Raw)
	out.Raw = append(append(out.Raw, text...), '\n')
	n := 0
	for _, it := range s.own(itemsOf(k, text), d.Split) {
		for _, in := range rowsOf(text, it, st.Rows) {
			s.row, n = s.row+1, n+1
			row, issue := s.rowOf(st, in, it, d)
			if issue != nil {
				out.Bad = append(out.Bad, connectors.BadRow{Number: s.row, Issue: *issue, Raw: slices.Clone(text[in.off : in.off+in.raw])})
				continue
			}
			row.Number, row.RawOff, row.RawLen = s.row, base+in.off, in.raw
			row.SourceSeq = fmt.Sprintf("%016d.%06d", d.Number, n)
			out.Rows = append(out.Rows, row)
		}
	}
}

// own are the items of a shared body that belong to the stream. Damaged ones go with the first stream of their delivery.
func (s *Source) own(items []item, split bool) []item {
	if !split {
		return items
	}
	var out []item
	first := ""
	for _, it := range items {
		name := ""
		if it.why == nil {
			name = s.settings.streamFor(connectors.Scalar(connectors.Pick(it.fields, s.settings.StreamField)))
		}
		if name != "" && (first == "" || name < first) {
			first = name
		}
		if name == s.stream {
			out = append(out, it)
		}
	}
	if first == s.stream {
		for _, it := range items {
			if it.why != nil {
				out = append(out, it)
			}
		}
	}
	return out
}

// rowOf makes a row of an item; around is the item that it stands in. The issue says why it cannot.
func (s *Source) rowOf(st Stream, in, around item, d connectors.Delivery) (connectors.Row, *canonical.Issue) {
	if in.why != nil {
		issue := canonical.Invalid("body", "", in.why.Error())
		return connectors.Row{}, &issue
	}
	find := func(path string) string {
		if v := connectors.Scalar(connectors.Pick(in.fields, path)); v != "" {
			return v
		}
		return connectors.Scalar(connectors.Pick(around.fields, path))
	}
	row := connectors.Row{Fields: in.fields, SourceTime: d.At}
	var key []string
	for _, name := range st.Key {
		part := find(name)
		if part == "" {
			issue := canonical.Required(name)
			return row, &issue
		}
		key = append(key, part)
	}
	row.Key = strings.Join(key, "|")
	if st.Time != "" {
		at, err := connectors.TimeForm{Format: st.Format, Zone: s.zone}.Read(find(st.Time))
		if err != nil {
			issue := canonical.Invalid(st.Time, "", err.Error())
			return row, &issue
		}
		row.SourceTime = at
	}
	if st.Op != "" && fits(st.Gone, find(st.Op)) {
		row.Op = connectors.Delete
	}
	if _, has := in.fields[receivedAt]; !has {
		in.fields[receivedAt] = d.At.UTC().Format(time.RFC3339Nano)
	}
	return row, nil
}

// Ack empties the inbox up to a position.
func (s *Source) Ack(ctx context.Context, raw json.RawMessage) error {
	p, err := parsePosition(raw)
	if err != nil {
		return err
	}
	return s.env.Inbox.Drop(ctx, s.stream, p.Number)
}

// Close does nothing: the inbox is the hub's.
func (s *Source) Close() error { return nil }

// Discover lists the streams that the settings declare, with the fields of the rows that wait: what else rows hold, the
// sender decides.
func (s *Source) Discover(ctx context.Context) ([]connectors.StreamInfo, error) {
	out := s.settings.infos()
	if s.env.Inbox == nil {
		return out, nil
	}
	for i := range out {
		look := Source{settings: s.settings, env: s.env, zone: s.zone, stream: out[i].Name}
		var err error
		if look.end, err = s.env.Inbox.Number(ctx, look.stream); err != nil {
			return nil, err
		}
		first, err := look.Read(ctx)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		out[i].Fields = withFields(out[i].Fields, first.Rows)
	}
	return out, nil
}

func withFields(fields []connectors.Field, rows []connectors.Row) []connectors.Field {
	known, more := map[string]bool{}, map[string]bool{}
	for _, f := range fields {
		known[f.Name] = true
	}
	for _, row := range rows {
		for name := range row.Fields {
			if !known[name] {
				more[name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(more)) {
		fields = append(fields, connectors.Field{Name: name})
	}
	return fields
}

func (s *Source) names() []string {
	var out []string
	for _, info := range s.settings.infos() {
		out = append(out, info.Name)
	}
	return out
}

// Check tells where senders post to and whether they do.
func (s *Source) Check(ctx context.Context) ([]connectors.Finding, error) {
	args := map[string]any{"url": s.address(), "streams": strings.Join(s.names(), ", "), "limit": s.settings.Expected.String()}
	finding := func(severity connectors.Severity, code string) []connectors.Finding {
		return []connectors.Finding{{Severity: severity, Code: code, Args: args}}
	}
	if s.env.Inbox == nil {
		return finding(connectors.Warn, "webhook.check_never"), nil
	}
	state, err := s.env.Inbox.State(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return []connectors.Finding{httpsource.Verdict(err)}, nil
	}
	waiting := 0
	var lost []string
	for stream, n := range state.Waiting {
		waiting += n
		if _, ok := s.settings.Streams[stream]; !ok {
			lost = append(lost, stream)
		}
	}
	slices.Sort(lost)
	args["waiting"], args["last"], args["lost"] = waiting, state.Last.In(s.zone).Format(time.RFC3339), strings.Join(lost, ", ")
	var out []connectors.Finding
	switch {
	case len(lost) > 0:
		out = finding(connectors.Fault, "webhook.check_lost")
	case waiting >= s.settings.MaxWaiting:
		out = finding(connectors.Fault, "webhook.check_full")
	}
	switch {
	case state.Last.IsZero():
		out = append(out, finding(connectors.Warn, "webhook.check_never")...)
	case s.env.Now().Sub(state.Last) > s.settings.Expected:
		out = append(out, finding(connectors.Warn, "webhook.check_silent")...)
	case len(out) == 0:
		out = finding(connectors.OK, "webhook.check_ok")
	}
	return out, nil
}

// address is where senders post to.
func (s *Source) address() string {
	base := s.settings.PublicURL
	if base == "" {
		base = s.env.URL
	}
	return strings.TrimRight(base, "/") + s.env.Path
}
