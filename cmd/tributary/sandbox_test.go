package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/world"
)

// A sandbox posts to a hub that runs on the configuration which it printed, and says when a hub does not take it.
func TestTheSandboxPostsToAHub(t *testing.T) {
	t.Parallel()
	const scale = 0.02
	sb, err := sandbox.Start(t.Context(), sandbox.Config{Dir: t.TempDir(), Seed: 1, Scale: scale, Only: []string{"hotline"}, Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sb.Close()) })
	here, there := newInstallation(t), newInstallation(t)
	here.configure(sb.Config())
	p, inbox := here.serving()
	hubURL := strings.TrimSuffix(inbox, "/in/crm")
	poster := there.start("sandbox", "--only", "hotline", "--scale", "0.02", "--hub", hubURL)
	n := sb.World().Len(world.Hotline)
	require.Positive(t, n)
	require.Equal(t, n, here.arrived(n))
	poster.signal(syscall.SIGINT)
	require.Zero(t, poster.wait(), poster.stderr())
	refused := there.start("sandbox", "--only", "hotline", "--scale", "0.02", "--hub", hubURL+"/elsewhere")
	require.NotZero(t, refused.wait())
	require.Contains(t, refused.stderr(), "does not take what the sandbox posts")
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait(), p.stderr())
}
