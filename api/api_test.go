package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"tributary/api"
	"tributary/connectors/builtin"
	"tributary/events"
	"tributary/events/outbox"
	"tributary/hub"
	"tributary/internal/config"
	"tributary/store"
	"tributary/store/storetest"
)

// served is an API over an empty store, and its log.
type served struct {
	*api.Server
	db       *store.DB
	registry prometheus.Gatherer
	log      *lockedBuffer
	hub      *hub.Hub
	metrics  *hub.Metrics
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func serve(t *testing.T, checks ...api.Check) served {
	t.Helper()
	c := config.Defaults()
	c.DataDir = t.TempDir()
	db, err := storetest.Open(t.Context(), store.Config{URL: c.Store.URL, DataDir: c.DataDir, Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	require.NoError(t, db.Ready(t.Context()))
	reg, err := builtin.Registry()
	require.NoError(t, err)
	log := &lockedBuffer{}
	h := &hub.Hub{DB: db, Config: &c, Registry: reg, Now: time.Now, Actor: hub.LocalActor(&c), Log: slog.New(slog.NewJSONHandler(log, nil))}
	relay, err := outbox.New(outbox.Config{Source: events.Source("M"), Now: time.Now}, db, func() (outbox.Publisher, error) { return nil, errors.New("no broker") }, h.Log)
	require.NoError(t, err)
	metrics := hub.NewMetrics(h, relay, "v1.2.3")
	return served{api.New(h, append([]api.Check{{Name: "store", Do: h.DB.Current}}, checks...), metrics), db, metrics.Gatherer(), log, h, metrics}
}

func (s served) ask(method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func (s served) get(path string, header ...string) *httptest.ResponseRecorder {
	return s.ask(http.MethodGet, path, header...)
}

func problem(t *testing.T, w *httptest.ResponseRecorder) api.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	var p api.Problem
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p), w.Body.String())
	require.Equal(t, w.Code, p.Status)
	require.NotEmpty(t, p.Title)
	require.NotEmpty(t, p.Code)
	require.NotEmpty(t, p.Detail)
	require.NotNil(t, p.Errors)
	return p
}

func TestHealth(t *testing.T) {
	var away error
	s := serve(t, api.Check{Name: "kafka", Do: func(context.Context) error { return away }})
	require.Equal(t, http.StatusOK, s.get("/livez").Code)
	require.Equal(t, "ready\n", s.get("/readyz").Body.String())

	away = errors.New("dial tcp 10.1.2.3:9092: refused")
	w := s.get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "kafka")
	require.NotContains(t, w.Body.String(), "10.1.2.3", "what is inside stays in the log")
	require.Contains(t, s.log.String(), "10.1.2.3")
	require.Equal(t, http.StatusOK, s.get("/livez").Code, "a dependency is no reason to restart")

	away = nil
	require.Equal(t, http.StatusOK, s.get("/readyz").Code, "it is ready again by itself")
	s.Drain()
	w = s.get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "stopping")
	require.Equal(t, http.StatusOK, s.get("/livez").Code)
}

// deaf takes events for a broker that nobody asks.
type deaf struct{}

func (deaf) Publish(string, ...*message.Message) error                         { return nil }
func (deaf) PublishContext(context.Context, string, ...*message.Message) error { return nil }
func (deaf) MaxDuration() time.Duration                                        { return time.Second }
func (deaf) Close() error                                                      { return nil }

// A source that fails is told in the body, and is no reason to send requests elsewhere.
func TestAFailingSourceIsToldAndNoReasonToBeUnready(t *testing.T) {
	s := serve(t)
	s.hub.Config.Connections = []config.Connection{{Name: "shop", Connector: "pharmacy", Settings: map[string]any{"base_url": "http://127.0.0.1:1", "token": "planted-secret", "retry_budget": "1ms"}, Streams: []config.Stream{{Stream: "stores"}}}}
	relay, err := outbox.New(outbox.Config{Source: events.Source("M"), Now: time.Now}, s.db, func() (outbox.Publisher, error) { return deaf{}, nil }, s.hub.Log)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.hub.Work(ctx, relay, s.metrics) }()
	require.Eventually(t, func() bool { return strings.Contains(s.get("/readyz").Body.String(), "shop/stores fails since ") }, time.Minute, 20*time.Millisecond, "%s", s.log)
	w := s.get("/readyz")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "connectors.unreachable")
	require.NotContains(t, w.Body.String(), "planted-secret")
	stop()
	require.NoError(t, <-done)
}

func TestDependencyThatHangsMakesUnreadyInTime(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Check{Name: "kafka", Do: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }})
	began := time.Now()
	require.Equal(t, http.StatusServiceUnavailable, s.get("/readyz").Code)
	require.Less(t, time.Since(began), 20*time.Second)
}

func TestStoreThatIsGoneMakesUnready(t *testing.T) {
	s := serve(t)
	require.Equal(t, http.StatusOK, s.get("/readyz").Code)
	require.NoError(t, s.db.Close())
	require.Equal(t, http.StatusServiceUnavailable, s.get("/readyz").Code)
}

