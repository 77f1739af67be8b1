package chaos

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
)

// Killed imports and killed relays end where undisturbed ones end, on both profiles.
func TestKilledImportsAndRelaysEndLikeUndisturbedOnes(t *testing.T) {
	t.Parallel()
	steps := corpus(t)
	o := harness.Options{Company: harness.NewCompany()} // the same for all: ids of rows follow from the party's code
	calm := harness.Embedded(t, o)
	took := make([]time.Duration, len(steps))
	for i, step := range steps {
		began := time.Now()
		calm.OK(step...)
		took[i] = time.Since(began)
	}
	began := time.Now()
	calm.OK("relay", "--once")
	relayed := time.Since(began)
	want, answers := endState(t, calm), answersOf(t, calm)
	require.Greater(t, want.Count("channel.movement"), 900)
	require.Greater(t, want.Count("ops.quarantine"), 20)

	harness.OnBothProfiles(t, o, func(t *testing.T, h *harness.Hub) {
		k := newKiller(t, h)
		for i, step := range steps {
			for tries := 0; tries < 3 && k.hits < kills; tries++ {
				if !k.kill(took[i], step...) {
					break
				}
			}
			h.OK(step...)
		}
		require.Equal(t, kills, k.hits, "kills of imports")
		var before outbox
		h.Into(&before, "outbox", "status")

		k.hits = 0
		for k.hits < kills {
			if !k.kill(relayed, "relay", "--once") {
				h.OK("outbox", "replay", "--yes")
			}
		}
		h.OK("relay", "--once")
		endState(t, h).Equal(t, want)
		for question, answer := range answersOf(t, h) {
			require.Equal(t, answers[question], answer, question)
		}
		requireExported(t, h)
		requirePublished(t, h, before)
	})
}

// Killed pulls end where an undisturbed one ends, on both profiles.
func TestKilledPullsEndLikeAnUndisturbedOne(t *testing.T) {
	t.Parallel()
	world := harness.StartSandbox(t, 0.05, "")
	o := harness.Options{Company: harness.NewCompany(), Config: world.Config}
	calm := harness.Embedded(t, o)
	began := time.Now()
	calm.OK("pull", "--quiet")
	took := time.Since(began)
	calm.OK("relay", "--once")
	want := endState(t, calm)
	require.Greater(t, want.Count("customer.golden"), 300)
	require.Greater(t, want.Count("channel.movement"), 1500)

	harness.OnBothProfiles(t, o, func(t *testing.T, h *harness.Hub) {
		k := newKiller(t, h)
		// A third of the whole time each: the work, which only advances, then lasts for all kills.
		for k.hits < kills {
			k.kill(took/3, "pull", "--quiet")
		}
		h.OK("pull", "--quiet")
		var before outbox
		h.Into(&before, "outbox", "status")
		h.OK("relay", "--once")
		endState(t, h).Equal(t, want)
		requirePublished(t, h, before)
	})
}

// endState is what a consumer of the whole log holds, after checks that order, ids and schemas are right.
func endState(t *testing.T, h *harness.Hub) harness.State {
	t.Helper()
	log := h.Log()
	log.CheckOrder(t)
	log.CheckSchemas(t)
	return log.State(t)
}

// answersOf are what the hub says of lots and books, golden ids renamed.
func answersOf(t *testing.T, h *harness.Hub) map[string]string {
	t.Helper()
	master := h.Log().Master(t)
	out := map[string]string{}
	for _, p := range products {
		for lot := range lotsEach {
			args := []string{"trace", "lot", lotNo(lot), "--product", p[0], "--as-of", "2025-05-31"}
			out[strings.Join(args, " ")] = master.Answer(h, args...)
		}
		args := []string{"balance", "--product", p[0], "--to", "2025-05-31"}
		out[strings.Join(args, " ")] = master.Answer(h, args...)
	}
	return out
}

// requireExported fails unless the last version of every golden key in the log is what the store exports.
func requireExported(t *testing.T, h *harness.Hub) {
	t.Helper()
	exported := h.CSV("customers", "export")
	golden := h.Log().Master(t).Golden
	require.Len(t, exported, len(golden))
	for _, row := range exported {
		require.Contains(t, golden, row["golden_id"])
		require.Equal(t, golden[row["golden_id"]]["name"], row["name"])
	}
}

// outbox is what the hub says of its outbox, in events.
type outbox struct{ Pending, Published int }

// requirePublished fails unless the log holds as many events as the outbox held before a relay ran, and nothing waits.
func requirePublished(t *testing.T, h *harness.Hub, before outbox) {
	t.Helper()
	var now outbox
	h.Into(&now, "outbox", "status")
	require.Zero(t, now.Pending)
	require.Equal(t, before.Pending+before.Published, len(h.Log().IDs()), "events in the log")
}
