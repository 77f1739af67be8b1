package harness

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Proxy stands between the program and a server, and can be cut like a cable.
type Proxy struct {
	Address string // host:port to connect to
	target  string
	mu      sync.Mutex
	limit   int64 // bytes towards the server until the cable is cut; < 0 = no limit
	cut     bool
	conns   map[net.Conn]bool
	running sync.WaitGroup
}

// StartProxy listens on a free port until the test ends and passes everything on to target.
func StartProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &Proxy{Address: l.Addr().String(), target: target, limit: -1, conns: map[net.Conn]bool{}}
	p.running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.CutAfter(0)
		p.running.Wait()
	})
	return p
}

// CutAfter cuts every connection, and refuses new ones, once so many more bytes went to the server.
func (p *Proxy) CutAfter(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = bytes
	if bytes == 0 {
		p.sever()
	}
}

// Mend lets connections through again.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit, p.cut = -1, false
}

// Cut reports whether the limit was reached.
func (p *Proxy) Cut() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cut
}

func (p *Proxy) sever() {
	p.cut = true
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *Proxy) add(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		_ = c.Close()
		return false
	}
	p.conns[c] = true
	return true
}

// sent counts bytes towards the server; false once the cable is cut.
func (p *Proxy) sent(n int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit >= 0 {
		if p.limit -= n; p.limit <= 0 {
			p.limit = 0
			p.sever()
		}
	}
	return !p.cut
}

func (p *Proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	defer server.Close()
	defer client.Close()
	if !p.add(client) || !p.add(server) {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(client, server) // ends when either side does
		_ = client.Close()
	})
	buffer := make([]byte, 16<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil || !p.sent(int64(n)) {
			break
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			break
		}
	}
	_ = server.Close()
	back.Wait()
}
