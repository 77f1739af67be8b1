package hub

import (
	"context"
	"slices"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/store"
)

// mergeView is what the merges of a batch see: customers as they are stored, joined as far as earlier merges of the batch
// joined them.
type mergeView struct {
	*gathering
	members map[canonical.ID][]store.CustomerRecord // of the customer as joined, the most trusted first
	kinds   map[canonical.ID][]canonical.CustomerKind
	dead    map[canonical.ID]bool
}

func newMergeView() *mergeView {
	return &mergeView{newGathering(), map[canonical.ID][]store.CustomerRecord{}, map[canonical.ID][]canonical.CustomerKind{}, map[canonical.ID]bool{}}
}

// know reads customers that are not known yet.
func (v *mergeView) know(ctx context.Context, h *Hub, customers []canonical.ID) error {
	fresh := slices.DeleteFunc(slices.Clone(customers), func(id canonical.ID) bool { return v.kinds[v.root(id)] != nil })
	goldens, err := h.DB.Goldens(ctx, fresh)
	if err != nil {
		return err
	}
	members, err := h.membersOf(ctx, fresh)
	if err != nil {
		return err
	}
	for _, id := range fresh {
		v.gathering.know(id, members[id])
		v.members[id], v.kinds[id] = members[id], []canonical.CustomerKind{goldens[id].Kind}
		v.dead[id] = goldens[id].Status != store.GoldenActive
	}
	return nil
}

// one reports whether customers are one already.
func (v *mergeView) one(customers []canonical.ID) bool {
	return !slices.ContainsFunc(customers, func(id canonical.ID) bool { return v.root(id) != v.root(customers[0]) })
}

// join makes customers one for the merges that follow.
func (v *mergeView) join(customers []canonical.ID) {
	for _, id := range customers[1:] {
		a, b := v.root(customers[0]), v.root(id)
		if a == b {
			continue
		}
		v.gathering.join(a, b)
		v.members[a] = append(slices.Clone(v.members[a]), v.members[b]...)
		slices.SortFunc(v.members[a], trustedFirst)
		v.kinds[a] = append(slices.Clone(v.kinds[a]), v.kinds[b]...)
	}
}

// clash finds two kinds that exclude each other among two customers.
func (v *mergeView) clash(a, b canonical.ID) (x, y canonical.CustomerKind, clash bool) {
	for _, x := range v.kinds[v.root(a)] {
		for _, y := range v.kinds[v.root(b)] {
			if !dedupe.Compatible(x, y) {
				return x, y, true
			}
		}
	}
	return "", "", false
}
