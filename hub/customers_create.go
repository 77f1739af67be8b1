package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// MayCreate reports whether the role may enter a customer that no source has.
func (r Role) MayCreate() bool { return r.MayDecide() || r == CRM || r == IT }

// CreateRequest enters a customer by hand, unless one like it is known.
type CreateRequest struct {
	FindRequest
	Source      string  // whose record it becomes; "" = steward
	ID          string  // its id there; "" = a new one
	IfNoneAbove float64 // probability from which a known customer is taken for the same; required, 0 < p ≤ 1
	Reason      string
}

// Created says what became of it.
type Created struct {
	Created  bool                `json:"created"`
	GoldenID canonical.ID        `json:"golden_id,omitzero"` // of the new customer, or of the known one that stands in its way
	Record   canonical.RecordKey `json:"record,omitzero"`
	Found
}

// stewardSource names the records that people enter here.
const stewardSource = "steward"

// CreateCustomer enters a customer as a record of its own source unless a known one reaches the given probability: then
// nothing is written and the candidates are the answer. Search and entry are one step: two who create the same customer
// at once make one.
func (h *Hub) CreateCustomer(ctx context.Context, req CreateRequest) (Created, error) {
	var out Created
	if !h.Actor.Role.MayCreate() {
		return out, errs.New(errs.Denied, "customers.create_denied", errs.Args{"role": string(h.Actor.Role)})
	}
	if req.IfNoneAbove <= 0 || req.IfNoneAbove > 1 {
		return out, errs.New(errs.Invalid, "customers.probability", errs.Args{"value": fmt.Sprint(req.IfNoneAbove)})
	}
	if issues := req.Customer.Validate(); len(issues) > 0 {
		return out, errs.New(errs.Invalid, "customers.unusable", errs.Args{"why": texts(issues, req.Lang)})
	}
	key := canonical.RecordKey{Source: cmp.Or(req.Source, stewardSource), ID: req.ID}
	if strings.HasPrefix(key.Source, canonical.FlowSource("")) || key.Source == canonical.CompanySource {
		return out, errs.New(errs.Invalid, "customers.source_reserved", errs.Args{"source": key.Source})
	}
	if key.ID == "" {
		id, err := h.DB.NewID()
		if err != nil {
			return out, err
		}
		key.ID = id.String()
	}
	_, err := h.settleWith(ctx, func(unit pipeline.Unit) (err error) {
		if out.Found, err = h.FindCustomers(ctx, req.FindRequest); err != nil && errs.CodeOf(err) != "customers.nothing_to_find_by" {
			return err
		}
		if len(out.Candidates) > 0 && out.Candidates[0].Probability >= req.IfNoneAbove {
			out.GoldenID = out.Candidates[0].GoldenID
			return nil
		}
		if _, taken, err := h.DB.CustomerByKey(ctx, key); err != nil || taken {
			return errOr(err, errs.New(errs.Conflict, "customers.record_exists", errs.Args{"record": key.Source + ":" + key.ID}))
		}
		out.Created, out.Record = true, key
		return unit(func(tx *store.Tx) error { return h.enter(ctx, tx, key, &req.Customer, "customer.create", req.Reason) })
	})
	if err != nil || !out.Created {
		return out, err
	}
	n, _, err := h.DB.CustomerByKey(ctx, key)
	if err == nil {
		out.GoldenID, _, err = h.DB.GoldenOf(ctx, n)
	}
	return out, err
}

func errOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func texts(issues []canonical.Issue, lang string) string {
	out := make([]string, len(issues))
	for i, issue := range issues {
		out[i] = issue.Text(lang)
	}
	return strings.Join(out, "; ")
}

// enter stores a version of a record that a person wrote here.
func (h *Hub) enter(ctx context.Context, tx *store.Tx, key canonical.RecordKey, c *canonical.Customer, action, reason string) error {
	payload, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("render customer: %w", err)
	}
	run, err := tx.NewID()
	if err != nil {
		return err
	}
	put, err := tx.PutRecords(ctx, []store.Record{{Entity: canonical.EntityCustomer, Source: key.Source, ID: key.ID, Kind: c.Kind, Trust: h.rank(key.Source),
		SourceTime: tx.Now, Payload: payload, Personal: c.Kind.Person(), ReadOrder: pipeline.EntryOrder(tx.Now), Run: run}})
	if err != nil {
		return err
	}
	if put[0].Outcome == store.Suppressed {
		return errs.New(errs.Conflict, "customers.suppressed", errs.Args{"record": key.Source})
	}
	return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: action, Subject: key.Source + "|" + key.ID, Reason: reason})
}
