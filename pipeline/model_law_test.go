package pipeline_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/pipeline"
	"tributary/store"
	"tributary/test/servers"
)

// models are three that decide differently: where keys are refined, what merges, what is asked.
func models() []*dedupe.Model {
	eager, strict := dedupe.DefaultModel(), small()
	for _, t := range eager.Types {
		t.Merge, t.Review, t.Prior = 0.7, 0.4, t.Prior*20
	}
	for _, t := range strict.Types {
		t.Merge, t.Review = 0.9999, 0.6
		t.Blocking.Off = []string{"phone"}
	}
	strict.Shared = []string{"13800001111"}
	out := []*dedupe.Model{small(), eager, strict}
	for _, m := range out {
		m.Sign()
	}
	return out
}

// apply resolves everything under another model, and what waits with it.
func (m *master) apply(model *dedupe.Model) {
	portion := m.resolver.Portion
	m.use(model)
	m.resolver.Portion = portion
	m.run()
	require.NoError(m.t, m.db.MatchEdges(m.ctx(), m.numbers(), func(e store.Edge) {
		require.Equal(m.t, model.Version, e.Model, "every stored decision names the version in use")
	}))
}

func (m *master) numbers() []int64 {
	var out []int64
	require.NoError(m.t, m.db.EachCustomer(m.ctx(), func(list []store.CustomerRecord) error {
		for _, r := range list {
			out = append(out, r.ID)
		}
		return nil
	}))
	return out
}

// Invariants 5 and 6 across models: whatever models were applied in between, and gone back from, the end is that of one run
// over the last versions and the judgements under the last model; judgements bind under each; ids are never lost.
func TestModelsAreAppliedAndGoneBackFrom(t *testing.T) {
	t.Parallel()
	law := func(t *testing.T, most int, url func() string) {
		checkRounds(t, most, func(rt *rapid.T) {
			open := func() *master {
				m := openMaster(rt, func() context.Context { return t.Context() }, url(), t.TempDir(), rt.Cleanup)
				m.use(models()[0])
				return m
			}
			steps, whole := open(), open()
			steps.resolver.Portion = rapid.IntRange(1, 4).Draw(rt, "portion")
			watch := ids{map[canonical.ID]bool{}, map[canonical.ID]bool{}}
			last := map[canonical.RecordKey]rec{}
			var words []*word
			for range rapid.IntRange(3, 16).Draw(rt, "actions") {
				switch rapid.IntRange(0, 7).Draw(rt, "action") {
				case 0, 1:
					steps.apply(rapid.SampledFrom(models()).Draw(rt, "model"))
				case 2:
					key := func(source string) canonical.RecordKey {
						return canonical.RecordKey{Source: source, ID: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(rt, source)}
					}
					w := &word{a: key("erp"), b: key("sfa"), same: rapid.Bool().Draw(rt, "same")}
					steps.judge(w)
					words = append(words, w)
				default:
					for _, r := range drawRecords(rt, rapid.IntRange(1, 3).Draw(rt, "versions")) {
						steps.put(r)
						last[canonical.RecordKey{Source: r.source, ID: r.id}] = r
					}
					if !rapid.Bool().Draw(rt, "resolve now") {
						continue
					}
					steps.run()
				}
				watch.look(steps)
			}
			model := rapid.SampledFrom(models()).Draw(rt, "last model")
			steps.apply(model)
			watch.look(steps)
			binds(steps, words)

			records := leftOf(last)
			whole.use(model)
			for _, w := range words {
				again := *w
				whole.judge(&again)
			}
			whole.put(records...)
			whole.run()
			require.Equal(rt, whole.state(), steps.state())
		})
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		most := 20
		if testing.Short() {
			most = 4
		}
		law(t, most, func() string { return "sqlite:hub.db" })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		law(t, 4, func() string { return servers.PostgresSchema(t) })
	})
}

// A run that waits for another one to end works under the model that the other one leaves behind.
func TestAWaitingRunTakesTheModelOfTheHour(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		m.put(rec{"erp", "C1", 80, hospital("广州市第一人民医院")})
		m.run()
		var asked atomic.Bool
		waiting := m.resolver
		waiting.Engine = func(ctx context.Context) (*dedupe.Engine, error) {
			asked.Store(true)
			return m.resolver.Engine(ctx)
		}
		ended := make(chan error, 1)
		_, err := m.resolver.Apply(t.Context(), func(pipeline.Unit) error {
			go func() {
				_, err := waiting.Run(t.Context())
				ended <- err
			}()
			time.Sleep(100 * time.Millisecond)
			require.False(t, asked.Load(), "it asks for the model once it has the lease")
			return nil
		})
		require.NoError(t, err)
		require.NoError(t, <-ended)
		require.True(t, asked.Load())
	})
}
