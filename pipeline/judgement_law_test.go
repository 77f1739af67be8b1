package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/pipeline"
	"tributary/store"
	"tributary/test/servers"
)

// word is a judgement as a steward gives it, or takes it back.
type word struct {
	id      canonical.ID
	a, b    canonical.RecordKey
	same    bool
	revoked bool
}

// judge gives a word under the resolver's lease.
func (m *master) judge(w *word) { require.NoError(m.t, m.give(w)) }

func (m *master) give(w *word) error {
	_, err := m.resolver.Apply(m.ctx(), func(unit pipeline.Unit) error {
		return unit(func(tx *store.Tx) error {
			var err error
			if w.id, err = tx.NewID(); err != nil {
				return err
			}
			return tx.AddJudgements(m.ctx(), &store.Decision{ID: w.id, Actor: "os:test", Reason: "law"}, []dedupe.Judgement{{A: w.a, B: w.b, Same: w.same}})
		})
	})
	return err
}

func (m *master) revoke(w *word) {
	w.revoked = true
	_, err := m.resolver.Apply(m.ctx(), func(unit pipeline.Unit) error {
		return unit(func(tx *store.Tx) error { return tx.RevokeJudgements(m.ctx(), w.id) })
	})
	require.NoError(m.t, err)
}

// set puts an override under the resolver's lease.
func (m *master) set(o store.Override) {
	_, err := m.resolver.Apply(m.ctx(), func(unit pipeline.Unit) error {
		return unit(func(tx *store.Tx) error {
			var err error
			if o.ID, err = tx.NewID(); err != nil {
				return err
			}
			o.CreatedAt = tx.Now
			return tx.PutOverride(m.ctx(), &o)
		})
	})
	require.NoError(m.t, err)
}

// alias says, or no longer says (target ""), whom a party means by a name.
func (m *master) alias(id, name, target string) {
	m.order++
	r := store.Record{Entity: canonical.EntityAlias, Source: "steward", ID: id, ReadOrder: fmt.Sprintf("%08d", m.order), Run: canonical.DeriveID("run"), Deleted: target == ""}
	if target != "" {
		var err error
		r.Payload, err = json.Marshal(canonical.Alias{Type: "party", Party: "D1", RawName: name, TargetCode: target})
		require.NoError(m.t, err)
	}
	require.NoError(m.t, m.db.InTx(m.ctx(), func(tx *store.Tx) error {
		_, err := tx.PutRecords(m.ctx(), []store.Record{r})
		return err
	}))
}

// ids watches what becomes of golden ids.
type ids struct {
	seen    map[canonical.ID]bool
	retired map[canonical.ID]bool
}

// look checks that no id is lost or used twice (invariant 6).
func (i *ids) look(m *master) {
	require.NoError(m.t, m.db.EachCrosswalk(m.ctx(), func(e store.CrosswalkEntry) error {
		i.seen[e.Golden] = true
		require.False(m.t, i.retired[e.Golden], "%s was merged away and lives again", e.Golden)
		return nil
	}))
	for id := range i.seen {
		g, err := m.db.Golden(m.ctx(), id)
		require.NoError(m.t, err, "an id is never forgotten")
		if g.Status == store.GoldenMerged {
			i.retired[id] = true
			s, err := m.db.Golden(m.ctx(), g.Survivor)
			require.NoError(m.t, err)
			require.NotEqual(m.t, store.GoldenMerged, s.Status, "a redirect is one step")
		}
	}
}

