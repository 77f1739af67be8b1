package hub

import (
	"context"
	"errors"
	"reflect"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/internal/config"
	"tributary/internal/errs"
)

// outlet is the open source of a connection to which orders or fields are sent. It asks the system only as long as that has
// not refused the credentials, and opens the source anew with settings that were mended. One goroutine at a time uses it.
type outlet struct {
	hub        *Hub
	connection config.Connection // with the settings of the open source
	src        connectors.Source
	spent      bool                          // refused, the open source asks no more
	use        func(connectors.Source) error // takes from a source what the calls go to
}

// attempt makes one call, unless the credentials were refused.
func (o *outlet) attempt(ctx context.Context, call func() error) error {
	l, err := o.hub.logIn(ctx, o.connection)
	if err != nil {
		return &connectors.PushError{Outcome: connectors.Unsent, Err: err}
	}
	if err = o.renew(l.Connection); err == nil {
		err = call()
	}
	o.spent = o.spent || connectors.CredentialsRefused(errs.CodeOf(err))
	if err == nil {
		err = l.answered(ctx)
	}
	return l.leave(ctx, err)
}

// renew opens the source anew when the one that is open has other settings, or was refused and may try once more.
func (o *outlet) renew(c config.Connection) error {
	if !o.spent && reflect.DeepEqual(c.Settings, o.connection.Settings) {
		return nil
	}
	src, err := o.hub.Source(c)
	if err != nil {
		return &connectors.PushError{Outcome: connectors.Stopped, Err: err}
	}
	if err := o.use(src); err != nil {
		return &connectors.PushError{Outcome: connectors.Stopped, Err: errors.Join(err, src.Close())}
	}
	old := o.src
	o.src, o.connection, o.spent = src, c, false
	return old.Close()
}

// guardedPusher sends orders through an outlet.
type guardedPusher struct {
	connectors.Pusher
	outlet
}

// pusherOf is nil when the source of a connection takes no orders.
func (h *Hub) pusherOf(c config.Connection, src connectors.Source) *guardedPusher {
	g := &guardedPusher{outlet: outlet{hub: h, connection: c, src: src}}
	g.use = func(src connectors.Source) error {
		if taker, ok := src.(connectors.OrderTaker); ok {
			if pusher := taker.Orders(); pusher != nil {
				g.Pusher = pusher
				return nil
			}
		}
		return errs.New(errs.Invalid, "order.no_taker", nil)
	}
	if g.use(src) != nil {
		return nil
	}
	return g
}

// FindOrder looks for an order.
func (g *guardedPusher) FindOrder(ctx context.Context, key string) (at *connectors.Placed, err error) {
	err = g.attempt(ctx, func() (err error) {
		at, err = g.Pusher.FindOrder(ctx, key)
		return err
	})
	return at, err
}

// PushOrder takes the next step of an order.
func (g *guardedPusher) PushOrder(ctx context.Context, o *canonical.OrderRequest, at *connectors.Placed) (placed *connectors.Placed, err error) {
	err = g.attempt(ctx, func() (err error) {
		placed, err = g.Pusher.PushOrder(ctx, o, at)
		return err
	})
	return placed, err
}

// guardedWriter writes fields back through an outlet.
type guardedWriter struct {
	connectors.FieldWriter
	outlet
	settings connectors.WriteBackSettings
}

// writerOf is nil when a connection gets nothing back.
func (h *Hub) writerOf(c config.Connection, src connectors.Source) *guardedWriter {
	g := &guardedWriter{outlet: outlet{hub: h, connection: c, src: src}}
	g.use = func(src connectors.Source) error {
		if b, ok := src.(connectors.WriteBacker); ok {
			if settings, writer := b.WriteBack(); writer != nil {
				g.settings, g.FieldWriter = settings, writer
				return nil
			}
		}
		return errs.New(errs.Invalid, "connection.no_writeback", errs.Args{"name": c.Name})
	}
	if g.use(src) != nil {
		return nil
	}
	return g
}

// ReadFields reads fields of one record.
func (g *guardedWriter) ReadFields(ctx context.Context, stream, id string, fields []string) (values map[string]string, err error) {
	err = g.attempt(ctx, func() (err error) {
		values, err = g.FieldWriter.ReadFields(ctx, stream, id, fields)
		return err
	})
	return values, err
}

// WriteFields sets fields of one record.
func (g *guardedWriter) WriteFields(ctx context.Context, stream, id string, values map[string]string) error {
	return g.attempt(ctx, func() error { return g.FieldWriter.WriteFields(ctx, stream, id, values) })
}
