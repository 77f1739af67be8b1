package database

import (
	"context"
	"errors"
	"slices"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/internal/errs"
)

// clockTolerance is how far the database's clock may be off before it is worth a word.
const clockTolerance = 2 * time.Minute

// Check connects, compares clocks, and looks at every query that is configured: its columns, whether the account sees
// rows, and whether rows lack the time that orders them.
func (s *Source) Check(ctx context.Context) ([]connectors.Finding, error) {
	now, err := s.now(ctx)
	if err != nil {
		return s.fault(ctx, nil, err)
	}
	var findings []connectors.Finding
	warn := func(code string, args errs.Args) {
		args["source"], args["host"] = s.dialect.name, s.settings.Address
		findings = append(findings, connectors.Finding{Severity: connectors.Warn, Code: code, Args: args})
	}
	here := s.env.Now().In(s.zone())
	local := time.Date(here.Year(), here.Month(), here.Day(), here.Hour(), here.Minute(), here.Second(), 0, time.UTC)
	if skew := now.Sub(local); skew.Abs() > clockTolerance {
		warn("connectors.check_clock", errs.Args{"skew": skew.Round(time.Second).String()})
	}
	if !s.dialect.readOnly {
		warn("database.check_rights_only", errs.Args{"user": s.settings.User})
	}
	for _, stream := range s.configured() {
		query := s.settings.query(canonical.Ledger(stream))
		columns, err := s.columns(ctx, stream, query)
		if err != nil {
			return s.fault(ctx, findings, err)
		}
		cursor, err := cursorOf(stream, columns)
		if err != nil {
			return s.fault(ctx, findings, err)
		}
		if cursor == "doc_date" {
			warn("database.check_no_change_time", errs.Args{"stream": stream, "days": s.settings.Reread})
		}
		found, err := s.some(ctx, stream, s.dialect.probe(query))
		if err != nil {
			return s.fault(ctx, findings, err)
		}
		if !found {
			warn("connectors.check_no_rows", errs.Args{"stream": stream, "user": s.settings.User})
			continue
		}
		undated, err := s.some(ctx, stream, s.dialect.undated(query, cursor))
		if err != nil {
			return s.fault(ctx, findings, err)
		}
		if undated {
			warn("database.check_undated", errs.Args{"stream": stream, "column": cursor})
		}
	}
	ok := connectors.Finding{Severity: connectors.OK, Code: "connectors.check_ok", Args: map[string]any{"source": s.dialect.name, "host": s.settings.Address}}
	return append([]connectors.Finding{ok}, findings...), nil
}

func (s *Source) fault(ctx context.Context, before []connectors.Finding, err error) ([]connectors.Finding, error) {
	var e *errs.Error
	if ctx.Err() != nil || !errors.As(err, &e) {
		return nil, err
	}
	return append(before, connectors.Finding{Severity: connectors.Fault, Code: e.Code, Args: e.Args}), nil
}

// Discover lists the streams that have a query, with the columns it brings.
func (s *Source) Discover(ctx context.Context) ([]connectors.StreamInfo, error) {
	var out []connectors.StreamInfo
	for _, st := range streams {
		query := s.settings.query(canonical.Ledger(st.Name))
		if query == "" {
			continue
		}
		columns, err := s.columns(ctx, st.Name, query)
		if err != nil {
			return nil, err
		}
		if st.Cursor, err = cursorOf(st.Name, columns); err != nil {
			return nil, err
		}
		switch {
		case st.Cursor == "doc_date":
			st.Deletes = "window"
		case !slices.Contains(columns, "deleted"):
			st.Deletes = "none"
		}
		for _, c := range columns {
			st.Fields = append(st.Fields, connectors.Field{Name: c})
		}
		out = append(out, st)
	}
	return out, nil
}
