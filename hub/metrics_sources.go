package hub

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tributary/connectors"
	"tributary/internal/config"
	"tributary/internal/errs"
)

// Failing is a stream whose last pull failed.
type Failing struct {
	Connection, Stream string
	Since              time.Time // of the first of the pulls that failed in a row
	Code               string    // of the last failure's message
}

type streamName struct{ connection, stream string }

// sources is how the pulls of this process stand. It is safe for concurrent use.
type sources struct {
	hub *Hub

	mu      sync.Mutex
	covered map[streamName]time.Time // everything that the source had then is stored
	failing map[streamName]Failing
	shared  map[string]*connectors.Shared // by connection
}

var (
	sourceLag     = prometheus.NewDesc("tributary_source_lag_seconds", "Since when a stream may have news that are not stored: the age of the last pull that read it to its end.", []string{"connection", "stream"}, nil)
	refusedGauge  = prometheus.NewDesc("tributary_credentials_refused", "1 while a connection is not asked because its system refused the credentials.", []string{"connection"}, nil)
	checkpointAge = prometheus.NewDesc("tributary_checkpoint_age_seconds", "Since the place up to which a stream is read was last stored.", []string{"connection", "stream"}, nil)
)

func (*sources) Describe(ch chan<- *prometheus.Desc) {
	ch <- sourceLag
	ch <- checkpointAge
	ch <- refusedGauge
}

func (s *sources) Collect(ch chan<- prometheus.Metric) {
	now := s.hub.Now()
	s.mu.Lock()
	for name, at := range s.covered {
		ch <- prometheus.MustNewConstMetric(sourceLag, prometheus.GaugeValue, now.Sub(at).Seconds(), name.connection, name.stream)
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	if refused, err := s.hub.refusedConnections(ctx); err == nil {
		for _, c := range s.hub.Config.Connections {
			ch <- prometheus.MustNewConstMetric(refusedGauge, prometheus.GaugeValue, map[bool]float64{true: 1}[refused[c.Name]], c.Name)
		}
	}
	if streams, err := s.hub.DB.Streams(ctx); err == nil {
		for _, st := range streams {
			if st.Position != nil {
				ch <- prometheus.MustNewConstMetric(checkpointAge, prometheus.GaugeValue, now.Sub(st.Updated).Seconds(), st.Source, st.Name)
			}
		}
	}
}

// turned notes how a pull ended. A stream that was left out has not been asked.
func (s *sources) turned(name streamName, began time.Time, paused bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case paused || errors.Is(err, context.Canceled):
	case err == nil:
		s.covered[name] = began
		delete(s.failing, name)
	default:
		f, known := s.failing[name]
		if !known {
			f = Failing{Connection: name.connection, Stream: name.stream, Since: began}
		}
		f.Code = cmp.Or(errs.CodeOf(err), "an unexpected error, see the log")
		s.failing[name] = f
	}
}

// remember reads what earlier processes have pulled of the connections that are configured.
func (m *Metrics) remember(ctx context.Context) error {
	h := m.sources.hub
	covered, err := h.DB.Covered(ctx)
	if err != nil {
		return err
	}
	m.sources.mu.Lock()
	defer m.sources.mu.Unlock()
	for name, at := range covered {
		if slices.ContainsFunc(h.Config.Connections, func(c config.Connection) bool { return c.Name == name[0] }) {
			m.sources.covered[streamName{name[0], name[1]}] = at
		}
	}
	return nil
}

// Failing lists the streams whose last pull by this process failed.
func (m *Metrics) Failing() []Failing {
	m.sources.mu.Lock()
	defer m.sources.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.sources.failing), func(a, b Failing) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Stream, b.Stream))
	})
}

// sharedOf is what the sources of a connection have together.
func (s *sources) sharedOf(connection string) *connectors.Shared {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shared[connection] == nil {
		s.shared[connection] = &connectors.Shared{}
	}
	return s.shared[connection]
}

// env is what a source of the connection is lent.
func (h *Hub) env(connection string) connectors.Env {
	env := connectors.Env{Now: h.Now, URL: "http://" + h.Config.HTTP.Listen, Path: InboxPath + connection}
	if h.DB != nil {
		env.Inbox = h.Inbox(connection)
	}
	if m := h.metrics; m != nil {
		env.Shared = m.sources.sharedOf(connection)
		waited, circuit := m.waited.WithLabelValues(connection), m.circuit.WithLabelValues(connection)
		env.Waited = func(d time.Duration) { waited.Add(d.Seconds()) }
		env.Circuit = func(open bool) {
			circuit.Set(map[bool]float64{true: 1}[open])
			if open {
				h.Log.Warn("calls are held back: too many in a row failed", "connection", connection)
			}
		}
	}
	return env
}
