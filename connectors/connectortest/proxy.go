package connectortest

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/sandbox/fault"
)

// Proxy stands between a connector and a server that speaks no HTTP, and plays the faults of the connection: CutBody cuts
// it within the answer to a query, Slow keeps the answer back until the client leaves. It is safe for concurrent use.
type Proxy struct {
	Faults *fault.Set
	Query  []byte // what a message of the client holds when it is a query
	// Choose names the server of each connection, where several stand behind one address; nil: that of Start.
	Choose func() (server string)
	// Connected and Asked are called before a connection and before a query go on to the server.
	Connected, Asked func()

	mu      sync.Mutex
	open    map[net.Conn]bool // both ends of each connection
	refuses bool
}

// Start listens until the test ends, and returns where.
func (p *Proxy) Start(t *testing.T, server string) string {
	t.Helper()
	p.open = map[net.Conn]bool{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.serve(client, server) })
		}
	})
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		p.Cut()
		serving.Wait()
	})
	return l.Addr().String()
}

// Cut ends all connections.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close() // what it is there for
	}
}

// Refuse ends all connections and takes no new ones, until it is told otherwise.
func (p *Proxy) Refuse(refuses bool) {
	p.mu.Lock()
	p.refuses = refuses
	p.mu.Unlock()
	if refuses {
		p.Cut()
	}
}

// keep remembers connections that Cut is to end; the function that it returns ends them.
func (p *Proxy) keep(ends ...net.Conn) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range ends {
		p.open[c] = true
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, c := range ends {
			_ = c.Close() // a second time, mostly
			delete(p.open, c)
		}
	}
}

func (p *Proxy) serve(client net.Conn, address string) {
	p.mu.Lock()
	refuses := p.refuses
	p.mu.Unlock()
	if p.Connected != nil {
		p.Connected()
	}
	if p.Choose != nil {
		address = p.Choose()
	}
	server, err := net.Dial("tcp", address)
	if err != nil || refuses {
		server = client // nothing to forward: both are closed
	}
	end := p.keep(client, server)
	defer end()
	if server == client {
		return
	}
	var answering sync.WaitGroup
	defer answering.Wait()
	defer end()
	cut := make(chan struct{}, 1)
	answering.Go(func() {
		defer end()
		forward(client, server, func(message []byte) ([]byte, bool) {
			select {
			case <-cut:
				return message[:len(message)/2], false
			default:
				return message, true
			}
		})
	})
	forward(server, client, func(message []byte) ([]byte, bool) {
		if !bytes.Contains(message, p.Query) {
			return message, true
		}
		if p.Asked != nil {
			p.Asked()
		}
		if p.Faults.Hit(fault.Slow) {
			_, _ = io.Copy(io.Discard, client) // until the client has had enough
			return nil, false
		}
		if p.Faults.Hit(fault.CutBody) {
			cut <- struct{}{}
		}
		return message, true
	})
}

// forward passes on what arrives, until an end is closed or do says that it is enough.
func forward(to, from net.Conn, do func([]byte) ([]byte, bool)) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		message, more := do(buffer[:n])
		if _, werr := to.Write(message); werr != nil || err != nil || !more {
			return
		}
	}
}
