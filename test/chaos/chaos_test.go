package chaos

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
)

// kills is how often each verb is killed on each profile.
const kills = 10

// killer kills commands at random moments.
type killer struct {
	h    *harness.Hub
	rand *rand.Rand
	hits int
	pace float64 // of the spans that kills are told: a machine may be faster now than when the spans were taken
}

func newKiller(t *testing.T, h *harness.Hub) *killer {
	seed := rand.Uint64()
	if text := os.Getenv("TRIBUTARY_CHAOS_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("TRIBUTARY_CHAOS_SEED=%d", seed)
	return &killer{h: h, rand: rand.New(rand.NewPCG(seed, 1)), pace: 1}
}

// kill runs a command and kills it at a moment within span. It reports whether the kill came before the command's end.
func (k *killer) kill(span time.Duration, args ...string) bool {
	hit := k.h.KillAfter(time.Duration(k.pace*float64(k.rand.Int64N(int64(span)))), args...)
	if hit {
		k.hits++
		k.pace = min(1, 1.1*k.pace)
	} else {
		k.pace /= 2
	}
	return hit
}
