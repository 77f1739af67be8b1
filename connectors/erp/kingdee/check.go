package kingdee

import (
	"context"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// skewTolerance is how far the clocks may differ before it is worth a word.
const skewTolerance = 2 * time.Minute

// Check logs in, looks for the fields of every stream in the tenant's metadata and counts whether the user sees rows at
// all: Kingdee hides rows without rights instead of refusing.
func (s *Source) Check(ctx context.Context) ([]connectors.Finding, error) {
	var findings []connectors.Finding
	for _, st := range streams {
		found, stop := s.checkStream(ctx, st)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		findings = append(findings, found...)
		if stop {
			return findings, nil
		}
	}
	findings = append(findings, s.client.ClockFinding(skewTolerance)...)
	if len(findings) == 0 {
		findings = []connectors.Finding{{Severity: connectors.OK, Code: "connectors.check_ok", Args: map[string]any{"source": "Kingdee", "host": s.client.Host()}}}
	}
	return findings, nil
}

// checkStream probes one form. Without a connection or rights the other forms would say the same, so it stops there.
func (s *Source) checkStream(ctx context.Context, st stream) (findings []connectors.Finding, stop bool) {
	form, err := s.metadata(ctx, st.info.Name)
	if httpsource.Refused(err) {
		return []connectors.Finding{{Severity: connectors.Warn, Code: "connectors.check_stream", Args: map[string]any{"stream": st.info.Name, "object": st.info.Name}}}, false
	}
	if err != nil {
		return []connectors.Finding{httpsource.Verdict(err)}, true
	}
	var missing []string
	for _, column := range st.required {
		if !implied(column) && !form.has(column) {
			missing = append(missing, column)
		}
	}
	for _, name := range sortedKeys(s.settings.Tenant) {
		if owner, _, _ := strings.Cut(name, "."); owner == st.info.Name && !form.has(s.settings.Tenant[name]) {
			missing = append(missing, s.settings.Tenant[name])
		}
	}
	if len(missing) > 0 {
		return []connectors.Finding{{Severity: connectors.Fault, Code: "connectors.check_fields", Args: map[string]any{
			"stream": st.info.Name, "fields": strings.Join(missing, ", "),
		}}}, false
	}
	p, err := s.query(ctx, query{Form: st.info.Name, Columns: []string{st.id}, Order: st.id + " asc", Limit: 1})
	if err != nil {
		return []connectors.Finding{httpsource.Verdict(err)}, true
	}
	if len(p.rows) == 0 {
		return []connectors.Finding{{Severity: connectors.Warn, Code: "connectors.check_no_rows", Args: map[string]any{"stream": st.info.Name, "user": s.settings.User}}}, false
	}
	return nil, false
}

// Discover lists the streams with the fields of the tenant's metadata, under the names rows carry.
func (s *Source) Discover(ctx context.Context) ([]connectors.StreamInfo, error) {
	var out []connectors.StreamInfo
	for _, st := range streams {
		form, err := s.metadata(ctx, st.info.Name)
		if httpsource.Refused(err) {
			continue // a form of a module that is not licensed
		}
		if err != nil {
			return nil, err
		}
		columns, names := st.columns(form, s.settings.Tenant)
		info := st.info
		info.Fields = st.fields(form, columns, names)
		out = append(out, info)
	}
	return out, nil
}

func (st stream) fields(form formInfo, columns []string, names map[string]string) []connectors.Field {
	byKey := map[string]connectors.Field{}
	for _, f := range form.fields {
		byKey[strings.ToLower(f.Name)] = f
	}
	var out []connectors.Field
	for _, c := range columns {
		head, _, _ := strings.Cut(c, ".")
		f := byKey[strings.ToLower(head)]
		out = append(out, connectors.Field{Name: names[c], Type: f.Type, Title: f.Title})
	}
	if st.snapshot {
		out = append(out, connectors.Field{Name: "snapshot_date", Type: "date"})
	}
	return out
}
