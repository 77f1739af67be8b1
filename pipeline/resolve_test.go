package pipeline_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/events"
	"tributary/pipeline"
	"tributary/store"
	"tributary/store/storetest"
	"tributary/test/servers"
)

// master is a database with a resolver over it.
type master struct {
	t        require.TestingT
	ctx      func() context.Context
	db       *store.DB
	resolver pipeline.Resolver
	clock    *ticking
	order    int
}

// pass lets time go by.
func (c *ticking) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func resolveOnBoth(t *testing.T, test func(t *testing.T, m *master)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, openMaster(t, t.Context, "sqlite:hub.db", t.TempDir(), t.Cleanup))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, openMaster(t, t.Context, servers.PostgresSchema(t), t.TempDir(), t.Cleanup))
	})
}

func openMaster(t require.TestingT, ctx func() context.Context, url, dir string, cleanup func(func())) *master {
	clock := &ticking{t: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)}
	db, err := storetest.Open(ctx(), store.Config{URL: url, DataDir: dir, Now: clock.Now, Rand: rand.Reader, Verb: "test"})
	require.NoError(t, err)
	cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Ready(ctx()))
	m := &master{t: t, ctx: ctx, db: db, clock: clock}
	m.use(dedupe.DefaultModel())
	return m
}

// use makes the resolver work with a model.
func (m *master) use(model *dedupe.Model) {
	engine, err := dedupe.New(model, dedupe.Options{Secret: m.db.KeyRing().Hash("blocking"), CompanySource: "erp"})
	require.NoError(m.t, err)
	m.resolver = pipeline.Resolver{DB: m.db, Engine: fixed(engine), Policy: dedupe.DefaultPolicy(), Company: "erp"}
}

// fixed is an engine that never changes.
func fixed(e *dedupe.Engine) func(context.Context) (*dedupe.Engine, error) {
	return func(context.Context) (*dedupe.Engine, error) { return e, nil }
}

// rec is a version of a source record; a nil customer deletes it.
type rec struct {
	source, id string
	trust      int
	customer   *canonical.Customer
}

// merge is what a source says that merged records: each is gone, and lives on in the one it names.
func (m *master) merge(source string, into map[string]string) {
	var records []store.Record
	for _, id := range slices.Sorted(maps.Keys(into)) {
		m.order++
		records = append(records, store.Record{Entity: canonical.EntityCustomer, Source: source, ID: id, Trust: 60, Deleted: true, MergedInto: into[id], ReadOrder: fmt.Sprintf("%08d", m.order), Run: canonical.DeriveID("run")})
	}
	require.NoError(m.t, m.db.InTx(m.ctx(), func(tx *store.Tx) error {
		_, err := tx.PutRecords(m.ctx(), records)
		return err
	}))
}

func (m *master) put(list ...rec) {
	records := make([]store.Record, len(list))
	for i, r := range list {
		m.order++
		records[i] = store.Record{Entity: canonical.EntityCustomer, Source: r.source, ID: r.id, Trust: r.trust, Deleted: r.customer == nil,
			ReadOrder: fmt.Sprintf("%08d", m.order), Run: canonical.DeriveID("run")}
		if r.customer != nil {
			payload, err := json.Marshal(r.customer)
			require.NoError(m.t, err)
			records[i].Kind, records[i].Payload, records[i].Personal = r.customer.Kind, payload, r.customer.Kind.Person()
		}
		if strings.HasPrefix(r.source, "flow:") {
			records[i].Stream = "erp"
		}
	}
	require.NoError(m.t, m.db.InTx(m.ctx(), func(tx *store.Tx) error {
		_, err := tx.PutRecords(m.ctx(), records)
		return err
	}))
}

func (m *master) affiliation(source, id string, a canonical.Affiliation) {
	payload, err := json.Marshal(a)
	require.NoError(m.t, err)
	m.order++
	require.NoError(m.t, m.db.InTx(m.ctx(), func(tx *store.Tx) error {
		_, err := tx.PutRecords(m.ctx(), []store.Record{{Entity: canonical.EntityAffiliation, Source: source, ID: id, Payload: payload,
			ReadOrder: fmt.Sprintf("%08d", m.order), Run: canonical.DeriveID("run")}})
		return err
	}))
}

