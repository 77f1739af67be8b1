package database

import (
	"fmt"
	"strings"
)

// dialect is how one kind of database says what all can do.
type dialect struct {
	name     string
	begin    []string              // statements before a page, in its transaction; %d = milliseconds
	readOnly bool                  // transactions of database/sql may be read-only
	now      string                // the server's clock as text, local, to the second
	mark     func(n int) string    // placeholder of the n-th argument, from 1
	moment   func(m string) string // a time given as text
	limited  func(body, order string, n int) string
	alias    string // between a subquery and its name
}

var dialects = map[string]dialect{
	"postgres": {
		name: "PostgreSQL", readOnly: true, alias: "AS ",
		begin: []string{"SET LOCAL statement_timeout = %d", "SET LOCAL lock_timeout = 5000", "SET LOCAL idle_in_transaction_session_timeout = 120000"},
		now:   "SELECT to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS')",
		mark:  func(n int) string { return fmt.Sprintf("$%d", n) }, moment: func(m string) string { return m },
		limited: limitLast,
	},
	"mysql": {
		name: "MySQL", readOnly: true, alias: "AS ",
		now:  "SELECT DATE_FORMAT(NOW(), '%Y-%m-%d %H:%i:%s')",
		mark: func(int) string { return "?" }, moment: func(m string) string { return m },
		limited: limitLast,
	},
	"sqlserver": {
		name: "SQL Server", alias: "AS ",
		begin: []string{"SET LOCK_TIMEOUT 5000"},
		now:   "SELECT CONVERT(varchar(19), SYSDATETIME(), 120)",
		mark:  func(n int) string { return fmt.Sprintf("@p%d", n) }, moment: func(m string) string { return "CAST(" + m + " AS datetime2(7))" },
		limited: func(body, order string, n int) string {
			return fmt.Sprintf("SELECT TOP (%d) * %s%s", n, body, order)
		},
	},
	"oracle": {
		name: "Oracle", readOnly: true,
		now:  "SELECT TO_CHAR(SYSDATE, 'YYYY-MM-DD HH24:MI:SS') FROM dual",
		mark: func(n int) string { return fmt.Sprintf(":%d", n) }, moment: func(m string) string {
			return "TO_TIMESTAMP(" + m + ", 'YYYY-MM-DD HH24:MI:SS.FF')"
		},
		limited: func(body, order string, n int) string {
			return fmt.Sprintf("SELECT * FROM (SELECT * %s%s) WHERE ROWNUM <= %d", body, order, n)
		},
	},
}

func limitLast(body, order string, n int) string {
	return fmt.Sprintf("SELECT * %s%s LIMIT %d", body, order, n)
}

// window is what one page reads: times in [from, to) behind the row (at, id). Empty texts are no bounds.
type window struct {
	from, to string
	at       string
	id       any // text or int64; nil: from the start
}

// page is the statement of one page of a query and its arguments.
func (d dialect) page(query, cursor string, w window, rows int) (string, []any) {
	var where []string
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return d.mark(len(args))
	}
	if w.id != nil {
		// The first part is what an index can be entered by; planners do not see through the second.
		where = append(where, fmt.Sprintf("t.%s >= %s AND (t.%s > %s OR t.id > %s)", cursor, d.moment(arg(w.at)), cursor, d.moment(arg(w.at)), arg(w.id)))
	} else if w.from != "" {
		where = append(where, fmt.Sprintf("t.%s >= %s", cursor, d.moment(arg(w.from))))
	}
	if w.to != "" {
		where = append(where, fmt.Sprintf("t.%s < %s", cursor, d.moment(arg(w.to))))
	}
	body := d.from(query)
	if len(where) > 0 {
		body += " WHERE " + strings.Join(where, " AND ")
	}
	return d.limited(body, " ORDER BY t."+cursor+", t.id", rows), args
}

// columns is a statement that brings no row and all columns.
func (d dialect) columns(query string) string { return "SELECT * " + d.from(query) + " WHERE 1 = 0" }

// probe is a statement that brings one row, if the account sees any. It asks for no order, which might sort a whole table.
func (d dialect) probe(query string) string { return d.limited(d.from(query), "", 1) }

// undated is a statement that brings one row when a row has no time.
func (d dialect) undated(query, cursor string) string {
	return d.limited(d.from(query)+" WHERE t."+cursor+" IS NULL", "", 1)
}

func (d dialect) from(query string) string { return "FROM (" + query + ") " + d.alias + "t" }
