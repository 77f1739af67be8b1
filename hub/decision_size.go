package hub

import (
	"context"

	"tributary/canonical"
	"tributary/store"
)

// gathering adds up how large customers become when they are joined one after the other: what a chain of pairs builds,
// not what each pair alone does.
type gathering struct {
	joined         map[canonical.ID]canonical.ID
	real, mentions map[canonical.ID]int
}

func newGathering() *gathering {
	return &gathering{joined: map[canonical.ID]canonical.ID{}, real: map[canonical.ID]int{}, mentions: map[canonical.ID]int{}}
}

// know takes in the living records of a customer as it is.
func (g *gathering) know(id canonical.ID, members []store.CustomerRecord) {
	if _, known := g.joined[id]; known {
		return
	}
	g.joined[id] = id
	for _, r := range members {
		if r.Trust > 0 {
			g.real[id]++
		} else {
			g.mentions[id]++
		}
	}
}

func (g *gathering) root(id canonical.ID) canonical.ID {
	for g.joined[id] != id && !g.joined[id].IsZero() {
		id = g.joined[id]
	}
	return id
}

// size is how many records speak for the customer that several would become; 0 when they are one already.
func (g *gathering) size(ids ...canonical.ID) int {
	seen := map[canonical.ID]bool{}
	real, mentions := 0, 0
	for _, id := range ids {
		if r := g.root(id); !seen[r] {
			seen[r] = true
			real, mentions = real+g.real[r], mentions+g.mentions[r]
		}
	}
	switch {
	case len(seen) < 2:
		return 0
	case real > 0:
		return real
	}
	return mentions
}

// join makes several customers one.
func (g *gathering) join(ids ...canonical.ID) {
	for _, id := range ids {
		if a, b := g.root(ids[0]), g.root(id); a != b {
			g.joined[b] = a
			g.real[a], g.mentions[a] = g.real[a]+g.real[b], g.mentions[a]+g.mentions[b]
		}
	}
}

// gather prepares to add up what pairs of records build, and returns the customers of each pair.
func (h *Hub) gather(ctx context.Context, pairs [][2]canonical.RecordKey) (*gathering, [][]canonical.ID, error) {
	var keys []canonical.RecordKey
	for _, p := range pairs {
		keys = append(keys, p[0], p[1])
	}
	goldens, err := h.DB.GoldensByKey(ctx, keys)
	if err != nil {
		return nil, nil, err
	}
	of := make([][]canonical.ID, len(pairs))
	var all []canonical.ID
	for i, p := range pairs {
		for _, key := range p {
			if id, ok := goldens[key]; ok {
				of[i] = append(of[i], id)
				all = append(all, id)
			}
		}
	}
	members, err := h.membersOf(ctx, all)
	g := newGathering()
	for id, list := range members {
		g.know(id, list)
	}
	return g, of, err
}