// binds checks that judgements hold: the last word on a pair, and chains of must-links without a cannot-link inside.
func binds(m *master, words []*word) {
	last := map[[2]canonical.RecordKey]bool{}
	for _, w := range words {
		if !w.revoked {
			last[[2]canonical.RecordKey{w.a, w.b}] = w.same
		}
	}
	golden := map[canonical.RecordKey]canonical.ID{}
	require.NoError(m.t, m.db.EachCrosswalk(m.ctx(), func(e store.CrosswalkEntry) error { golden[e.RecordKey] = e.Golden; return nil }))
	group := map[canonical.RecordKey]canonical.RecordKey{}
	find := func(k canonical.RecordKey) canonical.RecordKey {
		for group[k] != k && group[k] != (canonical.RecordKey{}) {
			k = group[k]
		}
		return k
	}
	living := func(pair [2]canonical.RecordKey) bool { return !golden[pair[0]].IsZero() && !golden[pair[1]].IsZero() }
	for pair, same := range last {
		if same && living(pair) {
			a, b := find(pair[0]), find(pair[1])
			group[a], group[b] = a, b
			group[a] = b
		}
	}
	torn := map[canonical.RecordKey]bool{}
	for pair, same := range last {
		if !same && living(pair) {
			require.NotEqual(m.t, golden[pair[0]], golden[pair[1]], "a cannot-link always holds: %v", pair)
			if find(pair[0]) == find(pair[1]) {
				torn[find(pair[0])] = true
			}
		}
	}
	for pair, same := range last {
		if same && living(pair) && !torn[find(pair[0])] {
			require.Equal(m.t, golden[pair[0]], golden[pair[1]], "a must-link holds: %v", pair)
		}
	}
}

// Invariants 5 and 6 with stewards at work: versions, deletions, judgements, their undoing, aliases and overrides in any order
// and portions end where one run over the last versions and the judgements in force ends; judgements bind; ids are never lost.
func TestJudgementsInAnyOrder(t *testing.T) {
	t.Parallel()
	law := func(t *testing.T, most int, url func() string) {
		checkRounds(t, most, func(rt *rapid.T) {
			open := func() *master {
				m := openMaster(rt, func() context.Context { return t.Context() }, url(), t.TempDir(), rt.Cleanup)
				m.use(small())
				for _, target := range []string{"1", ""} { // the party of the aliases is known from the start
					m.alias("1", "某医院", target)
				}
				return m
			}
			steps, whole := open(), open()
			steps.resolver.Portion = rapid.IntRange(1, 4).Draw(rt, "portion")
			watch := ids{map[canonical.ID]bool{}, map[canonical.ID]bool{}}
			last := map[canonical.RecordKey]rec{}
			var words []*word
			var overrides []store.Override
			aliases := map[string][2]string{} // the alias's own id → name and target in force
			drawKey := func(label string) canonical.RecordKey {
				return canonical.RecordKey{Source: rapid.SampledFrom([]string{"erp", "sfa", "flow:D1"}).Draw(rt, label), ID: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(rt, label)}
			}
			for range rapid.IntRange(1, 16).Draw(rt, "actions") {
				switch rapid.IntRange(0, 8).Draw(rt, "action") {
				case 7:
					id := rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "alias")
					word := [2]string{rapid.SampledFrom(drawnNames).Draw(rt, "word"), rapid.SampledFrom([]string{"", "1", "sfa|1", "sfa|2", "erp|1"}).Draw(rt, "target")}
					if delete(aliases, id); word[1] != "" {
						aliases[id] = word
					}
					steps.alias(id, word[0], word[1])
				case 6:
					o := store.Override{Attribute: "level", Mode: store.OverrideSet, Actor: "os:test", Value: canonical.Customer{Level: rapid.SampledFrom([]string{"三甲", "二甲"}).Draw(rt, "level")},
						Anchors: []canonical.RecordKey{drawKey("first"), drawKey("second")}}
					steps.set(o)
					overrides = append(overrides, o)
				case 0, 1:
					w := &word{a: drawKey("a"), b: drawKey("b"), same: rapid.Bool().Draw(rt, "same")}
					if w.a.Source+w.a.ID > w.b.Source+w.b.ID {
						w.a, w.b = w.b, w.a
					}
					if w.a == w.b {
						continue
					}
					steps.judge(w)
					words = append(words, w)
					watch.look(steps)
					binds(steps, words)
				case 2:
					if standing := slices.DeleteFunc(slices.Clone(words), func(w *word) bool { return w.revoked }); len(standing) > 0 {
						steps.revoke(rapid.SampledFrom(standing).Draw(rt, "revoke"))
						watch.look(steps)
					}
				default:
					r := drawRecords(rt, 1)[0]
					steps.put(r)
					last[canonical.RecordKey{Source: r.source, ID: r.id}] = r
					if rapid.Bool().Draw(rt, "resolve now") {
						steps.run()
						watch.look(steps)
						binds(steps, words)
					}
				}
			}
			steps.run()
			watch.look(steps)
			binds(steps, words)

			records := leftOf(last)
			for _, w := range words {
				if !w.revoked {
					again := *w
					whole.judge(&again)
				}
			}
			for _, o := range overrides {
				whole.set(o)
			}
			if rapid.Bool().Draw(rt, "aliases last") {
				whole.put(records...)
				whole.run()
			}
			for _, id := range slices.Backward(slices.Sorted(maps.Keys(aliases))) {
				whole.alias(id, aliases[id][0], aliases[id][1])
			}
			whole.put(records...)
			whole.run()
			require.Equal(rt, whole.state(), steps.state())
			before := steps.state()
			report, err := steps.resolver.All(t.Context())
			require.NoError(rt, err)
			require.Zero(rt, report.Created+report.Merged+report.Split+report.Relinked+report.Updated, "resolving everything again changes nothing")
			require.Equal(rt, before, steps.state())
		})
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		law(t, 20, func() string { return "sqlite:hub.db" })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		law(t, 4, func() string { return servers.PostgresSchema(t) })
	})
}

