package httpsource_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tributary/connectors"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/httpsource"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

// script answers each call by the next handler, the last one for ever.
func script(t *testing.T, handlers ...http.HandlerFunc) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(calls.Add(1))
		handlers[min(n, len(handlers))-1](w, r)
	}))
	t.Cleanup(srv.Close)
	return srv, &calls
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(s)) }
}

func client(t *testing.T, url string, change ...func(*httpsource.Options)) *httpsource.Client {
	t.Helper()
	o := httpsource.Options{
		Name: "demo", BaseURL: url, Now: time.Now, Timeout: 5 * time.Second, MaxBody: 1 << 20,
		Retry: httpsource.RetryPolicy{First: time.Millisecond, Max: 2 * time.Millisecond, Budget: 5 * time.Second, Tries: 4},
	}
	for _, c := range change {
		c(&o)
	}
	c, err := httpsource.New(o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func get(c *httpsource.Client, ctx context.Context) (*httpsource.Response, error) {
	return c.Do(ctx, httpsource.Request{Op: "read", Method: http.MethodGet, Path: "/x?token=s3cr3t"})
}

func TestClassesOfStatus(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name     string
		handlers []http.HandlerFunc
		calls    int32
		code     string // "" = success
	}{
		{"passing trouble", []http.HandlerFunc{status(502), status(500), text("ok")}, 3, ""},
		{"lasting trouble", []http.HandlerFunc{status(503)}, 4, "connectors.failing"},
		{"throttle", []http.HandlerFunc{status(429, "Retry-After", "0"), text("ok")}, 2, ""},
		{"throttle for longer than the budget", []http.HandlerFunc{status(429, "Retry-After", "3600")}, 1, "connectors.throttled"},
		{"no rights", []http.HandlerFunc{status(403)}, 1, "connectors.forbidden"},
		{"not found", []http.HandlerFunc{status(404)}, 1, "connectors.refused"},
		{"conflict", []http.HandlerFunc{status(409)}, 1, "connectors.refused"},
		{"unauthorised without credentials", []http.HandlerFunc{status(401)}, 1, "connectors.credentials"},
		{"redirect elsewhere", []http.HandlerFunc{status(302, "Location", "http://other.example/")}, 1, "connectors.shape"},
		{"too large", []http.HandlerFunc{text(strings.Repeat("x", 2<<20))}, 1, "connectors.too_large"},
		{"cut body", []http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("half"))
		}, text("ok")}, 2, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv, calls := script(t, c.handlers...)
			_, err := get(client(t, srv.URL), t.Context())
			require.Equal(t, c.code, errs.CodeOf(err), "%v", err)
			require.Equal(t, c.calls, calls.Load())
			if err != nil {
				require.NotContains(t, fmt.Sprintf("%v %+v", err, errors.Unwrap(err)), "s3cr3t")
			}
		})
	}
}

func TestUnreachableAndUntrusted(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(text("ok"))
	srv.Close()
	_, err := get(client(t, srv.URL), t.Context())
	require.Equal(t, "connectors.unreachable", errs.CodeOf(err))
	require.NotContains(t, err.Error(), "s3cr3t")

	tls := httptest.NewTLSServer(text("ok"))
	defer tls.Close()
	_, err = get(client(t, tls.URL), t.Context())
	require.Equal(t, "connectors.certificate", errs.CodeOf(err))

	_, err = httpsource.New(httpsource.Options{BaseURL: "ftp://x", Now: time.Now})
	require.Equal(t, "connectors.base_url", errs.CodeOf(err))
	_, err = httpsource.New(httpsource.Options{BaseURL: "http://x", Now: time.Now, CAFile: "/nowhere"})
	require.Equal(t, "connectors.ca_file", errs.CodeOf(err))
}

