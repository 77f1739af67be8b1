package connectortest

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/sandbox/fault"
)

// Site is where a simulated system is reached, with what tests do to it. The bench of a suite embeds it beside the system.
type Site struct {
	URL    string // since Serve
	Faults *fault.Set
	Clock  Clock
	Rows   Rows // of the stream that the suite fills
}

// NewSite is a site without a system.
func NewSite() *Site { return &Site{Faults: fault.New()} }

// Serve puts a system behind the site's URL, with the site's faults on the way. It ends with the test.
func (s *Site) Serve(t testing.TB, system http.Handler) {
	srv := httptest.NewServer(fault.Transport{Faults: s.Faults, Now: s.Clock.Now, Delay: time.Hour}.Wrap(system))
	t.Cleanup(srv.Close)
	s.URL = srv.URL
}

// System is the site as the suite wants it: before is the system's BeforeQuery, logins counts its logins, nil where it has
// none.
func (s *Site) System(settings map[string]any, before func(func()), logins func() int) *System {
	return &System{
		Settings: settings, Faults: s.Faults, Now: s.Clock.Now, Advance: s.Clock.Advance, Before: before, Logins: logins,
		Fill: s.Rows.Fill, Touch: s.Rows.Touch, Remove: s.Rows.Remove, Write: s.Rows.Write,
	}
}

// Open makes a source of settings as people write them, later ones in place of earlier ones. It hurries unless they say
// otherwise, and is closed when the test ends.
func Open[S any, T connectors.Source](t testing.TB, build func(S, connectors.Env) (T, error), now func() time.Time, settings ...map[string]any) T {
	t.Helper()
	var config S
	raw := map[string]any{"retry_first": "1ms", "retry_budget": "50ms", "calls_per_second": 0}
	return source(t, config, build, now, merged(raw, merged(settings...)))
}

func source[S any, T connectors.Source](t testing.TB, config any, build func(S, connectors.Env) (T, error), now func() time.Time, raw map[string]any) T {
	t.Helper()
	spec, err := connectors.SpecOf(config)
	require.NoError(t, err)
	settings, problems := spec.Parse("connections.test.settings", raw)
	require.Empty(t, problems)
	src, err := build(settings.(S), connectors.Env{Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

// AnOrder makes orders of a customer: twenty boxes of a product for 12.3456 each, and half a unit of P2 for nothing.
func AnOrder(customer, product string) func(key string) canonical.OrderRequest {
	return func(key string) canonical.OrderRequest {
		return canonical.OrderRequest{Key: key, Customer: customer, Date: canonical.DateOf(Start), Lines: []canonical.OrderLine{
			{Product: product, Quantity: canonical.Units(20), Unit: "盒", Price: 12_345_600}, {Product: "P2", Quantity: 500_000, Free: true},
		}}
	}
}
