package dedupe

import (
	"cmp"
	"slices"
)

// Posting says that a record has a key.
type Posting struct {
	Key
	Record int // number of the record in its own list, from 0
}

// Index finds the candidates of records. A key with at most Cap records pairs them all. A larger one is refined by the
// second key; what then is still larger pairs only real records with each other and with mentions, and when the real
// ones alone exceed Limit it pairs none and is reported. What an Index finds depends on the postings of a key only, so
// an index of all keys and an index of a few give the same candidates for a record whose keys are whole in both.
type Index struct {
	groups   []group
	of       [][]int32 // record → its groups
	real     []bool
	oversize []Oversize
}

type group struct {
	members []int32
	large   bool // only pairs with a real record
}

// Oversize is a key that pairs nothing because too many records have it.
type Oversize struct {
	Key
	Records int
}

// NewIndex builds an index for records 0..len(real)-1; real says which are not mentions. Postings are reordered.
func NewIndex(postings []Posting, real []bool, b Blocking) *Index {
	x := &Index{of: make([][]int32, len(real)), real: real}
	slices.SortFunc(postings, func(p, q Posting) int {
		return cmp.Or(cmp.Compare(p.Hash, q.Hash), cmp.Compare(p.Second, q.Second), cmp.Compare(p.Record, q.Record))
	})
	postings = slices.Compact(postings)
	for len(postings) > 0 {
		n := 1
		for n < len(postings) && postings[n].Hash == postings[0].Hash {
			n++
		}
		x.addKey(postings[:n], b)
		postings = postings[n:]
	}
	return x
}

func (x *Index) addKey(postings []Posting, b Blocking) {
	if members := distinct(postings); len(members) <= b.Cap {
		x.add(members, false)
		return
	}
	for len(postings) > 0 {
		n := 1
		for n < len(postings) && postings[n].Second == postings[0].Second {
			n++
		}
		members := distinct(postings[:n])
		real := 0
		for _, m := range members {
			if x.real[m] {
				real++
			}
		}
		switch {
		case len(members) <= b.Cap:
			x.add(members, false)
		case real <= b.Limit:
			x.add(members, true)
		default:
			x.oversize = append(x.oversize, Oversize{postings[0].Key, len(members)})
		}
		postings = postings[n:]
	}
}

// distinct gives the records of postings in ascending order, each once.
func distinct(postings []Posting) []int32 {
	members := make([]int32, len(postings))
	for i, p := range postings {
		members[i] = int32(p.Record)
	}
	slices.Sort(members)
	return slices.Compact(members)
}

func (x *Index) add(members []int32, large bool) {
	if len(members) < 2 {
		return
	}
	g := int32(len(x.groups))
	x.groups = append(x.groups, group{members, large})
	for _, m := range members {
		x.of[m] = append(x.of[m], g)
	}
}

// Oversize lists the keys that pair nothing.
func (x *Index) Oversize() []Oversize { return x.oversize }

// Finder walks the candidates of an index. Each goroutine has its own.
type Finder struct {
	index *Index
	seen  []int32 // record → the last record it was a candidate of, plus one
}

// Finder makes a walker.
func (x *Index) Finder() *Finder { return &Finder{index: x, seen: make([]int32, len(x.real))} }

// After gives each candidate of record i with a greater number once: over all i, every pair once.
func (f *Finder) After(i int, yield func(j int)) { f.walk(i, i+1, yield) }

// All gives every candidate of record i once.
func (f *Finder) All(i int, yield func(j int)) { f.walk(i, 0, yield) }

func (f *Finder) walk(i, from int, yield func(j int)) {
	mark := int32(i) + 1
	for _, g := range f.index.of[i] {
		members := f.index.groups[g].members
		onlyReal := f.index.groups[g].large && !f.index.real[i]
		start := 0
		if from > 0 {
			start, _ = slices.BinarySearch(members, int32(from))
		}
		for _, j := range members[start:] {
			if int(j) == i || f.seen[j] == mark || onlyReal && !f.index.real[j] {
				continue
			}
			f.seen[j] = mark
			yield(int(j))
		}
	}
}