// A caller who waits for so long only hears what failed, while there is time to say it.
func TestDeadlineOfTheCallerShortensTheTries(t *testing.T) {
	t.Parallel()
	srv, calls := script(t, status(http.StatusBadGateway))
	c := client(t, srv.URL, func(o *httpsource.Options) {
		o.Retry = httpsource.RetryPolicy{First: 100 * time.Millisecond, Max: time.Minute, Budget: time.Hour, Tries: 1000}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err := get(c, ctx)
	require.NoError(t, ctx.Err())
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	require.NotEmpty(t, errs.CodeOf(err))
	require.Greater(t, calls.Load(), int32(1))
}

func TestLinksMustStayOnTheHost(t *testing.T) {
	t.Parallel()
	srv, calls := script(t, text("ok"))
	c := client(t, srv.URL)
	_, err := c.Do(t.Context(), httpsource.Request{Op: "next", Method: http.MethodGet, Path: "http://metadata.example/latest"})
	require.Equal(t, "connectors.shape", errs.CodeOf(err))
	require.Zero(t, calls.Load())
	_, err = c.Do(t.Context(), httpsource.Request{Op: "next", Method: http.MethodGet, Path: srv.URL + "/page/2"})
	require.NoError(t, err)
}

func TestCircuitOpensAndOthersAreUntouched(t *testing.T) {
	t.Parallel()
	srv, calls := script(t, status(500))
	c := client(t, srv.URL, func(o *httpsource.Options) { o.Breaker = httpsource.BreakerPolicy{Failures: 3, Open: time.Hour} })
	_, err := get(c, t.Context())
	require.Equal(t, "connectors.circuit_open", errs.CodeOf(err))
	require.EqualValues(t, 3, calls.Load())
	_, err = get(c, t.Context())
	require.Equal(t, "connectors.circuit_open", errs.CodeOf(err))
	require.EqualValues(t, 3, calls.Load(), "an open circuit makes no calls")
}

// What one client after the other asks of one system counts together; another connection's system is another matter.
func TestClientsOfAConnectionShareCircuitAndLimits(t *testing.T) {
	t.Parallel()
	srv, calls := script(t, status(500))
	shared := &connectors.Shared{}
	var heard []bool
	one := func(k *connectors.Shared) error {
		_, err := get(client(t, srv.URL, func(o *httpsource.Options) {
			o.Shared, o.Breaker, o.Retry.Tries = k, httpsource.BreakerPolicy{Failures: 5, Open: time.Hour}, 2
			o.Circuit = func(open bool) { heard = append(heard, open) }
		}), t.Context())
		return err
	}
	for _, want := range []string{"failing", "failing", "circuit_open", "circuit_open"} {
		require.Equal(t, "connectors."+want, errs.CodeOf(one(shared)))
	}
	require.EqualValues(t, 5, calls.Load())
	require.Equal(t, []bool{true}, heard)
	require.Equal(t, "connectors.failing", errs.CodeOf(one(nil)))
	require.Equal(t, "connectors.failing", errs.CodeOf(one(&connectors.Shared{})))

	calm, _ := script(t, text("ok"))
	began := time.Now()
	for range 4 {
		_, err := get(client(t, calm.URL, func(o *httpsource.Options) {
			o.Shared, o.Limits = shared, map[string]httpsource.Limit{"": {PerSecond: 10, Burst: 1}}
		}), t.Context())
		require.NoError(t, err)
	}
	require.GreaterOrEqual(t, time.Since(began), 290*time.Millisecond)
}

func TestCircuitClosesAgain(t *testing.T) {
	t.Parallel()
	srv, _ := script(t, status(500), status(500), text("ok"))
	c := client(t, srv.URL, func(o *httpsource.Options) {
		o.Breaker = httpsource.BreakerPolicy{Failures: 2, Open: time.Nanosecond}
		o.Retry.Tries = 2
	})
	_, err := get(c, t.Context())
	require.Error(t, err)
	_, err = get(c, t.Context())
	require.NoError(t, err, "half-open: the probe succeeded")
}

func TestCancelledCallersDoNotOpenTheCircuit(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 8)
	srv, _ := script(t, func(_ http.ResponseWriter, r *http.Request) { arrived <- struct{}{}; <-r.Context().Done() },
		func(_ http.ResponseWriter, r *http.Request) { arrived <- struct{}{}; <-r.Context().Done() }, text("ok"))
	c := client(t, srv.URL, func(o *httpsource.Options) { o.Breaker = httpsource.BreakerPolicy{Failures: 1, Open: time.Hour} })
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		_, err := get(c, ctx)
		require.ErrorIs(t, err, context.Canceled)
	}
	_, err := get(c, t.Context())
	require.NoError(t, err)
}

type bearer struct{ *httpsource.Session }

func (b bearer) Apply(ctx context.Context, out *httpsource.Outgoing) (string, error) {
	h := out.Header
	tok, err := b.Get(ctx)
	h.Set("Authorization", tok.Value)
	return tok.Value, err
}
func (b bearer) Refused(stamp string) { b.Drop(stamp) }

