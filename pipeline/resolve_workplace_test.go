package pipeline_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/test/servers"
)

func doctor(name, department string, more ...func(*canonical.Customer)) *canonical.Customer {
	c := &canonical.Customer{Kind: canonical.HCP, Name: name, Department: department}
	for _, f := range more {
		f(c)
	}
	return c
}

func linkedTo(id string) func(*canonical.Customer) {
	return func(c *canonical.Customer) { c.OrganisationID = id }
}

func workingAt(name string) func(*canonical.Customer) {
	return func(c *canonical.Customer) { c.Organisation = name }
}

// A source that names the place of work by a link says as much as one that writes it out, whenever the linked record
// arrives, and for as long as it says so.
func TestALinkedWorkplaceIsEvidence(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		together := func() bool { return m.golden("sfa", "P1") == m.golden("net", "P9") }
		m.put(
			rec{"sfa", "P1", 60, doctor("欧阳明远", "儿科", workingAt("南京市仁济医院"))},
			rec{"net", "P9", 60, doctor("欧阳明远", "儿科", linkedTo("H9"))},
			rec{"net", "P8", 60, doctor("欧阳明远", "儿科", linkedTo("H8"))},
			rec{"net", "H8", 60, hospital("广州市爱民医院")})
		m.run()
		require.False(t, together(), "nobody knows where the second one works")

		m.put(rec{"net", "H9", 60, hospital("南京仁济医院")})
		m.run()
		require.True(t, together(), "the linked record came later")
		require.NotEqual(t, m.golden("net", "P8"), m.golden("net", "P9"))

		m.put(rec{"net", "H9", 60, hospital("广州市康华医院")})
		m.run()
		require.False(t, together(), "the linked record says something else now")

		// Two houses whose names have nothing in common, and which one number makes one customer.
		m.put(
			rec{"net", "H9", 60, hospital("仁济", withUSCC("12310000425001236R"))},
			rec{"erp", "C1", 80, hospital("南京市仁济医院", withUSCC("12310000425001236R"))})
		m.run()
		require.Equal(t, m.golden("erp", "C1"), m.golden("net", "H9"))
		require.True(t, together(), "the golden organisation has the name that the other source writes")

		m.put(rec{"net", "P9", 60, doctor("欧阳明远", "儿科")})
		m.run()
		require.False(t, together(), "no workplace any more")
		m.affiliation("net", "A1", canonical.Affiliation{From: "P9", To: "H9", Role: "attending"})
		m.run()
		require.True(t, together(), "an affiliation record is a link too")
		m.affiliation("net", "A1", canonical.Affiliation{From: "P9", To: "H8", Role: "attending"})
		m.run()
		require.False(t, together())
		require.Equal(t, m.golden("net", "P8"), m.golden("net", "P9"), "two records of one house, department and name")
		all, err := m.resolver.All(t.Context())
		require.NoError(t, err)
		require.Zero(t, all.Updated+all.Created+all.Relinked+all.Merged+all.Split, "resolving everything again changes nothing")
	})
}

// Persons are decided when everything that says whom they are like is in: decided before, one that is alone before and after
// would merge and part within a run, and lose its id by it.
func TestPersonsAreNotDecidedByHalfTheEvidence(t *testing.T) {
	t.Parallel()
	phone := withPhone("13800001111")
	even, cautious, bold := dedupe.DefaultModel(), dedupe.DefaultModel(), dedupe.DefaultModel()
	cautious.Types[dedupe.Professional].Merge = 0.999999
	bold.Types[dedupe.Professional].Merge, bold.Types[dedupe.Professional].Review = 0.9, 0.5
	bold.Shared = []string{"13800001111"}
	for _, m := range []*dedupe.Model{cautious, bold} {
		m.Sign()
	}
	for name, c := range map[string]struct {
		before []rec
		words  []*word
		change []rec
		under  *dedupe.Model
		after  *dedupe.Model
	}{
		"a house turns out to be a doctor like the one who links to it": {
			before: []rec{
				{"erp", "H1", 60, hospital("南京市仁济医院")},
				{"flow:D1", "k1", 0, mentioned("南京市仁济医院", "")},
				{"erp", "P1", 60, doctor("欧阳明远", "儿科", linkedTo("H1"))}},
			change: []rec{{"erp", "H1", 60, doctor("欧阳明远", "儿科", workingAt("南京市仁济医院"))}},
			under:  even,
			after:  even,
		},
		"a doctor turns out to be a house, and what made others like her under the model before does not count any more": {
			before: []rec{
				{"erp", "P1", 60, doctor("王芳", "儿科")},
				{"erp", "P2", 60, doctor("欧阳明远", "", phone)},
				{"erp", "P3", 60, doctor("欧阳明远", "", phone)}},
			words:  []*word{{a: canonical.RecordKey{Source: "erp", ID: "P1"}, b: canonical.RecordKey{Source: "erp", ID: "P2"}, same: true}},
			change: []rec{{"erp", "P1", 60, hospital("南京市仁济医院")}},
			under:  cautious,
			after:  bold,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resolveOnBoth(t, func(t *testing.T, m *master) {
				m.use(c.under)
				for _, r := range c.before {
					m.put(r)
					m.run()
				}
				for _, w := range c.words {
					m.judge(w)
				}
				m.put(c.change...)
				m.use(c.after)
				m.run()
				require.Len(t, m.customers(), 3)
			})
		})
	}
}

