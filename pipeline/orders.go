package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/events"
	"tributary/internal/errs"
	"tributary/store"
)

// Orders sends the orders of one connection, one at a time, under a lease.
//
// Each order comes to exist there once, whatever fails on the way: its state is committed before every call and after
// it; an order is looked for before anything is done to it; and a step of which nothing is to be seen is taken again only
// when the last call can no longer be at work, and the system shows orders that are known to be there.
type Orders struct {
	DB         *store.DB
	Connection string
	Pusher     connectors.Pusher
}

// OrderRun is what one run did.
type OrderRun struct {
	Ended map[canonical.OrderState]int // orders that came to an end, by how
	Next  time.Time                    // when the next order has its turn; zero = none waits
}

const (
	orderSlack  = 30 * time.Second // of the lease beyond one call
	lookSoon    = time.Second      // an order whose answer was lost is often there already
	lookLater   = 30 * time.Second // after a look that failed
	lookMuch    = time.Hour        // where a person must act first
	orderMargin = time.Millisecond // a call does not begin when its time is as good as over
	witnesses   = 3                // orders known to be there that are asked for, one after the other
)

// OrderLease is the lease under which the orders of a connection are sent.
func OrderLease(connection string) string { return "orders/" + connection }

// Run sends what has its turn, until nothing has or the system cannot be used. The run is filled also when an error comes
// with it; store.ErrLeased says that another process sends.
func (s Orders) Run(ctx context.Context) (run OrderRun, err error) {
	run.Ended = map[canonical.OrderState]int{}
	call, settle := s.Pusher.Within()
	lease, err := s.DB.Acquire(ctx, OrderLease(s.Connection), call+orderSlack)
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, s.DB.Release(ctx, lease)) }()
	w := orderSender{Orders: s, lease: lease, call: call, settle: settle, run: &run}
	for {
		o, err := s.DB.NextOrder(ctx, s.Connection)
		if errors.Is(err, store.ErrNoOrder) {
			return run, nil
		}
		if err != nil {
			return run, err
		}
		if o.NextAt.After(s.DB.Now()) {
			run.Next = o.NextAt
			return run, nil
		}
		if err := w.send(ctx, &o); err != nil {
			return run, err
		}
	}
}

// orderSender is one run at work.
type orderSender struct {
	Orders
	lease        *store.Lease
	call, settle time.Duration
	run          *OrderRun
}

// send takes one order as far as it gets.
func (w *orderSender) send(ctx context.Context, o *store.Order) error {
	var req canonical.OrderRequest
	if err := json.Unmarshal(o.Payload, &req); err != nil {
		return fmt.Errorf("read order %s: %w", o.Key, err)
	}
	req.Customer, req.GoldenID = o.Customer, canonical.ID{}
	at, err := w.Pusher.FindOrder(ctx, o.Key)
	if err != nil {
		return w.notFound(ctx, o, err)
	}
	moved := at != nil && (at.Done || at.Void || at.Step != o.Step)
	if over := o.BegunAt.Add(w.call + w.settle); !moved && !o.BegunAt.IsZero() && w.DB.Now().Before(over) {
		o.State, o.NextAt = canonical.OrderUnknown, over // the last call may still be at work
		return w.save(ctx, o)
	}
	if at == nil && (!o.BegunAt.IsZero() || o.ExternalID != "") {
		if at, err = w.lookAgain(ctx, o); err != nil {
			return w.notFound(ctx, o, err)
		}
	}
	o.BegunAt = time.Time{}
	for at == nil || !at.Done && !at.Void {
		next, begun, err := w.push(ctx, o, &req, at)
		if err == nil {
			at, o.BegunAt = next, time.Time{}
			continue
		}
		if !begun {
			return err
		}
		if at != nil || connectors.OutcomeOf(err) != connectors.Refused {
			return w.failed(ctx, o, at, err)
		}
		// A number that is taken is a refusal too: what took it may be this very order.
		there, lookErr := w.Pusher.FindOrder(ctx, o.Key)
		if there == nil && lookErr == nil {
			there, lookErr = w.lookAgain(ctx, o)
		}
		if lookErr != nil {
			return w.notFound(ctx, o, lookErr)
		}
		if there == nil {
			return w.failed(ctx, o, at, err)
		}
		at = there
	}
	o.State, o.Problem = canonical.OrderConfirmed, nil
	if at.Void {
		o.State, o.Problem = canonical.OrderSent, store.NoticeOf(errs.New(errs.Conflict, "order.void", errs.Args{"key": o.Key, "number": at.Number}))
	}
	put(o, at)
	return w.end(ctx, o)
}

// lookAgain looks once more for an order that may be there and was not shown. A user without the rights is shown nothing, and
// no word of it: so "not there" counts only when the system shows another order, known to be there, between the two looks;
// rights that are taken or given back meanwhile do not mislead it. Before the first order of a connection there is none to ask
// for, and the first look counts.
func (w *orderSender) lookAgain(ctx context.Context, o *store.Order) (*connectors.Placed, error) {
	known, seen, err := w.Sees(ctx, o.Key)
	switch {
	case err != nil, len(known) == 0 && o.ExternalID == "":
		return nil, err
	case !seen:
		return nil, errs.New(errs.Denied, "order.unseen", errs.Args{"key": o.Key, "connection": w.Connection, "known": strings.Join(known, " ")})
	}
	return w.Pusher.FindOrder(ctx, o.Key)
}

