package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// DecideRequestRequest answers a change request.
type DecideRequestRequest struct {
	Request string
	Accept  bool
	Fields  []string // of change: accept only these attributes
	As      string   // of add: the known customer that it is; nothing is created
	Because
}

// DecideRequest accepts or rejects a change request and carries out what was accepted: a customer is added, values are
// set as a steward's, customers are merged. The answer stands in the request.
func (h *Hub) DecideRequest(ctx context.Context, req DecideRequestRequest) (ChangeRequest, error) {
	if err := h.mayDecide(req.Because); err != nil {
		return ChangeRequest{}, err
	}
	r, body, err := h.request(ctx, req.Request)
	if err != nil {
		return ChangeRequest{}, err
	}
	switch {
	case r.State != RequestMatched:
		return ChangeRequest{}, errs.New(errs.Conflict, "request.state", errs.Args{"request": req.Request, "state": r.State})
	case len(r.Payload) == 0:
		return ChangeRequest{}, errs.New(errs.Conflict, "customers.erased", errs.Args{"customer": req.Request})
	}
	for _, name := range req.Fields {
		if !slices.Contains(body.Fields, name) {
			return ChangeRequest{}, errs.New(errs.Invalid, "request.field", errs.Args{"field": name, "fields": strings.Join(body.Fields, ", ")})
		}
	}
	var answer RequestAnswer
	r.State = RequestRejected
	if req.Accept {
		r.State = RequestAccepted
		switch r.Kind {
		case requestAdd:
			answer, err = h.acceptAdd(ctx, &r, body, req)
		case requestChange:
			answer, err = h.acceptChange(ctx, body, req)
		default:
			answer, err = h.acceptMerge(ctx, body, req)
		}
		if err != nil {
			return ChangeRequest{}, err
		}
	} else {
		answer.Rejected = body.Fields
	}
	if len(answer.Accepted) > 0 && len(answer.Rejected) > 0 {
		r.State = RequestPartly
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return ChangeRequest{}, fmt.Errorf("render answer: %w", err)
	}
	r.Answer, r.Reason, r.DecidedBy = string(text), strings.TrimSpace(req.Reason), h.Actor.Name
	if err := h.DB.InTx(ctx, func(tx *store.Tx) error { return h.putRequest(ctx, tx, &r, r.State) }); err != nil {
		return ChangeRequest{}, err
	}
	return h.ShowRequest(ctx, req.Request)
}

func (h *Hub) acceptAdd(ctx context.Context, r *store.ChangeRequest, body requestBody, req DecideRequestRequest) (RequestAnswer, error) {
	var answer RequestAnswer
	if req.As != "" {
		id, err := h.livingCustomer(ctx, req.As)
		return RequestAnswer{GoldenID: id}, err
	}
	key := canonical.RecordKey{Source: store.RequestSource, ID: r.ID.String()}
	_, err := h.settleWith(ctx, func(unit pipeline.Unit) error {
		return unit(func(tx *store.Tx) error {
			err := h.enter(ctx, tx, key, &body.Customer, "customer.create", req.Reason)
			if errors.Is(err, store.ErrErased) {
				err = errs.New(errs.Conflict, "customers.suppressed", errs.Args{"record": key.Source})
			}
			return err
		})
	})
	if err != nil {
		return answer, err
	}
	n, _, err := h.DB.CustomerByKey(ctx, key)
	if err == nil {
		answer.GoldenID, _, err = h.DB.GoldenOf(ctx, n)
	}
	return answer, err
}

func (h *Hub) acceptChange(ctx context.Context, body requestBody, req DecideRequestRequest) (RequestAnswer, error) {
	answer := RequestAnswer{GoldenID: body.Customers[0]}
	var put []store.Override
	for _, name := range body.Fields {
		if len(req.Fields) > 0 && !slices.Contains(req.Fields, name) {
			answer.Rejected = append(answer.Rejected, name)
			continue
		}
		a, _ := canonical.CustomerAttribute(name) // was checked when it was asked for
		o := store.Override{Attribute: name, Mode: store.OverrideSet}
		a.Copy(&o.Value, &body.Customer)
		put = append(put, o)
		answer.Accepted = append(answer.Accepted, name)
	}
	set, err := h.override(ctx, body.Customers[0].String(), req.Because, put, func(have store.Override) bool {
		return have.Mode == store.OverrideSet && slices.Contains(answer.Accepted, have.Attribute)
	})
	answer.GoldenID = set.Customer
	return answer, err
}

func (h *Hub) acceptMerge(ctx context.Context, body requestBody, req DecideRequestRequest) (RequestAnswer, error) {
	var ids []string
	for _, id := range body.Customers {
		ids = append(ids, id.String())
	}
	d, err := h.MergeCustomers(ctx, MergeRequest{Customers: ids, Because: req.Because})
	if err != nil {
		return RequestAnswer{}, err
	}
	answer := RequestAnswer{Decision: d.Decision.ID}
	if len(d.Customers) == 1 {
		answer.GoldenID = d.Customers[0]
	}
	return answer, nil
}
