package database

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/internal/errs"
)

// maxCell bounds one value in bytes.
const maxCell = 4 << 20

// place is where a row stands in the order of a query.
type place struct {
	at, id   string
	numbered bool
}

func (p place) same(q position) bool { return p.at == q.At && p.id == q.ID }

// reader turns rows of a driver into rows of a connector.
type reader struct {
	rows   *sql.Rows
	names  []string
	days   []bool // the column holds days, not points in time
	cells  []any
	stream string
	cursor string
	zone   *time.Location
	last   place
}

func newReader(rows *sql.Rows, stream, cursor string, zone *time.Location) (*reader, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	r := &reader{rows: rows, stream: stream, cursor: cursor, zone: zone, cells: make([]any, len(types))}
	for i, t := range types {
		r.names = append(r.names, strings.ToLower(t.Name()))
		r.days = append(r.days, strings.EqualFold(t.DatabaseTypeName(), "date"))
		r.cells[i] = new(any)
	}
	return r, nil
}

func (r *reader) add(batch *connectors.Batch, number int) error {
	if err := r.rows.Scan(r.cells...); err != nil {
		return err
	}
	row := connectors.Row{Number: number, Fields: make(map[string]any, len(r.names))}
	valid := true
	for i, name := range r.names {
		value := *r.cells[i].(*any)
		v := r.value(value, r.days[i])
		if text, is := v.(string); is {
			if len(text) > maxCell || !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
				valid = false
				v = strings.ToValidUTF8(text[:min(len(text), 1000)], "\ufffd")
			}
		}
		switch name {
		case "id":
			_, r.last.numbered = value.(int64)
			r.last.id = plainText(v)
		case r.cursor:
			r.last.at = plainText(v)
		}
		if name == "changed_at" {
			if t, err := r.time(value, plainText(v)); err == nil {
				row.SourceTime = t
			}
		}
		if name == "deleted" && truth(plainText(v)) {
			row.Op = connectors.Delete
		}
		if v != nil && v != "" {
			row.Fields[name] = v
		}
	}
	if r.last.id == "" || r.last.at == "" {
		return errs.New(errs.Invalid, "database.null_key", errs.Args{"stream": r.stream, "column": map[bool]string{true: "id", false: r.cursor}[r.last.id == ""]})
	}
	row.Key = r.last.id
	raw, err := json.Marshal(row.Fields)
	if err != nil {
		return err
	}
	if !valid {
		batch.Bad = append(batch.Bad, connectors.BadRow{Number: number, Raw: raw, Issue: canonical.Issue{Field: "row", Rule: "encoding", Code: "files.row_encoding", Value: "utf-8"}})
		return nil
	}
	row.RawOff, row.RawLen = len(batch.Raw), len(raw)
	batch.Raw = append(append(batch.Raw, raw...), '\n')
	batch.Rows = append(batch.Rows, row)
	return nil
}

// value is a driver's value as text, json.Number, bool or nil. Decimals keep their digits; what the driver only has as a
// binary fraction is written with the digits that tell it from its neighbours.
func (r *reader) value(v any, day bool) any {
	switch v := v.(type) {
	case nil:
		return nil
	case []byte:
		return string(bytes.TrimRight(v, " "))
	case string:
		return strings.TrimRight(v, " ") // CHAR(n) pads
	case int64:
		return json.Number(strconv.FormatInt(v, 10))
	case uint64:
		return json.Number(strconv.FormatUint(v, 10))
	case int32:
		return json.Number(strconv.FormatInt(int64(v), 10))
	case float64:
		return fraction(v, 64)
	case float32:
		return fraction(float64(v), 32)
	case bool:
		return v
	case time.Time:
		return moment(v, day, r.zone)
	}
	return strings.TrimSpace(strings.Trim(mustText(v), `"`))
}

func fraction(v float64, bits int) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return json.Number(strconv.FormatFloat(v, 'f', -1, bits))
}

// moment writes a time as the database shows it: points in time in the connection's zone.
func moment(t time.Time, day bool, zone *time.Location) string {
	if day && t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
		return t.Format(time.DateOnly)
	}
	if t.Location() != time.UTC || t.Year() < 0 {
		t = t.In(zone)
	}
	return t.Format("2006-01-02 15:04:05.999999999")
}

func (r *reader) time(v any, text string) (time.Time, error) {
	if t, ok := v.(time.Time); ok && t.Location() != time.UTC {
		return t.UTC(), nil
	}
	layout := "2006-01-02 15:04:05.999999999"
	if len(text) == len(time.DateOnly) {
		layout = time.DateOnly
	}
	t, err := time.ParseInLocation(layout, text, r.zone)
	return t.UTC(), err
}

func plainText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func mustText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// truth reads the many ways to say yes.
func truth(text string) bool {
	switch strings.ToLower(text) {
	case "1", "true", "t", "y", "yes", "\x01", "是":
		return true
	}
	return false
}
