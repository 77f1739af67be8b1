package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"tributary/canonical"
	"tributary/events"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// OrderSubmission says what became of orders that somebody asked for.
type OrderSubmission struct {
	Orders []SubmittedOrder `json:"orders"`
	Totals SubmittedTotals  `json:"totals"`
}

// SubmittedOrder is one of them.
type SubmittedOrder struct {
	OrderView
	Result string  `json:"result"` // accepted, known (the same order came before), conflict, invalid
	Error  *string `json:"error"`  // why it was not taken
}

// SubmittedTotals count them.
type SubmittedTotals struct {
	Accepted int `json:"accepted"`
	Known    int `json:"known"`
	Conflict int `json:"conflict"`
	Invalid  int `json:"invalid"`
}

// Results of a submission.
const (
	orderAccepted = "accepted"
	orderKnown    = "known"
	orderConflict = "conflict"
	orderInvalid  = "invalid"
)

// SubmitOrders takes orders in. One that cannot be taken does not stop the others. An order whose key is known is the
// same order, or a conflict when its content is another.
func (h *Hub) SubmitOrders(ctx context.Context, orders []canonical.OrderRequest, lang string) (OrderSubmission, error) {
	out := OrderSubmission{Orders: []SubmittedOrder{}}
	if err := h.mayOrder(); err != nil {
		return out, err
	}
	if len(orders) == 0 {
		return out, errs.New(errs.Invalid, "order.none", nil)
	}
	takers, err := h.orderConnections()
	if err != nil {
		return out, err
	}
	for i := range orders {
		o, result, err := h.takeOrder(ctx, orders[i], takers, lang)
		one := SubmittedOrder{Result: result, OrderView: OrderView{Key: orders[i].Key, Order: orders[i]}}
		if err != nil {
			var u *errs.Error
			if !errors.As(err, &u) || u.Kind != errs.Invalid && u.Kind != errs.Conflict && u.Kind != errs.NotFound {
				return out, err
			}
			text := u.Text(lang)
			one.Error = &text
		}
		if o != nil {
			if one.OrderView, err = orderView(o, lang); err != nil {
				return out, err
			}
		}
		out.add(one)
	}
	return out, nil
}

func (s *OrderSubmission) add(one SubmittedOrder) {
	s.Orders = append(s.Orders, one)
	switch one.Result {
	case orderAccepted:
		s.Totals.Accepted++
	case orderKnown:
		s.Totals.Known++
	case orderConflict:
		s.Totals.Conflict++
	default:
		s.Totals.Invalid++
	}
}

// takeOrder stores an order, or finds that it is known. takers are the connections that take orders.
func (h *Hub) takeOrder(ctx context.Context, req canonical.OrderRequest, takers []string, lang string) (*store.Order, string, error) {
	if req.Requester == "" {
		req.Requester = h.Actor.Name
	}
	o, err := h.newOrder(ctx, &req, takers, lang)
	if err != nil {
		return nil, orderInvalid, err
	}
	result := orderAccepted
	err = h.DB.InTx(ctx, func(tx *store.Tx) error {
		result = orderAccepted
		return h.addOrder(ctx, tx, o, events.Accepted, &result)
	})
	if err != nil {
		if !errs.Is(err, errs.Conflict) {
			result = orderInvalid
		}
		return nil, result, err
	}
	return o, result, nil
}

// addOrder stores an order whose key is free and tells so; else o becomes the order that has the key.
func (h *Hub) addOrder(ctx context.Context, tx *store.Tx, o *store.Order, op events.Op, result *string) (err error) {
	if o.ID, err = tx.NewID(); err != nil {
		return err
	}
	added, err := tx.AddOrder(ctx, o)
	if err != nil {
		return err
	}
	if !added {
		known, err := tx.Order(ctx, o.Key)
		if err != nil {
			return err
		}
		if known.Hash != o.Hash {
			*result = orderConflict
			return errs.New(errs.Conflict, "order.conflict", errs.Args{"key": o.Key, "state": string(known.State), "requester": known.Requester})
		}
		*o, *result = known, orderKnown
		return nil
	}
	if err := tx.AppendEvents(ctx, []events.Event{pipeline.OrderEvent(op, o, tx.Now)}); err != nil {
		return err
	}
	return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "order.submit", Subject: o.Key, Body: store.Change{After: map[string]any{"connection": o.Connection, "requester": o.Requester, "hash": o.Hash}}})
}

