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
// set as a steward's, customers are merged. Answer and deed are one transaction: of two stewards at one request the second
// does nothing and hears who was first.
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
		return ChangeRequest{}, stateOf(&r)
	case len(r.Payload) == 0:
		return ChangeRequest{}, errs.New(errs.Conflict, "customers.erased", errs.Args{"customer": req.Request})
	}
	for _, name := range req.Fields {
		if !slices.Contains(body.Fields, name) {
			return ChangeRequest{}, errs.New(errs.Invalid, "request.field", errs.Args{"field": name, "fields": strings.Join(body.Fields, ", ")})
		}
	}
	r.Reason, r.DecidedBy = strings.TrimSpace(req.Reason), h.Actor.Name
	a := answering{Hub: h, request: &r, body: body, req: req}
	if err := a.answer(ctx); err != nil {
		return ChangeRequest{}, h.movedOn(ctx, req.Request, err)
	}
	return h.ShowRequest(ctx, req.Request)
}

// answering is one answer to a change request at work.
type answering struct {
	*Hub
	request *store.ChangeRequest
	body    requestBody
	req     DecideRequestRequest
}

func (a *answering) answer(ctx context.Context) error {
	switch {
	case !a.req.Accept:
		return a.DB.InTx(ctx, func(tx *store.Tx) error { return a.write(ctx, tx, RequestAnswer{Rejected: a.body.Fields}) })
	case a.request.Kind == requestAdd:
		return a.add(ctx)
	case a.request.Kind == requestChange:
		return a.change(ctx)
	}
	return a.merge(ctx)
}

// write gives the answer in the transaction that carries out what it says.
func (a *answering) write(ctx context.Context, tx *store.Tx, answer RequestAnswer) error {
	a.request.State = RequestRejected
	if a.req.Accept {
		a.request.State = RequestAccepted
	}
	if len(answer.Accepted) > 0 && len(answer.Rejected) > 0 {
		a.request.State = RequestPartly
	}
	if err := a.render(answer); err != nil {
		return err
	}
	return a.moveRequest(ctx, tx, a.request, RequestMatched, a.request.State)
}

// complete names the customer that an answer came to, once the resolver has told.
func (a *answering) complete(ctx context.Context, answer RequestAnswer) error {
	if err := a.render(answer); err != nil {
		return err
	}
	return a.DB.InTx(ctx, func(tx *store.Tx) error { return tx.MoveRequest(ctx, a.request, a.request.State) })
}

func (a *answering) render(answer RequestAnswer) error {
	text, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("render answer: %w", err)
	}
	a.request.Answer = string(text)
	return nil
}

func (a *answering) add(ctx context.Context) error {
	if a.req.As != "" {
		id, err := a.livingCustomer(ctx, a.req.As)
		if err != nil {
			return err
		}
		return a.DB.InTx(ctx, func(tx *store.Tx) error { return a.write(ctx, tx, RequestAnswer{GoldenID: id}) })
	}
	key := canonical.RecordKey{Source: store.RequestSource, ID: a.request.ID.String()}
	_, err := a.settleWith(ctx, func(unit pipeline.Unit) error {
		return unit(func(tx *store.Tx) error {
			if err := a.write(ctx, tx, RequestAnswer{}); err != nil {
				return err
			}
			err := a.enter(ctx, tx, key, &a.body.Customer, "customer.create", a.req.Reason)
			if errors.Is(err, store.ErrErased) {
				err = errs.New(errs.Conflict, "customers.suppressed", errs.Args{"record": key.Source})
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	var answer RequestAnswer
	n, _, err := a.DB.CustomerByKey(ctx, key)
	if err == nil {
		answer.GoldenID, _, err = a.DB.GoldenOf(ctx, n)
	}
	if err != nil {
		return err
	}
	return a.complete(ctx, answer)
}

func (a *answering) change(ctx context.Context) error {
	answer := RequestAnswer{GoldenID: a.body.Customers[0]}
	var put []store.Override
	for _, name := range a.body.Fields {
		if len(a.req.Fields) > 0 && !slices.Contains(a.req.Fields, name) {
			answer.Rejected = append(answer.Rejected, name)
			continue
		}
		attribute, _ := canonical.CustomerAttribute(name) // was checked when it was asked for
		o := store.Override{Attribute: name, Mode: store.OverrideSet}
		attribute.Copy(&o.Value, &a.body.Customer)
		put = append(put, o)
		answer.Accepted = append(answer.Accepted, name)
	}
	ends := func(have store.Override) bool {
		return have.Mode == store.OverrideSet && slices.Contains(answer.Accepted, have.Attribute)
	}
	_, err := a.override(ctx, answer.GoldenID.String(), a.req.Because, put, ends, func(tx *store.Tx, living canonical.ID) error {
		answer.GoldenID = living
		return a.write(ctx, tx, answer)
	})
	return err
}

func (a *answering) merge(ctx context.Context) error {
	var ids []string
	for _, id := range a.body.Customers {
		ids = append(ids, id.String())
	}
	var answer RequestAnswer
	d, err := a.decide(ctx, verbMerge, a.req.Because, func() (DecisionRequest, error) {
		// Whoever was faster has merged them: that is what to say, not that they are one already.
		if now, err := a.DB.Request(ctx, a.request.ID); err != nil || now.State != RequestMatched {
			return DecisionRequest{}, errOr(err, store.ErrRequestMoved)
		}
		return a.mergeOf(ctx, MergeRequest{Customers: ids})
	}, func(tx *store.Tx, d *store.Decision) error {
		answer.Decision = d.ID.String()
		return a.write(ctx, tx, answer)
	})
	if err != nil || len(d.Customers) != 1 {
		return err
	}
	answer.GoldenID = d.Customers[0]
	return a.complete(ctx, answer)
}
