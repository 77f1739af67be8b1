package neocrm

import (
	"context"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

const skewTolerance = 2 * time.Minute

// Check logs in, reads the description of every object and counts whether the user sees rows at all. An object that a
// tenant does not have is a warning: not everybody keeps visits or patients there.
func (s *Source) Check(ctx context.Context) ([]connectors.Finding, error) {
	if err := s.connect(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return []connectors.Finding{httpsource.Verdict(err)}, nil
	}
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
	findings = append(findings, s.api.ClockFinding(skewTolerance)...)
	if len(findings) == 0 {
		findings = []connectors.Finding{{Severity: connectors.OK, Code: "connectors.check_ok", Args: map[string]any{"source": "Neocrm", "host": s.api.Host()}}}
	}
	return findings, nil
}

func (s *Source) checkStream(ctx context.Context, st stream) (findings []connectors.Finding, stop bool) {
	desc, err := s.describe(ctx, s.object(st))
	if httpsource.Refused(err) {
		return []connectors.Finding{{Severity: connectors.Warn, Code: "connectors.check_stream", Args: map[string]any{"stream": st.info.Name, "object": s.object(st)}}}, false
	}
	if err != nil {
		return []connectors.Finding{httpsource.Verdict(err)}, true
	}
	var missing []string
	for _, f := range append(append([]string{}, common...), st.required...) {
		if !desc.has(f) {
			missing = append(missing, f)
		}
	}
	for name, field := range s.settings.Tenant {
		if owner, _, _ := strings.Cut(name, "."); owner == st.info.Name && !desc.has(field) {
			missing = append(missing, field)
		}
	}
	if len(missing) > 0 {
		return []connectors.Finding{{Severity: connectors.Fault, Code: "connectors.check_fields", Args: map[string]any{"stream": st.info.Name, "fields": strings.Join(missing, ", ")}}}, false
	}
	p, err := s.query(ctx, s.object(st), "select id from "+s.object(st)+" order by id limit 1 offset 0", false, "")
	if err != nil {
		return []connectors.Finding{httpsource.Verdict(err)}, true
	}
	if len(p.rows) == 0 {
		return []connectors.Finding{{Severity: connectors.Warn, Code: "connectors.check_no_rows", Args: map[string]any{"stream": st.info.Name, "user": s.settings.Username}}}, false
	}
	return nil, false
}

// Discover lists the streams whose objects the tenant has, with their fields under the names rows carry.
func (s *Source) Discover(ctx context.Context) ([]connectors.StreamInfo, error) {
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	var out []connectors.StreamInfo
	for _, st := range streams {
		desc, err := s.describe(ctx, s.object(st))
		if httpsource.Refused(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		columns, names := st.columns(desc, s.settings.Tenant)
		byKey := map[string]connectors.Field{}
		for _, f := range desc.fields {
			byKey[f.Name] = f
		}
		info := st.info
		for _, c := range columns {
			head, _, _ := strings.Cut(c, ".")
			info.Fields = append(info.Fields, connectors.Field{Name: names[c], Type: byKey[head].Type, Title: byKey[head].Title})
			if desc.labels[c] != nil {
				info.Fields = append(info.Fields, connectors.Field{Name: names[c] + "_label", Type: "text", Title: byKey[head].Title})
			}
		}
		out = append(out, info)
	}
	return out, nil
}
