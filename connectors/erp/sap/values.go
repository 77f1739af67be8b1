package sap

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tributary/connectors/objectsource"
)

// plain is a row with the lists behind its navigations as V4 writes them.
func plain(in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for name, v := range in {
		if inner, ok := v.(map[string]any); ok {
			if list, many := inner["results"]; many {
				v = list
			}
		}
		out[name] = v
	}
	return out
}

var (
	epoch    = regexp.MustCompile(`^/Date\((-?\d{1,15})([+-]\d{4})?\)/$`)
	instant  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$`)
	duration = regexp.MustCompile(`^PT(\d{1,2})H(\d{1,2})M(\d{1,2})S$`)
)

// value writes dates and times of V2 as V4 does: a date, a time of day, an instant. Servers of V4 differ in the zeros that
// end an instant's fraction; rows have none.
func value(v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	if m := epoch.FindStringSubmatch(text); m != nil {
		ms, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			return v
		}
		t := time.UnixMilli(ms).UTC()
		if m[2] != "" || !t.Equal(t.Truncate(24*time.Hour)) {
			return t.Format(time.RFC3339Nano)
		}
		return t.Format(time.DateOnly)
	}
	if instant.MatchString(text) {
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return t.UTC().Format(time.RFC3339Nano)
		}
		return v
	}
	if m := duration.FindStringSubmatch(text); m != nil {
		return two(m[1]) + ":" + two(m[2]) + ":" + two(m[3])
	}
	return v
}

func two(digits string) string { return strings.Repeat("0", 2-len(digits)) + digits }

// keyText is a value as it stands in a condition.
func keyText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// sourceTime is the time of the row's version, to the second where the set knows it, else the day.
func sourceTime(f map[string]any, zone *time.Location) time.Time {
	for _, name := range []string{changedAt, createdAt} {
		if t, err := time.Parse(time.RFC3339, objectsource.Text(f[name])); err == nil {
			return t.UTC()
		}
	}
	for _, name := range [][2]string{{changedDate, changedTime}, {createdDate, createdTime}} {
		day, clock := objectsource.Text(f[name[0]]), objectsource.Text(f[name[1]])
		if t, err := time.ParseInLocation("2006-01-02 15:04:05", day+" "+clock, zone); err == nil {
			return t.UTC()
		}
		if t, err := time.ParseInLocation(time.DateOnly, day, zone); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
