package objectsource

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/internal/errs"
)

// Keeper is a System whose records may get fields back. Calls are made after Connect; an error of a call is an
// *httpsource.Error, of a record that is not there one of Gone.
type Keeper interface {
	System
	// Writable tells of each field of a stream's object whether it may be written. Where the system tells only which
	// fields there are, it is those.
	Writable(ctx context.Context, st Stream) (map[string]bool, error)
	// Absent is an id that no record ever has: what a write to it is refused with shows whether the right to write is
	// there. "": Writable knows it.
	Absent() string
	// ReadFields reads fields of one record as text, "" for empty ones.
	ReadFields(ctx context.Context, st Stream, id string, fields []string) (map[string]string, error)
	// WriteFields sets fields of one record; it never creates one. It is made with Once: what nobody saw the end of is
	// looked at before it is written again, so that nothing is changed twice.
	WriteFields(ctx context.Context, st Stream, id string, values map[string]string) error
}

// Gone is the error of a record that the system has no more; why has the system's own words, nil when it has none.
func Gone(source string, st Stream, id string, why error) error {
	args := errs.Args{"source": source, "stream": st.Info.Name, "id": id, "why": "-"}
	if why != nil {
		args["why"] = why.Error()
	}
	return errs.New(errs.Invalid, "connectors.record_gone", args)
}

// GoneIf is the error of a call about a record: one of Gone when a refusal has one of the codes of a record that is not
// there.
func GoneIf(err error, source string, st Stream, id string, codes ...string) error {
	var e *httpsource.Error
	if errors.As(err, &e) && httpsource.Refused(e) && slices.Contains(codes, e.Code) {
		return Gone(source, st, id, err)
	}
	return err
}

// ReadRecord reads fields of an answer that is one record, whose key is told by the column id.
func ReadRecord(body []byte, id string, fields []string) (map[string]string, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return nil, e
	}
	var row map[string]any
	if httpsource.Decode(body, &row) != nil || Text(row[id]) == "" {
		return nil, httpsource.UnknownShape("a record without %s", id)
	}
	out := map[string]string{}
	for _, field := range fields {
		v, there := row[field]
		if !there {
			return nil, httpsource.UnknownShape("a record without %s, which was asked for", field)
		}
		out[field] = Text(v)
	}
	return out, nil
}

// NoContent judges the answer to a change, which has none.
func NoContent(r *httpsource.Response) *httpsource.Error {
	if r.Status != http.StatusNoContent {
		return httpsource.UnknownShape("an answer to a change with status %d instead of 204", r.Status)
	}
	return nil
}

// WriteBack is the way to write fields of records; nil when the settings do not ask for it.
func (s *Source) WriteBack() (connectors.WriteBackSettings, connectors.FieldWriter) {
	if w := s.fieldWriter(); w != nil {
		return s.conf.WriteBack, w
	}
	return s.conf.WriteBack, nil
}

func (s *Source) fieldWriter() *fieldWriter {
	keeper, ok := s.sys.(Keeper)
	if !ok || !s.conf.WriteBack.On() {
		return nil
	}
	return &fieldWriter{s, keeper}
}

// fieldWriter writes fields into the records of the source's streams.
type fieldWriter struct {
	*Source
	keeper Keeper
}

// Within is how long a call may take, the login before it too.
func (w *fieldWriter) Within() time.Duration { return w.conf.Within }

// begin finds the stream and logs in.
func (w *fieldWriter) begin(ctx context.Context, stream string) (Stream, error) {
	st, err := w.conf.Streams.Of(stream)
	if err != nil {
		return st, &connectors.PushError{Outcome: connectors.Stopped, Err: err}
	}
	if err := w.sys.Connect(ctx); err != nil {
		return st, httpsource.PushError(httpsource.NotBegun(err))
	}
	return st, nil
}

// outcome says what a failed call left behind.
func (w *fieldWriter) outcome(err error) error {
	if errs.CodeOf(err) == "connectors.record_gone" {
		return &connectors.PushError{Outcome: connectors.Refused, Err: err}
	}
	return httpsource.PushError(err)
}

func (w *fieldWriter) ReadFields(ctx context.Context, stream, id string, fields []string) (map[string]string, error) {
	st, err := w.begin(ctx, stream)
	if err != nil {
		return nil, err
	}
	out, err := w.keeper.ReadFields(ctx, st, id, fields)
	return out, w.outcome(err)
}

func (w *fieldWriter) WriteFields(ctx context.Context, stream, id string, values map[string]string) error {
	st, err := w.begin(ctx, stream)
	if err != nil {
		return err
	}
	return w.outcome(w.keeper.WriteFields(ctx, st, id, values))
}

// checkFields finds fields that are written back and do not exist or may not be written, and a right that is missing.
func (w *fieldWriter) checkFields(ctx context.Context) (found []connectors.Finding) {
	fields := w.conf.WriteBack.Fields(w.conf.Streams.complaints())
	for _, stream := range w.conf.WriteBack.Streams(w.conf.Streams.complaints()) {
		st, err := w.conf.Streams.Of(stream)
		if err != nil {
			continue // settings are checked before
		}
		writable, err := w.keeper.Writable(ctx, st)
		if err != nil {
			return append(found, httpsource.Verdict(err))
		}
		good := true
		for _, field := range fields[stream] {
			if !writable[field] {
				good = false
				found = append(found, connectors.Finding{Severity: connectors.Fault, Code: "connectors.writeback_field", Args: map[string]any{"stream": stream, "field": field}})
			}
		}
		if absent := w.keeper.Absent(); good && absent != "" {
			err := w.keeper.WriteFields(ctx, st, absent, map[string]string{fields[stream][0]: ""})
			if err != nil && errs.CodeOf(err) != "connectors.record_gone" && !httpsource.Refused(err) {
				return append(found, httpsource.Verdict(err))
			}
		}
	}
	return found
}

// complaints is the stream of complaints; "" when there is none.
func (t Table) complaints() string {
	for _, st := range t {
		if st.Info.Entity == canonical.EntityComplaint {
			return st.Info.Name
		}
	}
	return ""
}

// CheckWriteBack reports streams that get no golden id, and fields that the hub reads: what it wrote would come back as
// news of the source.
func (t Table) CheckWriteBack(setting string, s connectors.WriteBackSettings, tenant map[string]string) connectors.Problems {
	var out connectors.Problems
	var customers []string
	for _, st := range t {
		if st.Info.Entity == canonical.EntityCustomer {
			customers = append(customers, st.Info.Name)
		}
	}
	for _, stream := range slices.Sorted(maps.Keys(s.GoldenID)) {
		if !slices.Contains(customers, stream) {
			out = append(out, connectors.Problem{Path: setting, Err: errs.New(errs.Invalid, "connectors.writeback_stream", errs.Args{"stream": stream, "known": strings.Join(customers, ", ")})})
		}
	}
	fields := s.Fields(t.complaints())
	for _, stream := range s.Streams(t.complaints()) {
		st, err := t.Of(stream)
		if err != nil {
			continue
		}
		read := slices.Concat(st.Required, st.Optional, slices.Collect(maps.Values(st.tenantColumns(tenant))))
		for _, field := range fields[stream] {
			if slices.ContainsFunc(read, func(r string) bool { return strings.EqualFold(r, field) }) {
				out = append(out, connectors.Problem{Path: setting, Err: errs.New(errs.Invalid, "connectors.writeback_read", errs.Args{"stream": stream, "field": field})})
			}
		}
	}
	return out
}