// run works off what waits. Whatever changed, a customer whose records stay together, alone, keeps its id.
func (m *master) run() pipeline.ResolveReport {
	before := m.customers()
	report, err := m.resolver.Run(m.ctx())
	require.NoError(m.t, err)
	m.keeps(before)
	_, dirty, err := m.db.CountCustomers(m.ctx())
	require.NoError(m.t, err)
	require.Zero(m.t, dirty, "nothing waits after a run")
	return report
}

// customers is who belongs together, by golden id.
func (m *master) customers() map[canonical.ID][]canonical.RecordKey {
	out := map[canonical.ID][]canonical.RecordKey{}
	require.NoError(m.t, m.db.EachCrosswalk(m.ctx(), func(e store.CrosswalkEntry) error {
		out[e.Golden] = append(out[e.Golden], e.RecordKey)
		return nil
	}))
	return out
}

// keeps checks that customers whose records are together, alone, as they were before, have the id that they had.
func (m *master) keeps(before map[canonical.ID][]canonical.RecordKey) {
	of := map[canonical.RecordKey]canonical.ID{}
	after := m.customers()
	for id, records := range after {
		of[records[0]] = id
	}
	for id, records := range before {
		if now := of[records[0]]; slices.Equal(records, after[now]) {
			require.Equal(m.t, id, now, "the customer of %v lost its id", records)
		}
	}
}

// golden is the golden id of a record.
func (m *master) golden(source, id string) canonical.ID {
	n, ok, err := m.db.CustomerByKey(m.ctx(), canonical.RecordKey{Source: source, ID: id})
	require.NoError(m.t, err)
	require.True(m.t, ok, "%s %s", source, id)
	g, ok, err := m.db.GoldenOf(m.ctx(), n)
	require.NoError(m.t, err)
	require.True(m.t, ok, "%s %s has no golden record", source, id)
	return g
}

func (m *master) value(id canonical.ID) events.GoldenValue {
	g, err := m.db.Golden(m.ctx(), id)
	require.NoError(m.t, err)
	return pipeline.RenderGolden(&g, nil, false)
}