// drawStaff makes a version of one of few houses, doctors and affiliations, so that places of work change their names,
// merge, part, go and come back under the doctors that link to them.
func drawStaff(t *rapid.T) (r rec, a *canonical.Affiliation) {
	some := func(label string, values ...string) string { return rapid.SampledFrom(values).Draw(t, label) }
	r = rec{source: some("source", "erp", "net", "sfa"), trust: 50}
	switch what := rapid.IntRange(0, 6).Draw(t, "what"); {
	case what == 0:
		r.id = some("affiliation", "A1", "A2")
		return r, &canonical.Affiliation{From: some("from", "P1", "P2"), To: some("to", "H1", "H2"), Role: "attending"}
	case what < 4:
		r.id = some("house", "H1", "H2")
		r.customer = hospital(some("name", "南京市仁济医院", "南京仁济医院", "仁济医院", "广州市爱民医院", "爱民医院"), withUSCC(some("uscc", "", "", "12310000425001236R", "91350100M000100Y43")))
		r.customer.Address.City = some("city", "", "南京市", "广州市")
	default:
		r.id = some("doctor", "P1", "P2", "P1", "P2", "H1") // now and then a house turns out to be a person
		r.customer = doctor(some("person", "欧阳明远", "欧阳明元", "王芳"), some("department", "", "儿科"), linkedTo(some("link", "", "H1", "H2")), workingAt(some("text", "", "", "仁济医院", "广州爱民医院")))
	}
	if rapid.IntRange(0, 6).Draw(t, "deleted") == 0 {
		r.customer = nil
	}
	return r, nil
}

// Invariant 5 for people who are compared by whom their records link to: whatever the order, the portions and the
// models in between, the end is that of one run over the last versions.
func TestWorkplacesInAnyOrder(t *testing.T) {
	t.Parallel()
	law := func(t *testing.T, most int, url func() string) {
		checkRounds(t, most, func(rt *rapid.T) {
			open := func() *master {
				m := openMaster(rt, func() context.Context { return t.Context() }, url(), t.TempDir(), rt.Cleanup)
				m.use(small())
				return m
			}
			steps, whole := open(), open()
			steps.resolver.Portion = rapid.IntRange(1, 4).Draw(rt, "portion")
			model := small()
			last, stated := map[canonical.RecordKey]rec{}, map[canonical.RecordKey]canonical.Affiliation{}
			for range rapid.IntRange(2, 20).Draw(rt, "versions") {
				r, a := drawStaff(rt)
				key := canonical.RecordKey{Source: r.source, ID: r.id}
				if a != nil {
					steps.affiliation(r.source, r.id, *a)
					stated[key] = *a
				} else {
					steps.put(r)
					last[key] = r
				}
				if rapid.IntRange(0, 5).Draw(rt, "another model") == 0 {
					model = rapid.SampledFrom(models()).Draw(rt, "model")
					steps.apply(model)
				} else if rapid.Bool().Draw(rt, "resolve now") {
					steps.run()
				}
			}
			steps.run()
			whole.use(model)
			for key, a := range stated {
				whole.affiliation(key.Source, key.ID, a)
			}
			whole.put(leftOf(last)...)
			whole.run()
			require.Equal(rt, whole.state(), steps.state())
		})
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		most := 40
		if testing.Short() {
			most = 8
		}
		law(t, most, func() string { return "sqlite:hub.db" })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		law(t, 5, func() string { return servers.PostgresSchema(t) })
	})
}
