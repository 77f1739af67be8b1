package dedupe_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/sandbox/world"
	"tributary/dedupe"
)

// trueRecords prepares every record of a sandbox world with the customer behind it.
func trueRecords(t testing.TB, e *dedupe.Engine, seed uint64, scale float64) ([]*dedupe.Record, map[int64]int, map[int64]canonical.Customer) {
	until, err := canonical.ParseDate("2026-06-30")
	require.NoError(t, err)
	w, err := world.New(world.Config{Seed: seed, Scale: scale, Until: until})
	require.NoError(t, err)
	trust := map[world.System]int{world.ERP: 80, world.SFA: 60, world.Chain: 60, world.EMR: 70, world.Events: 30, world.Terminals: 40}
	var records []*dedupe.Record
	truth, customers := map[int64]int{}, map[int64]canonical.Customer{}
	id := int64(0)
	for _, sys := range world.Systems() {
		for r := range w.Records(sys) {
			id++
			records = append(records, e.Prepare(dedupe.Input{ID: id, Source: string(sys), SourceID: r.ID, Trust: trust[sys], Customer: r.Customer, Updated: r.Modified}))
			truth[id], customers[id] = r.Truth, r.Customer
		}
	}
	return records, truth, customers
}

// quality counts pairs over final clusters (matching.md §9).
type quality struct{ found, predicted, actual int }

func (q quality) precision() float64 { return float64(q.found) / float64(max(q.predicted, 1)) }
func (q quality) recall() float64    { return float64(q.found) / float64(max(q.actual, 1)) }

func measure(records []*dedupe.Record, truth map[int64]int, clusters []dedupe.Cluster) map[dedupe.Type]quality {
	types := map[int64]dedupe.Type{}
	out := map[dedupe.Type]quality{}
	byTruth := map[dedupe.Type]map[int]int{}
	for _, r := range records {
		types[r.ID] = r.Type
		if byTruth[r.Type] == nil {
			byTruth[r.Type] = map[int]int{}
		}
		byTruth[r.Type][truth[r.ID]]++
	}
	for t, groups := range byTruth {
		q := out[t]
		for _, n := range groups {
			q.actual += n * (n - 1) / 2
		}
		out[t] = q
	}
	for _, c := range clusters {
		q := out[types[c.Members[0]]]
		for i, a := range c.Members {
			for _, b := range c.Members[i+1:] {
				q.predicted++
				if truth[a] == truth[b] {
					q.found++
				}
			}
		}
		out[types[c.Members[0]]] = q
	}
	return out
}

// The floors only rise. Precision comes first: a false merge sends goods, calls and recalls to the wrong house.
func TestQualityOnTheSandboxWorld(t *testing.T) {
	if testing.Short() {
		t.Skip("measures whole worlds")
	}
	t.Parallel()
	e := newEngine(t)
	floors := map[dedupe.Type][2]float64{dedupe.Organisation: {.999, .95}, dedupe.Professional: {.999, .95}, dedupe.Person: {.999, .95}}
	for _, seed := range []uint64{2026, 1, 7} {
		records, truth, customers := trueRecords(t, e, seed, 0.5)
		res, err := e.Resolve(context.Background(), records, nil)
		require.NoError(t, err)
		t.Logf("%d records, %d compared, %d kept, largest component %d, %d questions", len(records), res.Report.Compared, res.Report.Kept, res.Report.Largest, len(res.Review))
		if os.Getenv("TRIBUTARY_SHOW_PAIRS") != "" {
			show(e, records, truth, customers, res)
		}
		got, blocked := measure(records, truth, res.Clusters), blockingRecall(e, records, truth)
		for typ, floor := range floors {
			q := got[typ]
			t.Logf("seed %d %s: precision %.4f recall %.4f, blocking recall %.4f", seed, typ, q.precision(), q.recall(), blocked[typ])
			require.GreaterOrEqual(t, q.precision(), floor[0], typ)
			require.GreaterOrEqual(t, q.recall(), floor[1], typ)
			require.GreaterOrEqual(t, blocked[typ], .98, "blocking is the ceiling of the whole run: %s", typ)
		}
	}
}

// blockingRecall is the share of true pairs that have a key in common.
func blockingRecall(e *dedupe.Engine, records []*dedupe.Record, truth map[int64]int) map[dedupe.Type]float64 {
	groups := map[int][]*dedupe.Record{}
	for _, r := range records {
		groups[truth[r.ID]] = append(groups[truth[r.ID]], r)
	}
	met, all := map[dedupe.Type]int{}, map[dedupe.Type]int{}
	for _, g := range groups {
		for i, a := range g {
			hashes := map[uint64]bool{}
			for _, k := range e.Keys(a) {
				hashes[k.Hash] = true
			}
			for _, b := range g[i+1:] {
				all[a.Type]++
				if slices.ContainsFunc(e.Keys(b), func(k dedupe.Key) bool { return hashes[k.Hash] }) {
					met[a.Type]++
				}
			}
		}
	}
	out := map[dedupe.Type]float64{}
	for t, n := range all {
		out[t] = float64(met[t]) / float64(n)
	}
	return out
}

