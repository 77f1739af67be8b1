package hub

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/dedupe/similarity"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/store"
	"tributary/trace/flow"
)

// product finds a SKU by its code, or by a name that only one has.
func (h *Hub) product(ctx context.Context, text string) (flow.SKU, error) {
	if sku, found, err := h.DB.ProductByCode(ctx, text); err != nil || found {
		return sku, err
	}
	all, err := h.DB.AllProducts(ctx)
	if err != nil {
		return flow.SKU{}, err
	}
	wanted := normalize.Text(text)
	var hits []store.ProductName
	words := make([]string, 0, 2*len(all))
	for _, p := range all {
		if wanted != "" && (normalize.Text(p.Code) == wanted || normalize.Text(p.Name) == wanted) {
			hits = append(hits, p)
		}
		words = append(words, p.Code, p.Name)
	}
	if len(hits) == 1 {
		sku, _, err := h.DB.ProductByCode(ctx, hits[0].Code)
		return sku, err
	}
	near := closest(wanted, words)
	if len(hits) > 1 { // a name of several SKUs: their codes tell them apart
		near = nil
		for _, p := range hits {
			near = append(near, p.Code+" ("+p.Spec+")")
		}
	}
	return flow.SKU{}, errs.New(errs.NotFound, "trace.unknown_product", errs.Args{"product": text, "nearest": listed(near)})
}

func (h *Hub) unknownLot(ctx context.Context, sku flow.SKU, text, lot string) error {
	lots, err := h.DB.LotsOf(ctx, sku.ID)
	if err != nil {
		return err
	}
	return errs.New(errs.NotFound, "trace.unknown_lot", errs.Args{"lot": text, "product": sku.Code, "nearest": listed(closest(lot, lots))})
}

// customer finds a golden record by id, the company's code, or a name that only one has. A retired id leads to its
// survivor.
func (h *Hub) customer(ctx context.Context, text string) (canonical.ID, error) {
	unknown := errs.New(errs.NotFound, "trace.unknown_customer", errs.Args{"customer": text})
	id, err := canonical.ParseID(text)
	if err != nil {
		hits, err := h.DB.GoldenCalled(ctx, text)
		if err != nil {
			return id, err
		}
		if len(hits) != 1 {
			return id, unknown
		}
		return hits[0], nil
	}
	for range 64 { // merges of merges; a chain never closes, and is never that long
		found, err := h.DB.Goldens(ctx, []canonical.ID{id})
		if err != nil {
			return id, err
		}
		g, ok := found[id]
		if !ok {
			return id, unknown
		}
		if g.Survivor.IsZero() {
			return id, nil
		}
		id = g.Survivor
	}
	return id, unknown
}

// closest are the three words with the fewest edits to the text.
func closest(text string, words []string) []string {
	type near struct {
		word string
		off  int
	}
	wanted := similarity.Prepare(text)
	var all []near
	for _, w := range words {
		folded := similarity.Prepare(normalize.Text(w))
		all = append(all, near{w, similarity.OSA(&wanted, &folded)})
	}
	slices.SortStableFunc(all, func(a, b near) int { return cmp.Or(cmp.Compare(a.off, b.off), strings.Compare(a.word, b.word)) })
	out := []string{}
	for _, n := range all {
		if len(out) < 3 && !slices.Contains(out, n.word) {
			out = append(out, n.word)
		}
	}
	return out
}

func listed(words []string) string {
	if len(words) == 0 {
		return "–"
	}
	return strings.Join(words, ", ")
}
