package hub

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/internal/config"
	"tributary/pipeline"
)

// The scheduler compares keys once a day or as often as it is told; a person who pulls wants to know now.
func TestHowOftenKeysAreCompared(t *testing.T) {
	for _, c := range []struct {
		configured config.Duration
		scheduled  bool
		want       time.Duration
	}{{0, true, 24 * time.Hour}, {config.Duration(time.Hour), true, time.Hour}, {0, false, 0}, {config.Duration(time.Hour), false, 0}} {
		target := pullTarget{connection: config.Connection{Streams: []config.Stream{{Stream: "s", Sweep: c.configured}}}, stream: connectors.StreamInfo{Name: "s"}}
		var plan pipeline.Pull
		bound(&plan, target, c.scheduled)
		require.Equal(t, c.want, plan.SweepEvery, "%+v", c)
	}
}
