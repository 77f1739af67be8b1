package kingdee

import (
	"strings"
	"time"
)

func numeric(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
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
