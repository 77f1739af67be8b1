package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"tributary/api"
	"tributary/connectors/builtin"
	"tributary/events/outbox"
	"tributary/hub"
	"tributary/internal/config"
	"tributary/internal/errs"
)

func (a *app) serveCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the service: pulls on schedule, resolves, joins, publishes, answers HTTP",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			return a.stopped(cmd.Context(), a.serve(cmd.Context(), c, func(s *service) { s.announce(a) }))
		},
	}
	c.Flags().BoolVar(&a.behindProxy, "behind-proxy", false, "allow an address that other machines reach: a proxy in front does TLS and login")
	return c
}

// stopped is how a service ends that was told to: with success. What did not end well on the way is said; the next start
// goes on from what is committed.
func (a *app) stopped(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		a.logger().Warn("stopped before everything under way had ended; the next start goes on", "error", err)
	}
	return nil
}

// service is the running program: hub, broker and HTTP listener.
type service struct {
	hub    *hub.Hub
	broker *hub.Broker
	http   net.Listener
}

// serve runs the service until ctx ends; started is called when it listens.
func (a *app) serve(ctx context.Context, c *config.Config, started func(*service)) (err error) {
	s, closeService, err := a.start(ctx, c, "serve")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeService()) }()
	return s.run(ctx, func(ctx context.Context, w *workers) error {
		started(s)
		return w.work(ctx)
	})
}

// start opens store, broker and listener. Ports that no configuration names give way to free ones.
func (a *app) start(ctx context.Context, c *config.Config, verb string) (_ *service, closeService func() error, err error) {
	var closers []func() error
	closeAll := func() error {
		var errsClosed []error
		for i := len(closers) - 1; i >= 0; i-- {
			errsClosed = append(errsClosed, closers[i]())
		}
		return errors.Join(errsClosed...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll())
		}
	}()
	h, closeHub, err := a.openWith(ctx, c, verb)
	if err != nil {
		return nil, nil, err
	}
	closers = append(closers, func() error { closeHub(); return nil })
	free := !a.configured()
	b, err := h.OpenBroker(ctx, hub.BrokerUse{Listen: true, NextFreePort: free})
	if err != nil {
		return nil, nil, err
	}
	closers = append(closers, b.Close)
	if _, err := h.PrepareTopics(ctx, b); err != nil {
		return nil, nil, err
	}
	l, err := a.listen(ctx, c.HTTP.Listen, free)
	if err != nil {
		return nil, nil, err
	}
	return &service{hub: h, broker: b, http: l}, closeAll, nil
}

// configured reports whether a configuration file is in use: its ports are never changed.
func (a *app) configured() bool {
	if a.configFile != "" {
		return true
	}
	_, err := os.Stat(config.DefaultFile)
	return err == nil
}

// portTries is how many ports after the default one are tried.
const portTries = 20

// listen opens the HTTP port. Without TLS and login of its own, the API is for this machine, unless a proxy stands before it.
func (a *app) listen(ctx context.Context, address string, nextFree bool) (net.Listener, error) {
	at := errs.Args{"address": address, "key": "http.listen"}
	host, text, err := net.SplitHostPort(address)
	port, portErr := strconv.ParseUint(text, 10, 16)
	if err != nil || portErr != nil {
		return nil, errs.New(errs.Invalid, "hub.listen_address", at)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) && !a.behindProxy {
		return nil, errs.New(errs.Invalid, "hub.not_loopback", at)
	}
	last := port
	if nextFree && port > 0 {
		last = min(port+portTries, 1<<16-1)
	}
	var lc net.ListenConfig
	for ; ; port++ {
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.FormatUint(port, 10)))
		switch {
		case err == nil:
			return l, nil
		case !errors.Is(err, syscall.EADDRINUSE):
			return nil, errs.Wrap(errs.Unavailable, "hub.cannot_listen", err, at)
		case port == last:
			return nil, errs.New(errs.Unavailable, "hub.port_taken", at)
		}
	}
}

// drainTime bounds what HTTP requests may still take once the service is told to stop.
const drainTime = 3 * time.Second

// workers are the stages that work on their own.
type workers struct {
	hub     *hub.Hub
	broker  *hub.Broker
	relay   *outbox.Relay
	metrics *hub.Metrics
}

// work pulls on schedule, resolves, joins, publishes and takes orders until ctx ends; units under way are finished.
func (w *workers) work(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return w.hub.Work(ctx, w.relay, w.metrics) })
	g.Go(func() error { return w.hub.TakeOrders(ctx, w.broker) })
	return g.Wait()
}

// run answers HTTP while do does its work. When do has ended or ctx ends it drains: the readiness answer turns, requests
// in flight end.
func (s *service) run(ctx context.Context, do func(context.Context, *workers) error) error {
	relay, closeRelay, err := s.hub.Relay(s.broker)
	if err != nil {
		return err
	}
	w := &workers{hub: s.hub, broker: s.broker, relay: relay, metrics: hub.NewMetrics(s.hub, relay, version)}
	handler := api.New(s.hub, []api.Check{{Name: "store", Do: s.hub.DB.Current}, {Name: "kafka", Do: s.broker.Ping}}, w.metrics)
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(s.hub.Log.Handler(), slog.LevelWarn),
	}
	g, gctx := errgroup.WithContext(ctx)
	gctx, done := context.WithCancel(gctx)
	defer done()
	g.Go(func() error {
		if err := server.Serve(s.http); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-gctx.Done()
		handler.Drain()
		drain, cancel := context.WithTimeout(context.WithoutCancel(gctx), drainTime)
		defer cancel()
		if err := server.Shutdown(drain); err != nil {
			return server.Close()
		}
		return nil
	})
	g.Go(func() error {
		defer done()
		return do(gctx, w)
	})
	return errors.Join(g.Wait(), closeRelay())
}

// address is where the service answers HTTP.
func (s *service) address() string { return "http://" + s.http.Addr().String() }

// announce says where the service listens.
func (s *service) announce(a *app) {
	a.note(a.say("API    http://%s/api/v1/customers  (also /livez /readyz /metrics)", "API    http://%s/api/v1/customers （另有 /livez /readyz /metrics）"), s.http.Addr())
	a.note(a.say("Kafka  %s", "Kafka  %s"), s.broker.Address)
	a.note(a.say("Stop with Ctrl-C.", "按 Ctrl-C 停止。"))
}

// hubWith makes a hub for a configuration.
func (a *app) hubWith(c *config.Config) (*hub.Hub, error) {
	reg, err := builtin.Registry()
	if err != nil {
		return nil, fmt.Errorf("connectors: %w", err)
	}
	return &hub.Hub{Config: c, Registry: reg, Now: now, Began: now(), Actor: hub.LocalActor(c), Log: a.logger()}, nil
}
