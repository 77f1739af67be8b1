package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// The states of a change request.
const (
	RequestDraft     = "draft"
	RequestSubmitted = "submitted"
	RequestMatched   = "matched" // compared with the master: it can be decided
	RequestAccepted  = "accepted"
	RequestPartly    = "partly_accepted"
	RequestRejected  = "rejected"
)

// The kinds of change requests.
const (
	requestAdd    = "add"
	requestChange = "change"
	requestMerge  = "merge"
)

// ChangeRequest is what somebody asks of the master, and what became of it. Personal values are masked.
type ChangeRequest struct {
	ID        string            `json:"request_id"`
	Kind      string            `json:"kind"` // add, change, merge
	State     string            `json:"state"`
	Requester string            `json:"requester"`
	Reference string            `json:"reference"` // the requester's own number
	Values    map[string]string `json:"values"`    // of add and change: attribute → value asked for
	Customers []canonical.ID    `json:"customers"` // of change and merge: whom it is about
	Matches   []RequestMatch    `json:"matches"`   // of add: who it could be that is known already
	Answer    RequestAnswer     `json:"answer"`
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"`
}

// RequestMatch is a known customer that a request to add one could mean.
type RequestMatch struct {
	GoldenID    canonical.ID `json:"golden_id"`
	Probability float64      `json:"probability"`
}

// RequestAnswer is what the requester hears.
type RequestAnswer struct {
	GoldenID  canonical.ID `json:"golden_id,omitzero"` // the customer it is about in the end
	Accepted  []string     `json:"accepted,omitempty"` // of change: attributes
	Rejected  []string     `json:"rejected,omitempty"`
	Decision  string       `json:"decision_id,omitempty"` // of merge
	Reason    string       `json:"reason,omitempty"`
	DecidedBy string       `json:"decided_by,omitempty"`
}

// requestBody is what is stored of what was asked for.
type requestBody struct {
	Customer  canonical.Customer `json:"customer"`
	Fields    []string           `json:"fields,omitempty"` // of change
	Customers []canonical.ID     `json:"customers,omitempty"`
}

// MayRequest reports whether the role may ask for changes.
func (r Role) MayRequest() bool { return r != Auditor && r != "" }

// NewRequest asks for something.
type NewRequest struct {
	Kind      string
	Customer  canonical.Customer // of add
	Target    string             // of change
	Values    map[string]string  // of change: attribute → value
	Customers []string           // of merge
	Reference string
	Draft     bool // keep it; it is submitted later
	Lang      string
}

// RequestChange takes a change request in. Unless it is a draft it is submitted and compared with the master at once.
func (h *Hub) RequestChange(ctx context.Context, req NewRequest) (ChangeRequest, error) {
	if !h.Actor.Role.MayRequest() {
		return ChangeRequest{}, errs.New(errs.Denied, "request.denied", errs.Args{"role": string(h.Actor.Role)})
	}
	body, personal, err := h.requestBody(ctx, req)
	if err != nil {
		return ChangeRequest{}, err
	}
	payload, err := json.Marshal(body)
	if err != nil {
		return ChangeRequest{}, fmt.Errorf("render change request: %w", err)
	}
	about := []RequestMatch{} // whom an erasure has to look for
	for _, customer := range body.Customers {
		about = append(about, RequestMatch{customer, 1})
	}
	matches, err := json.Marshal(about)
	if err != nil {
		return ChangeRequest{}, fmt.Errorf("render change request: %w", err)
	}
	r := store.ChangeRequest{Kind: req.Kind, State: RequestDraft, Requester: h.Actor.Name, Reference: req.Reference, Personal: personal, Payload: payload,
		Matches: string(matches), Answer: "{}"}
	err = h.DB.InTx(ctx, func(tx *store.Tx) error {
		if r.ID, err = tx.NewID(); err != nil {
			return err
		}
		r.CreatedAt = tx.Now
		if err = tx.PutRequest(ctx, &r); err != nil {
			return err
		}
		return h.auditRequest(ctx, tx, &r, "asked")
	})
	if err != nil {
		return ChangeRequest{}, err
	}
	if req.Draft {
		return h.ShowRequest(ctx, r.ID.String())
	}
	return h.SubmitRequest(ctx, r.ID.String())
}

