package dedupe

import "context"

// At clusters the pairs of a result again as if another probability were needed to merge, of every type. The result must
// be this engine's, of the same records and judgements; merge must not lie below the review threshold of any type.
func (e *Engine) At(ctx context.Context, merge float64, records []*Record, result *Result, judgements []Judgement) (*Result, error) {
	model := e.model.clone()
	for _, tm := range model.Types {
		tm.Merge = merge
	}
	other, err := New(model, e.options)
	if err != nil {
		return nil, err
	}
	out := &Result{Pairs: result.Pairs}
	for _, t := range Types() {
		var own []*Record
		for _, r := range records {
			if r.Type == t {
				own = append(own, r)
			}
		}
		var pairs []Pair
		for _, p := range result.Pairs {
			if p.kind == t {
				pairs = append(pairs, p)
			}
		}
		partitions, err := other.ClusterAll(ctx, Components(own, pairs, judgements))
		if err != nil {
			return nil, err
		}
		for _, p := range partitions {
			out.Clusters = append(out.Clusters, p.Clusters...)
			out.Review = append(out.Review, p.Review...)
		}
	}
	return out, nil
}

// Regrouped counts the customers that lose themselves in others, and those that are parted, between two divisions of the
// same records.
func Regrouped(before, after []Cluster) (merged, split int) {
	was := map[int64]int{}
	for i, c := range before {
		for _, m := range c.Members {
			was[m] = i
		}
	}
	parts := make([]int, len(before))
	for _, c := range after {
		seen := map[int]bool{}
		for _, m := range c.Members {
			if i := was[m]; !seen[i] {
				seen[i] = true
				parts[i]++
			}
		}
		merged += len(seen) - 1
	}
	for _, n := range parts {
		if n > 1 {
			split++
		}
	}
	return merged, split
}
