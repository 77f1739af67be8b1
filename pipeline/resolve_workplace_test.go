package pipeline_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
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

// Invariant 5 for people who are compared by whom their records link to: whatever the order and the portions, the end is
// that of one run over the last versions.
func TestWorkplacesInAnyOrder(t *testing.T) {
	t.Parallel()
	law := func(t *testing.T, most int, url func() string) {
		rounds, failed := 0, false
		rapid.Check(t, func(rt *rapid.T) {
			if rounds++; rounds > most && !failed {
				return // each round opens two databases
			}
			passed := false
			defer func() { failed = failed || !passed }()
			open := func() *master {
				m := openMaster(rt, func() context.Context { return t.Context() }, url(), t.TempDir(), rt.Cleanup)
				m.use(small())
				return m
			}
			steps, whole := open(), open()
			steps.resolver.Portion = rapid.IntRange(1, 4).Draw(rt, "portion")
			last, stated := map[string]rec{}, map[string]canonical.Affiliation{}
			for range rapid.IntRange(2, 20).Draw(rt, "versions") {
				r, a := drawStaff(rt)
				if a != nil {
					steps.affiliation(r.source, r.id, *a)
					stated[r.source+"|"+r.id] = *a
				} else {
					steps.put(r)
					last[r.source+"|"+r.id] = r
				}
				if rapid.Bool().Draw(rt, "resolve now") {
					steps.run()
				}
			}
			steps.run()
			var records []rec
			for _, r := range last {
				if r.customer != nil {
					records = append(records, r)
				}
			}
			slices.SortFunc(records, func(a, b rec) int { return -cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.source, b.source)) })
			for key, a := range stated {
				var source, id string
				_, err := fmt.Sscanf(key, "%3s|%s", &source, &id)
				require.NoError(rt, err)
				whole.affiliation(source, id, a)
			}
			whole.put(records...)
			whole.run()
			require.Equal(rt, whole.state(), steps.state())
			passed = true
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
