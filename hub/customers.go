package hub

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/events"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/pipeline"
	"tributary/store"
)

// Customer is a golden customer as the outside sees it (CLI §4).
type Customer struct {
	events.GoldenValue
	RedirectedFrom string           `json:"redirected_from,omitempty"`     // the retired id that was asked for
	Groups         map[string]int   `json:"completeness_groups,omitempty"` // of ShowCustomer: per cent by 360° group
	Lineage        []dedupe.Lineage `json:"lineage,omitempty"`             // of ShowCustomer: where each value comes from, and which lost
	Overrides      []Override       `json:"overrides,omitempty"`           // of ShowCustomer: what stewards set
}

// Customers is a list of golden customers.
type Customers struct {
	Customers []Customer `json:"customers"`
	Next      string     `json:"next,omitempty"` // give it as After to go on; "" at the end
}

// Unmask asks for personal fields in clear. It is recorded for every customer shown.
type Unmask struct {
	Wanted bool
	Reason string
}

// ListCustomersRequest selects living customers in the order of their ids.
type ListCustomersRequest struct {
	Kind  string // "" = all
	After string // golden id; "" = from the beginning
	Limit int    // 0 = 50
	Unmask
}

const defaultCustomers = 50

// ListCustomers lists living customers, the company itself included.
func (h *Hub) ListCustomers(ctx context.Context, req ListCustomersRequest) (Customers, error) {
	q := store.GoldenQuery{Kind: canonical.CustomerKind(req.Kind), Limit: cmp.Or(req.Limit, defaultCustomers)}
	if err := knownKind(req.Kind); err != nil {
		return Customers{}, err
	}
	if req.After != "" {
		var err error
		if q.After, err = canonical.ParseID(req.After); err != nil {
			return Customers{}, errs.New(errs.Invalid, "customers.unknown", errs.Args{"customer": req.After})
		}
	}
	found, err := h.DB.ListGoldens(ctx, q)
	if err != nil {
		return Customers{}, err
	}
	out, err := h.showAll(ctx, found, req.Unmask)
	if err == nil && len(found) == q.Limit {
		out.Next = found[len(found)-1].ID.String()
	}
	return out, err
}

// SearchCustomers finds living customers by a part of a name or alias, by unified code, by a code or id of any source,
// or by golden id (a retired one leads to its survivor). Names of patients are sealed: they are found by id only.
func (h *Hub) SearchCustomers(ctx context.Context, text string, limit int, unmask Unmask) (Customers, error) {
	limit = cmp.Or(limit, defaultCustomers)
	text = strings.TrimSpace(text)
	if _, err := canonical.ParseID(text); err == nil {
		c, err := h.ShowCustomer(ctx, text, unmask)
		if errs.Is(err, errs.NotFound) {
			return Customers{Customers: []Customer{}}, nil
		}
		return Customers{Customers: []Customer{c}}, err
	}
	form := normalize.Text(text)
	if form == "" {
		return Customers{Customers: []Customer{}}, nil
	}
	found, err := h.DB.ListGoldens(ctx, store.GoldenQuery{Text: form, Limit: 10 * limit})
	if err != nil {
		return Customers{}, err
	}
	byID, err := h.DB.GoldensBySourceID(ctx, text)
	if err != nil {
		return Customers{}, err
	}
	for _, g := range byID {
		if !slices.ContainsFunc(found, func(have store.Golden) bool { return have.ID == g.ID }) {
			found = append(found, g)
		}
	}
	slices.SortStableFunc(found, func(a, b store.Golden) int {
		return cmp.Or(cmp.Compare(distance(&a, form, text), distance(&b, form, text)), cmp.Compare(len(a.Name), len(b.Name)))
	})
	return h.showAll(ctx, found[:min(limit, len(found))], unmask)
}

// distance ranks a hit: the whole name, the code, the beginning of the name, an alias, any part.
func distance(g *store.Golden, form, text string) int {
	name := normalize.Text(g.Name)
	switch {
	case name == form:
		return 0
	case g.Code == text:
		return 1
	case strings.HasPrefix(name, form):
		return 2
	case slices.Contains(strings.Split(g.Search, "\n"), form):
		return 3
	}
	return 4
}

