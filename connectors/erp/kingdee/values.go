package kingdee

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// idText is an id or code as text; ids may be numbers or text depending on form and release.
func idText(v any) string {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case string:
		return strings.TrimSpace(v)
	}
	return ""
}

func numeric(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// less orders numbers of any length written without leading zeros.
func less(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// sourceTime is the time of the row's version: last modified, or created when it was never modified.
func sourceTime(f map[string]any) time.Time {
	for _, name := range []string{modified, created} {
		s, _ := f[name].(string)
		for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05"} { // both accept a fraction
			if t, err := time.ParseInLocation(layout, s, zone); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