// state is everything the resolver keeps, golden ids replaced by the smallest record they stand for.
func (m *master) state() string {
	var entries []store.CrosswalkEntry
	require.NoError(m.t, m.db.EachCrosswalk(m.ctx(), func(e store.CrosswalkEntry) error { entries = append(entries, e); return nil }))
	name := map[canonical.ID]string{}
	for _, e := range entries {
		if _, known := name[e.Golden]; !known {
			name[e.Golden] = e.Source + "|" + e.ID
		}
	}
	var out []string
	for _, e := range entries {
		out = append(out, fmt.Sprintf("link %s|%s → %s", e.Source, e.ID, name[e.Golden]))
	}
	for id, smallest := range name {
		v := m.value(id)
		g, err := m.db.Golden(m.ctx(), id)
		require.NoError(m.t, err)
		v.GoldenID, v.UpdatedAt = canonical.ID{}, time.Time{}
		for i := range v.Affiliations {
			v.Affiliations[i].Name += "=" + name[v.Affiliations[i].GoldenID]
			v.Affiliations[i].GoldenID = canonical.ID{}
		}
		b, err := json.Marshal(v)
		require.NoError(m.t, err)
		out = append(out, fmt.Sprintf("golden %s %s %s", smallest, g.Code, b))
	}
	questions, err := m.db.OpenQuestions(m.ctx(), 10000)
	require.NoError(m.t, err)
	keys := map[int64]string{}
	require.NoError(m.t, m.db.EachCustomer(m.ctx(), func(list []store.CustomerRecord) error {
		for _, r := range list {
			keys[r.ID] = r.Key.Source + "|" + r.Key.ID
		}
		return nil
	}))
	for _, q := range questions {
		a, b := keys[q.A], keys[q.B]
		out = append(out, fmt.Sprintf("ask %s %s %s %.3f", min(a, b), max(a, b), q.Reason, q.Weight))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func hospital(name string, more ...func(*canonical.Customer)) *canonical.Customer {
	c := &canonical.Customer{Kind: canonical.Hospital, Name: name}
	for _, f := range more {
		f(c)
	}
	return c
}

func withUSCC(u string) func(*canonical.Customer) { return func(c *canonical.Customer) { c.USCC = u } }
func withPhone(p string) func(*canonical.Customer) {
	return func(c *canonical.Customer) { c.Phones = []string{p} }
}

func mentioned(name, code string) *canonical.Customer {
	return &canonical.Customer{Kind: canonical.UnknownParty, Name: name, Code: code}
}

func TestRecordsOfOneCustomerBecomeOneGoldenRecord(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		m.put(
			rec{"erp", "C1", 80, hospital("广州市第一人民医院", withPhone("020-85550100"))},
			rec{"sfa", "7", 60, hospital("廣州第一人民医院")},
			rec{"sfa", "8", 60, hospital("广州市第二人民医院")},
			rec{"flow:D1", "k1", 0, mentioned("广州市第一人民医院", "k1")},
			rec{"flow:D1", "k2", 0, mentioned("人民医院", "k2")})
		report := m.run()
		require.EqualValues(t, 5, report.Records)
		require.EqualValues(t, 3, report.Created)

		first := m.golden("erp", "C1")
		require.Equal(t, first, m.golden("sfa", "7"))
		require.Equal(t, first, m.golden("flow:D1", "k1"))
		require.NotEqual(t, first, m.golden("sfa", "8"))
		v := m.value(first)
		require.Equal(t, "广州市第一人民医院", v.Name)
		require.Equal(t, []string{"廣州第一人民医院"}, v.Aliases)
		require.Equal(t, "C1", v.Attributes["company_code"])
		require.Len(t, v.Sources, 3)

		before := m.state()
		require.Zero(t, m.run().Records, "a second run has nothing to do")
		all, err := m.resolver.All(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 5, all.Records)
		require.Zero(t, all.Updated+all.Created+all.Relinked, "resolving everything again changes nothing")
		require.Equal(t, before, m.state())
	})
}

func TestGoldenIDsOutliveMergeSplitAndReturn(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		m.put(rec{"erp", "C1", 80, hospital("南京市仁济医院")})
		m.run()
		a := m.golden("erp", "C1")
		m.put(rec{"sfa", "7", 60, hospital("南京仁爱康医院")})
		m.run()
		b := m.golden("sfa", "7")
		require.NotEqual(t, a, b)

		m.put(rec{"sfa", "7", 60, hospital("南京仁济医院")})
		require.EqualValues(t, 1, m.run().Merged)
		require.Equal(t, a, m.golden("sfa", "7"), "the id published first survives")
		gone, err := m.db.Golden(t.Context(), b)
		require.NoError(t, err)
		require.Equal(t, store.GoldenMerged, gone.Status)
		require.Equal(t, a, gone.Survivor)

		m.put(rec{"sfa", "7", 60, hospital("南京仁爱康医院")})
		require.EqualValues(t, 1, m.run().Split)
		require.Equal(t, a, m.golden("erp", "C1"))
		require.NotContains(t, []canonical.ID{a, b}, m.golden("sfa", "7"), "a retired id is never used again")

		m.put(rec{"erp", "C1", 80, nil})
		require.EqualValues(t, 1, m.run().Inactivated)
		gone, err = m.db.Golden(t.Context(), a)
		require.NoError(t, err)
		require.Equal(t, store.GoldenInactive, gone.Status)
		m.put(rec{"erp", "C1", 80, hospital("南京市仁济医院")})
		m.run()
		require.Equal(t, a, m.golden("erp", "C1"), "the id comes back with its record")
		require.Equal(t, store.GoldenActive, m.value(a).Status)
	})
}