func TestMetricsAreNamedByTheRules(t *testing.T) {
	s := serve(t)
	problems, err := promlint.New(s.get("/metrics").Body).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	w := s.get("/metrics")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `tributary_build_info{`)
	require.Contains(t, w.Body.String(), "v1.2.3")
	families, err := s.registry.Gather()
	require.NoError(t, err)
	for _, f := range families {
		require.True(t, strings.HasPrefix(f.GetName(), "tributary_"), f.GetName())
		require.NotEmpty(t, f.GetHelp())
	}
}

func TestReads(t *testing.T) {
	s := serve(t)
	w := s.get("/api/v1/runs")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.JSONEq(t, `{"runs":[]}`, w.Body.String())
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(t, http.StatusOK, s.get("/api/v1/customers").Code)
	require.Equal(t, http.StatusOK, s.ask(http.MethodHead, "/api/v1/runs").Code)
}

func TestProblemsSpeakTheReadersLanguage(t *testing.T) {
	s := serve(t)
	for header, lang := range map[string]string{
		"": "en", "en": "en", "zh": "zh", "zh-CN,zh;q=0.9,en;q=0.8": "zh", "en;q=0.2, zh-Hans;q=0.9": "zh", "en-US,zh;q=0.5": "en", "de": "en", "nonsense;;q": "en",
	} {
		w := s.get("/api/v1/runs?limit=many", "Accept-Language", header)
		p := problem(t, w)
		require.Equal(t, http.StatusBadRequest, p.Status)
		require.Equal(t, "api.limit", p.Code)
		require.NotEmpty(t, p.Hint)
		require.Equal(t, lang, w.Header().Get("Content-Language"), header)
		require.Equal(t, lang == "zh", strings.Contains(p.Detail, "不是"), "%s: %s", header, p.Detail)
		require.Equal(t, "#/query/limit", p.Errors[0].Pointer)
	}
	for _, limit := range []string{"0", "-1", "1001", "1e3", "99999999999999999999"} {
		require.Equal(t, "api.limit", problem(t, s.get("/api/v1/runs?limit="+limit)).Code, limit)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	s := serve(t)
	for path, status := range map[string]int{
		"/nowhere": 404, "/api/v1": 404, "/api/v1/runs/": 404, "/api/v1/customers/no-such-id": 404,
		"/api/v1/trace/customers/no-such-id": 404, "/api/v1/trace/lots/P1/L1": 404,
		"/api/v1/trace/codes?code=99999990000000000017": 404, "/api/v1/trace/codes?code=%2801%29123": 400, "/api/v1/trace/codes": 400,
	} {
		p := problem(t, s.get(path))
		if strings.HasPrefix(path, "/api/v1/trace/") { // an unknown lot or product is wrong input on the command line (CLI §5)
			require.Contains(t, []int{400, 404}, p.Status, path)
			continue
		}
		require.Equal(t, status, p.Status, path)
	}
	w := s.ask(http.MethodPost, "/api/v1/runs")
	p := problem(t, w)
	require.Equal(t, http.StatusMethodNotAllowed, p.Status)
	require.Equal(t, "api.method", p.Code)
	require.Contains(t, w.Header().Get("Allow"), "GET")
	require.Contains(t, problem(t, s.ask(http.MethodDelete, "/api/v1/runs", "Accept-Language", "zh")).Detail, "DELETE")
}

// A failure of the store says nothing of its inside to the client, and everything to the log.
func TestNoInsideLeaksOut(t *testing.T) {
	s := serve(t)
	require.NoError(t, s.db.Close())
	for _, path := range []string{"/api/v1/runs", "/api/v1/customers", "/api/v1/customers/0190a0a0-0000-7000-8000-000000000000", "/api/v1/customers?q=x", "/api/v1/balance/P"} {
		w := s.get(path)
		p := problem(t, w)
		require.GreaterOrEqual(t, p.Status, 500, path)
		require.Contains(t, []string{"api.internal", "api.unavailable"}, p.Code)
		for _, inside := range []string{"sql", "database is closed", "goroutine", ".go:", "hub.db"} {
			require.NotContains(t, w.Body.String(), inside, path)
		}
	}
	require.Contains(t, s.log.String(), "closed")
	require.Equal(t, http.StatusOK, s.get("/metrics").Code, "figures that need no store are still shown")
}

func TestPanicReachesNobody(t *testing.T) {
	s := serve(t, api.Check{Name: "odd", Do: func(context.Context) error { panic("planted-secret inside") }})
	w := s.get("/readyz")
	require.Equal(t, "api.internal", problem(t, w).Code)
	require.NotContains(t, w.Body.String(), "planted-secret")
	require.Contains(t, s.log.String(), "planted-secret inside")
	require.Equal(t, http.StatusOK, s.get("/livez").Code)
}
