package hub_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tributary/connectors"
	"tributary/connectors/builtin"
	"tributary/connectors/sandbox"
	"tributary/hub"
	"tributary/internal/config"
	"tributary/internal/errs"
)

// syncBuffer is a log that may be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// serving is a hub at work on an embedded broker.
type serving struct {
	metrics *hub.Metrics
	log     *syncBuffer
	stop    func() error // ends the work and waits for it
}

func work(t *testing.T, h *hub.Hub) serving {
	t.Helper()
	reg, err := builtin.Registry()
	require.NoError(t, err)
	log := &syncBuffer{}
	h.Registry, h.Log = reg, slog.New(slog.NewJSONHandler(log, nil))
	h.Config.Kafka.Listen = "127.0.0.1:0"
	b, err := h.OpenBroker(t.Context(), hub.BrokerUse{Listen: true})
	require.NoError(t, err)
	_, err = h.PrepareTopics(t.Context(), b)
	require.NoError(t, err)
	relay, closeRelay, err := h.Relay(b)
	require.NoError(t, err)
	m := hub.NewMetrics(h, relay, "test")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Work(ctx, relay, m) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return errors.Join(<-done, closeRelay(), b.Close())
	})
	t.Cleanup(func() { require.NoError(t, stop()) })
	return serving{m, log, stop}
}

