package connectors

import (
	"context"
	"errors"
	"time"

	"tributary/canonical"
)

// OrderTaker is a source whose system may also take orders.
type OrderTaker interface {
	// Orders is the way to write them; nil when the connection's settings do not ask for it.
	Orders() Pusher
}

// Pusher writes orders into its system. Calls are serial.
//
// No system promises that a call which failed did nothing. So an order carries its key into a field of the system, is
// looked for before it is created, and after an attempt whose end nobody saw it is created again only when Within has
// passed and it still is not there: each order then exists once.
type Pusher interface {
	// FindOrder looks for an order by its key; nil when the system has none. Two with one key are an error.
	FindOrder(ctx context.Context, key string) (*Placed, error)
	// PushOrder takes the next step of an order: it creates it when at is nil, else it carries on from there. It makes no
	// second attempt. The error is a *PushError.
	PushOrder(ctx context.Context, o *canonical.OrderRequest, at *Placed) (*Placed, error)
	// Within is how long a step may take on our side, and how much longer the system may still be at work on it.
	Within() (call, settle time.Duration)
}

// Placed says where an order stands in the system that takes it.
type Placed struct {
	ID, Number string // the system's own
	Step       string // the step it went through last, as the connector's page names it
	Done       bool   // no step is left
	Void       bool   // somebody there cancelled it
}

// Outcome says what a failed step left behind.
type Outcome string

// Outcomes of failed steps.
const (
	Refused   Outcome = "refused"   // the system said no; nothing happened
	Undecided Outcome = "undecided" // nobody knows: look
	Unsent    Outcome = "unsent"    // the system did not get to it; try again
	Stopped   Outcome = "stopped"   // like Unsent, and no more tries until a person mends the settings
)

// PushError is a failed step of an order.
type PushError struct {
	Outcome Outcome
	Wait    time.Duration // Unsent: how long the system asked to wait
	Err     error         // in the system's own words
}

// Error is the text of the cause.
func (e *PushError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *PushError) Unwrap() error { return e.Err }

// OutcomeOf is the outcome of a failed step; an error of another kind leaves it undecided.
func OutcomeOf(err error) Outcome {
	var e *PushError
	if errors.As(err, &e) {
		return e.Outcome
	}
	return Undecided
}
