package storetest

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/store"
)

func orders(_ *testing.T, k *kit) {
	ctx := k.Context()
	add := func(key, hash string) (added bool) {
		require.NoError(k, k.InTx(ctx, func(tx *store.Tx) error {
			id, err := tx.NewID()
			if err != nil {
				return err
			}
			added, err = tx.AddOrder(ctx, &store.Order{ID: id, Key: key, Connection: "erp", Requester: "crm", Hash: hash, Payload: json.RawMessage(`{"key":"` + key + `"}`), Customer: "C1", State: canonical.OrderAccepted})
			return err
		}))
		return added
	}
	_, err := k.NextOrder(ctx, "erp")
	require.ErrorIs(k, err, store.ErrNoOrder)

	// Whoever comes at the same moment with one key, one of them is first.
	var first atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if add("K1", "h") {
				first.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(k, 1, first.Load())
	require.True(k, add("K2", "h"))
	require.False(k, add("K2", "other"))
	kept, err := k.Order(ctx, "K2")
	require.NoError(k, err)
	require.Equal(k, "h", kept.Hash)
	require.JSONEq(k, `{"key":"K2"}`, string(kept.Payload))
	require.True(k, kept.BegunAt.IsZero())

	// Orders take turns; those that ended have none, those of other connections are not seen.
	next, err := k.NextOrder(ctx, "erp")
	require.NoError(k, err)
	require.Equal(k, "K1", next.Key)
	_, err = k.NextOrder(ctx, "other")
	require.ErrorIs(k, err, store.ErrNoOrder)
	change := func(key string, f func(*store.Order)) {
		k.tx(func(ctx context.Context, tx *store.Tx) error {
			o, err := tx.LockOrder(ctx, key)
			if err != nil {
				return err
			}
			f(&o)
			return tx.SaveOrder(ctx, &o)
		})
	}
	later := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	change("K1", func(o *store.Order) {
		o.State, o.BegunAt, o.NextAt, o.Attempts, o.Version = canonical.OrderUnknown, later, later, 2, 3
	})
	next, err = k.NextOrder(ctx, "erp")
	require.NoError(k, err)
	require.Equal(k, "K2", next.Key)
	change("K2", func(o *store.Order) {
		o.State, o.ExternalID, o.Number, o.Step, o.Problem = canonical.OrderConfirmed, "7", "XSDD1", "audited", &store.Notice{Code: "order.failed", Why: "-"}
	})
	next, err = k.NextOrder(ctx, "erp")
	require.NoError(k, err)
	require.Equal(k, "K1", next.Key)
	require.Equal(k, later, next.NextAt)
	require.Equal(k, later, next.BegunAt)
	require.Equal(k, 2, next.Attempts)
	require.EqualValues(k, 3, next.Version)
	require.ErrorIs(k, k.InTx(ctx, func(tx *store.Tx) error { _, err := tx.LockOrder(ctx, "K9"); return err }), store.ErrNoOrder)

	list, err := k.Orders(ctx, store.OrderFilter{Limit: 10})
	require.NoError(k, err)
	require.Len(k, list, 2)
	require.Equal(k, "K2", list[0].Key)
	require.Equal(k, "XSDD1", list[0].Number)
	require.Equal(k, &store.Notice{Code: "order.failed", Why: "-"}, list[0].Problem)
	list, err = k.Orders(ctx, store.OrderFilter{State: canonical.OrderUnknown, Connection: "erp", Requester: "crm", Limit: 10})
	require.NoError(k, err)
	require.Len(k, list, 1)
	counts, err := k.CountOrders(ctx)
	require.NoError(k, err)
	require.Equal(k, []store.OrderCount{{Connection: "erp", State: canonical.OrderConfirmed, Count: 1}, {Connection: "erp", State: canonical.OrderUnknown, Count: 1}}, counts)
}
