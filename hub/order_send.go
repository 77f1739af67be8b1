package hub

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// OrdersSent says what one sending of orders did.
type OrdersSent struct {
	Confirmed int `json:"confirmed"`
	Sent      int `json:"sent"`
	Refused   int `json:"refused"`
	Waiting   int `json:"waiting"` // that have not ended
}

// SendOrders works off the orders of a connection, "" = of all, until none has its turn; with wait until none is left, or
// the time is over. A connection whose orders another process sends is left to it.
func (h *Hub) SendOrders(ctx context.Context, connection string, wait time.Duration) (out OrdersSent, err error) {
	if err := h.mayOrder(); err != nil {
		return out, err
	}
	var names []string
	if connection != "" {
		if _, err := h.Connection(connection); err != nil {
			return out, err
		}
		names = append(names, connection)
	}
	targets, err := h.orderTargets(names...)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, closeTargets(targets)) }()
	if len(targets) == 0 {
		return out, errs.New(errs.Invalid, "order.no_taker", nil)
	}
	until := time.Now().Add(wait)
	var failures []error
	for _, t := range targets {
		if err := h.sendUntil(ctx, t, until, &out); err != nil {
			failures = append(failures, err)
		}
	}
	counts, err := h.DB.CountOrders(ctx)
	for _, c := range counts {
		for _, t := range targets {
			if c.Connection == t.Name && !c.State.Final() {
				out.Waiting += int(c.Count)
			}
		}
	}
	return out, errors.Join(append(failures, err)...)
}

// orderPoll is how often a process that waits for orders looks at them.
const orderPoll = 200 * time.Millisecond

func (h *Hub) sendUntil(ctx context.Context, t orderTarget, until time.Time, out *OrdersSent) error {
	for {
		run, err := pipeline.Orders{DB: h.DB, Connection: t.Name, Pusher: t.pusher}.Run(ctx)
		out.Confirmed += run.Ended[canonical.OrderConfirmed]
		out.Sent += run.Ended[canonical.OrderSent]
		out.Refused += run.Ended[canonical.OrderRefused]
		switch {
		case errors.Is(err, store.ErrLeased): // another process sends
			if _, err := h.DB.NextOrder(ctx, t.Name); errors.Is(err, store.ErrNoOrder) {
				return nil
			} else if err != nil {
				return err
			}
		case err != nil:
			return err
		case run.Next.IsZero():
			return nil
		}
		pause := min(orderPoll, time.Until(until))
		if pause <= 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// Pauses of the sender of a connection.
const (
	sendLook  = 500 * time.Millisecond // between two looks for something to send
	sendFirst = 5 * time.Second        // after a failure; doubled up to the last
	sendLast  = 5 * time.Minute
)

// ordersLoop sends orders of every connection that takes them, as they come.
func (h *Hub) ordersLoop(ctx context.Context, wake func()) {
	targets, err := h.orderTargets()
	if err != nil {
		h.Log.ErrorContext(ctx, "orders cannot be sent", "error", err)
		return
	}
	var g errgroup.Group
	for _, t := range targets {
		g.Go(func() error { h.orderLoop(ctx, t, wake); return nil })
	}
	_ = g.Wait() // loops return nothing
	if err := closeTargets(targets); err != nil {
		h.Log.WarnContext(ctx, "closing the systems that take orders failed", "error", err)
	}
}

// orderLoop sends the orders of one connection.
func (h *Hub) orderLoop(ctx context.Context, t orderTarget, wake func()) {
	h.keepSending(ctx, "orders", t.Name, func(ctx context.Context) error {
		run, err := pipeline.Orders{DB: h.DB, Connection: t.Name, Pusher: t.pusher}.Run(ctx)
		if len(run.Ended) > 0 {
			wake()
			h.Log.InfoContext(ctx, "orders sent", "connection", t.Name, "ended", run.Ended)
		}
		return err
	})
}

// keepSending runs a sender of a connection over and over, with growing pauses after failures. Wrong settings end it: they
// stay wrong until the service is started with others. Refused credentials do not: nobody is asked with them again, and it
// goes on once they are mended.
func (h *Hub) keepSending(ctx context.Context, what, connection string, send func(context.Context) error) {
	failures := 0
	for pause := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = sendLook
		err := send(ctx)
		switch {
		case err == nil, errors.Is(err, store.ErrLeased):
			failures = 0
		case ctx.Err() != nil:
			return
		case stopped(err):
			h.Log.ErrorContext(ctx, "sending stands still until the connection's settings are mended and the service is started again", "what", what, "connection", connection, "error", err)
			return
		default:
			failures++
			pause = min(sendFirst<<min(failures-1, 10), sendLast)
			h.Log.WarnContext(ctx, "sending failed; it is tried again", "what", what, "connection", connection, "error", err, "after", pause)
		}
	}
}

// stopped reports whether a person has to mend the settings before anything is sent.
func stopped(err error) bool {
	return connectors.OutcomeOf(err) == connectors.Stopped && !connectors.CredentialsRefused(errs.CodeOf(err))
}
