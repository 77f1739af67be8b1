package hub

import (
	"context"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/store"
)

// MergeRequest says which customers are one.
type MergeRequest struct {
	Customers []string // golden ids, codes or names; two or more
	Survivor  string   // the one whose id stays; "" = the one published first
	NoAlias   bool     // do not keep the names of mentions as their parties' aliases
	Overrule  bool     // also when stewards judged records of them to be different: the later word holds
	Because
}

// MergeCustomers makes one customer of several. The other ids redirect to the survivor for ever; no later run parts
// them, until the decision is undone or expires.
func (h *Hub) MergeCustomers(ctx context.Context, req MergeRequest) (Decided, error) {
	return h.decide(ctx, verbMerge, req.Because, func() (DecisionRequest, error) { return h.mergeOf(ctx, req) })
}

// mergeOf finds the customers that a merge means.
func (h *Hub) mergeOf(ctx context.Context, req MergeRequest) (DecisionRequest, error) {
	out := DecisionRequest{Overrule: req.Overrule, NoAlias: req.NoAlias}
	for _, text := range req.Customers {
		id, err := h.livingCustomer(ctx, text)
		if err != nil {
			return out, err
		}
		if !slices.Contains(out.Customers, id) {
			out.Customers = append(out.Customers, id)
		}
	}
	if len(out.Customers) < 2 {
		return out, errs.New(errs.Invalid, "steward.merge_two", nil)
	}
	if req.Survivor == "" {
		return out, nil
	}
	var err error
	if out.Survivor, err = h.livingCustomer(ctx, req.Survivor); err != nil {
		return out, err
	}
	if !slices.Contains(out.Customers, out.Survivor) {
		return out, errs.New(errs.Invalid, "steward.survivor", errs.Args{"survivor": req.Survivor})
	}
	return out, nil
}

// livingCustomer is customer for one that must live; one of its records names it too, as SOURCE:ID or SOURCE|ID.
func (h *Hub) livingCustomer(ctx context.Context, text string) (canonical.ID, error) {
	id, err := h.customer(ctx, text)
	if errs.Is(err, errs.NotFound) {
		if of, found, err := h.customerOfRecord(ctx, text); err != nil || found {
			return of, err
		}
		return id, errs.New(errs.NotFound, "customers.unknown", errs.Args{"customer": text})
	}
	if err != nil {
		return id, err
	}
	g, err := h.DB.Golden(ctx, id)
	if err != nil {
		return id, err
	}
	switch g.Status {
	case store.GoldenErased:
		return id, errs.New(errs.NotFound, "customers.erased", errs.Args{"customer": text})
	case store.GoldenInactive:
		return id, errs.New(errs.NotFound, "customers.inactive", errs.Args{"customer": text})
	}
	return id, nil
}

// customerOfRecord finds the customer that a living record belongs to.
func (h *Hub) customerOfRecord(ctx context.Context, text string) (canonical.ID, bool, error) {
	source, id, named := strings.Cut(text, "|")
	if !named {
		at := strings.LastIndex(text, ":") // a source's own name may hold a colon
		if at < 0 {
			return canonical.ID{}, false, nil
		}
		source, id = text[:at], text[at+1:]
	}
	key := canonical.RecordKey{Source: source, ID: id}
	of, err := h.DB.GoldensByKey(ctx, []canonical.RecordKey{key})
	golden, found := of[key]
	return golden, found, err
}

// SplitRequest says which records are not the customer's.
type SplitRequest struct {
	Customer string
	Records  []string // SOURCE:ID of records that leave, to be one customer of their own
	Because
}

// SplitCustomer parts a customer in two. The id stays with the part that holds most of its records, the other part
// gets a new one; no later run joins them, until the decision is undone or expires.
func (h *Hub) SplitCustomer(ctx context.Context, req SplitRequest) (Decided, error) {
	return h.decide(ctx, verbSplit, req.Because, func() (DecisionRequest, error) {
		id, err := h.livingCustomer(ctx, req.Customer)
		if err != nil {
			return DecisionRequest{}, err
		}
		out := DecisionRequest{Customers: []canonical.ID{id}}
		members, err := h.membersOf(ctx, out.Customers)
		if err != nil {
			return out, err
		}
		for _, text := range req.Records {
			at := slices.IndexFunc(members[id], func(r store.CustomerRecord) bool { return namesRecord(text, r.Key) })
			if at < 0 {
				return out, errs.New(errs.Invalid, "steward.not_a_member", errs.Args{"record": text, "customer": id.String()})
			}
			if key := members[id][at].Key; !slices.Contains(out.Records, key) {
				out.Records = append(out.Records, key)
			}
		}
		if len(out.Records) == 0 {
			return out, errs.New(errs.Invalid, "steward.split_none", nil)
		}
		return out, nil
	})
}

// namesRecord reports whether a text means a record: SOURCE:ID or SOURCE|ID. A source's own name may hold a colon.
func namesRecord(text string, k canonical.RecordKey) bool {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), k.Source)
	return ok && (rest == ":"+k.ID || rest == "|"+k.ID)
}
