// Package mailtest is a small SMTP server on loopback that keeps what it is sent, speaks TLS, asks for a login and can
// misbehave.
package mailtest

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Server keeps the messages that it took.
type Server struct {
	Addr string

	mu    sync.Mutex
	mails []Mail
	// refuse are recipients that are turned down; mute makes it hang up after the text of a message, having kept it;
	// silent makes it say nothing at all.
	refuse map[string]bool
	mute   bool
	silent bool

	secure  *tls.Config
	begins  string // tls: every connection begins with it
	account string // as AUTH PLAIN gives it
	logins  int
}

// Mail is one message as it came.
type Mail struct {
	To   string
	Text string // headers and body
}

// Start runs a server until the test ends.
func Start(t *testing.T) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: l.Addr().String(), refuse: map[string]bool{}}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		open.Wait()
	})
	return s
}

// Mails are the messages taken so far.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// Secure makes the server speak TLS, at once (tls) or when it is asked to (starttls), with a certificate for 127.0.0.1 by an
// authority that nobody knows. It returns the PEM file of that authority.
func (s *Server) Secure(t *testing.T, begins string) (caFile string) {
	t.Helper()
	known := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(known.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: known.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	s.set(func() { s.secure, s.begins = &tls.Config{Certificates: known.TLS.Certificates}, begins })
	return file
}

// Admit is whom the server lets in; before it is called, nobody.
func (s *Server) Admit(user, password string) {
	s.set(func() { s.account = base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password)) })
}

// Logins is how often somebody tried to log in.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Refuse turns a recipient down.
func (s *Server) Refuse(address string) { s.set(func() { s.refuse[address] = true }) }

// Mute makes the server hang up instead of answering for a message.
func (s *Server) Mute(on bool) { s.set(func() { s.mute = on }) }

// Silent makes the server accept connections and say nothing.
func (s *Server) Silent(on bool) { s.set(func() { s.silent = on }) }

func (s *Server) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *Server) serve(conn net.Conn) {
	s.mu.Lock()
	silent, secure, at := s.silent, s.secure, s.begins
	s.mu.Unlock()
	if silent {
		defer conn.Close()
		_, _ = io.Copy(io.Discard, conn) // until the other side gives up
		return
	}
	c := &session{server: s, secure: secure}
	c.on(conn)
	if at == "tls" {
		c.encrypt()
	}
	defer func() { c.conn.Close() }()
	c.say("220 double")
	for c.in.Scan() && c.answer(c.in.Text()) {
	}
}

// session is one connection.
type session struct {
	server    *Server
	secure    *tls.Config // nil: no TLS is offered
	conn      net.Conn
	in        *bufio.Scanner
	encrypted bool
	to        string
}

func (c *session) on(conn net.Conn) { c.conn, c.in = conn, bufio.NewScanner(conn) }

func (c *session) encrypt() {
	c.on(tls.Server(c.conn, c.secure))
	c.encrypted = true
}

func (c *session) say(line string) { fmt.Fprintf(c.conn, "%s\r\n", line) }

// answer answers a command; false: the conversation is over.
func (c *session) answer(line string) bool {
	switch verb := strings.ToUpper(line); {
	case strings.HasPrefix(verb, "EHLO"), strings.HasPrefix(verb, "HELO"):
		c.greet()
	case verb == "STARTTLS" && c.secure != nil && !c.encrypted:
		c.say("220 go ahead")
		c.encrypt()
	case strings.HasPrefix(verb, "AUTH PLAIN "):
		c.login(line[len("AUTH PLAIN "):])
	case strings.HasPrefix(verb, "RCPT TO:"):
		c.to = strings.Trim(line[len("RCPT TO:"):], "<> ")
		if c.server.refuses(c.to) {
			c.say("550 no such person")
			break
		}
		c.say("250 ok")
	case verb == "DATA":
		return c.take()
	case verb == "QUIT":
		c.say("221 bye")
		return false
	default:
		c.say("250 ok")
	}
	return true
}

// greet says what the server can; who it lets in, it asks over TLS only.
func (c *session) greet() {
	c.say("250-double")
	if c.secure != nil && !c.encrypted {
		c.say("250-STARTTLS")
	}
	if c.encrypted {
		c.say("250-AUTH PLAIN")
	}
	c.say("250 SIZE 10240000")
}

func (c *session) login(given string) {
	if c.server.admits(given) {
		c.say("235 welcome")
		return
	}
	c.say("535 5.7.8 authentication failed")
}

// take takes the text of a message; false: the server hung up.
func (c *session) take() bool {
	c.say("354 go on")
	var text strings.Builder
	for c.in.Scan() && c.in.Text() != "." {
		text.WriteString(c.in.Text() + "\n")
	}
	if muted := c.server.keep(Mail{c.to, text.String()}); muted {
		return false
	}
	c.say("250 taken")
	return true
}

func (s *Server) refuses(to string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refuse[to]
}

func (s *Server) admits(given string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins++
	return given == s.account
}

func (s *Server) keep(m Mail) (muted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	return s.mute
}