// show prints the false and the missed pairs: how the numbers of the default model were found.
func show(e *dedupe.Engine, records []*dedupe.Record, truth map[int64]int, customers map[int64]canonical.Customer, res *dedupe.Result) {
	byID := map[int64]*dedupe.Record{}
	cluster := map[int64]int{}
	for _, r := range records {
		byID[r.ID] = r
	}
	bad := map[dedupe.Type]int{}
	for i, c := range res.Clusters {
		for k, a := range c.Members {
			cluster[a] = i
			for _, b := range c.Members[k+1:] {
				if typ := byID[a].Type; truth[a] != truth[b] && bad[typ] < 6 {
					bad[typ]++
					fmt.Printf("FALSE %v: %+v | %+v\n%s", typ, customers[a], customers[b], e.Why(byID[a], byID[b]).Text("zh"))
				}
			}
		}
	}
	group := map[int][]int64{}
	for _, r := range records {
		group[truth[r.ID]] = append(group[truth[r.ID]], r.ID)
	}
	missed := map[dedupe.Type]int{}
	for _, ids := range group {
		for k, a := range ids {
			for _, b := range ids[k+1:] {
				if typ := byID[a].Type; cluster[a] != cluster[b] && missed[typ] < 12 {
					missed[typ]++
					fmt.Printf("MISSED %v: %s %+v | %s %+v\nshared %v\n%s", typ, byID[a].Key.Source, customers[a], byID[b].Key.Source, customers[b], e.Why(byID[a], byID[b]).Shared, e.Why(byID[a], byID[b]).Text("zh"))
				}
			}
		}
	}
}

// Partners of flow rows: a mention goes to its customer or waits for a person, and hardly ever to another one.
func TestMentionsFindTheirCustomers(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	records, truth, customers := trueRecords(t, e, 1, 0.5)
	until, err := canonical.ParseDate("2026-06-30")
	require.NoError(t, err)
	w, err := world.New(world.Config{Seed: 1, Scale: 0.5, Until: until})
	require.NoError(t, err)
	known := map[int]bool{}
	for _, n := range truth {
		known[n] = true
	}
	id, mentions := int64(1_000_000), 0
	for d := range w.Reporting {
		for i := range w.Customers {
			if w.Customers[i].Kind.Person() || !known[i] {
				continue
			}
			m := w.Mention(d, i, 10)
			id++
			mentions++
			c := canonical.Customer{Kind: canonical.UnknownParty, Name: m.Name, Code: m.Code, USCC: m.USCC, Address: canonical.Address{City: m.City, County: m.County, Text: m.Address}}
			records = append(records, e.Prepare(dedupe.Input{ID: id, Source: canonical.FlowSource([]string{"D1", "D2"}[d]), SourceID: m.Code, Customer: c, Reference: "erp"}))
			truth[id], customers[id] = i, c
		}
	}
	res, err := e.Resolve(context.Background(), records, nil)
	require.NoError(t, err)
	found, wrong, alone := 0, 0, 0
	for _, c := range res.Clusters {
		real := -1
		for _, m := range c.Members {
			if m < 1_000_000 {
				real = truth[m]
			}
		}
		for _, m := range c.Members {
			switch {
			case m < 1_000_000:
			case real < 0:
				alone++
				if os.Getenv("TRIBUTARY_SHOW_PAIRS") != "" {
					fmt.Printf("ALONE %s %s %s | %s\n", customers[m].Name, customers[m].Address.City, customers[m].Address.County, w.Customers[truth[m]].Name)
				}
			case real == truth[m]:
				found++
			default:
				wrong++
				if os.Getenv("TRIBUTARY_SHOW_PAIRS") != "" {
					fmt.Printf("WRONG %s %s %s | %s not %s\n", customers[m].Name, customers[m].Address.City, customers[m].Address.County, w.Customers[truth[m]].Name, w.Customers[real].Name)
				}
			}
		}
	}
	t.Logf("%d mentions: %d found, %d wrong, %d alone", mentions, found, wrong, alone)
	require.LessOrEqual(t, float64(wrong)/float64(mentions), .002)
	require.GreaterOrEqual(t, float64(found)/float64(mentions), .89)
}