// A record that comes back as somebody else takes no id from a customer that lives, however much it weighed there.
func TestWhatComesBackTakesNoID(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		m.put(rec{"erp", "C1", 80, hospital("南京市仁济医院")}, rec{"sfa", "7", 60, hospital("南京仁济医院")}, rec{"sfa", "8", 60, hospital("南京仁济医院")})
		m.run()
		id := m.golden("sfa", "7")
		require.Equal(t, id, m.golden("erp", "C1"))
		m.put(rec{"erp", "C1", 80, nil}, rec{"sfa", "8", 60, nil})
		m.run()
		m.put(rec{"erp", "C1", 80, hospital("广州市爱民医院")}, rec{"sfa", "8", 60, hospital("广州爱民医院")})
		m.run()
		require.Equal(t, id, m.golden("sfa", "7"))
		require.NotEqual(t, id, m.golden("erp", "C1"))
		require.Equal(t, m.golden("sfa", "8"), m.golden("erp", "C1"))
	})
}

// A merge in a source retires the golden id that only the absorbed record had, and consumers are led to the survivor's.
func TestMergesInASourceRedirect(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		names := []string{"南京仁济医院", "无锡太湖康复医院", "徐州云龙骨科医院", "苏州寒山妇幼保健院", "扬州瘦西湖眼科医院"}
		id := func(i int) string { return fmt.Sprint(7000 + i) }
		var before []canonical.ID
		for i, name := range names {
			m.put(rec{"network", id(i), 60, hospital(name)})
		}
		m.put(rec{"erp", "C4", 80, hospital(names[4])})
		m.run()
		for i := range names {
			before = append(before, m.golden("network", id(i)))
		}
		status := func(i int) store.Golden {
			g, err := m.db.Golden(t.Context(), before[i])
			require.NoError(t, err)
			return g
		}

		// A chain, 0 into 1 and 1 into 2, and one whose golden record lives on in another system.
		m.merge("network", map[string]string{id(0): id(1), id(1): id(2), id(4): id(3)})
		report := m.run()
		require.EqualValues(t, 2, report.Merged)
		require.Zero(t, report.Inactivated)
		for _, i := range []int{0, 1} {
			require.Equal(t, store.GoldenMerged, status(i).Status)
			require.Equal(t, before[2], status(i).Survivor)
		}
		require.Equal(t, store.GoldenActive, status(4).Status, "it has a living record of its own")
		require.Equal(t, before[4], m.golden("erp", "C4"))
		require.Equal(t, before[2], m.golden("network", id(2)))

		// Said again it changes nothing. Taken back the record has a new id: a retired one is never used again.
		m.merge("network", map[string]string{id(0): id(1)})
		require.Zero(t, m.run().Merged)
		m.put(rec{"network", id(0), 60, hospital(names[0])})
		m.run()
		require.NotContains(t, before, m.golden("network", id(0)))

		// A record that is gone first, its heir told later, redirects then; one that names itself, a circle and an unknown one
		// end as any other delete does.
		m.put(rec{"network", id(3), 60, nil})
		require.EqualValues(t, 1, m.run().Inactivated)
		m.merge("network", map[string]string{id(3): id(2)})
		require.EqualValues(t, 1, m.run().Merged)
		require.Equal(t, before[2], status(3).Survivor)
		m.merge("network", map[string]string{id(2): id(0), id(0): id(2)})
		require.EqualValues(t, 2, m.run().Inactivated)
		m.put(rec{"network", "9", 60, hospital("常州天宁口腔医院")})
		m.run()
		m.merge("network", map[string]string{"9": "no such record"})
		require.EqualValues(t, 1, m.run().Inactivated)
	})
}

