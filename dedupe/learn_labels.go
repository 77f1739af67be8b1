package dedupe

import (
	"tributary/canonical"
	"tributary/dedupe/internal/forest"
)

// Labels is how two models answer the pairs that stewards judged.
type Labels struct {
	Same          int       `json:"same"`          // pairs judged one customer
	Different     int       `json:"different"`     // pairs judged two
	Contradictory int       `json:"contradictory"` // judgements left out because others contradict them
	Before        Agreement `json:"before"`
	After         Agreement `json:"after"`
}

// Agreement counts the answers of a model; what is neither found nor missed, kept nor merged it would ask.
type Agreement struct {
	Found  int `json:"found"`  // judged same: it would merge them
	Missed int `json:"missed"` // judged same: it would not even ask
	Kept   int `json:"kept"`   // judged different: it would not ask
	Merged int `json:"merged"` // judged different: it would merge them
}

// Wrong is the number of judged pairs that the model gets wrong without asking.
func (a Agreement) Wrong() int { return a.Missed + a.Merged }

// labelled holds two models against the judgements. Where judgements contradict each other, over however long a chain,
// none of that chain is a label.
func labelled(before, after *Engine, records []*Record, judgements []Judgement) Labels {
	var out Labels
	at := map[canonical.RecordKey]int{}
	for i, r := range records {
		at[r.Key] = i
	}
	var known []Judgement
	chains := forest.New(len(records))
	for _, j := range InForce(judgements) {
		a, hasA := at[j.A]
		b, hasB := at[j.B]
		if !hasA || !hasB || records[a].Type != records[b].Type {
			continue
		}
		known = append(known, j)
		if j.Same {
			chains.Join(a, b)
		}
	}
	torn := map[int]bool{}
	for _, j := range known {
		if !j.Same && chains.Together(at[j.A], at[j.B]) {
			torn[chains.Find(at[j.A])] = true
		}
	}
	for _, j := range known {
		a, b := records[at[j.A]], records[at[j.B]]
		if chains.Together(at[j.A], at[j.B]) && torn[chains.Find(at[j.A])] {
			out.Contradictory++
			continue
		}
		if j.Same {
			out.Same++
		} else {
			out.Different++
		}
		out.Before.count(j.Same, before.Verdict(before.Score(a, b)))
		out.After.count(j.Same, after.Verdict(after.Score(a, b)))
	}
	return out
}

func (a *Agreement) count(same bool, v Verdict) {
	switch {
	case same && v == Match:
		a.Found++
	case same && v == Different:
		a.Missed++
	case !same && v == Different:
		a.Kept++
	case !same && v == Match:
		a.Merged++
	}
}
