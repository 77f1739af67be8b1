package objectsource

import (
	"context"
	"maps"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/internal/errs"
)

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
		read := slices.Concat(st.Required, st.Optional)
		for name, column := range tenant {
			if strings.HasPrefix(name, stream+".") {
				read = append(read, column)
			}
		}
		for _, field := range fields[stream] {
			if slices.ContainsFunc(read, func(r string) bool { return strings.EqualFold(r, field) }) {
				out = append(out, connectors.Problem{Path: setting, Err: errs.New(errs.Invalid, "connectors.writeback_read", errs.Args{"stream": stream, "field": field})})
			}
		}
	}
	return out
}

// CheckFields adds to what a check found whether the fields that are written back exist and may be written. describe tells
// of each field of an object whether it may. Behind a fault it would only say the same again.
func CheckFields(ctx context.Context, found []connectors.Finding, s connectors.WriteBackSettings, t Table, describe func(ctx context.Context, object string) (map[string]bool, error)) ([]connectors.Finding, error) {
	if !s.On() || slices.ContainsFunc(found, func(f connectors.Finding) bool { return f.Severity == connectors.Fault }) {
		return found, nil
	}
	fields := s.Fields(t.complaints())
	for _, stream := range s.Streams(t.complaints()) {
		st, err := t.Of(stream)
		if err != nil {
			return found, err
		}
		writable, err := describe(ctx, st.ObjectName())
		if ctx.Err() != nil {
			return found, ctx.Err()
		}
		if err != nil {
			found = append(found, httpsource.Verdict(err))
			continue
		}
		for _, field := range fields[stream] {
			if !writable[field] {
				found = append(found, connectors.Finding{Severity: connectors.Fault, Code: "connectors.writeback_field", Args: map[string]any{"stream": stream, "field": field}})
			}
		}
	}
	return found, nil
}
