package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"

	"tributary/internal/errs"
)

// PortError says that the port to listen on is taken by something that is not the owner of the folder.
type PortError struct {
	Address string
	err     error
}

// Error says what is taken and what to do.
func (e *PortError) Error() string { return e.err.Error() }

// Unwrap returns the catalogue error.
func (e *PortError) Unwrap() error { return e.err }

const portTries = 20

func listen(address string, next bool) (net.Listener, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "embedded.listen", err, errs.Args{"address": address})
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "embedded.listen", err, errs.Args{"address": address})
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, errs.New(errs.Invalid, "embedded.not_loopback", errs.Args{"address": address})
	}
	tries := uint64(1)
	if next && port != 0 {
		tries = portTries
	}
	var last error
	for p := port; p < port+tries && p < 1<<16; p++ {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.FormatUint(p, 10)))
		if err == nil {
			return l, nil
		}
		last = err
		if !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EACCES) {
			break
		}
	}
	if errors.Is(last, syscall.EADDRINUSE) {
		return nil, &PortError{Address: address,
			err: errs.Wrap(errs.Unavailable, "embedded.port_taken", last, errs.Args{"address": address})}
	}
	return nil, errs.Wrap(errs.Unavailable, "embedded.listen_failed", last, errs.Args{"address": address})
}

// Dialer opens a connection, as net.Dialer.DialContext does.
type Dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// memory is a listener without a port: the two ends are in this process.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newMemory() *memory { return &memory{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

// Addr has the form of an address, for the protocol carries host and port.
func (m *memory) Addr() net.Addr { return memoryAddr{} }

func (m *memory) dial(ctx context.Context, _, address string) (net.Conn, error) {
	if address != (memoryAddr{}).String() {
		return nil, fmt.Errorf("the embedded broker in memory is %s, not %s", memoryAddr{}, address)
	}
	client, server := net.Pipe()
	select {
	case m.conns <- server:
		return client, nil
	case <-m.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }
func (memoryAddr) String() string  { return "127.0.0.1:1" }