// ShowCustomer shows one customer by golden id, the company's code, or a name that only one has. A retired id answers
// with its survivor.
func (h *Hub) ShowCustomer(ctx context.Context, text string, unmask Unmask) (Customer, error) {
	id, err := h.customer(ctx, text)
	if errs.Is(err, errs.NotFound) {
		return Customer{}, errs.New(errs.NotFound, "customers.unknown", errs.Args{"customer": text})
	}
	if err != nil {
		return Customer{}, err
	}
	g, err := h.DB.Golden(ctx, id)
	if err != nil {
		return Customer{}, err
	}
	switch g.Status {
	case store.GoldenErased:
		return Customer{}, errs.New(errs.NotFound, "customers.erased", errs.Args{"customer": text})
	case store.GoldenInactive:
		return Customer{}, errs.New(errs.NotFound, "customers.inactive", errs.Args{"customer": text})
	}
	out, err := h.showAll(ctx, []store.Golden{g}, unmask)
	if err != nil {
		return Customer{}, err
	}
	c := out.Customers[0]
	c.Groups, c.Lineage = pipeline.CompletenessOf(&g).Groups, pipeline.RenderLineage(&g, !unmask.Wanted)
	if c.Overrides, err = h.shownOverrides(ctx, id, unmask.Wanted); err != nil {
		return Customer{}, err
	}
	if asked, err := canonical.ParseID(text); err == nil && asked != id {
		c.RedirectedFrom = asked.String()
	}
	return c, nil
}

// showAll renders golden records; unmasked ones are recorded first.
func (h *Hub) showAll(ctx context.Context, goldens []store.Golden, unmask Unmask) (Customers, error) {
	out := Customers{Customers: make([]Customer, len(goldens))}
	ids := make([]canonical.ID, len(goldens))
	for i, g := range goldens {
		ids[i] = g.ID
	}
	if err := h.unmask(ctx, ids, unmask); err != nil {
		return Customers{}, err
	}
	from, err := h.affiliates(ctx, ids)
	if err != nil {
		return Customers{}, err
	}
	for i := range goldens {
		out.Customers[i] = Customer{GoldenValue: pipeline.RenderGolden(&goldens[i], from[goldens[i].ID], !unmask.Wanted)}
	}
	return out, nil
}

// unmask refuses personal fields to roles that may not see them, and records who sees whose and why.
func (h *Hub) unmask(ctx context.Context, ids []canonical.ID, u Unmask) error {
	if !u.Wanted || len(ids) == 0 {
		return nil
	}
	if !h.Actor.Role.MayUnmask() {
		return errs.New(errs.Denied, "customers.unmask_denied", errs.Args{"role": string(h.Actor.Role)})
	}
	if strings.TrimSpace(u.Reason) == "" {
		return errs.New(errs.Invalid, "customers.unmask_reason", nil)
	}
	return h.DB.InTx(ctx, func(tx *store.Tx) error {
		for _, id := range ids {
			if err := tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "customer.unmask", Subject: id.String(), Reason: u.Reason}); err != nil {
				return err
			}
		}
		return nil
	})
}

// affiliates lists who belongs to each golden record.
func (h *Hub) affiliates(ctx context.Context, ids []canonical.ID) (map[canonical.ID][]events.GoldenAffiliation, error) {
	list, err := h.DB.AffiliationsTo(ctx, ids)
	if err != nil {
		return nil, err
	}
	others := make([]canonical.ID, len(list))
	for i, a := range list {
		others[i] = a.From
	}
	names, err := h.DB.GoldenNames(ctx, others)
	if err != nil {
		return nil, err
	}
	out := map[canonical.ID][]events.GoldenAffiliation{}
	for _, a := range list {
		if a.Active {
			out[a.To] = append(out[a.To], events.GoldenAffiliation{GoldenID: a.From, Name: names[a.From], Direction: "from", Role: a.Role, Department: a.Department, Primary: a.Primary})
		}
	}
	return out, nil
}

// eachCustomer calls fn for every living customer, masked.
func (h *Hub) eachCustomer(ctx context.Context, fn func(*store.Golden, *events.GoldenValue) error) error {
	const portion = 1000
	for q := (store.GoldenQuery{Limit: portion}); ; {
		found, err := h.DB.ListGoldens(ctx, q)
		if err != nil {
			return fmt.Errorf("read customers: %w", err)
		}
		for i := range found {
			v := pipeline.RenderGolden(&found[i], nil, true)
			if err := fn(&found[i], &v); err != nil {
				return err
			}
		}
		if len(found) < portion {
			return nil
		}
		q.After = found[len(found)-1].ID
	}
}
