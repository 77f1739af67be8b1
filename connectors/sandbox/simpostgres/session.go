package simpostgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"

	"tributary/connectors/sandbox/fault"
)

// session is one connection, from its login on.
type session struct {
	server *Server
	wire   *pgproto3.Backend
	ctx    context.Context
	end    func()
	number uint32
	secret [4]byte
	zone   *time.Location

	types          *pgtype.Map
	statements     map[string]*statement
	bound          *portal
	status         byte // I idle, T in a transaction, E in a failed one
	readOnly       bool
	readOnlyAlways bool
	limit, local   time.Duration // statement_timeout of the session, and of the transaction; 0 = none

	mu   sync.Mutex
	stop context.CancelFunc // of the statement at work
}

// portal is a statement with its arguments.
type portal struct {
	*statement
	args    []any
	formats []int16
}

// interrupt stops the statement at work.
func (c *session) interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop != nil {
		c.stop()
	}
}

// serve answers messages until the client leaves.
func (c *session) serve() {
	skipping := false // after a failure everything up to the next sync is left unread
	for {
		m, err := c.wire.Receive()
		if err != nil {
			return
		}
		switch m := m.(type) {
		case *pgproto3.Terminate:
			return
		case *pgproto3.Query:
			if err = c.simple(m.String); err == nil || c.say(err) == nil {
				err = c.ready()
			}
		case *pgproto3.Sync:
			skipping = false
			err = c.ready()
		case *pgproto3.Flush:
			err = c.wire.Flush()
		default:
			if !skipping {
				if err = c.extended(m); err != nil {
					skipping = true
					err = c.say(err)
				}
			}
		}
		if err != nil {
			return
		}
	}
}

// say tells the client what went wrong. Its error ends the session.
func (c *session) say(err error) error {
	if errors.Is(err, errEnded) {
		return err
	}
	f := failureOf(err)
	if c.status == 'T' {
		c.status = 'E'
	}
	c.wire.Send(&pgproto3.ErrorResponse{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: f.code, Message: f.text})
	return nil
}

// fatal tells the client why the session ends.
func (c *session) fatal(f *failure) error {
	c.wire.Send(&pgproto3.ErrorResponse{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: f.code, Message: f.text})
	return errors.Join(errEnded, c.wire.Flush())
}

func (c *session) ready() error {
	c.wire.Send(&pgproto3.ReadyForQuery{TxStatus: c.status})
	return c.wire.Flush()
}

// simple answers a query in one message.
func (c *session) simple(text string) error {
	if text = clean(text); text == "" {
		c.wire.Send(&pgproto3.EmptyQueryResponse{})
		return nil
	}
	st, err := c.prepare(text)
	if err != nil {
		return err
	}
	p := &portal{statement: st}
	if len(st.fields) > 0 {
		c.wire.Send(&pgproto3.RowDescription{Fields: p.described()})
	}
	return c.execute(p)
}

// extended answers one message of an extended query.
func (c *session) extended(m pgproto3.FrontendMessage) error {
	switch m := m.(type) {
	case *pgproto3.Parse:
		st, err := c.prepare(clean(m.Query))
		if err != nil {
			return err
		}
		c.statements[m.Name] = st
		c.wire.Send(&pgproto3.ParseComplete{})
	case *pgproto3.Describe:
		return c.describe(m)
	case *pgproto3.Bind:
		st := c.statements[m.PreparedStatement]
		if st == nil {
			return &failure{"26000", "prepared statement does not exist"}
		}
		args, err := st.arguments(m)
		if err != nil {
			return err
		}
		c.bound = &portal{st, args, m.ResultFormatCodes}
		c.wire.Send(&pgproto3.BindComplete{})
	case *pgproto3.Execute:
		if c.bound == nil {
			return &failure{"34000", "portal does not exist"}
		}
		if m.MaxRows > 0 {
			return &failure{"0A000", "rows are not given in portions"}
		}
		return c.execute(c.bound)
	case *pgproto3.Close:
		if m.ObjectType == 'S' {
			delete(c.statements, m.Name)
		}
		c.wire.Send(&pgproto3.CloseComplete{})
	default:
		return &failure{"08P01", fmt.Sprintf("message %T is not served", m)}
	}
	return nil
}

func (c *session) describe(m *pgproto3.Describe) error {
	p := c.bound
	if m.ObjectType == 'S' {
		st := c.statements[m.Name]
		if st == nil {
			return &failure{"26000", "prepared statement does not exist"}
		}
		p = &portal{statement: st}
		c.wire.Send(&pgproto3.ParameterDescription{ParameterOIDs: st.params})
	}
	switch {
	case p == nil:
		return &failure{"34000", "portal does not exist"}
	case len(p.fields) == 0:
		c.wire.Send(&pgproto3.NoData{})
	default:
		c.wire.Send(&pgproto3.RowDescription{Fields: p.described()})
	}
	return nil
}

