package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"tributary/canonical"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/store"
)

// OrderView is an order and how far it has got, as `orders` prints it.
type OrderView struct {
	ID         string                 `json:"order_id"`
	Key        string                 `json:"key"`
	Connection string                 `json:"connection"` // the system that takes it
	Requester  string                 `json:"requester"`
	State      canonical.OrderState   `json:"state"`
	Final      bool                   `json:"final"` // nothing more happens by itself
	Customer   string                 `json:"customer"`
	Number     string                 `json:"number"` // there, "" before
	ExternalID string                 `json:"external_id"`
	Step       string                 `json:"step"` // the last it went through there
	Problem    string                 `json:"problem"`
	Attempts   int                    `json:"attempts"`
	Next       *time.Time             `json:"next_at"` // its turn, null when it has ended
	CreatedAt  time.Time              `json:"created_at"`
	UpdatedAt  time.Time              `json:"updated_at"`
	Order      canonical.OrderRequest `json:"order"`
}

// MayOrder reports whether the role may ask for orders.
func (r Role) MayOrder() bool { return r == Admin || r == IT || r == CRM }

func (h *Hub) mayOrder() error {
	if !h.Actor.Role.MayOrder() {
		return errs.New(errs.Denied, "order.denied", errs.Args{"role": string(h.Actor.Role)})
	}
	return nil
}

func orderView(o *store.Order, lang string) (OrderView, error) {
	v := OrderView{ID: o.ID.String(), Key: o.Key, Connection: o.Connection, Requester: o.Requester, State: o.State, Final: o.State.Final(), Customer: o.Customer,
		Number: o.Number, ExternalID: o.ExternalID, Step: o.Step, Attempts: o.Attempts, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt}
	if o.Problem != nil {
		v.Problem = o.Problem.Text(lang)
	}
	if !v.Final {
		v.Next = &o.NextAt
	}
	if err := json.Unmarshal(o.Payload, &v.Order); err != nil {
		return v, fmt.Errorf("read order %s: %w", o.Key, err)
	}
	return v, nil
}

// OrderList is the JSON of `orders list`.
type OrderList struct {
	Orders []OrderView      `json:"orders"`
	Totals map[string]int64 `json:"totals"` // of all orders, by state
}

// OrderQuery selects orders; empty fields do not.
type OrderQuery struct {
	State      string
	Connection string
	Requester  string
	Limit      int
	Lang       string
}

// ListOrders lists orders, newest first.
func (h *Hub) ListOrders(ctx context.Context, q OrderQuery) (OrderList, error) {
	out := OrderList{Orders: []OrderView{}, Totals: map[string]int64{}}
	if state := canonical.OrderState(q.State); q.State != "" && !slices.Contains(canonical.OrderStates(), state) {
		return out, errs.New(errs.Invalid, "order.unknown_state", errs.Args{"state": q.State, "known": joined(canonical.OrderStates())})
	}
	list, err := h.DB.Orders(ctx, store.OrderFilter{State: canonical.OrderState(q.State), Connection: q.Connection, Requester: q.Requester, Limit: orDefault(q.Limit)})
	if err != nil {
		return out, err
	}
	for i := range list {
		v, err := orderView(&list[i], q.Lang)
		if err != nil {
			return out, err
		}
		out.Orders = append(out.Orders, v)
	}
	counts, err := h.DB.CountOrders(ctx)
	for _, c := range counts {
		out.Totals[string(c.State)] += c.Count
	}
	return out, err
}

// ShowOrder shows one order.
func (h *Hub) ShowOrder(ctx context.Context, key, lang string) (OrderView, error) {
	o, err := h.DB.Order(ctx, key)
	if errors.Is(err, store.ErrNoOrder) {
		return OrderView{}, errs.New(errs.NotFound, "order.unknown", errs.Args{"key": key})
	}
	if err != nil {
		return OrderView{}, err
	}
	return orderView(&o, lang)
}

// orderTarget is a connection that takes orders.
type orderTarget struct {
	config.Connection
	pusher *guardedPusher
}

// orderTargets opens the connections that take orders, of the names given, else all. The caller closes their sources.
func (h *Hub) orderTargets(names ...string) (out []orderTarget, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeTargets(out))
			out = nil
		}
	}()
	for _, c := range h.Config.Connections {
		if len(names) > 0 && !slices.Contains(names, c.Name) {
			continue
		}
		src, err := h.Source(c)
		if err != nil {
			return out, err
		}
		t := orderTarget{Connection: c, pusher: h.pusherOf(c, src)}
		if t.pusher == nil {
			if err := src.Close(); err != nil {
				return out, err
			}
			continue
		}
		out = append(out, t)
	}
	return out, nil
}

func closeTargets(targets []orderTarget) error {
	var all []error
	for _, t := range targets {
		all = append(all, t.pusher.src.Close())
	}
	return errors.Join(all...)
}

// orderConnections names the connections that take orders.
func (h *Hub) orderConnections() ([]string, error) {
	targets, err := h.orderTargets()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range targets {
		names = append(names, t.Name)
	}
	return names, closeTargets(targets)
}
