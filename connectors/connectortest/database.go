package connectortest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/internal/errs"
)

// Server is what befalls a database server while it is read.
type Server struct {
	// Kill ends the connector's connections at the server.
	Kill func()
	// Stop makes the server refuse connections after it ended those it has; what it returns starts it again.
	Stop func() (start func())
	// Lock keeps readers of the filled table waiting; what it returns lets them go on.
	Lock func() (unlock func())
}

// databaseFaults: a connection that ends, a server that is restarted, and a table that is locked end the run with a
// message within its limits, or not at all, and a run from the last good position completes the set.
func databaseFaults(t *testing.T, h Harness) {
	for name, c := range map[string]struct {
		befall func(*Server) (over func())
		fails  bool
	}{
		"lost":      {func(s *Server) func() { s.Kill(); return func() {} }, false},
		"restarted": {func(s *Server) func() { return s.Stop() }, true},
		"locked":    {func(s *Server) func() { return s.Lock() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := h.Start(t)
			s.Fill(40)
			src := h.open(t, s, map[string]any{"timeout": "1s"})
			require.NoError(t, src.Open(t.Context(), h.Stream, nil))
			first, err := src.Read(t.Context())
			require.NoError(t, err)
			over := c.befall(s.Server)
			began := time.Now()
			second, err := src.Read(t.Context())
			over()
			require.Less(t, time.Since(began), 10*time.Second, "limits hold")
			if c.fails || err != nil {
				requireTold(t, err)
			} else { // the driver noticed before it asked
				first.Rows, first.Position = append(first.Rows, second.Rows...), second.Position
			}
			rest, err := read(t.Context(), h.open(t, s, nil), h.Stream, first.Position)
			require.NoError(t, err)
			require.Len(t, h.state(h.state(nil, first.Rows), rest.rows), 40)
			requireUsable(t, h, src)
		})
	}
}

// requireTold: a failure that may pass, with a message for people.
func requireTold(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err, "a failure is not the end of the rows")
	require.Equal(t, errs.Unavailable, errs.KindOf(err), "%v", err)
	require.NotEmpty(t, errs.CodeOf(err), "%v", err)
	require.NotEmpty(t, errs.Lookup(errs.CodeOf(err)).ZH.Next)
}

// requireUsable: the source that met the fault goes on when it is over.
func requireUsable(t *testing.T, h Harness, src connectors.Source) {
	t.Helper()
	again, err := read(t.Context(), src, h.Stream, nil)
	if err != nil { // the connection that the fault left behind is found dead once
		requireTold(t, err)
		again, err = read(t.Context(), src, h.Stream, nil)
	}
	require.NoError(t, err)
	require.Len(t, h.state(nil, again.rows), 40)
}
