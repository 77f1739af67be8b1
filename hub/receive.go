package hub

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tributary/connectors"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/store"
)

// InboxPath is where the hub receives, in front of the name of a connection.
const InboxPath = "/in/"

// Inbox is what came for a connection. It needs the store.
func (h *Hub) Inbox(connection string) connectors.Inbox { return inbox{h.DB, connection} }

// inbox is what came for a connection, as its source sees it.
type inbox struct {
	db         *store.DB
	connection string
}

func (i inbox) Number(ctx context.Context, stream string) (int64, error) {
	return i.db.NumberDeliveries(ctx, i.connection, stream)
}

func (i inbox) Read(ctx context.Context, stream string, after, upTo int64, limit, maxBytes int) ([]connectors.Delivery, error) {
	list, err := i.db.Deliveries(ctx, i.connection, stream, after, upTo, limit, maxBytes)
	out := make([]connectors.Delivery, 0, len(list))
	for _, d := range list {
		out = append(out, connectors.Delivery{Number: d.Number, At: d.At, MediaType: d.MediaType, Split: d.Split, Body: d.Body})
	}
	return out, err
}

func (i inbox) Drop(ctx context.Context, stream string, upTo int64) error {
	if upTo == 0 {
		return nil
	}
	return i.db.InTx(ctx, func(tx *store.Tx) error { return tx.DropDeliveries(ctx, i.connection, stream, upTo) })
}

func (i inbox) State(ctx context.Context) (connectors.InboxState, error) {
	waiting, last, err := i.db.InboxState(ctx, i.connection)
	return connectors.InboxState{Waiting: waiting, Last: last}, err
}

// Posted is what a sender posted.
type Posted = connectors.Posted

// Receiver takes what is posted to one connection. The caller closes it. Safe for concurrent use.
type Receiver struct {
	hub        *Hub
	connection string
	source     connectors.Source
	judge      connectors.Receiver
}

// Receiver finds the connection that receives under a name. Its error tells nothing about others.
func (h *Hub) Receiver(name string) (*Receiver, error) {
	at := slices.IndexFunc(h.Config.Connections, func(c config.Connection) bool { return c.Name == name })
	if at < 0 || !h.receives(h.Config.Connections[at]) {
		return nil, errs.New(errs.NotFound, "api.no_route", nil)
	}
	src, err := h.Source(h.Config.Connections[at])
	if err != nil {
		return nil, fmt.Errorf("receive for %s: %w", name, err)
	}
	judge, ok := src.(connectors.Receiver)
	if !ok {
		return nil, errors.Join(fmt.Errorf("connection %s: its connector promises to receive and does not", name), src.Close())
	}
	return &Receiver{hub: h, connection: name, source: src, judge: judge}, nil
}

// Close frees what it holds.
func (r *Receiver) Close() error { return r.source.Close() }

// Terms are what the connection keeps to.
func (r *Receiver) Terms() connectors.Terms { return r.judge.Terms() }

// Take judges what was posted and keeps what is accepted. When it returns without an error the delivery is stored for good,
// or, when it reports false, was before or is of no interest.
func (r *Receiver) Take(ctx context.Context, p Posted) (kept bool, err error) {
	accepted, err := r.judge.Judge(p)
	if err != nil || len(accepted.Streams) == 0 {
		return false, err
	}
	err = r.hub.DB.InTx(ctx, func(tx *store.Tx) error {
		err := tx.Deliver(ctx, store.Delivery{Connection: r.connection, MediaType: p.Header.Get("Content-Type"), Streams: accepted.Streams, Split: accepted.Split, Marks: accepted.Marks, Body: p.Body})
		if err != nil {
			return err
		}
		full, err := tx.InboxFull(ctx, r.connection, r.judge.Terms().Waiting+1)
		if err == nil && full { // with this one; a repetition of what waits already is no burden
			err = errs.New(errs.Unavailable, "webhook.full", nil)
		}
		return err
	})
	if errors.Is(err, store.ErrDelivered) {
		return false, nil
	}
	return err == nil, err
}

func (h *Hub) receives(c config.Connection) bool {
	driver, _, err := h.Registry.Driver(c.Connector)
	return err == nil && driver.Receives
}

// Receives reports whether one of the connections receives: looking at it needs the store.
func (h *Hub) Receives(names []string) bool {
	return slices.ContainsFunc(h.Config.Connections, func(c config.Connection) bool { return slices.Contains(names, c.Name) && h.receives(c) })
}

// delivered counts what waits, by stream. What cannot be counted now is counted at the next look.
func (h *Hub) delivered(ctx context.Context, c config.Connection) map[string]int {
	waiting, _, err := h.DB.InboxState(ctx, c.Name)
	if err != nil && ctx.Err() == nil {
		h.Log.WarnContext(ctx, "looking for deliveries failed", "connection", c.Name, "error", err)
	}
	return waiting
}

// forgetDeliveries forgets marks that are older than each connection remembers.
func (h *Hub) forgetDeliveries(ctx context.Context) error {
	var failures []error
	for _, c := range h.Config.Connections {
		if !h.receives(c) {
			continue
		}
		r, err := h.Receiver(c.Name)
		if err == nil {
			err = h.DB.InTx(ctx, func(tx *store.Tx) error {
				return tx.ForgetDeliveries(ctx, c.Name, tx.Now.Add(-r.Terms().Remember))
			})
			err = errors.Join(err, r.Close())
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}
