package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simsender"
	"tributary/internal/errs"
)

// presence is how a system is there for the hub: it answers, it leaves files, or it posts.
type presence interface {
	// open makes the system ready and returns where it is reached, "" when nobody asks it.
	open(ctx context.Context, sb *Sandbox, f *fault.Set) (address string, err error)
}

// served systems answer over HTTP below a path of the sandbox's address.
type served struct {
	path    string
	handler func(s *stage, f *fault.Set) http.Handler
}

func (p served) open(_ context.Context, sb *Sandbox, f *fault.Set) (string, error) {
	sb.mux.Handle(p.path+"/", fault.Transport{Faults: f, Now: sb.now, RetryAfter: time.Second, Delay: slowness}.Wrap(p.handler(&sb.stage, f)))
	return sb.url, nil
}

// slowness is how long a system waits that is told to be slow.
const slowness = 10 * time.Second

// server answers what comes in by a listener until it is closed.
type server interface {
	Serve(net.Listener) error
	Close() error
}

// listening systems answer in a protocol of their own, at a port of their own.
type listening func(s *stage, f *fault.Set) (server, error)

func (p listening) open(ctx context.Context, sb *Sandbox, f *fault.Set) (string, error) {
	l, err := sb.nextListener(ctx)
	if err != nil {
		return "", err
	}
	srv, err := p(&sb.stage, f)
	if err != nil {
		return "", errors.Join(err, l.Close())
	}
	sb.run(srv, l)
	return l.Addr().String(), nil
}

// writing systems leave files.
type writing func(ctx context.Context, s *stage) error

func (p writing) open(ctx context.Context, sb *Sandbox, _ *fault.Set) (string, error) {
	return "", p(ctx, &sb.stage)
}

// pushing systems post to the hub by themselves: what they hold, in deliveries.
type pushing struct {
	secret     string
	deliveries func(s *stage) []simsender.Delivery
}

func (pushing) open(context.Context, *Sandbox, *fault.Set) (string, error) { return "", nil }

// Push lets the systems of the names given, none = all, post what they hold to the hub at an address. Systems that are
// asked do nothing. A hub that does not answer is waited for until ctx ends; it knows a delivery again, so Push may be repeated
// after anything.
func (sb *Sandbox) Push(ctx context.Context, hub string, names ...string) error {
	for _, s := range sb.cast {
		p, ok := s.by.(pushing)
		if !ok || len(names) > 0 && !slices.Contains(names, s.name) {
			continue
		}
		sender := simsender.Sender{URL: hub + "/in/" + s.name, Secret: p.secret, Now: sb.now}
		for _, d := range p.deliveries(&sb.stage) {
			if err := sender.Send(ctx, d); err != nil {
				return fmt.Errorf("%s posts to the hub: %w", s.name, err)
			}
		}
	}
	return nil
}

// run serves until Close.
func (sb *Sandbox) run(s server, l net.Listener) {
	sb.running = append(sb.running, s)
	sb.served.Go(func() error {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
}

// nextListener listens at the sandbox's address: the first at the port that was asked for, each further one at the next.
func (sb *Sandbox) nextListener(ctx context.Context) (net.Listener, error) {
	at := sb.listen
	host, text, err := net.SplitHostPort(at)
	if port, perr := strconv.Atoi(text); err == nil && perr == nil && port > 0 {
		at = net.JoinHostPort(host, strconv.Itoa(port+len(sb.running)))
	} else if err == nil {
		at = net.JoinHostPort(host, text)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", at)
	if err != nil {
		return nil, errs.New(errs.Unavailable, "connectors.sandbox_port", errs.Args{"address": at, "why": err.Error()})
	}
	return l, nil
}