// Both ends of an affiliation follow a steward's merge and split: re-pointed, and one where two became the same.
func TestAffiliationsFollowStewards(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		m.put(rec{"sfa", "H1", 60, hospital("南京市仁济医院")}, rec{"sfa", "H2", 60, hospital("无锡市安康医院")})
		m.put(rec{"sfa", "P1", 60, &canonical.Customer{Kind: canonical.HCP, Name: "王芳", OrganisationID: "H1", Department: "儿科", Phones: []string{"13800001111"}}})
		m.affiliation("sfa", "A1", canonical.Affiliation{From: "P1", To: "H2", Role: "work"})
		m.run()
		person := m.golden("sfa", "P1")
		require.Len(t, m.value(person).Affiliations, 2)
		w := &word{a: canonical.RecordKey{Source: "sfa", ID: "H1"}, b: canonical.RecordKey{Source: "sfa", ID: "H2"}, same: true}
		m.judge(w)
		at := m.value(person).Affiliations
		require.Len(t, at, 1, "two places of work that are one are one")
		require.Equal(t, m.golden("sfa", "H1"), at[0].GoldenID)
		require.True(t, at[0].Primary)
		m.revoke(w)
		require.Len(t, m.value(person).Affiliations, 2)
		require.NotEqual(t, m.value(person).Affiliations[0].GoldenID, m.value(person).Affiliations[1].GoldenID)
	})
}

// Words given while runs are at work are not missed: each is there when its Apply returns, and after whatever runs next.
func TestWordsAndRunsSideBySide(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		const pairs = 6
		for i := range pairs {
			m.put(rec{"erp", fmt.Sprint("a", i), 80, hospital(drawnNames[i])}, rec{"sfa", fmt.Sprint("b", i), 60, hospital(drawnNames[i] + "分院")})
		}
		m.run()
		var all errgroup.Group
		for range 3 {
			all.Go(func() error { _, err := m.resolver.All(t.Context()); return err })
		}
		words := make([]*word, pairs)
		for i := range pairs {
			words[i] = &word{a: canonical.RecordKey{Source: "erp", ID: fmt.Sprint("a", i)}, b: canonical.RecordKey{Source: "sfa", ID: fmt.Sprint("b", i)}, same: i%2 == 0}
			all.Go(func() error { return m.give(words[i]) })
		}
		require.NoError(t, all.Wait())
		binds(m, words)
		m.run()
		binds(m, words)
	})
}
