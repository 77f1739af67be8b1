package hub

import (
	"context"
	"strings"

	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/quality"
	"tributary/store"
)

// CaseFilter selects complaints or recalls.
type CaseFilter struct {
	State   string
	Product string // code or name
	Lot     string
	Owner   string // of complaints
	Open    bool
	Overdue bool
	Limit   int // 0 = 100
	Lang    string
}

const defaultCases = 100

// cases lists the cases that a filter selects, the earliest deadline first. known are the states that the kind has.
func (h *Hub) cases(ctx context.Context, kind string, f CaseFilter, known ...quality.State) ([]store.Case, error) {
	if err := knownState(f.State, known); err != nil {
		return nil, err
	}
	q := store.CaseQuery{Kind: kind, State: f.State, Owner: f.Owner, Open: f.Open || f.Overdue, Limit: f.Limit}
	if q.Limit <= 0 {
		q.Limit = defaultCases
	}
	q.Lot, _ = normalize.Lot(f.Lot)
	if f.Product != "" {
		sku, err := h.product(ctx, f.Product)
		if err != nil {
			return nil, err
		}
		q.Product = sku.Code
	}
	if f.Overdue {
		q.DueBy = h.Now()
	}
	return h.DB.Cases(ctx, q)
}

func knownState(state string, known []quality.State) error {
	words := make([]string, len(known))
	for i, k := range known {
		words[i] = string(k)
		if state == words[i] {
			return nil
		}
	}
	if state == "" {
		return nil
	}
	return errs.New(errs.Invalid, "quality.unknown_word", errs.Args{"field": "state", "value": state, "known": strings.Join(words, ", ")})
}