func TestOneLoginHoweverManyCallers(t *testing.T) {
	t.Parallel()
	var logins atomic.Int32
	var valid atomic.Value
	valid.Store("t1")
	srv, _ := script(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != valid.Load() {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	c := client(t, srv.URL)
	c.SetAuth(bearer{httpsource.NewSession(time.Now, func(context.Context, httpsource.Token) (httpsource.Token, error) {
		return httpsource.Token{Value: fmt.Sprint("t", logins.Add(1))}, nil
	})})
	round := func() {
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := get(c, t.Context())
				require.NoError(t, err)
			})
		}
		wg.Wait()
	}
	round()
	require.EqualValues(t, 1, logins.Load())
	valid.Store("t2") // t1 is dead now
	round()
	require.EqualValues(t, 2, logins.Load(), "callers that lost the race take the new token")
}

func TestFreshCredentialsRefusedStopTheConnection(t *testing.T) {
	t.Parallel()
	var logins atomic.Int32
	srv, calls := script(t, status(401))
	c := client(t, srv.URL)
	c.SetAuth(bearer{httpsource.NewSession(time.Now, func(context.Context, httpsource.Token) (httpsource.Token, error) {
		return httpsource.Token{Value: fmt.Sprint("t", logins.Add(1))}, nil
	})})
	for range 3 {
		_, err := get(c, t.Context())
		require.Equal(t, "connectors.credentials", errs.CodeOf(err))
	}
	require.EqualValues(t, 2, logins.Load(), "logged in again once")
	require.EqualValues(t, 2, calls.Load())
}

func TestExpiredTokenIsReplacedBeforeUse(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	s := httpsource.NewSession(func() time.Time { return now }, func(_ context.Context, old httpsource.Token) (httpsource.Token, error) {
		return httpsource.Token{Value: old.Value + "x", Refresh: "r", Expires: now.Add(time.Minute)}, nil
	})
	for _, want := range []string{"x", "x"} {
		tok, err := s.Get(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, tok.Value)
	}
	now = now.Add(31 * time.Second)
	tok, err := s.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, "xx", tok.Value)
}

func TestSourceClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	srv, _ := script(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", now.Add(-10*time.Minute).Format(http.TimeFormat))
	})
	c := client(t, srv.URL, func(o *httpsource.Options) { o.Now = func() time.Time { return now } })
	require.Equal(t, now, c.SourceNow())
	_, err := get(c, t.Context())
	require.NoError(t, err)
	require.Equal(t, now.Add(-10*time.Minute), c.SourceNow())
	require.Equal(t, "connectors.check_clock", c.ClockFinding(time.Minute)[0].Code)
	require.Empty(t, c.ClockFinding(time.Hour))
}

func TestRateLimitPerScope(t *testing.T) {
	t.Parallel()
	srv, calls := script(t, text("ok"))
	c := client(t, srv.URL, func(o *httpsource.Options) {
		o.Limits = map[string]httpsource.Limit{"query": {PerSecond: 0.001, Burst: 2}}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var last error
	for range 3 {
		_, last = c.Do(ctx, httpsource.Request{Op: "read", Method: http.MethodGet, Path: "/", Scope: "query"})
	}
	require.Equal(t, "connectors.throttled", errs.CodeOf(last), "the third call of the scope would come after the deadline")
	require.EqualValues(t, 2, calls.Load())
	_, err := c.Do(ctx, httpsource.Request{Op: "read", Method: http.MethodGet, Path: "/"})
	require.NoError(t, err, "other scopes are free")
}

// However many callers share a scope, together they ask no more often than it allows, and not much less often.
func TestLimitsAreKeptByCallersSideBySide(t *testing.T) {
	t.Parallel()
	const perSecond, n = 200, 100
	srv, calls := script(t, text("ok"))
	var waited atomic.Int64
	c := client(t, srv.URL, func(o *httpsource.Options) {
		o.Limits = map[string]httpsource.Limit{"": {PerSecond: perSecond, Burst: 1}}
		o.Waited = func(d time.Duration) { waited.Add(int64(d)) }
	})
	began := time.Now()
	g, ctx := errgroup.WithContext(t.Context())
	for range 5 {
		g.Go(func() error {
			for range n / 5 {
				if _, err := c.Do(ctx, httpsource.Request{Op: "read", Method: http.MethodGet, Path: "/"}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	require.EqualValues(t, n, calls.Load())
	rate := float64(n-1) / time.Since(began).Seconds()
	require.LessOrEqual(t, rate, 1.05*perSecond)
	require.Greater(t, time.Duration(waited.Load()), time.Since(began)/2, "five callers wait most of the time")
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "-3": 0, "soon": 0, now.Add(time.Minute).Format(http.TimeFormat): time.Minute} {
		require.Equal(t, want, httpsource.RetryAfter(http.Header{"Retry-After": {value}}, now), value)
	}
}
