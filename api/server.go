package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/time/rate"

	"tributary/hub"
	"tributary/internal/errs"
)

// Check is one thing that must work before the process is ready.
type Check struct {
	Name string
	Do   func(context.Context) error
}

// Server answers HTTP requests. It is an http.Handler and safe for concurrent use.
type Server struct {
	hub      *hub.Hub
	checks   []Check
	metrics  *hub.Metrics
	log      *slog.Logger
	mux      *http.ServeMux
	draining atomic.Bool
	refusals *rate.Limiter // of deliveries, that are logged
}

// New makes the handler. checks decide /readyz, whose body names the sources that fail; metrics are what /metrics shows.
func New(h *hub.Hub, checks []Check, metrics *hub.Metrics) *Server {
	s := &Server{hub: h, checks: checks, metrics: metrics, log: h.Log, mux: http.NewServeMux(), refusals: rate.NewLimiter(1, 10)}
	s.mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ok\n") })
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.Handle("GET /metrics", promhttp.HandlerFor(metrics.Gatherer(), promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(h.Log.Handler(), slog.LevelWarn)}))
	s.routes()
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			s.fail(w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		} else if p != nil {
			panic(p)
		}
	}()
	handler, pattern := s.mux.Handler(r)
	if pattern == "" {
		s.unrouted(w, r, handler)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// unrouted answers what no route takes, as the mux judges it, with a problem document.
func (s *Server) unrouted(w http.ResponseWriter, r *http.Request, judge http.Handler) {
	v := verdict{header: http.Header{}}
	judge.ServeHTTP(&v, r)
	if v.status != http.StatusMethodNotAllowed {
		s.fail(w, r, errs.New(errs.NotFound, "api.no_route", nil))
		return
	}
	allow := v.header.Get("Allow")
	w.Header().Set("Allow", allow)
	s.problem(w, r, http.StatusMethodNotAllowed, errs.New(errs.Invalid, "api.method", errs.Args{"method": r.Method, "allow": allow}))
}

// verdict keeps what the mux would have answered.
type verdict struct {
	header http.Header
	status int
}

func (v *verdict) Header() http.Header         { return v.header }
func (v *verdict) WriteHeader(status int)      { v.status = status }
func (v *verdict) Write(b []byte) (int, error) { return len(b), nil }

// Drain makes /readyz answer 503 from now on, so that a balancer sends no new requests.
func (s *Server) Drain() { s.draining.Store(true) }

// readyTimeout bounds the look at all dependencies.
const readyTimeout = 3 * time.Second

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		text(w, http.StatusServiceUnavailable, "stopping\n")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	for _, c := range s.checks {
		if err := c.Do(ctx); err != nil {
			s.log.WarnContext(ctx, "not ready", "check", c.Name, "error", err)
			text(w, http.StatusServiceUnavailable, c.Name+" does not answer; see tributary doctor\n")
			return
		}
	}
	body := "ready\n"
	for _, f := range s.metrics.Failing() { // told, and no reason to send requests elsewhere
		body += fmt.Sprintf("%s/%s fails since %s: %s\n", f.Connection, f.Stream, f.Since.UTC().Format(time.RFC3339), f.Code)
	}
	text(w, http.StatusOK, body)
}

func text(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // the client may have gone; nothing is lost
}
