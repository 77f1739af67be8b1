package hub_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/builtin"
	"tributary/events"
	"tributary/events/outbox"
	"tributary/hub"
	"tributary/internal/config"
)

var update = flag.Bool("update", false, "rewrite docs/metrics.md from the figures")

const metricsPage = "../docs/metrics.md"

func TestDocsOfMetricsAreUpToDate(t *testing.T) {
	h := bareHub(t, "sqlite:hub.db")
	h.Config.Connections = []config.Connection{{Name: "erp", Connector: "kingdee"}}
	var err error
	h.Registry, err = builtin.Registry()
	require.NoError(t, err)
	relay, err := outbox.New(outbox.Config{Source: events.Source("M"), Now: time.Now}, h.DB, func() (outbox.Publisher, error) { return nil, errors.New("no broker") }, h.Log)
	require.NoError(t, err)
	m := hub.NewMetrics(h, relay, "v1")
	m.Sample()
	families, err := m.Gatherer().Gather()
	require.NoError(t, err)
	var page bytes.Buffer
	fmt.Fprint(&page, "# Metrics\n\nWhat `/metrics` shows while `tributary serve` runs. Made from the program: `go test ./hub -run Docs -update`.\nLabels are bounded: connections and streams of the configuration, and fixed words; never keys, customers or lots.\n\n| name | type | labels | meaning |\n| --- | --- | --- | --- |\n")
	for _, f := range families {
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		slices.Sort(labels)
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), strings.Join(labels, ", "), f.GetHelp())
	}
	if *update {
		require.NoError(t, os.WriteFile(metricsPage, page.Bytes(), 0o644))
	}
	want, err := os.ReadFile(metricsPage)
	require.NoError(t, err)
	require.Equal(t, string(want), page.String(), "run: go test ./hub -run Docs -update")
}
