package pipeline_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/events"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
	"tributary/store/storetest"
)

// erp is a system that takes orders, keeps two with one key if it is asked twice, and fails as it is told.
type erp struct {
	now     func() time.Time
	fate    func(step string) string // of a step: ok, refused, lost, late, undone, unsent, stopped, killed
	look    func() string            // of a look: ok, away
	hidden  bool                     // looks show no order, for lack of rights
	kill    func()
	bills   map[string][]*connectors.Placed
	pending []func() bool // work that goes on after its caller gave up; false while its time has not come
}

const erpCall, erpSettle = time.Second, 10 * time.Second

func (e *erp) Within() (call, settle time.Duration) { return erpCall, erpSettle }

func (e *erp) catchUp() {
	var left []func() bool
	for _, work := range e.pending {
		if !work() {
			left = append(left, work)
		}
	}
	e.pending = left
}

func (e *erp) FindOrder(_ context.Context, key string) (*connectors.Placed, error) {
	e.catchUp()
	if e.look() == "away" {
		return nil, &connectors.PushError{Outcome: connectors.Unsent, Err: errors.New("away")}
	}
	if len(e.bills[key]) == 0 || e.hidden {
		return nil, nil
	}
	at := *e.bills[key][0]
	return &at, nil
}

var erpSteps = []string{"saved", "submitted", "audited"}

func (e *erp) PushOrder(_ context.Context, o *canonical.OrderRequest, at *connectors.Placed) (*connectors.Placed, error) {
	e.catchUp()
	n := 0
	if at != nil {
		for n = range erpSteps {
			if erpSteps[n] == at.Step {
				break
			}
		}
		n++
	}
	step := erpSteps[n]
	do := func() *connectors.Placed {
		if n == 0 {
			e.bills[o.Key] = append(e.bills[o.Key], &connectors.Placed{ID: "1", Number: "N-" + o.Key})
		}
		bill := e.bills[o.Key][0]
		bill.Step, bill.Done = step, n == len(erpSteps)-1
		out := *bill
		return &out
	}
	fail := func(out connectors.Outcome) error {
		return &connectors.PushError{Outcome: out, Err: errs.New(errs.Unavailable, "connectors.refused", errs.Args{"why": string(out)})}
	}
	switch fate := e.fate(step); fate {
	case "refused":
		return nil, fail(connectors.Refused)
	case "lost":
		do()
		return nil, fail(connectors.Undecided)
	case "late":
		at := e.now().Add(erpSettle - time.Second)
		e.pending = append(e.pending, func() bool {
			if e.now().Before(at) {
				return false
			}
			if n == 0 || len(e.bills[o.Key]) > 0 && e.bills[o.Key][0].Step == erpSteps[n-1] {
				do()
			}
			return true
		})
		return nil, fail(connectors.Undecided)
	case "undone":
		return nil, fail(connectors.Undecided)
	case "unsent":
		return nil, fail(connectors.Unsent)
	case "stopped":
		return nil, fail(connectors.Stopped)
	case "killed":
		if e.look() != "away" { // it may have got through, or not
			do()
		}
		e.kill()
		return nil, context.Canceled
	}
	return do(), nil
}

func orderStore(t *testing.T, now func() time.Time) *store.DB {
	t.Helper()
	db, err := storetest.Open(t.Context(), store.Config{URL: "sqlite:hub.db", DataDir: t.TempDir(), Now: now, Rand: rand.Reader})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Ready(t.Context()))
	return db
}

func submitOrder(t require.TestingT, ctx context.Context, db *store.DB, connection, key string) {
	payload, err := json.Marshal(canonical.OrderRequest{Key: key, Customer: "C1"})
	require.NoError(t, err)
	require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error {
		id, err := tx.NewID()
		if err != nil {
			return err
		}
		_, err = tx.AddOrder(ctx, &store.Order{ID: id, Key: key, Connection: connection, Requester: "crm", Payload: payload, Customer: "C1", State: canonical.OrderAccepted})
		return err
	}))
}

