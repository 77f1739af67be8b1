package hub

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tributary/connectors"
	"tributary/events/outbox"
)

// Metrics are the figures of a running service. Labels are bounded: connection, stream, outcome.
type Metrics struct {
	registry    *prometheus.Registry
	rows        *prometheus.CounterVec
	runs        *prometheus.CounterVec
	lastSuccess *prometheus.GaugeVec
	settle      *prometheus.HistogramVec
	waited      *prometheus.CounterVec
	circuit     *prometheus.GaugeVec
	sources     *sources
}

// NewMetrics makes the figures of a hub and its relay.
func NewMetrics(h *Hub, relay *outbox.Relay, version string) *Metrics {
	m := &Metrics{
		sources: &sources{hub: h, covered: map[streamName]time.Time{}, failing: map[streamName]Failing{}, shared: map[string]*connectors.Shared{}},
		waited: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tributary_rate_limit_wait_seconds_total",
			Help: "How long calls waited so as not to ask a source more often than allowed."}, []string{"connection"}),
		circuit: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tributary_circuit_open",
			Help: "1 while calls to a source are held back because too many in a row failed."}, []string{"connection"}),
		registry: prometheus.NewRegistry(),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tributary_rows_total",
			Help: "Rows read from sources, by what became of them."}, []string{"connection", "stream", "outcome"}),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tributary_runs_total",
			Help: "Pulls of streams, by how they ended."}, []string{"connection", "stream", "status"}),
		lastSuccess: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tributary_last_success_timestamp_seconds",
			Help: "When a stream was last pulled to its end, as seconds since 1970."}, []string{"connection", "stream"}),
		settle: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "tributary_stage_duration_seconds",
			Help: "Duration of resolve and join runs that had work.", Buckets: prometheus.ExponentialBuckets(0.01, 4, 9)}, []string{"stage"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "tributary_build_info", Help: "Always 1; the label tells the version.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	h.metrics = m
	m.registry.MustRegister(m.rows, m.runs, m.lastSuccess, m.settle, m.waited, m.circuit, m.sources, build, waiting{h},
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "tributary_relay_published_total", Help: "Events acknowledged by Kafka since the start."},
			func() float64 { return float64(relay.Sent()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "tributary_relay_failures_total", Help: "Sends that failed and are tried again."},
			func() float64 { return float64(relay.Failures()) }))
	return m
}

// Gatherer is what /metrics shows.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// pulled counts what one turn of a stream, begun at a time, came to.
func (m *Metrics) pulled(connection, stream string, began time.Time, report IngestReport, err error) {
	m.sources.turned(streamName{connection, stream}, began, report.paused, err)
	for _, r := range report.Runs {
		m.runs.WithLabelValues(r.Connection, r.Stream, r.Status).Inc()
		for outcome, n := range map[string]int64{"canonical": r.Canonical, "unchanged": r.Unchanged, "quarantined": r.Quarantined, "filtered": r.Filtered} {
			m.rows.WithLabelValues(r.Connection, r.Stream, outcome).Add(float64(n))
		}
		if r.Status == "done" && r.FinishedAt != nil {
			m.lastSuccess.WithLabelValues(r.Connection, r.Stream).Set(float64(r.FinishedAt.Unix()))
		}
	}
}

func (m *Metrics) settled(r SettleReport) {
	m.settle.WithLabelValues("resolve").Observe(r.Resolve.Took.Seconds())
	m.settle.WithLabelValues("join").Observe(r.joinTook.Seconds())
}

// waiting counts at scrape time what waits in the store.
type waiting struct{ hub *Hub }

var (
	outboxPending  = prometheus.NewDesc("tributary_outbox_pending_events", "Events that wait for Kafka.", nil, nil)
	feedsSilent    = prometheus.NewDesc("tributary_feeds_silent", "Ledgers of parties from which nothing came for so many days, no reason given.", []string{"days"}, nil)
	quarantineOpen = prometheus.NewDesc("tributary_quarantine_open_rows", "Rows that wait for a decision.", nil, nil)
	inboxWaiting   = prometheus.NewDesc("tributary_inbox_waiting_deliveries", "Deliveries that were posted to a connection and wait to be read.", []string{"connection", "stream"}, nil)
	ordersStand    = prometheus.NewDesc("tributary_orders", "Orders on their way into the systems that take them, by how far they have got.", []string{"connection", "state"}, nil)
	writesStand    = prometheus.NewDesc("tributary_writeback_records", "Records that get fields back into the system they came from, by how they stand: waiting, written, halted.", []string{"connection", "kind", "state"}, nil)
)

func (waiting) Describe(ch chan<- *prometheus.Desc) {
	ch <- outboxPending
	ch <- quarantineOpen
	ch <- ordersStand
	ch <- writesStand
	ch <- feedsSilent
	ch <- inboxWaiting
}

// scrapeTimeout bounds the look into the store: a slow database costs a few figures, not the scrape.
const scrapeTimeout = 3 * time.Second

func (w waiting) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	if n, err := w.hub.DB.PendingEvents(ctx); err == nil {
		ch <- prometheus.MustNewConstMetric(outboxPending, prometheus.GaugeValue, float64(n))
	}
	if silent, err := w.hub.silentFeeds(ctx); err == nil {
		for days, n := range silent {
			ch <- prometheus.MustNewConstMetric(feedsSilent, prometheus.GaugeValue, float64(n), strconv.Itoa(days))
		}
	}
	if q, err := w.hub.Quarantine(ctx, QuarantineQuery{Limit: 1}); err == nil {
		ch <- prometheus.MustNewConstMetric(quarantineOpen, prometheus.GaugeValue, float64(q.Total))
	}
	if counts, err := w.hub.DB.CountOrders(ctx); err == nil {
		for _, c := range counts {
			ch <- prometheus.MustNewConstMetric(ordersStand, prometheus.GaugeValue, float64(c.Count), c.Connection, string(c.State))
		}
	}
	if counts, err := w.hub.DB.CountWrites(ctx); err == nil {
		for _, c := range counts {
			ch <- prometheus.MustNewConstMetric(writesStand, prometheus.GaugeValue, float64(c.Count), c.Connection, c.Kind, c.State)
		}
	}
	for _, c := range w.hub.Config.Connections {
		if !w.hub.receives(c) {
			continue
		}
		if counts, _, err := w.hub.DB.InboxState(ctx, c.Name); err == nil {
			for stream, n := range counts {
				ch <- prometheus.MustNewConstMetric(inboxWaiting, prometheus.GaugeValue, float64(n), c.Name, stream)
			}
		}
	}
}