// requestBody checks what is asked for. personal reports that it holds values of a person.
func (h *Hub) requestBody(ctx context.Context, req NewRequest) (body requestBody, personal bool, err error) {
	switch req.Kind {
	case requestAdd:
		if issues := req.Customer.Validate(); len(issues) > 0 {
			return body, false, errs.New(errs.Invalid, "customers.unusable", errs.Args{"why": texts(issues, req.Lang)})
		}
		body.Customer = req.Customer
		return body, req.Customer.Kind.Person(), nil
	case requestChange:
		id, err := h.livingCustomer(ctx, req.Target)
		if err != nil {
			return body, false, err
		}
		g, err := h.DB.Golden(ctx, id)
		if err != nil {
			return body, false, err
		}
		body.Customers, body.Customer.Kind = []canonical.ID{id}, g.Kind
		for name, value := range req.Values {
			a, v, err := overrideValue(name, value)
			if err != nil {
				return body, false, err
			}
			a.Copy(&body.Customer, &v)
			body.Fields = append(body.Fields, name)
		}
		if len(body.Fields) == 0 {
			return body, false, errs.New(errs.Invalid, "request.empty", nil)
		}
		slices.Sort(body.Fields)
		return body, g.Personal, nil
	case requestMerge:
		for _, text := range req.Customers {
			id, err := h.livingCustomer(ctx, text)
			if err != nil {
				return body, false, err
			}
			if !slices.Contains(body.Customers, id) {
				body.Customers = append(body.Customers, id)
			}
		}
		if len(body.Customers) < 2 {
			return body, false, errs.New(errs.Invalid, "steward.merge_two", nil)
		}
		return body, false, nil
	}
	return body, false, errs.New(errs.Invalid, "request.kind", errs.Args{"kind": req.Kind})
}

// SubmitRequest hands a draft to the stewards and compares it with the master.
func (h *Hub) SubmitRequest(ctx context.Context, id string) (ChangeRequest, error) {
	r, body, err := h.request(ctx, id)
	if err != nil {
		return ChangeRequest{}, err
	}
	from := r.State
	if from != RequestDraft && from != RequestSubmitted {
		return ChangeRequest{}, stateOf(&r)
	}
	if len(r.Payload) == 0 {
		return ChangeRequest{}, errs.New(errs.Conflict, "customers.erased", errs.Args{"customer": id})
	}
	if r.Requester != h.Actor.Name && !h.Actor.Role.MayDecide() {
		return ChangeRequest{}, errs.New(errs.Denied, "request.not_yours", errs.Args{"request": id})
	}
	matches := []RequestMatch{}
	for _, customer := range body.Customers {
		matches = append(matches, RequestMatch{customer, 1})
	}
	if r.Kind == requestAdd {
		found, err := h.FindCustomers(ctx, FindRequest{Customer: body.Customer})
		if err != nil && errs.CodeOf(err) != "customers.nothing_to_find_by" {
			return ChangeRequest{}, err
		}
		for _, c := range found.Candidates {
			matches = append(matches, RequestMatch{c.GoldenID, c.Probability})
		}
	}
	text, err := json.Marshal(matches)
	if err != nil {
		return ChangeRequest{}, fmt.Errorf("render matches: %w", err)
	}
	r.State, r.Matches = RequestMatched, string(text)
	if err := h.DB.InTx(ctx, func(tx *store.Tx) error { return h.moveRequest(ctx, tx, &r, from, "submitted") }); err != nil {
		return ChangeRequest{}, h.movedOn(ctx, id, err)
	}
	return h.ShowRequest(ctx, id)
}

// moveRequest takes a change request from one state to the one it has, unless somebody else moved it meanwhile.
func (h *Hub) moveRequest(ctx context.Context, tx *store.Tx, r *store.ChangeRequest, from, what string) error {
	if err := tx.MoveRequest(ctx, r, from); err != nil {
		return err
	}
	return h.auditRequest(ctx, tx, r, what)
}

// movedOn makes an error about a request that somebody else moved say who did what.
func (h *Hub) movedOn(ctx context.Context, id string, err error) error {
	if !errors.Is(err, store.ErrRequestMoved) {
		return err
	}
	r, _, err := h.request(ctx, id)
	if err != nil {
		return err
	}
	return stateOf(&r)
}