// Sees asks the system for orders that are known to be there, other than one, until it shows one: some may have been deleted
// by people. known are their keys; a connection that has sent none has none.
func (s Orders) Sees(ctx context.Context, without string) (known []string, seen bool, err error) {
	known, err = s.DB.PlacedOrders(ctx, s.Connection, without, witnesses)
	for _, key := range known {
		at, err := s.Pusher.FindOrder(ctx, key)
		if at != nil || err != nil {
			return known, at != nil, err
		}
	}
	return known, false, err
}

// push takes the next step. begun says whether the state before it was committed.
func (w *orderSender) push(ctx context.Context, o *store.Order, req *canonical.OrderRequest, at *connectors.Placed) (next *connectors.Placed, begun bool, err error) {
	before := o.BegunAt
	deadline := time.Now().Add(w.call)
	put(o, at)
	o.State, o.BegunAt, o.Attempts = canonical.OrderSending, w.DB.Now(), o.Attempts+1
	if err := w.save(ctx, o); err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	if time.Until(deadline) < orderMargin { // the process was held up: somebody else may have the lease by now
		err = &connectors.PushError{Outcome: connectors.Unsent, Err: context.DeadlineExceeded}
	} else {
		next, err = w.Pusher.PushOrder(ctx, req, at)
	}
	if out := connectors.OutcomeOf(err); err != nil && (out == connectors.Unsent || out == connectors.Stopped) {
		o.BegunAt = before
	}
	return next, true, err
}

// failed stores what a failed step left behind. Its error ends the run: the system is of no use now.
func (w *orderSender) failed(ctx context.Context, o *store.Order, at *connectors.Placed, err error) error {
	o.Problem = store.NoticeOf(err)
	switch connectors.OutcomeOf(err) {
	case connectors.Refused:
		o.State, o.Problem.Code = canonical.OrderRefused, "order.refused"
		if at != nil {
			o.State, o.Problem.Code = canonical.OrderSent, "order.halted"
		}
		return w.end(ctx, o)
	case connectors.Unsent, connectors.Stopped:
		o.State = canonical.OrderAccepted
		if at != nil || !o.BegunAt.IsZero() {
			o.State = canonical.OrderUnknown
		}
		o.NextAt = w.DB.Now()
		return errors.Join(w.save(ctx, o), err)
	}
	o.State, o.NextAt = canonical.OrderUnknown, w.DB.Now().Add(lookSoon)
	return w.saveWith(ctx, o, events.Unknown)
}

// notFound notes that nobody could tell whether an order is there.
func (w *orderSender) notFound(ctx context.Context, o *store.Order, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if o.State == canonical.OrderSending {
		o.State = canonical.OrderUnknown
	}
	o.Problem = store.NoticeOf(err)
	if errs.Is(err, errs.Conflict) {
		o.NextAt = w.DB.Now().Add(lookMuch)
		return w.save(ctx, o)
	}
	if out := connectors.OutcomeOf(err); out == connectors.Undecided || out == connectors.Refused {
		o.NextAt = w.DB.Now().Add(lookLater)
	}
	return errors.Join(w.save(ctx, o), err)
}

// end stores an order with which nothing more happens by itself.
func (w *orderSender) end(ctx context.Context, o *store.Order) error {
	o.BegunAt = time.Time{}
	op := map[canonical.OrderState]events.Op{canonical.OrderConfirmed: events.Confirmed, canonical.OrderSent: events.Sent, canonical.OrderRefused: events.Refused}[o.State]
	err := w.saveWith(ctx, o, op)
	if err == nil {
		w.run.Ended[o.State]++
	}
	return err
}

func (w *orderSender) save(ctx context.Context, o *store.Order) error {
	return w.saveWith(ctx, o, "")
}

// saveWith stores an order and, unless op is "", tells its requester, if the lease is still ours.
func (w *orderSender) saveWith(ctx context.Context, o *store.Order, op events.Op) error {
	return w.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.Hold(ctx, w.lease); err != nil {
			return err
		}
		if op != "" {
			o.Version++
			if err := tx.AppendEvents(ctx, []events.Event{OrderEvent(op, o, tx.Now)}); err != nil {
				return err
			}
		}
		return tx.SaveOrder(ctx, o)
	})
}

// OrderEvent tells how far an order has got.
func OrderEvent(op events.Op, o *store.Order, at time.Time) events.Event {
	var req canonical.OrderRequest
	_ = json.Unmarshal(o.Payload, &req) // written by us; the reference alone is taken from it
	problem := ""
	if o.Problem != nil {
		problem = o.Problem.Text("en")
	}
	return events.OrderStatus(events.Meta{Op: op, Version: o.Version, Time: at}, events.OrderStatusValue{
		OrderID: o.ID, Key: o.Key, State: o.State, Connection: o.Connection, Requester: o.Requester, Reference: req.Reference,
		Number: o.Number, ExternalID: o.ExternalID, Step: o.Step, Problem: problem, Attempts: o.Attempts,
	})
}

func put(o *store.Order, at *connectors.Placed) {
	if at == nil {
		return
	}
	o.ExternalID, o.Number, o.Step = at.ID, at.Number, at.Step
}
