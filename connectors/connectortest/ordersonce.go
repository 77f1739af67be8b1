package connectortest

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

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/sandbox/fault"
	"tributary/pipeline"
	"tributary/store"
	"tributary/store/storetest"
)

// spoilers are the faults that can make a look for an order come back empty, short or not at all.
var spoilers = []fault.Name{
	fault.HiddenRows, fault.ShortPage, fault.SamePage, fault.DeadLocator, fault.Throttle, fault.ErrorIn200, fault.TransientIn200, fault.Shape, fault.HalfJSON, fault.HTML200,
	fault.CutBody, fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.NoRights, fault.BadCredentials, fault.SessionExpiry, fault.EmptyAsSpace, fault.CodeAsText, fault.StringBody,
}

// Ways in which nobody hears what became of a write.
const (
	lost   = "the answer is lost"
	late   = "the work ends after the call was given up"
	killed = "the process dies in the middle"
)

// sending is the hub's sender before a system, with a clock of its own.
type sending struct {
	h     Orders
	s     *OrderSystem
	db    *store.DB
	clock atomic.Int64
}

func (h Orders) sending(t *testing.T) *sending {
	t.Helper()
	w := &sending{h: h, s: h.Start(t)}
	began := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	db, err := storetest.Open(t.Context(), store.Config{URL: "sqlite:hub.db", DataDir: t.TempDir(), Now: func() time.Time { return began.Add(time.Duration(w.clock.Load())) }, Rand: rand.Reader})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Ready(t.Context()))
	w.db = db
	return w
}

func (w *sending) pass(d time.Duration) { w.clock.Add(int64(d)) }

// start is the pusher of a process that has just begun.
func (w *sending) start(t *testing.T) connectors.Pusher {
	t.Helper()
	return w.h.open(t, w.s, map[string]any{"retry_budget": "5ms"})
}

func (w *sending) submit(t *testing.T, key string) {
	t.Helper()
	o := w.s.Order(key)
	payload, err := json.Marshal(o)
	require.NoError(t, err)
	require.NoError(t, w.db.InTx(t.Context(), func(tx *store.Tx) error {
		id, err := tx.NewID()
		if err != nil {
			return err
		}
		_, err = tx.AddOrder(t.Context(), &store.Order{ID: id, Key: key, Connection: "erp", Requester: "crm", Payload: payload, Customer: o.Customer, State: canonical.OrderAccepted})
		return err
	}))
}

func (w *sending) run(ctx context.Context, p connectors.Pusher) error {
	_, err := pipeline.Orders{DB: w.db, Connection: "erp", Pusher: p}.Run(ctx)
	return err
}

// finish lets the sender work until no order waits.
func (w *sending) finish(t *testing.T) {
	t.Helper()
	p := w.start(t)
	for range 40 {
		err := w.run(t.Context(), p)
		if _, none := w.db.NextOrder(t.Context(), "erp"); err == nil && errors.Is(none, store.ErrNoOrder) {
			return
		}
		w.pass(time.Hour)
	}
	o, err := w.db.NextOrder(t.Context(), "erp")
	require.NoError(t, err)
	require.FailNow(t, "an order does not end", "%s %s: %+v", o.Key, o.State, o.Problem)
}

// unheard sends an order of whose writing nobody hears, and waits until it is there.
func (w *sending) unheard(t *testing.T, key, how string) {
	t.Helper()
	w.submit(t, key)
	p, ctx := w.start(t), t.Context()
	name := fault.WriteLate
	switch how {
	case lost:
		name = fault.WriteLost
	case killed:
		var kill context.CancelFunc
		ctx, kill = context.WithCancel(ctx)
		watched := make(chan struct{})
		go func(struck int) {
			defer close(watched)
			for ctx.Err() == nil && w.s.Faults.Hits(fault.WriteLate) == struck {
				time.Sleep(time.Millisecond)
			}
			kill()
		}(w.s.Faults.Hits(fault.WriteLate))
		defer func() { kill(); <-watched }()
	}
	w.s.Faults.Arm(name, 1)
	if err := w.run(ctx, p); how != killed {
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return w.s.Count(key) == 1 }, time.Minute, 5*time.Millisecond)
	o, err := w.db.Order(t.Context(), key)
	require.NoError(t, err)
	require.False(t, o.State.Final(), o.State)
}

// An order of whose writing nobody heard is not sent again because a look for it was spoiled, however long that lasts.
func spoiledLooks(t *testing.T, h Orders) {
	w := h.sending(t)
	w.submit(t, "known")
	w.finish(t)
	_, settle := w.start(t).Within()
	for i, name := range spoilers {
		ways := []string{lost}
		if name == fault.HiddenRows {
			ways = []string{lost, late, killed}
		}
		for j, how := range ways {
			key := fmt.Sprintf("K-%02d-%d", i, j)
			w.unheard(t, key, how)
			w.s.Faults.Always(name)
			p := w.start(t)
			for range 4 {
				w.pass(settle + time.Hour)
				_ = w.run(t.Context(), p) // fails, as the fault has it
				require.Equal(t, 1, w.s.Count(key), "%s, then %s", how, name)
			}
			w.s.Faults.Clear()
			w.finish(t)
			require.Equal(t, 1, w.s.Count(key), "%s, then %s", how, name)
			o, err := w.db.Order(t.Context(), key)
			require.NoError(t, err)
			require.Equal(t, canonical.OrderConfirmed, o.State, "%s, then %s: %+v", how, name, o.Problem)
		}
	}
}