// value sums the samples of a figure that have the labels.
func (s serving) value(t *testing.T, name string, labels map[string]string) float64 {
	t.Helper()
	families, err := s.metrics.Gatherer().Gather()
	require.NoError(t, err)
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if has(m.GetLabel(), labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

func has(have []*dto.LabelPair, want map[string]string) bool {
	n := 0
	for _, l := range have {
		if want[l.GetName()] == l.GetValue() {
			n++
		}
	}
	return n == len(want)
}

func leaks(t *testing.T) {
	t.Helper()
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
}

// One source refuses the login, one is not even a known stream: the others are pulled, resolved, joined and published.
func TestWorkGoesOnBesideSourcesThatFail(t *testing.T) {
	leaks(t)
	h := bareHub(t, "sqlite:hub.db")
	sb, err := sandbox.Start(t.Context(), sandbox.Config{Dir: t.TempDir(), Seed: 1, Scale: 0.02, Only: []string{"erp", "pharmacy"}, Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sb.Close()) })
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	t.Cleanup(refuses.Close)
	good, err := config.Parse("sandbox", []byte(sb.Config()), config.References{})
	require.NoError(t, err)
	h.Config.Company = good.Company
	for _, c := range good.Connections {
		if c.Name == "erp" || c.Name == "pharmacy" {
			h.Config.Connections = append(h.Config.Connections, c)
		}
	}
	h.Config.Connections = append(h.Config.Connections,
		config.Connection{Name: "locked", Connector: "pharmacy", Settings: map[string]any{"base_url": refuses.URL + "/v1", "token": "planted-secret"}, Streams: []config.Stream{{Stream: "stores"}}},
		config.Connection{Name: "nameless", Connector: "no-such-connector"})

	s := work(t, h)
	require.Eventually(t, func() bool {
		return s.value(t, "tributary_rows_total", map[string]string{"connection": "erp", "stream": "SAL_OUTSTOCK", "outcome": "canonical"}) > 0 &&
			s.value(t, "tributary_runs_total", map[string]string{"connection": "locked", "status": "failed"}) > 0 &&
			s.value(t, "tributary_stage_duration_seconds", map[string]string{"stage": "join"}) > 0 &&
			s.value(t, "tributary_relay_published_total", nil) > 0
	}, 2*time.Minute, 50*time.Millisecond, "%s", s.log)
	require.Positive(t, s.value(t, "tributary_last_success_timestamp_seconds", map[string]string{"connection": "erp"}))
	require.Zero(t, s.value(t, "tributary_last_success_timestamp_seconds", map[string]string{"connection": "locked"}))
	require.Positive(t, s.value(t, "tributary_source_lag_seconds", map[string]string{"connection": "erp", "stream": "SAL_OUTSTOCK"}))
	require.Positive(t, s.value(t, "tributary_checkpoint_age_seconds", map[string]string{"connection": "erp", "stream": "SAL_OUTSTOCK"}))
	require.Zero(t, s.value(t, "tributary_source_lag_seconds", map[string]string{"connection": "locked"}), "it was never read")
	failing := s.metrics.Failing()
	require.Len(t, failing, 1)
	require.Equal(t, "locked/stores connectors.credentials", failing[0].Connection+"/"+failing[0].Stream+" "+failing[0].Code)
	began := time.Now()
	require.NoError(t, s.stop())
	require.Less(t, time.Since(began), 10*time.Second)

	log := s.log.String()
	require.Contains(t, log, `"nameless"`)
	require.Contains(t, log, `"locked"`)
	require.NotContains(t, log, "planted-secret")
	for _, c := range sb.World().Customers {
		if c.Name != "" && !bytes.Contains([]byte(good.Company.Name), []byte(c.Name)) {
			require.NotContains(t, log, c.Name, "the log names nobody")
		}
	}
	for _, l := range bytes.Split(bytes.TrimSpace([]byte(log)), []byte("\n")) {
		require.True(t, json.Valid(l), "%s", l)
	}
}

// Pulls of a connection fail one after the other, each within its own tries: together they open its circuit.
func TestTheCircuitOutlivesOnePull(t *testing.T) {
	leaks(t)
	h := bareHub(t, "sqlite:hub.db")
	var calls atomic.Int32
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(broken.Close)
	often := config.Duration(50 * time.Millisecond)
	h.Config.Connections = []config.Connection{{Name: "broken", Connector: "pharmacy",
		Settings: map[string]any{"base_url": broken.URL + "/v1", "token": "planted-secret", "retry_first": "1ms", "calls_per_second": 1000},
		Streams:  []config.Stream{{Stream: "stores", Every: often}, {Stream: "stock", Every: often}}}}
	s := work(t, h)
	failed := func() float64 {
		return s.value(t, "tributary_runs_total", map[string]string{"connection": "broken", "status": "failed"})
	}
	require.Eventually(t, func() bool { return failed() >= 6 }, time.Minute, 20*time.Millisecond, "%s", s.log)
	require.EqualValues(t, 10, calls.Load(), "an open circuit makes no calls")
	require.EqualValues(t, 1, s.value(t, "tributary_circuit_open", map[string]string{"connection": "broken"}))
	require.Contains(t, s.log.String(), "calls are held back")
}

// hanging is a source that answers nothing until its caller gives up.
type hanging struct{}

func (hanging) Check(ctx context.Context) ([]connectors.Finding, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
func (hanging) Discover(ctx context.Context) ([]connectors.StreamInfo, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
func (hanging) Open(context.Context, string, json.RawMessage) error { return nil }
func (hanging) Read(ctx context.Context) (connectors.Batch, error) {
	<-ctx.Done()
	return connectors.Batch{}, ctx.Err()
}
func (hanging) Ack(context.Context, json.RawMessage) error { return nil }
func (hanging) Close() error                               { return nil }

type noSettings struct{}

func hangingHub(t *testing.T) *hub.Hub {
	t.Helper()
	reg, err := connectors.NewRegistry(connectors.Driver{Name: "hanging", Title: map[string]string{"en": "Hanging", "zh": "挂起"}, Config: noSettings{},
		Streams: []connectors.StreamInfo{{Name: "s", Key: []string{"id"}}}, New: func(any, connectors.Env) (connectors.Source, error) { return hanging{}, nil }})
	require.NoError(t, err)
	c := config.Defaults()
	c.DataDir = t.TempDir()
	c.Connections = []config.Connection{{Name: "h", Connector: "hanging"}}
	return &hub.Hub{Config: &c, Registry: reg, Now: time.Now, Log: slog.New(slog.NewJSONHandler(io.Discard, nil))}
}

func TestHangingSourceIsAFindingNotAHangingHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hangingHub(t)
		report, err := h.CheckConnection(t.Context(), "h")
		require.NoError(t, err)
		require.False(t, report.OK)
		require.Equal(t, "connection.silent", report.Findings[0].Code)
		require.EqualValues(t, 30, report.Seconds)
		_, err = h.DiscoverConnection(t.Context(), "h")
		require.Equal(t, "connection.silent", errs.CodeOf(err))
	})
}

func TestCheckEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := hangingHub(t)
	_, err := h.CheckConnection(ctx, "h")
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.DiscoverConnection(ctx, "h")
	require.ErrorIs(t, err, context.Canceled)
}
