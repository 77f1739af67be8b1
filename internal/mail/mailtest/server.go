// Package mailtest is a small SMTP server on loopback that keeps what it is sent and can misbehave.
package mailtest

import (
	"bufio"
	"fmt"
	"net"
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
	defer conn.Close()
	in := bufio.NewScanner(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	s.mu.Lock()
	silent := s.silent
	s.mu.Unlock()
	if silent {
		in.Scan() // until the other side gives up
		return
	}
	say("220 double")
	to := ""
	for in.Scan() {
		line := in.Text()
		switch verb := strings.ToUpper(line); {
		case strings.HasPrefix(verb, "EHLO"), strings.HasPrefix(verb, "HELO"):
			say("250 double")
		case strings.HasPrefix(verb, "RCPT TO:"):
			to = strings.Trim(line[len("RCPT TO:"):], "<> ")
			s.mu.Lock()
			refused := s.refuse[to]
			s.mu.Unlock()
			if refused {
				say("550 no such person")
				continue
			}
			say("250 ok")
		case verb == "DATA":
			say("354 go on")
			var text strings.Builder
			for in.Scan() && in.Text() != "." {
				text.WriteString(in.Text() + "\n")
			}
			s.mu.Lock()
			s.mails = append(s.mails, Mail{to, text.String()})
			mute := s.mute
			s.mu.Unlock()
			if mute {
				return
			}
			say("250 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}