func TestAMentionWaitsForItsCustomer(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		m.put(rec{"flow:D1", "k1", 0, mentioned("南京康泰大药房", "k1")})
		m.run()
		alone := m.golden("flow:D1", "k1")
		require.Equal(t, canonical.UnknownParty, m.value(alone).Kind)
		pharmacy := hospital("南京康泰大药房")
		pharmacy.Kind = canonical.Pharmacy
		m.put(rec{"erp", "C9", 80, pharmacy})
		m.run()
		require.Equal(t, alone, m.golden("erp", "C9"), "the id that was published with the mention stays")
		require.Equal(t, canonical.Pharmacy, m.value(alone).Kind)

		second := hospital("南京康泰大药房")
		second.Kind, second.USCC, pharmacy.USCC = canonical.Pharmacy, "91350100M000100Y43", "12310000425001236R"
		m.put(rec{"erp", "C9", 80, pharmacy}, rec{"erp", "C10", 80, second})
		m.run()
		require.NotEqual(t, m.golden("erp", "C9"), m.golden("erp", "C10"), "two unified codes are two customers")
		require.NotEqual(t, m.golden("erp", "C9"), m.golden("flow:D1", "k1"), "a name that fits two customers fits none")
		require.NotEqual(t, m.golden("erp", "C10"), m.golden("flow:D1", "k1"))
		require.Contains(t, m.state(), string(dedupe.Ambiguous))
	})
}

// The date of a flow row says when goods moved, not since when a name is right: it decides between texts of one mention,
// and names no customer whom several parties mention.
func TestDatesOfRowsNameNoCustomer(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		say := func(party, name string, day int) {
			payload, err := json.Marshal(mentioned(name, "k1"))
			require.NoError(t, err)
			m.order++
			require.NoError(t, m.db.InTx(t.Context(), func(tx *store.Tx) error {
				_, err := tx.PutRecords(t.Context(), []store.Record{{Entity: canonical.EntityCustomer, Source: canonical.FlowSource(party), ID: "k1", Stream: "erp",
					Kind: canonical.UnknownParty, Payload: payload, SourceTime: time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC), ReadOrder: fmt.Sprintf("%08d", m.order), Run: canonical.DeriveID("run")}})
				return err
			}))
		}
		say("D1", "南京康泰大药房", 2)
		say("D2", "康泰大药房南京店", 1)
		m.run()
		m.judge(&word{a: canonical.RecordKey{Source: canonical.FlowSource("D1"), ID: "k1"}, b: canonical.RecordKey{Source: canonical.FlowSource("D2"), ID: "k1"}, same: true})
		named := func() string { return m.value(m.golden(canonical.FlowSource("D2"), "k1")).Name }
		require.Equal(t, "南京康泰大药房", named())
		say("D2", "康泰大药房南京店", 3)
		require.Zero(t, m.run().Records, "nobody waits for that")
		require.Equal(t, "南京康泰大药房", named())
		say("D1", "南京康泰药房", 4)
		m.run()
		require.Equal(t, "南京康泰药房", named(), "newer rows of the same party say something else")
	})
}

func TestAnAliasLeadsAMentionToItsCustomer(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		require.NoError(t, m.db.InTx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.EnsureParty(t.Context(), store.Party{Key: "D1", Name: "D1"}, store.Origin{Run: canonical.DeriveID("run"), ReadOrder: "1"})
			return err
		}))
		m.put(rec{"erp", "C1", 80, hospital("南京市仁济医院")}, rec{"flow:D1", "k1", 0, mentioned("老张家", "k1")})
		m.run()
		require.NotEqual(t, m.golden("erp", "C1"), m.golden("flow:D1", "k1"))
		payload, err := json.Marshal(canonical.Alias{Type: "party", Party: "D1", RawName: "老张家", TargetCode: "C1"})
		require.NoError(t, err)
		require.NoError(t, m.db.InTx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.PutRecords(t.Context(), []store.Record{{Entity: canonical.EntityAlias, Source: "steward", ID: "1", Payload: payload, ReadOrder: "1", Run: canonical.DeriveID("run")}})
			return err
		}))
		m.run()
		require.Equal(t, m.golden("erp", "C1"), m.golden("flow:D1", "k1"))
	})
}

