package objectsource

import (
	"context"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// Taker is a source whose system may also take orders.
type Taker struct {
	*Source
	pusher connectors.Pusher
}

var _ connectors.OrderTaker = (*Taker)(nil)

// Taking gives a source the way to write orders; nil when its settings do not ask for it.
func Taking(s *Source, p connectors.Pusher) *Taker { return &Taker{s, p} }

// Orders is the way to write orders, or nil.
func (t *Taker) Orders() connectors.Pusher { return t.pusher }

// Check probes also whether orders can be looked for, which every order needs.
func (t *Taker) Check(ctx context.Context) ([]connectors.Finding, error) {
	found, err := t.Source.Check(ctx)
	if err != nil || t.pusher == nil || faulty(found) {
		return found, err
	}
	if _, err := t.pusher.FindOrder(ctx, "tributary-check"); err != nil && ctx.Err() == nil {
		found = append(found, httpsource.Verdict(err))
	}
	return found, ctx.Err()
}