var (
	setting = regexp.MustCompile(`(?i)^SET\s+(LOCAL\s+|SESSION\s+)?(\w+)\s*(?:=|TO)\s*'?(\w+)'?$`)
	verb    = regexp.MustCompile(`^[A-Za-z]+`)
)

// execute runs a statement: those about the session here, SELECTs in the tables.
func (c *session) execute(p *portal) error {
	word := strings.ToUpper(verb.FindString(p.text))
	if c.status == 'E' && word != "ROLLBACK" && word != "COMMIT" {
		return &failure{"25P02", "current transaction is aborted, commands ignored until end of transaction block"}
	}
	switch word {
	case "SELECT", "WITH":
		return c.rows(p)
	case "BEGIN", "START":
		c.status, c.readOnly = 'T', c.readOnlyAlways || strings.Contains(strings.ToUpper(p.text), "READ ONLY")
		word = "BEGIN"
	case "COMMIT", "ROLLBACK", "END":
		if c.status == 'E' || word == "END" {
			word = map[bool]string{true: "ROLLBACK", false: "COMMIT"}[c.status == 'E']
		}
		c.status, c.local = 'I', 0
	case "SET":
		if err := c.set(p.text); err != nil {
			return err
		}
	default:
		if c.readOnly || c.readOnlyAlways {
			return &failure{"25006", "cannot execute " + word + " in a read-only transaction"}
		}
		return &failure{"42501", "permission denied"}
	}
	c.wire.Send(&pgproto3.CommandComplete{CommandTag: []byte(word)})
	return nil
}

func (c *session) set(text string) error {
	m := setting.FindStringSubmatch(text)
	if m == nil {
		return &failure{"42601", "syntax error at or near \"SET\""}
	}
	switch name := strings.ToLower(m[2]); name {
	case "statement_timeout":
		ms, err := strconv.Atoi(m[3])
		if err != nil {
			return &failure{"22023", `invalid value for parameter "statement_timeout": "` + m[3] + `"`}
		}
		limit := time.Duration(ms) * time.Millisecond
		if strings.EqualFold(strings.TrimSpace(m[1]), "LOCAL") {
			c.local = limit
		} else {
			c.limit = limit
		}
	case "lock_timeout", "idle_in_transaction_session_timeout": // nothing here waits for a lock or keeps a transaction
	default:
		return &failure{"42704", `unrecognized configuration parameter "` + name + `"`}
	}
	return nil
}

// rows gives the rows of a SELECT, under the limit of the session.
func (c *session) rows(p *portal) error {
	f := c.server.opts.Faults
	if !strings.Contains(strings.ToUpper(p.text), "FROM") {
		f = nil // it reads no table
	}
	switch {
	case f.Hit(fault.SessionExpiry):
		return c.fatal(&failure{"57P01", "terminating connection due to administrator command"})
	case f.Hit(fault.NoRights):
		return &failure{"42501", "permission denied for view"}
	}
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	c.mu.Lock()
	c.stop = cancel
	c.mu.Unlock()
	limit := c.limit
	if c.local > 0 {
		limit = c.local
	}
	if limit > 0 {
		var done context.CancelFunc
		ctx, done = context.WithTimeout(ctx, limit)
		defer done()
	}
	if f.Hit(fault.Slow) {
		select {
		case <-ctx.Done():
		case <-time.After(c.server.opts.Delay):
		}
	}
	n, err := c.stream(ctx, p, f)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &failure{"57014", "canceling statement due to statement timeout"}
	case ctx.Err() != nil:
		return &failure{"57014", "canceling statement due to user request"}
	case err != nil:
		return err
	}
	c.wire.Send(&pgproto3.CommandComplete{CommandTag: fmt.Appendf(nil, "SELECT %d", n)})
	return nil
}

// portion is after how many rows the wire is emptied.
const portion = 200

func (c *session) stream(ctx context.Context, p *portal, f *fault.Set) (n int, err error) {
	rows, err := c.server.db.QueryContext(ctx, c.server.filled(p.text, c.zone), p.args...)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	hidden, cut := f.Hit(fault.HiddenRows), f.Hit(fault.CutBody)
	for rows.Next() && !hidden {
		values, err := p.encode(rows)
		if err != nil {
			return n, err
		}
		c.wire.Send(&pgproto3.DataRow{Values: values})
		if n++; n%portion == 0 || cut {
			if err := c.wire.Flush(); err != nil {
				return n, errors.Join(errEnded, err)
			}
		}
		if cut {
			c.end()
			return n, errEnded
		}
	}
	return n, rows.Err()
}