// newOrder checks an order and finds its system and its customer's code there.
func (h *Hub) newOrder(ctx context.Context, req *canonical.OrderRequest, takers []string, lang string) (*store.Order, error) {
	for _, text := range []*string{&req.Key, &req.Company, &req.Connection, &req.Requester, &req.Customer, &req.Reference, &req.Note} {
		*text = strings.TrimSpace(*text)
	}
	if issues := req.Validate(); len(issues) > 0 {
		return nil, errs.New(errs.Invalid, "order.unusable", errs.Args{"key": req.Key, "why": texts(issues, lang)})
	}
	if err := target(req, takers); err != nil {
		return nil, err
	}
	customer := req.Customer
	if !req.GoldenID.IsZero() {
		var err error
		if customer, err = h.codeIn(ctx, req); err != nil {
			return nil, err
		}
	}
	return orderOf(req, customer)
}

// orderOf is an order as it is stored.
func orderOf(req *canonical.OrderRequest, customer string) (*store.Order, error) {
	payload, err := json.Marshal(req)
	if err != nil {
		return nil, fmt.Errorf("render order: %w", err)
	}
	content := *req
	content.Requester, content.Company = "", "" // who brings it does not make it another order
	text, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("render order: %w", err)
	}
	sum := sha256.Sum256(text)
	return &store.Order{Key: req.Key, Connection: req.Connection, Requester: req.Requester, Hash: hex.EncodeToString(sum[:]), Payload: payload, Customer: customer, State: canonical.OrderAccepted}, nil
}

// target fills in the connection of an order that names none.
func target(req *canonical.OrderRequest, takers []string) error {
	switch {
	case len(takers) == 0:
		return errs.New(errs.Invalid, "order.no_taker", nil)
	case req.Connection == "" && len(takers) == 1:
		req.Connection = takers[0]
		return nil
	}
	for _, name := range takers {
		if req.Connection == name {
			return nil
		}
	}
	return errs.New(errs.Invalid, "order.connection", errs.Args{"key": req.Key, "connection": req.Connection, "known": strings.Join(takers, ", ")})
}

// codeIn is the code that the system knows a golden customer under.
func (h *Hub) codeIn(ctx context.Context, req *canonical.OrderRequest) (string, error) {
	id, err := h.livingCustomer(ctx, req.GoldenID.String())
	if err != nil {
		return "", err
	}
	codes, err := h.DB.CodesIn(ctx, id, req.Connection)
	if err != nil {
		return "", err
	}
	if len(codes) != 1 {
		return "", errs.New(errs.Invalid, "order.customer_code", errs.Args{"key": req.Key, "customer": id, "connection": req.Connection, "count": len(codes), "codes": strings.Join(codes, ", ")})
	}
	return codes[0], nil
}

// RetryOrder makes an order that was refused, or halted at a later step, go on: what was in its way was mended there.
func (h *Hub) RetryOrder(ctx context.Context, key, lang string) (OrderView, error) {
	if err := h.mayOrder(); err != nil {
		return OrderView{}, err
	}
	var o store.Order
	err := h.DB.InTx(ctx, func(tx *store.Tx) (err error) {
		if o, err = tx.LockOrder(ctx, key); err != nil {
			return err
		}
		was := o.State
		switch {
		case was == canonical.OrderRefused && o.Connection != "":
			o.State = canonical.OrderAccepted
		case was == canonical.OrderSent, was == canonical.OrderUnknown, was == canonical.OrderAccepted:
			o.State = canonical.OrderUnknown
			if was == canonical.OrderAccepted {
				o.State = was
			}
		default:
			return errs.New(errs.Conflict, "order.not_retried", errs.Args{"key": key, "state": string(was)})
		}
		o.NextAt = tx.Now
		if was.Final() {
			o.Version++
			op := map[canonical.OrderState]events.Op{canonical.OrderAccepted: events.Accepted, canonical.OrderUnknown: events.Unknown}[o.State]
			if err := tx.AppendEvents(ctx, []events.Event{pipeline.OrderEvent(op, &o, tx.Now)}); err != nil {
				return err
			}
		}
		if err := tx.SaveOrder(ctx, &o); err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "order.retry", Subject: key, Body: store.Change{Before: map[string]any{"state": was}, After: map[string]any{"state": o.State}}})
	})
	if errors.Is(err, store.ErrNoOrder) {
		err = errs.New(errs.NotFound, "order.unknown", errs.Args{"key": key})
	}
	if err != nil {
		return OrderView{}, err
	}
	return orderView(&o, lang)
}

// RefreshOrders brings a submission up to how far its orders have got since.
func (h *Hub) RefreshOrders(ctx context.Context, s *OrderSubmission, lang string) error {
	for i := range s.Orders {
		one := &s.Orders[i]
		if one.Result != orderAccepted && one.Result != orderKnown {
			continue
		}
		v, err := h.ShowOrder(ctx, one.Key, lang)
		if err != nil {
			return err
		}
		one.OrderView = v
	}
	return nil
}
