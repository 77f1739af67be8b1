package dedupe

import (
	"context"
	"slices"
	"sync/atomic"

	"tributary/canonical"
	"tributary/dedupe/internal/forest"
	"tributary/dedupe/internal/work"
)

// portion is how many records or pairs a processor takes at a time.
const portion = 64

// Result is a resolution of a set of records.
type Result struct {
	Pairs    []Pair     // the keep-graph: pairs at or above the review threshold, in the order of their records' keys
	Clusters []Cluster  // every record is in exactly one
	Review   []Question // what a person should decide
	Report   Report
}

// Report tells what was done.
type Report struct {
	Records    int
	Compared   int64
	Kept       int
	Components map[int]int // size → how many components of the keep-graph
	Largest    int
	Alone      int // records without a single candidate
	Oversize   []Oversize
	Cut        int // edges left out because a component was too large
}

// Resolve finds the customers in a set of records. Record numbers must be unique. It uses all processors, joins every
// goroutine it starts, and fails only when ctx ends.
func (e *Engine) Resolve(ctx context.Context, records []*Record, judgements []Judgement) (*Result, error) {
	out := &Result{Report: Report{Records: len(records), Components: map[int]int{}}}
	for _, t := range Types() {
		var own []*Record
		for _, r := range records {
			if r.Type == t {
				own = append(own, r)
			}
		}
		if err := e.resolveType(ctx, own, judgements, out); err != nil {
			return nil, err
		}
	}
	out.Report.Kept = len(out.Pairs)
	return out, nil
}

// Join adds the result of other records, of other types.
func (r *Result) Join(other *Result) {
	r.Pairs = append(r.Pairs, other.Pairs...)
	r.Clusters = append(r.Clusters, other.Clusters...)
	r.Review = append(r.Review, other.Review...)
	a, b := &r.Report, &other.Report
	a.Records, a.Compared, a.Kept = a.Records+b.Records, a.Compared+b.Compared, a.Kept+b.Kept
	a.Largest, a.Alone, a.Cut = max(a.Largest, b.Largest), a.Alone+b.Alone, a.Cut+b.Cut
	a.Oversize = append(a.Oversize, b.Oversize...)
	for size, n := range b.Components {
		a.Components[size] += n
	}
}

func (e *Engine) resolveType(ctx context.Context, records []*Record, judgements []Judgement, out *Result) error {
	if len(records) == 0 {
		return nil
	}
	slices.SortFunc(records, func(a, b *Record) int { return compareKeys(a.Key, b.Key) })
	pairs, err := e.keepGraph(ctx, records, &out.Report)
	if err != nil {
		return err
	}
	parts := Components(records, pairs, judgements)
	partitions, err := e.ClusterAll(ctx, parts)
	if err != nil {
		return err
	}
	for i, p := range partitions {
		out.Clusters = append(out.Clusters, p.Clusters...)
		out.Review = append(out.Review, p.Review...)
		out.Report.Cut += len(p.Cut)
		size := len(parts[i].Records)
		out.Report.Components[size]++
		out.Report.Largest = max(out.Report.Largest, size)
	}
	out.Pairs = append(out.Pairs, pairs...)
	return nil
}

// ClusterAll is Cluster for many components, on all processors. It fails only when ctx ends.
func (e *Engine) ClusterAll(ctx context.Context, parts []Component) ([]Partition, error) {
	out := make([]Partition, len(parts))
	err := work.For(ctx, len(parts), portion, func() func(int) {
		return func(i int) { out[i] = e.Cluster(parts[i]) }
	})
	return out, err
}

// PrepareAll is Prepare for many inputs, on all processors. It fails only when ctx ends.
func (e *Engine) PrepareAll(ctx context.Context, inputs []Input) ([]*Record, error) {
	out := make([]*Record, len(inputs))
	err := work.For(ctx, len(inputs), portion, func() func(int) {
		return func(i int) { out[i] = e.Prepare(inputs[i]) }
	})
	return out, err
}

// ScoreAll scores pairs of records on all processors and keeps those of the keep-graph, in the order given. It fails
// only when ctx ends.
func (e *Engine) ScoreAll(ctx context.Context, pairs [][2]*Record) ([]Pair, error) {
	scored := make([]Pair, len(pairs))
	err := work.For(ctx, len(pairs), portion, func() func(int) {
		return func(i int) { scored[i] = e.Score(pairs[i][0], pairs[i][1]) }
	})
	if err != nil {
		return nil, err // some pairs were not scored
	}
	return slices.DeleteFunc(scored, func(p Pair) bool { return !e.Keep(p) }), nil
}

// Blocking are the bounds of a type's keys.
func (e *Engine) Blocking(t Type) Blocking { return e.model.Types[t].Blocking }

// keepGraph scores the candidates of all records and keeps what reaches the review threshold.
func (e *Engine) keepGraph(ctx context.Context, records []*Record, report *Report) ([]Pair, error) {
	index := e.indexOf(records)
	report.Oversize = append(report.Oversize, index.Oversize()...)
	kept := make([][]Pair, len(records))
	var compared, alone atomic.Int64
	err := work.For(ctx, len(records), portion, func() func(int) {
		finder := index.Finder()
		var candidates []int
		return func(i int) {
			candidates = candidates[:0]
			finder.After(i, func(j int) { candidates = append(candidates, j) })
			slices.Sort(candidates)
			for _, j := range candidates {
				if p := e.Score(records[i], records[j]); e.Keep(p) {
					kept[i] = append(kept[i], p)
				}
			}
			compared.Add(int64(len(candidates)))
			if len(index.of[i]) == 0 {
				alone.Add(1)
			}
		}
	})
	report.Compared += compared.Load()
	report.Alone += int(alone.Load())
	return slices.Concat(kept...), err
}

// Components divides records into the connected parts of the keep-graph: pairs and must-links. Pairs and judgements on
// other records are left out. Components and their records are in the order of keys.
func Components(records []*Record, pairs []Pair, judgements []Judgement) []Component {
	records = slices.Clone(records)
	slices.SortFunc(records, func(a, b *Record) int { return compareKeys(a.Key, b.Key) })
	byNumber, byKey := make(map[int64]int, len(records)), make(map[canonical.RecordKey]int, len(records))
	for i, r := range records {
		byNumber[r.ID], byKey[r.Key] = i, i
	}
	f := forest.New(len(records))
	for _, p := range pairs {
		a, aHere := byNumber[p.A]
		b, bHere := byNumber[p.B]
		if aHere && bHere {
			f.Join(a, b)
		}
	}
	bound := InForce(judgements)
	for _, j := range bound {
		a, aHere := byKey[j.A]
		b, bHere := byKey[j.B]
		if j.Same && aHere && bHere && records[a].Type == records[b].Type {
			f.Join(a, b)
		}
	}
	number := make(map[int]int, len(records))
	var out []Component
	for i, r := range records {
		root := f.Find(i)
		c, known := number[root]
		if !known {
			c = len(out)
			number[root] = c
			out = append(out, Component{})
		}
		out[c].Records = append(out[c].Records, r)
	}
	for _, p := range pairs {
		a, aHere := byNumber[p.A]
		if _, bHere := byNumber[p.B]; aHere && bHere {
			c := &out[number[f.Find(a)]]
			c.Pairs = append(c.Pairs, p)
		}
	}
	for _, j := range bound {
		a, aHere := byKey[j.A]
		if b, bHere := byKey[j.B]; aHere && bHere && f.Together(a, b) {
			c := &out[number[f.Find(a)]]
			c.Judgements = append(c.Judgements, j)
		}
	}
	return out
}
