package sap

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// question is the query part of an address: what to ask of a set.
func (s service) question(run *objectsource.Run, w httpsource.Window, after []string, limit int, zone *time.Location) string {
	q := url.Values{"$top": {strconv.Itoa(limit)}, "$orderby": {strings.Join(s.keys, ",")}}
	plain, expand := s.selection(run)
	q.Set("$select", strings.Join(plain, ","))
	if len(expand) > 0 {
		q.Set("$expand", strings.Join(expand, ","))
		if !s.v4 {
			q.Set("$select", strings.Join(append(plain, expand...), ","))
		}
	}
	var where []string
	if !w.To.IsZero() && !run.Stream.Snapshot {
		where = append(where, s.window(run, w, zone)...)
	}
	if len(after) > 0 {
		where = append(where, s.behind(s.keys, after))
	}
	if len(where) > 0 {
		q.Set("$filter", strings.Join(where, " and "))
	}
	return strings.ReplaceAll(q.Encode(), "+", "%20") // servers differ in what they make of a plus
}

// selection is the properties and navigations that the columns need; keys are always among them.
func (s service) selection(run *objectsource.Run) (plain, expand []string) {
	plain = slices.Clone(s.keys)
	for _, c := range run.Columns {
		head, _, related := strings.Cut(c, ".")
		if head == "item" {
			head = items
		}
		if related && !slices.Contains(expand, head) {
			expand = append(expand, head)
		} else if !related && !slices.Contains(plain, head) {
			plain = append(plain, head)
		}
	}
	return plain, expand
}

// window is the conditions of time. A first read has none, but leaves out deliveries from which no goods were taken:
// nothing is stored yet that could be taken back. A row that was never changed may bear no time of change.
func (s service) window(run *objectsource.Run, w httpsource.Window, zone *time.Location) []string {
	if w.From.IsZero() {
		if run.Stream.Document {
			return []string{"(OverallGoodsMovementStatus eq 'B' or OverallGoodsMovementStatus eq 'C')"}
		}
		return nil
	}
	day := func(t time.Time) canonical.Date { return canonical.DateOf(t.In(zone)) }
	dates := func(field string) string {
		return "(" + field + " ge " + s.date(day(w.From).AddDays(-1)) + " and " + field + " le " + s.date(day(w.To)) + ")"
	}
	times := func(field string) string {
		return "(" + field + " ge " + s.instant(w.From) + " and " + field + " lt " + s.instant(w.To) + ")"
	}
	var either []string
	for _, f := range []struct {
		exact, day string
	}{{changedAt, changedDate}, {createdAt, createdDate}} {
		switch {
		case slices.Contains(run.Columns, f.exact):
			either = append(either, times(f.exact))
		case slices.Contains(run.Columns, f.day):
			either = append(either, dates(f.day))
		}
	}
	return []string{"(" + strings.Join(either, " or ") + ")"}
}

// behind is the condition of rows whose key comes after the values.
func (s service) behind(keys, after []string) string {
	value := after[0]
	if s.text[keys[0]] {
		value = quote(value)
	}
	if len(keys) == 1 {
		return keys[0] + " gt " + value
	}
	return "(" + keys[0] + " gt " + value + " or (" + keys[0] + " eq " + value + " and " + s.behind(keys[1:], after[1:]) + "))"
}

func (s service) date(d canonical.Date) string {
	if s.v4 {
		return d.String()
	}
	return "datetime'" + d.String() + "T00:00:00'"
}

func (s service) instant(t time.Time) string {
	if s.v4 {
		return t.UTC().Format(time.RFC3339)
	}
	return "datetimeoffset'" + t.UTC().Format(time.RFC3339) + "'"
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
