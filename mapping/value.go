package mapping

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/normalize"
)

// shanghai is the zone of sources that state none. It has had no summer time since 1991.
var shanghai = time.FixedZone("+08:00", 8*3600)

func parseDate(text string) (canonical.Date, error) {
	if d, ok := plainDate(text); ok {
		return d, nil
	}
	return normalize.Date(text)
}

// plainDate reads yyyy-MM-dd and yyyyMMdd without a detour.
func plainDate(s string) (canonical.Date, bool) {
	var d [8]byte
	switch {
	case len(s) == 10 && s[4] == s[7] && (s[4] == '-' || s[4] == '/' || s[4] == '.'):
		copy(d[:4], s[:4])
		copy(d[4:6], s[5:7])
		copy(d[6:], s[8:])
	case len(s) == 8:
		copy(d[:], s)
	default:
		return canonical.NoDate, false
	}
	n := 0
	for _, c := range d {
		if c < '0' || c > '9' {
			return canonical.NoDate, false
		}
		n = 10*n + int(c-'0')
	}
	if n < 1900_00_00 || n > 2199_99_99 {
		return canonical.NoDate, false
	}
	date, err := canonical.NewDate(n/10000, n/100%100, n%100)
	return date, err == nil
}

// parseQuantity reads a number; empty says that the text stands for none.
func parseQuantity(text string) (q canonical.Quantity, empty bool, err error) {
	if q, ok := plainQuantity(text); ok {
		return q, false, nil
	}
	q, err = normalize.Quantity(text)
	if errors.Is(err, normalize.ErrNoQuantity) {
		return 0, true, nil
	}
	return q, false, err
}

// plainQuantity reads an optional sign, at most twelve digits and at most six decimals.
func plainQuantity(s string) (canonical.Quantity, bool) {
	neg := strings.HasPrefix(s, "-")
	if neg {
		s = s[1:]
	}
	if s == "" || len(s) > 19 {
		return 0, false
	}
	var n int64
	whole, decimals, point := 0, 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			n = 10*n + int64(c-'0')
			if point {
				decimals++
			} else {
				whole++
			}
		case c == '.' && !point && i > 0:
			point = true
		default:
			return 0, false
		}
	}
	if whole > 12 || decimals > 6 || point && decimals == 0 {
		return 0, false
	}
	for ; decimals < 6; decimals++ {
		n *= 10
	}
	if neg {
		n = -n
	}
	return canonical.Quantity(n), true
}

func parseLot(text string) (lot, doubt string) { return normalize.Lot(text) }

// parseBool reads yes and no as people and systems write them.
func parseBool(text string) (value, ok bool) {
	word, ok := codeWord("yes_no", text)
	return word == "yes", ok
}

// parseTime reads a source's own time: RFC 3339, the same without zone (then it is in zone), a date, or an epoch in
// seconds or milliseconds.
func parseTime(text string, zone *time.Location) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "/Date("); ok {
		text = strings.TrimSuffix(inner, ")/")
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		switch len(strings.TrimPrefix(text, "-")) {
		case 9, 10:
			return time.Unix(n, 0).UTC(), true
		case 12, 13:
			return time.UnixMilli(n).UTC(), true
		}
	}
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700", "2006-01-02 15:04:05.999999999Z07:00",
		"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04", "2006/01/02 15:04:05", "2006/1/2 15:04:05",
	} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t.UTC(), true
		}
	}
	if d, err := parseDate(text); err == nil && !d.IsZero() {
		y, m, day := d.Time().Date()
		return time.Date(y, m, day, 0, 0, 0, 0, zone).UTC(), true
	}
	return time.Time{}, false
}

// textOf is a source value as text. Numbers keep their digits, nested values become JSON.
func textOf(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return clean(x)
	case json.Number:
		return x.String()
	case bool:
		return strconv.FormatBool(x)
	case int:
		return strconv.Itoa(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case float64: // only expressions make these
		return strconv.FormatFloat(x, 'f', -1, 64)
	case time.Time:
		return x.Format(time.RFC3339Nano)
	case fmt.Stringer:
		return clean(x.String())
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// clean drops blanks of every width from both ends.
func clean(s string) string { return strings.Trim(s, " \t\r\n\v\f\u00a0\u3000\ufeff\u200b") }

// find looks a field up by its name, else by the dotted path a.b.0.c into nested values.
func find(row map[string]any, name string) (any, bool) {
	if v, ok := row[name]; ok {
		return v, true
	}
	head, rest, dotted := strings.Cut(name, ".")
	if !dotted {
		return nil, false
	}
	v, ok := row[head]
	for ok && rest != "" {
		head, rest, _ = strings.Cut(rest, ".")
		switch x := v.(type) {
		case map[string]any:
			v, ok = x[head]
		case []any:
			i, err := strconv.Atoi(head)
			if ok = err == nil && i >= 0 && i < len(x); ok {
				v = x[i]
			}
		default:
			ok = false
		}
	}
	if !ok {
		return nil, false
	}
	return v, true
}

// splitList splits a field that holds several values.
func splitList(s string) []string {
	parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("/;；、,，|\n", r) })
	out := parts[:0]
	for _, p := range parts {
		if p = clean(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}
