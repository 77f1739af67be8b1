package flow

import (
	"container/heap"
	"slices"

	"tributary/canonical"
)

// A sum joins one line with two to four of the other ledger.
const maxParts = 4

// maxChoice bounds the lines that one line may be summed from; beyond it only the closest in date count. Without a bound
// a party that books hundreds of lines of a lot a day would be searched for hours.
const maxChoice = 24

// sum is one line of one ledger and the lines of the other that add up to it exactly.
type sum struct {
	oneSeller bool
	one       int
	parts     []int // indexes, ascending
	distance  canonical.Date
	ids       []canonical.ID // all row ids, ascending: the order among sums of one distance
}

// sums takes the exact sums 1:n and n:1 of one lot by (largest |Δdate|, row ids). Every free line offers its best sum; one
// that has lost a part meanwhile offers its next best.
func (p *pairing) sums() {
	var queue sumQueue
	offer := func(oneSeller bool, one int) {
		if s, ok := p.bestSum(oneSeller, one); ok {
			heap.Push(&queue, s)
		}
	}
	for i := range p.sellers {
		offer(true, i)
	}
	for j := range p.buyers {
		offer(false, j)
	}
	for queue.Len() > 0 {
		s := heap.Pop(&queue).(sum)
		if !p.takeSum(s) {
			offer(s.oneSeller, s.one)
		}
	}
}

func (p *pairing) takeSum(s sum) bool {
	ones, parts := p.sellerTaken, p.buyerTaken
	if !s.oneSeller {
		ones, parts = parts, ones
	}
	if ones[s.one] || slices.ContainsFunc(s.parts, func(k int) bool { return parts[k] }) {
		return false
	}
	ones[s.one] = true
	for _, k := range s.parts {
		parts[k] = true
		if !s.oneSeller {
			p.evidence[k] = []int{s.one}
		}
	}
	if s.oneSeller {
		p.evidence[s.one] = s.parts
	}
	return true
}

// bestSum finds the smallest sum for a free line among the free lines of its lot.
func (p *pairing) bestSum(oneSeller bool, one int) (sum, bool) {
	line, others, taken, self := Line{}, p.buyers, p.buyerTaken, p.sellerTaken
	if oneSeller {
		line = p.sellers[one]
	} else {
		others, taken, self = p.sellers, p.sellerTaken, p.buyerTaken
		line = p.buyers[one]
	}
	if self[one] {
		return sum{}, false
	}
	var choice []int
	for k, o := range others {
		if !taken[k] && o.Lot == line.Lot && o.Quantity < line.Quantity && apart(o.Date, line.Date) <= p.window {
			choice = append(choice, k)
		}
	}
	if len(choice) > maxChoice {
		slices.SortStableFunc(choice, func(a, b int) int {
			return int(apart(others[a].Date, line.Date)) - int(apart(others[b].Date, line.Date))
		})
		choice = choice[:maxChoice]
		slices.Sort(choice)
	}
	best := sum{oneSeller: oneSeller, one: one}
	var search func(from int, rest canonical.Quantity, parts []int, distance canonical.Date)
	search = func(from int, rest canonical.Quantity, parts []int, distance canonical.Date) {
		if rest == 0 && len(parts) > 1 {
			s := sum{oneSeller: oneSeller, one: one, parts: slices.Clone(parts), distance: distance, ids: rowIDs(line, others, parts)}
			if best.parts == nil || s.before(best) {
				best = s
			}
			return
		}
		if len(parts) == maxParts {
			return
		}
		for i := from; i < len(choice); i++ {
			o := others[choice[i]]
			if o.Quantity <= rest {
				search(i+1, rest-o.Quantity, append(parts, choice[i]), max(distance, apart(o.Date, line.Date)))
			}
		}
	}
	search(0, line.Quantity, make([]int, 0, maxParts), 0)
	return best, best.parts != nil
}

func rowIDs(line Line, others []Line, parts []int) []canonical.ID {
	ids := []canonical.ID{line.ID}
	for _, k := range parts {
		ids = append(ids, others[k].ID)
	}
	slices.SortFunc(ids, compareID)
	return ids
}

func (s sum) before(o sum) bool {
	if s.distance != o.distance {
		return s.distance < o.distance
	}
	return slices.CompareFunc(s.ids, o.ids, compareID) < 0
}

type sumQueue []sum

func (q sumQueue) Len() int           { return len(q) }
func (q sumQueue) Less(i, j int) bool { return q[i].before(q[j]) }
func (q sumQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *sumQueue) Push(s any)        { *q = append(*q, s.(sum)) }
func (q *sumQueue) Pop() any {
	last := len(*q) - 1
	s := (*q)[last]
	*q = (*q)[:last]
	return s
}
