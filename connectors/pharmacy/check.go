package pharmacy

import (
	"context"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// Check reads one row of every list and looks whether it has the fields agreed.
func (s *Source) Check(ctx context.Context) ([]connectors.Finding, error) {
	var findings []connectors.Finding
	for _, st := range streams {
		p, err := s.fetch(ctx, st.Name, first(st.Name, 1, httpsource.Window{}))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return append(findings, httpsource.Verdict(err)), nil
		}
		findings = append(findings, s.checkRow(st, p)...)
	}
	findings = append(findings, s.client.ClockFinding(2*time.Minute)...)
	if len(findings) == 0 {
		findings = []connectors.Finding{{Severity: connectors.OK, Code: "connectors.check_ok", Args: map[string]any{"source": "pharmacy chain", "host": s.client.Host()}}}
	}
	return findings, nil
}

func (s *Source) checkRow(st connectors.StreamInfo, p page) []connectors.Finding {
	if len(p.rows) == 0 {
		return []connectors.Finding{{Severity: connectors.Warn, Code: "connectors.check_no_rows", Args: map[string]any{"stream": st.Name, "user": "token"}}}
	}
	var missing []string
	for _, f := range fields[st.Name] {
		if _, ok := p.rows[0].Fields[f]; !ok && f != "snapshot_date" {
			missing = append(missing, f)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return []connectors.Finding{{Severity: connectors.Fault, Code: "connectors.check_fields", Args: map[string]any{"stream": st.Name, "fields": strings.Join(missing, ", ")}}}
}

// Discover lists the streams with the fields of the API.
func (s *Source) Discover(context.Context) ([]connectors.StreamInfo, error) {
	var out []connectors.StreamInfo
	for _, st := range streams {
		for _, f := range fields[st.Name] {
			st.Fields = append(st.Fields, connectors.Field{Name: f})
		}
		out = append(out, st)
	}
	return out, nil
}
