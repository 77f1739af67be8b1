package simpostgres

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
	"modernc.org/sqlite"
)

// Type is the type of a column.
type Type string

// Types of columns, and what their values are in Go. Every value may be nil.
const (
	Text      Type = "TEXT"         // string
	Bigint    Type = "BIGINT"       // int, int64
	Numeric   Type = "NUMERIC_TEXT" // decimal text, whose digits stay; conditions compare it as text
	Date      Type = "DATE"         // time.Time
	Timestamp Type = "TIMESTAMP"    // time.Time, of which the reading of the clock counts
	Boolean   Type = "BOOLEAN"      // bool
)

var oids = map[Type]uint32{Text: pgtype.TextOID, Bigint: pgtype.Int8OID, Numeric: pgtype.NumericOID, Date: pgtype.DateOID, Timestamp: pgtype.TimestampOID, Boolean: pgtype.BoolOID}

// Column is a column of a table.
type Column struct {
	Name string
	Type Type
}

// Table is a table or view that the account may read.
type Table struct {
	Name    string
	Columns []Column
	Rows    [][]any
}

// layout is how points in time lie in SQLite: texts of one width order as the times do.
const layout = "2006-01-02 15:04:05.000000"

// fill makes the tables in memory. One connection answers all sessions, a statement at a time.
func fill(tables []Table) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(":memory:")
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	for _, t := range tables {
		var columns []string
		for _, c := range t.Columns {
			columns = append(columns, c.Name+" "+string(c.Type))
		}
		if _, err = db.Exec("CREATE TABLE " + t.Name + " (" + strings.Join(columns, ", ") + ")"); err == nil {
			err = insert(db, t)
		}
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

// typesOf are the types of the columns of tables, by name.
func typesOf(tables []Table) map[string]uint32 {
	out := map[string]uint32{}
	for _, t := range tables {
		for _, c := range t.Columns {
			out[c.Name] = oids[c.Type]
		}
	}
	return out
}

// SetRows puts a table's rows in place of those it has, in one transaction.
func (s *Server) SetRows(t Table) error { return insert(s.db, t) }

func insert(db *sql.DB, t Table) (err error) {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	if _, err = tx.Exec("DELETE FROM " + t.Name); err != nil {
		return err
	}
	st, err := tx.Prepare("INSERT INTO " + t.Name + " VALUES (?" + strings.Repeat(", ?", len(t.Columns)-1) + ")")
	if err != nil {
		return err
	}
	for _, row := range t.Rows {
		values := make([]any, len(row))
		for i, v := range row {
			values[i] = stored(t.Columns[i].Type, v)
		}
		if _, err = st.Exec(values...); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return tx.Commit()
}

func stored(t Type, v any) any {
	if at, ok := v.(time.Time); ok {
		if t == Date {
			return at.Format(time.DateOnly)
		}
		return at.Format(layout)
	}
	return v
}

// statement is a prepared statement.
type statement struct {
	text   string
	params []uint32
	fields []pgproto3.FieldDescription // none: it brings no rows
	types  *pgtype.Map                 // of the session
}

// clean drops comments at the beginning, and the semicolon at the end.
func clean(text string) string {
	for text = strings.TrimSpace(text); strings.HasPrefix(text, "--"); {
		_, text, _ = strings.Cut(text, "\n")
		text = strings.TrimSpace(text)
	}
	return strings.TrimSuffix(text, ";")
}

var (
	mark     = regexp.MustCompile(`\$(\d+)`)
	compared = regexp.MustCompile(`(?:\w+\.)?(\w+)\s*(?:>=|<=|<>|>|<|=)\s*\$(\d+)`)
	clock    = regexp.MustCompile(`(?i)to_char\(\s*clock_timestamp\(\)\s*,\s*'([^']*)'\s*\)`)
	patterns = strings.NewReplacer("YYYY", "2006", "MM", "01", "DD", "02", "HH24", "15", "MI", "04", "SS", "05")
)

// filled is a statement as SQLite takes it, with the reading of the clock in it.
func (s *Server) filled(text string, zone *time.Location) string {
	text = clock.ReplaceAllStringFunc(text, func(call string) string {
		return "'" + s.now(zone).Format(patterns.Replace(clock.FindStringSubmatch(call)[1])) + "'"
	})
	return mark.ReplaceAllString(text, "?$1")
}

// prepare finds what a statement brings and what it asks for. A placeholder has the type of what it is compared with.
func (c *session) prepare(text string) (*statement, error) {
	st := &statement{text: text, types: c.types}
	if word := strings.ToUpper(verb.FindString(text)); word != "SELECT" && word != "WITH" {
		return st, nil
	}
	rows, err := c.server.db.QueryContext(c.ctx, "SELECT * FROM ("+c.server.filled(mark.ReplaceAllString(text, "NULL"), c.zone)+") LIMIT 0")
	if err != nil {
		return nil, err
	}
	columns, err := rows.ColumnTypes()
	if err = errors.Join(err, rows.Close()); err != nil {
		return nil, err
	}
	byName := maps.Clone(c.server.columns)
	for _, t := range columns {
		oid, known := oids[Type(t.DatabaseTypeName())]
		if !known {
			oid = pgtype.TextOID
		}
		byName[strings.ToLower(t.Name())] = oid
		st.fields = append(st.fields, pgproto3.FieldDescription{Name: []byte(t.Name()), DataTypeOID: oid, DataTypeSize: -1, TypeModifier: -1})
	}
	for _, m := range mark.FindAllStringSubmatch(text, -1) {
		if n, err := strconv.Atoi(m[1]); err == nil && n > 0 && n < 100 {
			for len(st.params) < n {
				st.params = append(st.params, pgtype.TextOID)
			}
		}
	}
	for _, m := range compared.FindAllStringSubmatch(text, -1) {
		if n, err := strconv.Atoi(m[2]); err == nil && n <= len(st.params) && byName[strings.ToLower(m[1])] != 0 {
			st.params[n-1] = byName[strings.ToLower(m[1])]
		}
	}
	return st, nil
}

// arguments reads the arguments of a binding.
func (st *statement) arguments(m *pgproto3.Bind) ([]any, error) {
	if len(m.Parameters) != len(st.params) {
		return nil, &failure{"08P01", fmt.Sprintf("bind message supplies %d parameters, but prepared statement requires %d", len(m.Parameters), len(st.params))}
	}
	out := make([]any, len(m.Parameters))
	for i, raw := range m.Parameters {
		v, err := st.argument(st.params[i], formatOf(m.ParameterFormatCodes, i), raw)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func formatOf(formats []int16, i int) int16 {
	switch len(formats) {
	case 0:
		return pgproto3.TextFormat
	case 1:
		return formats[0]
	}
	return formats[i]
}

// argument is a value as it lies in SQLite.
func (st *statement) argument(oid uint32, format int16, raw []byte) (any, error) {
	if raw == nil {
		return nil, nil
	}
	if oid == pgtype.DateOID && format == pgproto3.TextFormat { // a time of day is taken and left
		day, err := time.Parse(time.DateOnly, string(raw[:min(len(raw), len(time.DateOnly))]))
		if err != nil {
			return nil, &failure{"22007", `invalid input syntax for type date: "` + string(raw) + `"`}
		}
		return stored(Date, day), nil
	}
	t, ok := st.types.TypeForOID(oid)
	if !ok {
		return nil, &failure{"22P03", "an argument of an unknown type"}
	}
	v, err := t.Codec.DecodeDatabaseSQLValue(st.types, oid, format, raw)
	if err != nil {
		return nil, &failure{"22P02", "invalid input syntax for type " + t.Name + `: "` + string(raw) + `"`}
	}
	if at, ok := v.(time.Time); ok {
		return stored(map[uint32]Type{pgtype.DateOID: Date}[oid], at), nil
	}
	return v, nil
}

// described are the columns with the formats that the client asked for.
func (p *portal) described() []pgproto3.FieldDescription {
	out := make([]pgproto3.FieldDescription, len(p.fields))
	for i, f := range p.fields {
		f.Format = formatOf(p.formats, i)
		out[i] = f
	}
	return out
}

// encode gives a row in the formats that the client asked for.
func (p *portal) encode(rows *sql.Rows) ([][]byte, error) {
	cells := make([]any, len(p.fields))
	for i := range cells {
		cells[i] = new(any)
	}
	if err := rows.Scan(cells...); err != nil {
		return nil, err
	}
	out := make([][]byte, len(cells))
	for i, f := range p.fields {
		v := *cells[i].(*any)
		if v == nil {
			continue
		}
		v, err := value(f.DataTypeOID, v)
		if err != nil {
			return nil, err
		}
		b, err := p.types.Encode(f.DataTypeOID, formatOf(p.formats, i), v, []byte{})
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}

// value is a cell of SQLite in the form of its type.
func value(oid uint32, v any) (any, error) {
	switch oid {
	case pgtype.NumericOID:
		var n pgtype.Numeric
		err := n.Scan(fmt.Sprint(v))
		return n, err
	case pgtype.TextOID:
		return fmt.Sprint(v), nil
	case pgtype.BoolOID:
		return fmt.Sprint(v) == "1" || v == true, nil
	}
	return v, nil
}
