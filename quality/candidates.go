package quality

import (
	"cmp"
	"math/big"
	"slices"
	"time"

	"tributary/canonical"
	"tributary/trace"
)

// CandidatesOf shares out the probability over the lots of a product that a place had received by a day: in proportion to
// what it received of each less what it sent back. A lot that only rows without a lot can have brought counts with half
// its upper bound.
func CandidatesOf(lots []trace.LotReceipt) []Candidate {
	type weighed struct {
		Candidate
		weight int64
	}
	var all []weighed
	total := new(big.Int)
	for _, l := range lots {
		w := l.Received - l.Returned
		possible := l.ReceivedHigh > 0 && l.ReceivedLow == 0
		if w <= 0 && possible {
			w = l.ReceivedHigh / 2
		}
		if w <= 0 {
			continue
		}
		all = append(all, weighed{Candidate{Lot: l.Lot, Received: l.Received, Possible: possible, FirstDate: l.FirstDate, LastDate: l.LastDate}, int64(w)})
		total.Add(total, big.NewInt(int64(w)))
	}
	// Ten thousandths by largest remainder, so that they add up to 1.
	const whole = 10_000
	type part struct {
		at        int
		remainder *big.Int
	}
	shares, parts, left := make([]int64, len(all)), make([]part, len(all)), int64(whole)
	for i, w := range all {
		n, rest := new(big.Int).QuoRem(new(big.Int).Mul(big.NewInt(w.weight), big.NewInt(whole)), total, new(big.Int))
		shares[i], parts[i] = n.Int64(), part{i, rest}
		left -= shares[i]
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		return cmp.Or(b.remainder.Cmp(a.remainder), cmp.Compare(all[a.at].Lot, all[b.at].Lot))
	})
	for i := range parts {
		if left > 0 {
			shares[parts[i].at]++
			left--
		}
	}
	out := make([]Candidate, len(all))
	for i, w := range all {
		out[i] = w.Candidate
		out[i].Probability = canonical.Quantity(shares[i] * canonical.QuantityScale / whole).String()
	}
	slices.SortStableFunc(out, func(a, b Candidate) int {
		return cmp.Or(compareProbability(b, a), cmp.Compare(a.Lot, b.Lot))
	})
	return out
}

func compareProbability(a, b Candidate) int {
	x, errX := canonical.ParseQuantity(a.Probability)
	y, errY := canonical.ParseQuantity(b.Probability)
	if errX != nil || errY != nil {
		return 0 // both were rendered above
	}
	return cmp.Compare(x, y)
}

// AnswerTimes are median and worst answer time in hours, and the share answered in time in per cent; "" without answers.
func AnswerTimes(took []time.Duration, inTime int) (median, worst, share string) {
	if len(took) == 0 {
		return "", "", ""
	}
	took = slices.Clone(took)
	slices.Sort(took)
	hours := func(d time.Duration) string {
		return canonical.Quantity(d.Milliseconds() * canonical.QuantityScale / time.Hour.Milliseconds() / 10_000 * 10_000).String()
	}
	return hours(took[len(took)/2]), hours(took[len(took)-1]), percent(canonical.Units(int64(inTime)), canonical.Units(int64(len(took))))
}
