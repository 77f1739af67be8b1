package dedupe_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/dedupe"
)

func golden(n int) canonical.ID { return canonical.ID{15: byte(n)} }

func ref(n int64) dedupe.Ref {
	return dedupe.Ref{Number: n, Rank: 1, Key: canonical.RecordKey{Source: "erp", ID: fmt.Sprintf("C%03d", n)}}
}

func refs(numbers ...int64) (out []dedupe.Ref) {
	for _, n := range numbers {
		out = append(out, ref(n))
	}
	return out
}

func links(id canonical.ID, numbers ...int64) (out []dedupe.Link) {
	for _, n := range numbers {
		out = append(out, dedupe.Link{Record: n, Golden: id, Open: true})
	}
	return out
}

// heirs are links of records that were merged into these.
func heirs(id canonical.ID, numbers ...int64) []dedupe.Link {
	out := links(id, numbers...)
	for i := range out {
		out[i].Heir = true
	}
	return out
}

func TestAssign(t *testing.T) {
	t.Parallel()
	day := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
	a := dedupe.IDState{ID: golden(1), Published: day(2)}
	b := dedupe.IDState{ID: golden(2), Published: day(1)}
	for name, c := range map[string]struct {
		clusters [][]dedupe.Ref
		links    []dedupe.Link
		states   []dedupe.IDState
		want     dedupe.Assignment
	}{
		"a cluster with no id gets a new one": {
			clusters: [][]dedupe.Ref{refs(1, 2)},
			want:     dedupe.Assignment{Golden: []canonical.ID{{}}},
		},
		"an id goes where most of its records are": {
			clusters: [][]dedupe.Ref{refs(1), refs(2, 3)},
			links:    links(golden(1), 1, 2, 3), states: []dedupe.IDState{a},
			want: dedupe.Assignment{Golden: []canonical.ID{{}, golden(1)}},
		},
		"records that come back do not outvote one that stayed": {
			clusters: [][]dedupe.Ref{refs(1), refs(2, 3)},
			links:    []dedupe.Link{{Record: 1, Golden: golden(1), Open: true}, {Record: 2, Golden: golden(1)}, {Record: 3, Golden: golden(1)}},
			states:   []dedupe.IDState{a},
			want:     dedupe.Assignment{Golden: []canonical.ID{golden(1), {}}},
		},
		"a tie goes to the cluster of the most important source": {
			clusters: [][]dedupe.Ref{
				{{Number: 1, Rank: 2, Key: canonical.RecordKey{Source: "a", ID: "1"}}},
				{{Number: 2, Rank: 1, Key: canonical.RecordKey{Source: "b", ID: "1"}}},
			},
			links: links(golden(1), 1, 2), states: []dedupe.IDState{a},
			want: dedupe.Assignment{Golden: []canonical.ID{{}, golden(1)}},
		},
		"a tie of rank goes to the smallest source and id": {
			clusters: [][]dedupe.Ref{refs(2), refs(1)},
			links:    links(golden(1), 1, 2), states: []dedupe.IDState{a},
			want: dedupe.Assignment{Golden: []canonical.ID{{}, golden(1)}},
		},
		"a merge keeps the earliest published id": {
			clusters: [][]dedupe.Ref{refs(1, 2)},
			links:    append(links(golden(1), 1), links(golden(2), 2)...), states: []dedupe.IDState{a, b},
			want: dedupe.Assignment{Golden: []canonical.ID{golden(2)}, Redirects: []dedupe.Redirect{{From: golden(1), ToCluster: 0}}},
		},
		"a merge keeps the steward's choice": {
			clusters: [][]dedupe.Ref{refs(1, 2)},
			links:    append(links(golden(1), 1), links(golden(2), 2)...),
			states:   []dedupe.IDState{{ID: golden(1), Published: day(2), Chosen: day(9)}, b},
			want:     dedupe.Assignment{Golden: []canonical.ID{golden(1)}, Redirects: []dedupe.Redirect{{From: golden(2), ToCluster: 0}}},
		},
		"a merge of ids never published keeps the smallest": {
			clusters: [][]dedupe.Ref{refs(1, 2)},
			links:    append(links(golden(2), 1), links(golden(1), 2)...), states: []dedupe.IDState{{ID: golden(2)}, {ID: golden(1)}},
			want: dedupe.Assignment{Golden: []canonical.ID{golden(1)}, Redirects: []dedupe.Redirect{{From: golden(2), ToCluster: 0}}},
		},
		"a published id survives one that never was": {
			clusters: [][]dedupe.Ref{refs(1, 2)},
			links:    append(links(golden(1), 1), links(golden(2), 2)...), states: []dedupe.IDState{{ID: golden(1)}, b},
			want: dedupe.Assignment{Golden: []canonical.ID{golden(2)}, Redirects: []dedupe.Redirect{{From: golden(1), ToCluster: 0}}},
		},
		"an id without a living record becomes inactive and does not redirect": {
			clusters: [][]dedupe.Ref{refs(2)},
			links:    append(links(golden(1), 1), links(golden(2), 2)...), states: []dedupe.IDState{a, b},
			want: dedupe.Assignment{Golden: []canonical.ID{golden(2)}, Inactive: []canonical.ID{golden(1)}},
		},
		"an inactive id stays inactive without saying so again": {
			clusters: nil, links: nil, states: []dedupe.IDState{{ID: golden(1), Published: day(1), Inactive: true}},
			want: dedupe.Assignment{Golden: []canonical.ID{}},
		},
		"an inactive id becomes active when one of its records returns": {
			clusters: [][]dedupe.Ref{refs(1)},
			links:    []dedupe.Link{{Record: 1, Golden: golden(1)}}, states: []dedupe.IDState{{ID: golden(1), Published: day(1), Inactive: true}},
			want: dedupe.Assignment{Golden: []canonical.ID{golden(1)}, Reactivated: []canonical.ID{golden(1)}},
		},
		"an inactive id whose record returns elsewhere redirects": {
			clusters: [][]dedupe.Ref{refs(1, 2)},
			links:    append(links(golden(2), 2), dedupe.Link{Record: 1, Golden: golden(1)}),
			states:   []dedupe.IDState{{ID: golden(1), Published: day(2), Inactive: true}, b},
			want:     dedupe.Assignment{Golden: []canonical.ID{golden(2)}, Redirects: []dedupe.Redirect{{From: golden(1), ToCluster: 0}}},
		},
		"an id whose only record was merged into another's in their source redirects there": {
			clusters: [][]dedupe.Ref{refs(2)},
			links:    append(heirs(golden(2), 2), links(golden(1), 2)...), states: []dedupe.IDState{a, b},
			want: dedupe.Assignment{Golden: []canonical.ID{golden(1)}, Redirects: []dedupe.Redirect{{From: golden(2), ToCluster: 0}}},
		},
		"an id with a living record stays with it": {
			clusters: [][]dedupe.Ref{refs(1), refs(2)},
			links:    append(append(heirs(golden(1), 2, 2), links(golden(1), 1)...), links(golden(2), 2)...), states: []dedupe.IDState{a, b},
			want: dedupe.Assignment{Golden: []canonical.ID{golden(1), golden(2)}},
		},
		"a survivor that has no id yet bears that of the record it took in": {
			clusters: [][]dedupe.Ref{refs(2)},
			links:    heirs(golden(1), 2), states: []dedupe.IDState{{ID: golden(1), Published: day(1), Inactive: true}},
			want: dedupe.Assignment{Golden: []canonical.ID{golden(1)}, Reactivated: []canonical.ID{golden(1)}},
		},
		"a split leaves the id with the larger part": {
			clusters: [][]dedupe.Ref{refs(1, 2), refs(3)},
			links:    links(golden(1), 1, 2, 3), states: []dedupe.IDState{a},
			want: dedupe.Assignment{Golden: []canonical.ID{golden(1), {}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, dedupe.Assign(c.clusters, c.links, c.states))
		})
	}
}

func TestAssignLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.Int64Range(1, 12).Draw(t, "records")
		ids := rapid.IntRange(1, 6).Draw(t, "ids")
		parts := make([][]dedupe.Ref, rapid.IntRange(1, 6).Draw(t, "parts"))
		var old []dedupe.Link
		for n := int64(1); n <= records; n++ {
			if p := rapid.IntRange(-1, len(parts)-1).Draw(t, "part"); p >= 0 {
				parts[p] = append(parts[p], ref(n))
			}
			if g := rapid.IntRange(0, ids).Draw(t, "golden"); g > 0 {
				old = append(old, dedupe.Link{Record: n, Golden: golden(g), Open: rapid.Bool().Draw(t, "open"), Heir: rapid.IntRange(0, 2).Draw(t, "heir") == 0})
			}
		}
		clusters := slices.DeleteFunc(parts, func(p []dedupe.Ref) bool { return len(p) == 0 })
		var states []dedupe.IDState
		for g := 1; g <= ids; g++ {
			states = append(states, dedupe.IDState{ID: golden(g), Inactive: rapid.Bool().Draw(t, "inactive"),
				Published: time.Unix(int64(rapid.IntRange(0, 3).Draw(t, "day")), 0).UTC()})
		}
		got := dedupe.Assign(clusters, old, states)

		seen := map[canonical.ID]int{}
		for _, id := range got.Golden {
			if !id.IsZero() {
				seen[id]++
			}
		}
		for _, r := range got.Redirects {
			seen[r.From]++
			require.False(t, got.Golden[r.ToCluster].IsZero(), "a survivor has an id of its own")
		}
		for _, id := range got.Inactive {
			seen[id]++
		}
		for _, s := range states {
			require.LessOrEqual(t, seen[s.ID], 1, "an id ends in one place")
			require.True(t, seen[s.ID] == 1 || s.Inactive, "no active id is forgotten")
		}

		seed := rapid.Uint64().Draw(t, "seed")
		shuffle := rand.New(rand.NewPCG(seed, 1))
		shuffle.Shuffle(len(old), func(i, j int) { old[i], old[j] = old[j], old[i] })
		shuffle.Shuffle(len(states), func(i, j int) { states[i], states[j] = states[j], states[i] })
		for _, c := range clusters {
			shuffle.Shuffle(len(c), func(i, j int) { c[i], c[j] = c[j], c[i] })
		}
		require.Equal(t, got, dedupe.Assign(clusters, old, states))
	})
}
