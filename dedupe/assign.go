package dedupe

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"tributary/canonical"
)

// Ref names a record for the assignment of ids. Rank orders sources (smaller is more important); with the key it
// breaks ties, so that arrival order never does.
type Ref struct {
	Number int64
	Rank   int
	Key    canonical.RecordKey
}

func compareRefs(a, b Ref) int {
	return cmp.Or(cmp.Compare(a.Rank, b.Rank), compareKeys(a.Key, b.Key))
}

// Link says which golden id a record had last: its open crosswalk entry, or the last one of a record that was gone.
type Link struct {
	Record int64
	Golden canonical.ID
	// Open: the record belongs to the golden record now. A link that ended decides where an id goes only when none is open:
	// a record that comes back takes no id from a customer that lives.
	Open bool
	// Heir: the link was that of a record which its source merged into this one.
	Heir bool
}

// IDState is what the id ledger says of a golden id.
type IDState struct {
	ID        canonical.ID
	Published time.Time // first publication; zero when never
	Inactive  bool
	Chosen    time.Time // when a steward chose it as the survivor of a merge; zero when never
}

// Assignment is the outcome for golden ids. Everything is in a fixed order.
type Assignment struct {
	// Golden has, per cluster, the id it bears; the zero id asks the caller for a new one.
	Golden      []canonical.ID
	Redirects   []Redirect     // ids that lose to a survivor for ever
	Inactive    []canonical.ID // active ids left without a living record
	Reactivated []canonical.ID // inactive ids that have one again
}

// Redirect retires From. ToCluster is the cluster that has its records now (its id may be new).
type Redirect struct {
	From      canonical.ID
	ToCluster int
}

// Assign gives golden ids to clusters (DESIGN 6.5). Each old id goes to the cluster that holds most of its open links, else
// of those that ended (tie: the cluster with the smallest reference); a cluster claimed by several keeps the one chosen last,
// else the earliest published, else the smallest, and the losers redirect. A cluster claimed by none needs a new id. An id of
// states without a record in any cluster becomes inactive, unless its records were merged into others in their source: it
// follows them, redirecting to the id of their cluster, or as that id where the cluster has none.
//
// Links of records that are in no cluster count for nothing. States must hold every id that links name and every id
// whose records may have left; retired (merged) ids must not be among them. The answer does not depend on the order of
// any argument but for the numbering of clusters.
func Assign(clusters [][]Ref, links []Link, states []IDState) Assignment {
	at := map[int64]int{}
	smallest := make([]Ref, len(clusters))
	for i, members := range clusters {
		for _, m := range members {
			at[m.Number] = i
		}
		if len(members) > 0 {
			smallest[i] = slices.MinFunc(members, compareRefs)
		}
	}
	votes := countVotes(at, links, false)
	inherited := countVotes(at, links, true)
	claims, heirs := make([][]IDState, len(clusters)), make([][]IDState, len(clusters))
	var out Assignment
	for _, s := range sortedStates(states) {
		cluster, ok := winner(votes[s.ID], smallest)
		heir, follows := winner(inherited[s.ID], smallest)
		switch {
		case ok:
			claims[cluster] = append(claims[cluster], s)
		case follows:
			heirs[heir] = append(heirs[heir], s)
		case !s.Inactive:
			out.Inactive = append(out.Inactive, s.ID)
		}
	}
	out.Golden = make([]canonical.ID, len(clusters))
	for i, claimed := range claims {
		if len(claimed) == 0 {
			claimed, heirs[i] = heirs[i], nil
		}
		if len(claimed) == 0 {
			continue
		}
		for _, s := range heirs[i] {
			out.Redirects = append(out.Redirects, Redirect{From: s.ID, ToCluster: i})
		}
		keep := slices.MinFunc(claimed, bySeniority)
		out.Golden[i] = keep.ID
		for _, s := range claimed {
			if s.ID != keep.ID {
				out.Redirects = append(out.Redirects, Redirect{From: s.ID, ToCluster: i})
			} else if s.Inactive {
				out.Reactivated = append(out.Reactivated, s.ID)
			}
		}
	}
	return out
}

// tally counts the links of one id in one cluster.
type tally struct{ open, all int }

func countVotes(at map[int64]int, links []Link, heirs bool) map[canonical.ID]map[int]tally {
	votes := map[canonical.ID]map[int]tally{}
	for _, l := range links {
		cluster, living := at[l.Record]
		if !living || l.Heir != heirs {
			continue
		}
		if votes[l.Golden] == nil {
			votes[l.Golden] = map[int]tally{}
		}
		t := votes[l.Golden][cluster]
		t.all++
		if l.Open {
			t.open++
		}
		votes[l.Golden][cluster] = t
	}
	return votes
}

// winner is the cluster with most open links, then most links, then the smallest reference.
func winner(votes map[int]tally, smallest []Ref) (int, bool) {
	best, found := 0, false
	for cluster, t := range votes {
		b := votes[best]
		order := cmp.Or(cmp.Compare(t.open, b.open), cmp.Compare(t.all, b.all), compareRefs(smallest[best], smallest[cluster]))
		if !found || order > 0 {
			best, found = cluster, true
		}
	}
	return best, found
}

func sortedStates(states []IDState) []IDState {
	out := slices.Clone(states)
	slices.SortFunc(out, func(a, b IDState) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return slices.CompactFunc(out, func(a, b IDState) bool { return a.ID == b.ID })
}

// bySeniority puts the id that survives first.
func bySeniority(a, b IDState) int {
	if !a.Chosen.Equal(b.Chosen) {
		return b.Chosen.Compare(a.Chosen)
	}
	if a.Published.IsZero() != b.Published.IsZero() {
		if b.Published.IsZero() {
			return -1
		}
		return 1
	}
	return cmp.Or(a.Published.Compare(b.Published), bytes.Compare(a.ID[:], b.ID[:]))
}