func TestAffiliationsFollowBothEnds(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		doctor := &canonical.Customer{Kind: canonical.HCP, Name: "王芳", OrganisationID: "H1", Department: "儿科", Phones: []string{"13800001111"}}
		m.put(rec{"sfa", "P1", 60, doctor})
		m.run()
		person := m.golden("sfa", "P1")
		require.Empty(t, m.value(person).Affiliations, "the hospital is not known yet")

		m.put(rec{"sfa", "H1", 60, hospital("南京市仁济医院")}, rec{"erp", "C1", 80, hospital("南京市安康华医院")})
		m.run()
		require.Equal(t, []events.GoldenAffiliation{{GoldenID: m.golden("sfa", "H1"), Name: "南京市仁济医院", Direction: "to", Role: "work", Department: "儿科", Primary: true}}, m.value(person).Affiliations)

		m.put(rec{"sfa", "H1", 60, hospital("南京安康华医院")})
		m.run()
		at := m.value(person).Affiliations
		require.Len(t, at, 1)
		require.Equal(t, m.golden("erp", "C1"), at[0].GoldenID, "re-pointed with its record")
		require.Equal(t, "南京市安康华医院", at[0].Name)

		m.put(rec{"sfa", "H2", 60, hospital("南京市第九医院")})
		m.affiliation("sfa", "A1", canonical.Affiliation{From: "P1", To: "H2", Role: "multi-site"})
		m.run()
		require.Len(t, m.value(person).Affiliations, 2)
		m.affiliation("sfa", "A1", canonical.Affiliation{From: "P9", To: "H2", Role: "multi-site"})
		m.run()
		require.Len(t, m.value(person).Affiliations, 1, "the record says something else now")
	})
}

func TestErasedPersonsLeaveNothing(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		born, err := canonical.ParseDate("1980-05-06")
		require.NoError(t, err)
		m.put(rec{"emr", "P1", 60, &canonical.Customer{Kind: canonical.Patient, Name: "赵明远", BirthDate: born, Phones: []string{"13800001111"}}})
		m.run()
		id := m.golden("emr", "P1")
		g, err := m.db.Golden(t.Context(), id)
		require.NoError(t, err)
		require.Empty(t, g.Name+g.Search, "a patient has no name in clear")
		shown := pipeline.RenderGolden(&g, nil, true)
		require.Equal(t, "赵**", shown.Name)
		require.Equal(t, []string{"138****1111"}, shown.Phones)
		require.Equal(t, "赵明远", m.value(id).Name)

		require.NoError(t, m.db.InTx(t.Context(), func(tx *store.Tx) error {
			return tx.Erase(t.Context(), []canonical.RecordKey{{Source: "emr", ID: "P1"}})
		}))
		m.run()
		g, err = m.db.Golden(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, store.GoldenErased, g.Status)
		require.Empty(t, g.Payload)
	})
}

var drawnNames = []string{"广州市第一人民医院", "广州第一人民医院", "市一院", "人民医院", "广州市人民医院", "南京市人民医院", "康泰大药房", "南京康泰大药房", "南京市仁济医院", "仁济医院"}

// drawRecords makes a history of versions of few records, so that they meet, part, go and come back.
func drawRecords(t *rapid.T, n int) []rec {
	var out []rec
	for range n {
		r := rec{source: rapid.SampledFrom([]string{"erp", "sfa", "flow:D1"}).Draw(t, "source"), id: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "id"), trust: 50}
		if rapid.IntRange(0, 5).Draw(t, "deleted") > 0 {
			r.customer = hospital(rapid.SampledFrom(drawnNames).Draw(t, "name"), withUSCC(rapid.SampledFrom([]string{"", "", "12310000425001236R", "91350100M000100Y43"}).Draw(t, "uscc")),
				withPhone(rapid.SampledFrom([]string{"", "", "13800001111"}).Draw(t, "phone")))
			r.customer.Address.City = rapid.SampledFrom([]string{"", "广州市", "南京市"}).Draw(t, "city")
		}
		if strings.HasPrefix(r.source, "flow:") {
			r.trust = 0
			if r.customer != nil {
				r.customer.Kind, r.customer.Code = canonical.UnknownParty, rapid.SampledFrom([]string{"", "1"}).Draw(t, "code")
			}
		}
		out = append(out, r)
	}
	return out
}

// small is a model whose bounds are reached with few records.
func small() *dedupe.Model {
	m := dedupe.DefaultModel()
	for _, t := range m.Types {
		t.Blocking = dedupe.Blocking{Cap: 3, Limit: 4}
	}
	m.Sign()
	return m
}

