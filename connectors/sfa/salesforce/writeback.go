package salesforce

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// Source reads one organisation, and writes fields back when its settings say which.
type Source struct {
	*objectsource.Source
	conn *connection
}

var _ connectors.WriteBacker = (*Source)(nil)

// WriteBack is the way to write fields of records.
func (s *Source) WriteBack() (connectors.WriteBackSettings, connectors.FieldWriter) {
	settings := s.conn.settings.WriteBack
	if !settings.On() {
		return settings, nil
	}
	return settings, fields{s.conn}
}

// Check looks also for the fields that are written back.
func (s *Source) Check(ctx context.Context) ([]connectors.Finding, error) {
	found, err := s.Source.Check(ctx)
	if err != nil {
		return found, err
	}
	return objectsource.CheckFields(ctx, found, s.conn.settings.WriteBack, streams, func(ctx context.Context, object string) (map[string]bool, error) {
		described, err := s.conn.describe(ctx, object)
		out := map[string]bool{}
		for _, f := range described {
			out[f.Name] = f.Updateable
		}
		return out, err
	})
}

// fields writes fields of records; one is changed by its id, so that none is ever created.
type fields struct{ *connection }

func (f fields) Within() time.Duration { return f.settings.Timeout + f.settings.RetryBudget }

func (f fields) record(stream, id string) (string, error) {
	st, err := streams.Of(stream)
	return f.data("/sobjects/" + url.PathEscape(st.ObjectName()) + "/" + url.PathEscape(id)), err
}

// call makes a call about one record.
func (f fields) call(ctx context.Context, op, stream, id string, req httpsource.Request) (err error) {
	if req.Path, err = f.record(stream, id); err != nil {
		return &connectors.PushError{Outcome: connectors.Stopped, Err: err}
	}
	if err := f.Connect(ctx); err != nil { // which finds the host
		return httpsource.PushError(httpsource.NotBegun(err))
	}
	if e := f.usedUp(); e != nil {
		e.Op, e.Source, e.Host = op, "Salesforce", f.api.Host()
		return httpsource.PushError(e)
	}
	return httpsource.PushError(f.do(ctx, op+" "+stream+" "+id, req))
}

// ReadFields reads fields of one record.
func (f fields) ReadFields(ctx context.Context, stream, id string, names []string) (map[string]string, error) {
	out := map[string]string{}
	err := f.call(ctx, "read", stream, id, httpsource.Request{
		Method: http.MethodGet, Query: url.Values{"fields": {strings.Join(names, ",")}},
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if e := httpsource.ExpectJSON(r.Body); e != nil {
				return e
			}
			var row map[string]any
			if httpsource.Decode(r.Body, &row) != nil || objectsource.Text(row["Id"]) == "" {
				return httpsource.UnknownShape("a record without Id")
			}
			for _, name := range names {
				v, there := row[name]
				if !there {
					return httpsource.UnknownShape("a record without %s, which was asked for", name)
				}
				out[name] = objectsource.Text(v)
			}
			return nil
		},
	})
	return out, err
}

// WriteFields sets fields of one record.
func (f fields) WriteFields(ctx context.Context, stream, id string, values map[string]string) error {
	body, err := json.Marshal(values)
	if err != nil {
		return &connectors.PushError{Outcome: connectors.Refused, Err: err}
	}
	return f.call(ctx, "change", stream, id, httpsource.Request{
		Method: http.MethodPatch, Body: body, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if r.Status != http.StatusNoContent {
				return httpsource.UnknownShape("an answer to a change with status %d instead of 204", r.Status)
			}
			return nil
		},
	})
}