// Whatever fails, and wherever the process is killed, each order comes to exist once or is refused, and its requester
// hears one end (invariants 1 and 9 of what is written to others).
func TestEachOrderExistsOnce(t *testing.T) {
	var clock atomic.Int64
	now := func() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(clock.Load())) }
	db := orderStore(t, now)
	serial := 0
	rapid.Check(t, func(rt *rapid.T) {
		serial++
		left := rapid.IntRange(0, 12).Draw(rt, "failures")
		fates := rapid.SampledFrom([]string{"ok", "refused", "lost", "late", "undone", "unsent", "stopped", "killed"})
		ctx, cancel := context.WithCancel(t.Context())
		system := &erp{now: now, bills: map[string][]*connectors.Placed{}, kill: func() { cancel() }}
		system.fate = func(step string) string {
			if left--; left < 0 {
				return "ok"
			}
			return fates.Draw(rt, step)
		}
		system.look = func() string {
			if left > 0 && rapid.IntRange(0, 5).Draw(rt, "look") == 0 {
				return "away"
			}
			return "ok"
		}
		connection := fmt.Sprint("erp-", serial) // of its own: orders that others hold are not there
		known := fmt.Sprintf("K-%d-known", serial)
		calm := *system
		calm.fate, calm.look = func(string) string { return "ok" }, func() string { return "ok" }
		submitOrder(rt, ctx, db, connection, known)
		_, err := pipeline.Orders{DB: db, Connection: connection, Pusher: &calm}.Run(ctx)
		require.NoError(rt, err)
		var keys []string
		for i := range rapid.IntRange(1, 4).Draw(rt, "orders") {
			keys = append(keys, fmt.Sprintf("K-%d-%d", serial, i))
			submitOrder(rt, ctx, db, connection, keys[i])
		}
		for range 400 {
			system.hidden = left > 0 && rapid.IntRange(0, 3).Draw(rt, "hidden") == 0
			_, err := pipeline.Orders{DB: db, Connection: connection, Pusher: system}.Run(ctx)
			if ctx.Err() != nil { // killed: another process goes on
				cancel()
				ctx, cancel = context.WithCancel(t.Context())
			} else if err == nil {
				if _, err := db.NextOrder(ctx, connection); errors.Is(err, store.ErrNoOrder) {
					break
				}
			}
			clock.Add(int64(rapid.SampledFrom([]time.Duration{0, time.Second, 5 * time.Second}).Draw(rt, "pause")))
		}
		clock.Add(int64(time.Hour)) // what was late has happened
		system.catchUp()
		cancel()
		for _, key := range keys {
			o, err := db.Order(t.Context(), key)
			require.NoError(rt, err)
			require.True(rt, o.State.Final(), "%s is %s", key, o.State)
			bills := system.bills[key]
			if o.State == canonical.OrderRefused {
				require.Empty(rt, bills, key)
				continue
			}
			require.Len(rt, bills, 1, key)
			require.Equal(rt, o.State == canonical.OrderConfirmed, bills[0].Done, "%s %s", key, bills[0].Step)
			require.Equal(rt, "N-"+key, o.Number)
		}
	})
}

// Its own answer to a resend storm: the sender under an old lease writes nothing behind the new one.
func TestASenderThatLostItsLeaseCommitsNothing(t *testing.T) {
	var clock atomic.Int64
	now := func() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(clock.Load())) }
	db := orderStore(t, now)
	submitOrder(t, t.Context(), db, "erp", "K1")
	system := &erp{now: now, bills: map[string][]*connectors.Placed{}, look: func() string { return "ok" }}
	system.fate = func(step string) string {
		if step == "submitted" {
			clock.Add(int64(time.Hour))
			other, err := db.Acquire(t.Context(), pipeline.OrderLease("erp"), time.Minute)
			require.NoError(t, err)
			require.NoError(t, db.Release(t.Context(), other))
		}
		return "ok"
	}
	_, err := pipeline.Orders{DB: db, Connection: "erp", Pusher: system}.Run(t.Context())
	require.ErrorIs(t, err, store.ErrLeaseLost)
	o, err := db.Order(t.Context(), "K1")
	require.NoError(t, err)
	require.Equal(t, canonical.OrderSending, o.State)
	require.Equal(t, "saved", o.Step)
	clock.Add(int64(time.Hour))
	run, err := pipeline.Orders{DB: db, Connection: "erp", Pusher: system}.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[canonical.OrderState]int{canonical.OrderConfirmed: 1}, run.Ended)
	require.Len(t, system.bills["K1"], 1)
}

