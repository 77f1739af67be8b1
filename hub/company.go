package hub

import (
	"context"

	"tributary/store"
)

// EnsureCompany makes the company itself, as the configuration names it, a customer of kind manufacturer. It writes only
// when something changed.
func (h *Hub) EnsureCompany(ctx context.Context) error {
	c := h.Config.Company
	return h.DB.EnsureCompany(ctx, store.Company{Name: c.Name, Code: c.Code, Source: c.Source})
}

// rank is the trust in a source's records against other sources: what the configuration says, else the middle.
func (h *Hub) rank(source string) int {
	const middle = 50
	if r, ok := h.Config.Dedupe.Ranks[source]; ok && r > 0 {
		return r
	}
	for _, c := range h.Config.Connections {
		if c.Name == source && c.Rank > 0 {
			return c.Rank
		}
	}
	return middle
}
