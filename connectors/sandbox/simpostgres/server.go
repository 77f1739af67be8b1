// Package simpostgres simulates a distributor's PostgreSQL server as an account that may only read sees it: the protocol
// with passwords as MD5, simple and extended queries in text and binary, read-only transactions, limits on the time of a
// statement, cancelled requests, and failures by their numbers. SQL is answered by SQLite in memory, so views are written
// in what the two have in common; the clock is the simulation's. There is no TLS, and nothing can be written.
//
// Faults: throttle (too many clients), bad_credentials, no_rights, hidden_rows, slow, session_expiry (the server goes
// down), cut_body, clock_fast, clock_slow.
package simpostgres

import (
	"context"
	"crypto/md5" // the protocol's
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"

	"tributary/connectors/sandbox/fault"
)

// Options describe the server.
type Options struct {
	Database, User, Password string
	Now                      func() time.Time
	Faults                   *fault.Set
	Delay                    time.Duration // of slow answers
}

// Server is a server. It is safe for concurrent use.
type Server struct {
	opts    Options
	db      *sql.DB
	columns map[string]uint32 // their types

	mu       sync.Mutex
	closed   bool
	listener net.Listener
	sessions map[uint32]*session // by the number that cancelling names
	last     uint32
	all      sync.WaitGroup
}

// New makes a server with tables.
func New(o Options, tables ...Table) (*Server, error) {
	db, err := fill(tables)
	if err != nil {
		return nil, err
	}
	return &Server{opts: o, db: db, columns: typesOf(tables), sessions: map[uint32]*session{}}, nil
}

// Serve answers connections until Close.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	s.listener = l
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return l.Close()
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		s.all.Go(func() { s.converse(conn) })
	}
}

// Close ends all sessions and waits for them.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	var err error
	if s.listener != nil {
		err = s.listener.Close()
	}
	for _, open := range s.sessions {
		open.end()
	}
	s.mu.Unlock()
	s.all.Wait()
	return errors.Join(err, s.db.Close())
}

// converse is the life of one connection.
func (s *Server) converse(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := &session{server: s, wire: pgproto3.NewBackend(conn, conn), ctx: ctx, types: pgtype.NewMap(), statements: map[string]*statement{}, status: 'I'}
	c.end = func() { cancel(); _ = conn.Close() }
	if !s.enter(c) {
		return
	}
	defer s.leave(c)
	if err := c.admit(conn); err == nil {
		c.serve()
	}
}

// enter counts a session in; false: the server is closed.
func (s *Server) enter(c *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	c.number = s.last
	_, _ = rand.Read(c.secret[:]) // it cannot fail
	s.sessions[c.number] = c
	return !s.closed
}

func (s *Server) leave(c *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c.number)
}

// cancel stops the statement of a session that another connection names.
func (s *Server) cancel(r *pgproto3.CancelRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.sessions[r.ProcessID]; c != nil && string(c.secret[:]) == string(r.SecretKey) {
		c.interrupt()
	}
}

// now is the server's clock in a session's zone.
func (s *Server) now(zone *time.Location) time.Time {
	now := s.opts.Now()
	switch {
	case s.opts.Faults.Hit(fault.ClockFast):
		now = now.Add(10 * time.Minute)
	case s.opts.Faults.Hit(fault.ClockSlow):
		now = now.Add(-10 * time.Minute)
	}
	return now.In(zone)
}

// errEnded is that a session is over.
var errEnded = errors.New("the session is over")

// admit greets a client: encryption is refused, the password is asked for.
func (c *session) admit(conn net.Conn) error {
	for {
		m, err := c.wire.ReceiveStartupMessage()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *pgproto3.SSLRequest, *pgproto3.GSSEncRequest:
			if _, err := conn.Write([]byte{'N'}); err != nil {
				return err
			}
		case *pgproto3.CancelRequest:
			c.server.cancel(m)
			return errEnded
		case *pgproto3.StartupMessage:
			return c.login(m.Parameters)
		default:
			return errEnded
		}
	}
}

func (c *session) login(given map[string]string) error {
	o := c.server.opts
	if o.Faults.Hit(fault.Throttle) {
		return c.fatal(&failure{"53300", "sorry, too many clients already"})
	}
	var salt [4]byte
	_, _ = rand.Read(salt[:])
	if err := c.wire.SetAuthType(pgproto3.AuthTypeMD5Password); err != nil {
		return err
	}
	c.wire.Send(&pgproto3.AuthenticationMD5Password{Salt: salt})
	if err := c.wire.Flush(); err != nil {
		return err
	}
	m, err := c.wire.Receive()
	if err != nil {
		return err
	}
	password, ok := m.(*pgproto3.PasswordMessage)
	switch {
	case !ok || o.Faults.Hit(fault.BadCredentials) || given["user"] != o.User || password.Password != hashed(o, salt):
		return c.fatal(&failure{"28P01", `password authentication failed for user "` + given["user"] + `"`})
	case given["database"] != o.Database:
		return c.fatal(&failure{"3D000", `database "` + given["database"] + `" does not exist`})
	}
	if c.zone, err = time.LoadLocation(given["timezone"]); err != nil {
		return c.fatal(&failure{"22023", `invalid value for parameter "TimeZone": "` + given["timezone"] + `"`})
	}
	c.readOnlyAlways = given["default_transaction_read_only"] == "on"
	c.wire.Send(&pgproto3.AuthenticationOk{})
	for name, value := range map[string]string{
		"server_version": "13.14", "server_encoding": "UTF8", "client_encoding": "UTF8", "DateStyle": "ISO, MDY", "integer_datetimes": "on", "standard_conforming_strings": "on",
		"TimeZone": c.zone.String(), "application_name": given["application_name"], "session_authorization": o.User,
	} {
		c.wire.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	c.wire.Send(&pgproto3.BackendKeyData{ProcessID: c.number, SecretKey: c.secret[:]})
	return c.ready()
}

func hashed(o Options, salt [4]byte) string {
	sum := func(text string) string { h := md5.Sum([]byte(text)); return hex.EncodeToString(h[:]) }
	return "md5" + sum(sum(o.Password+o.User)+string(salt[:]))
}

// failure is what the server says went wrong, by its SQLSTATE.
type failure struct{ code, text string }

func (f *failure) Error() string { return f.text + " (" + f.code + ")" }

// failureOf gives an error of SQLite the number that this server has for it.
func failureOf(err error) *failure {
	var known *failure
	text := err.Error()
	name := func(after string) string {
		_, tail, _ := strings.Cut(text, after)
		word, _, _ := strings.Cut(tail, " ")
		return word
	}
	switch {
	case errors.As(err, &known):
		return known
	case strings.Contains(text, "no such table: "):
		return &failure{"42P01", `relation "` + name("no such table: ") + `" does not exist`}
	case strings.Contains(text, "no such column: "):
		return &failure{"42703", `column "` + name("no such column: ") + `" does not exist`}
	case strings.Contains(text, "no such function: "):
		return &failure{"42883", "function " + name("no such function: ") + " does not exist"}
	case strings.Contains(text, "syntax error"):
		return &failure{"42601", text}
	}
	return &failure{"XX000", text}
}