func TestOrdersThatPeopleMustLookAt(t *testing.T) {
	db := orderStore(t, time.Now)
	submitOrder(t, t.Context(), db, "erp", "K1")
	system := &erp{now: time.Now, bills: map[string][]*connectors.Placed{}, look: func() string { return "ok" }, fate: func(string) string { return "ok" }}
	system.bills["K1"] = []*connectors.Placed{{ID: "7", Number: "N7", Step: "saved", Void: true}}
	_, err := pipeline.Orders{DB: db, Connection: "erp", Pusher: system}.Run(t.Context())
	require.NoError(t, err)
	o, err := db.Order(t.Context(), "K1")
	require.NoError(t, err)
	require.Equal(t, canonical.OrderSent, o.State)
	require.Equal(t, "order.void", o.Problem.Code)
	require.Equal(t, "N7", o.Number)
	require.NoError(t, func() error { e := pipeline.OrderEvent(events.Sent, &o, time.Now()); return e.Check() }())
}

// A look that may be blind does not count: an order that may be there, or was there, waits until the system shows an order
// that is known to be there. The first order of a connection has none to be seen by.
func TestABlindLookDoesNotCount(t *testing.T) {
	var clock atomic.Int64
	now := func() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(clock.Load())) }
	for name, c := range map[string]struct {
		fate, step string // of the last order
		others     bool   // orders went through before
		gone       bool   // people deleted them
		sees       bool   // the system shows orders
		want       canonical.OrderState
		bills      int
	}{
		"hidden, not there":                  {fate: "undone", step: "saved", others: true, want: canonical.OrderUnknown},
		"hidden, there":                      {fate: "lost", step: "saved", others: true, want: canonical.OrderUnknown, bills: 1},
		"hidden, and seen before":            {fate: "unsent", step: "submitted", want: canonical.OrderUnknown, bills: 1},
		"hidden, seen before, others too":    {fate: "unsent", step: "submitted", others: true, want: canonical.OrderUnknown, bills: 1},
		"not there":                          {fate: "undone", step: "saved", others: true, sees: true, want: canonical.OrderConfirmed, bills: 1},
		"not there, and the others are gone": {fate: "undone", step: "saved", others: true, gone: true, sees: true, want: canonical.OrderUnknown},
		"not there, the first":               {fate: "undone", step: "saved", sees: true, want: canonical.OrderConfirmed, bills: 1},
	} {
		t.Run(name, func(t *testing.T) {
			db := orderStore(t, now)
			fate := ""
			system := &erp{now: now, bills: map[string][]*connectors.Placed{}, look: func() string { return "ok" }}
			system.fate = func(step string) string {
				if fate != "" && step == c.step {
					return fate
				}
				return "ok"
			}
			run := func() { _, _ = pipeline.Orders{DB: db, Connection: "erp", Pusher: system}.Run(t.Context()) }
			if c.others {
				for i := range 5 {
					submitOrder(t, t.Context(), db, "erp", fmt.Sprint("B", i))
				}
				run()
			}
			submitOrder(t, t.Context(), db, "erp", "K1")
			fate = c.fate
			run()
			fate, system.hidden = "", !c.sees
			if c.gone {
				clear(system.bills)
			}
			for range 5 {
				clock.Add(int64(time.Hour))
				run()
			}
			o, err := db.Order(t.Context(), "K1")
			require.NoError(t, err)
			require.Equal(t, c.want, o.State, "%+v", o.Problem)
			require.Len(t, system.bills["K1"], c.bills)
			if c.want == canonical.OrderUnknown {
				require.Equal(t, "order.unseen", o.Problem.Code)
			}
			submitOrder(t, t.Context(), db, "erp", "K2") // the next one goes through, and is seen once looks are good
			system.hidden = false
			for range 5 {
				clock.Add(int64(time.Hour))
				run()
			}
			o, err = db.Order(t.Context(), "K1")
			require.NoError(t, err)
			require.Equal(t, canonical.OrderConfirmed, o.State, "%+v", o.Problem)
			require.Len(t, system.bills["K1"], 1)
		})
	}
}