// checkRounds holds a law for so many rounds, each of which opens databases. One that fails is made small in as many as that
// takes.
func checkRounds(t *testing.T, most int, law func(rt *rapid.T)) {
	t.Helper()
	rounds, failed := 0, false
	rapid.Check(t, func(rt *rapid.T) {
		if rounds++; rounds > most && !failed {
			return
		}
		passed := false
		defer func() { failed = failed || !passed }()
		law(rt)
		passed = true
	})
}

// leftOf are the records behind last versions that were not deleted, backwards.
func leftOf[K comparable](last map[K]rec) (records []rec) {
	for _, r := range last {
		if r.customer != nil {
			records = append(records, r)
		}
	}
	slices.SortFunc(records, func(a, b rec) int { return -cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.id, b.id)) })
	return records
}

// Invariant 5: whatever the portions, the end is that of one run over the last versions.
func TestPortionsDoNotMatter(t *testing.T) {
	t.Parallel()
	most := 40
	if testing.Short() {
		most = 8
	}
	checkRounds(t, most, func(rt *rapid.T) {
		history := drawRecords(rt, rapid.IntRange(1, 14).Draw(rt, "versions"))
		open := func() *master {
			m := openMaster(rt, func() context.Context { return t.Context() }, "sqlite:hub.db", t.TempDir(), rt.Cleanup)
			m.use(small())
			return m
		}
		steps, whole := open(), open()
		steps.resolver.Portion = rapid.IntRange(1, 4).Draw(rt, "portion")
		for _, r := range history {
			steps.put(r)
			if rapid.Bool().Draw(rt, "resolve now") {
				steps.run()
			}
		}
		steps.run()
		last := map[string]rec{}
		for _, r := range history {
			last[r.source+"|"+r.id] = r
		}
		whole.put(leftOf(last)...)
		whole.run()
		require.Equal(rt, whole.state(), steps.state())
	})
}

// A run may be cut off at any moment: the next one ends where an undisturbed one would.
func TestACutOffRunIsContinued(t *testing.T) {
	t.Parallel()
	load := func(m *master) {
		for i, name := range drawnNames {
			m.put(rec{"erp", fmt.Sprint(i), 80, hospital(name)}, rec{"sfa", fmt.Sprint(i), 60, hospital(name)}, rec{"flow:D1", fmt.Sprint(i), 0, mentioned(name, fmt.Sprint(i))})
		}
	}
	for name, prepare := range map[string]func(m *master){
		"the first run": load,
		"another model, in portions, while records wait": func(m *master) {
			m.use(models()[2])
			load(m)
			m.run()
			m.put(rec{"sfa", "0", 60, nil}, rec{"erp", "3", 80, hospital(drawnNames[8])}, rec{"sfa", "9", 60, hospital(drawnNames[4])})
			m.use(models()[1])
			m.resolver.Portion = 4
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cutOff(t, prepare)
		})
	}
}

// cutOff cuts the run after prepare off at one moment after the other, until it ends undisturbed.
func cutOff(t *testing.T, prepare func(m *master)) {
	open := func() *master { return openMaster(t, t.Context, "sqlite:hub.db", t.TempDir(), t.Cleanup) }
	whole := open()
	prepare(whole)
	whole.run()
	want := whole.state()
	for cut := 2; ; cut += 1 + cut/8 {
		m := open()
		prepare(m)
		before := m.customers()
		ctx, cancel := context.WithCancel(t.Context())
		readings := 0
		stop := m.clock.on(func() {
			if readings++; readings == cut {
				cancel()
			}
		})
		_, err := m.resolver.Run(ctx)
		stop()
		cancel()
		if err == nil {
			require.Greater(t, cut, 10)
			return
		}
		require.ErrorIs(t, err, context.Canceled)
		m.clock.pass(time.Hour) // a lease that was taken and not given back runs out
		m.run()
		require.Equal(t, want, m.state(), "cut off at reading %d of the clock", cut)
		m.keeps(before)
	}
}
