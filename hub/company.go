package hub

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"tributary/internal/config"
	"tributary/normalize"
	"tributary/store"
)

// EnsureCompany makes the company itself, as the configuration names it, a customer of kind manufacturer. It writes only
// when something changed.
func (h *Hub) EnsureCompany(ctx context.Context) error {
	c := h.Config.Company
	return h.DB.EnsureCompany(ctx, store.Company{Name: c.Name, Code: c.Code, Source: c.Source, Aliases: companyAliases(c)})
}

// AdoptCompany takes the company from the database when the configuration does not name one: a command without the
// configuration file must not rename it.
func (h *Hub) AdoptCompany(ctx context.Context) error {
	if !reflect.DeepEqual(h.Config.Company, config.Defaults().Company) {
		return nil
	}
	c, found, err := h.DB.Company(ctx)
	if err != nil || !found {
		return err
	}
	h.Config.Company = config.Company{Name: c.Name, Code: c.Code, Source: c.Source, Aliases: c.Aliases}
	return nil
}

// companyAliases are the configured other names and the name without its legal form, by which distributors' ledgers
// usually call their supplier.
func companyAliases(c config.Company) []string {
	out := slices.Clone(c.Aliases)
	n := normalize.ParseOrg(c.Name, nil)
	const shortest = 4 // runes: anything shorter may be anybody
	for _, short := range []string{strings.TrimSuffix(n.Full, n.Legal), n.Core + n.Kind} {
		if n.Legal != "" && utf8.RuneCountInString(short) >= shortest && short != n.Full && !slices.Contains(out, short) {
			out = append(out, short)
		}
	}
	return out
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
