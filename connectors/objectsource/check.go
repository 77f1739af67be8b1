package objectsource

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// skewTolerance is how far the clocks may differ before it is worth a word.
const skewTolerance = 2 * time.Minute

// Check logs in, looks for the columns of every stream in the system's metadata and asks for one row: systems hide rows
// without rights instead of refusing. An object that is not there is a warning, for not everybody uses every module. Then it
// looks whether the fields that are written back are there and may be written.
func (s *Source) Check(ctx context.Context) ([]connectors.Finding, error) {
	if err := s.sys.Connect(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return []connectors.Finding{httpsource.Verdict(err)}, nil
	}
	var findings []connectors.Finding
	for _, st := range s.conf.Streams {
		found, stop := s.checkStream(ctx, st)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		findings = append(findings, found...)
		if stop {
			return findings, nil
		}
	}
	if w := s.fieldWriter(); w != nil && !faulty(findings) {
		findings = append(findings, w.checkFields(ctx)...)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	findings = append(findings, s.sys.Client().ClockFinding(skewTolerance)...)
	if len(findings) == 0 {
		findings = []connectors.Finding{{Severity: connectors.OK, Code: "connectors.check_ok", Args: map[string]any{"source": s.conf.Name, "host": s.sys.Client().Host()}}}
	}
	return findings, nil
}

// faulty reports whether a fault was found: behind it another probe would only say the same again.
func faulty(found []connectors.Finding) bool {
	return slices.ContainsFunc(found, func(f connectors.Finding) bool { return f.Severity == connectors.Fault })
}

// checkStream probes one object. Without a connection or rights the others would say the same, so it stops there.
func (s *Source) checkStream(ctx context.Context, st Stream) (findings []connectors.Finding, stop bool) {
	found := func(severity connectors.Severity, code string, args map[string]any) []connectors.Finding {
		args["stream"] = st.Info.Name
		return []connectors.Finding{{Severity: severity, Code: code, Args: args}}
	}
	meta, err := s.sys.Describe(ctx, st)
	if httpsource.Refused(err) {
		return found(connectors.Warn, "connectors.check_stream", map[string]any{"object": st.ObjectName()}), false
	}
	if err != nil {
		return []connectors.Finding{httpsource.Verdict(err)}, true
	}
	wanted := slices.Concat(st.Required, slices.Sorted(maps.Values(st.tenantColumns(s.conf.Tenant))))
	if missing := slices.DeleteFunc(wanted, meta.Has); len(missing) > 0 {
		return found(connectors.Fault, "connectors.check_fields", map[string]any{"fields": strings.Join(missing, ", "), "has": meta.near(missing)}), false
	}
	run := newRun(st, meta, nil)
	if st.KeyColumns != nil {
		run.Columns = st.KeyColumns
	}
	p, err := s.sys.Query(ctx, run, Query{Limit: 1})
	if err != nil {
		return []connectors.Finding{httpsource.Verdict(err)}, true
	}
	if len(p.Rows) == 0 {
		return found(connectors.Warn, "connectors.check_no_rows", map[string]any{"user": s.conf.User}), false
	}
	return nil, false
}

// Discover lists the streams whose objects the system has, with the columns of its metadata under the names rows carry.
func (s *Source) Discover(ctx context.Context) ([]connectors.StreamInfo, error) {
	if err := s.sys.Connect(ctx); err != nil {
		return nil, err
	}
	var out []connectors.StreamInfo
	for _, st := range s.conf.Streams {
		meta, err := s.sys.Describe(ctx, st)
		if httpsource.Refused(err) {
			continue // an object of a module that is not in use
		}
		if err != nil {
			return nil, err
		}
		out = append(out, newRun(st, meta, s.conf.Tenant).info())
	}
	return out, nil
}