// stateOf refuses what the state of a request forbids.
func stateOf(r *store.ChangeRequest) error {
	if r.DecidedBy == "" {
		return errs.New(errs.Conflict, "request.state", errs.Args{"request": r.ID.String(), "state": r.State})
	}
	return errs.New(errs.Conflict, "request.decided", errs.Args{"request": r.ID.String(), "state": r.State, "actor": r.DecidedBy,
		"at": r.UpdatedAt.Format(time.DateTime), "reason": r.Reason})
}

func (h *Hub) auditRequest(ctx context.Context, tx *store.Tx, r *store.ChangeRequest, what string) error {
	return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "request." + r.Kind + "." + what, Subject: r.ID.String(), Reason: r.Reason})
}

// ShowRequest shows one change request: how its requester hears the answer.
func (h *Hub) ShowRequest(ctx context.Context, id string) (ChangeRequest, error) {
	r, body, err := h.request(ctx, id)
	if err != nil {
		return ChangeRequest{}, err
	}
	out, err := showRequest(&r, body)
	if err == nil && out.Answer.GoldenID.IsZero() && r.State == RequestAccepted {
		err = h.cameTo(ctx, &r, body, &out.Answer)
	}
	return out, err
}

// cameTo finds the customer that an accepted request came to when whoever accepted it was stopped before writing it down.
func (h *Hub) cameTo(ctx context.Context, r *store.ChangeRequest, body requestBody, answer *RequestAnswer) error {
	about := DecisionRequest{Customers: body.Customers}
	if r.Kind == requestAdd {
		about.Records = []canonical.RecordKey{{Source: store.RequestSource, ID: r.ID.String()}}
	}
	now, err := h.concerned(ctx, &about)
	if err == nil && len(now) == 1 {
		answer.GoldenID = now[0]
	}
	return err
}

// ListRequests lists change requests, oldest first; of a state and a requester unless they are "".
func (h *Hub) ListRequests(ctx context.Context, state, requester string, limit int) ([]ChangeRequest, error) {
	states := []string{"", RequestDraft, RequestSubmitted, RequestMatched, RequestAccepted, RequestPartly, RequestRejected}
	if !slices.Contains(states, state) {
		return nil, errs.New(errs.Invalid, "request.unknown_state", errs.Args{"state": state, "known": strings.Join(states[1:], ", ")})
	}
	list, err := h.DB.Requests(ctx, state, requester, orDefault(limit))
	if err != nil {
		return nil, err
	}
	out := make([]ChangeRequest, len(list))
	for i := range list {
		if out[i], err = showRequest(&list[i], bodyOf(&list[i])); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (h *Hub) request(ctx context.Context, text string) (store.ChangeRequest, requestBody, error) {
	unknown := errs.New(errs.NotFound, "request.unknown", errs.Args{"request": text})
	id, err := canonical.ParseID(text)
	if err != nil {
		return store.ChangeRequest{}, requestBody{}, unknown
	}
	r, err := h.DB.Request(ctx, id)
	if errors.Is(err, store.ErrNoRequest) {
		return r, requestBody{}, unknown
	}
	return r, bodyOf(&r), err
}

func bodyOf(r *store.ChangeRequest) requestBody {
	var b requestBody
	if len(r.Payload) > 0 {
		// Written by RequestChange and opened under its key: it can be read.
		_ = json.Unmarshal(r.Payload, &b)
	}
	return b
}

func showRequest(r *store.ChangeRequest, body requestBody) (ChangeRequest, error) {
	out := ChangeRequest{ID: r.ID.String(), Kind: r.Kind, State: r.State, Requester: r.Requester, Reference: r.Reference, Values: map[string]string{},
		Customers: body.Customers, Matches: []RequestMatch{}, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
	if out.Customers == nil {
		out.Customers = []canonical.ID{}
	}
	shown := pipeline.Masked(body.Customer)
	for _, a := range canonical.CustomerAttributes() {
		if a.IsSet(&shown) && (r.Kind == requestAdd || slices.Contains(body.Fields, a.Name)) {
			out.Values[a.Name] = a.Text(&shown)
		}
	}
	if err := json.Unmarshal([]byte(r.Matches), &out.Matches); err != nil {
		return out, fmt.Errorf("read change request %s: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Answer), &out.Answer); err != nil {
		return out, fmt.Errorf("read change request %s: %w", r.ID, err)
	}
	out.Answer.Reason, out.Answer.DecidedBy = r.Reason, r.DecidedBy
	return out, nil
}
