package storetest

import (
	"context"
	"errors"
	"strings"
	"time"

	"testing"

	"github.com/stretchr/testify/require"

	"tributary/store"
)

// inbox: deliveries are known again, numbered in the order in which they can be seen, and forgotten up to a number.
func inbox(_ *testing.T, k *kit) {
	ctx := k.Context()
	deliver := func(body string, marks ...string) error {
		d := store.Delivery{Connection: "crm", Streams: []string{"a", "b"}, MediaType: "application/json", Body: []byte(body)}
		for _, m := range marks {
			d.Marks = append(d.Marks, []byte(m))
		}
		return k.InTx(ctx, func(tx *store.Tx) error { return tx.Deliver(ctx, d) })
	}
	bodies := func(after, upTo int64, limit, maxBytes int) (out []string) {
		list, err := k.Deliveries(ctx, "crm", "a", after, upTo, limit, maxBytes)
		require.NoError(k, err)
		for _, d := range list {
			out = append(out, string(d.Body))
		}
		return out
	}
	last, err := k.NumberDeliveries(ctx, "crm", "a")
	require.NoError(k, err)
	require.Zero(k, last)
	require.NoError(k, deliver("1", "x", "id1"))
	require.ErrorIs(k, deliver("2", "y", "id1"), store.ErrDelivered)
	require.ErrorIs(k, deliver("2", "x", "id2"), store.ErrDelivered)
	require.NoError(k, deliver("2", "y", "id2"), "a repetition leaves no mark of its own")
	require.Empty(k, bodies(0, 99, 10, 100), "nothing is read without a number")
	last, err = k.NumberDeliveries(ctx, "crm", "a")
	require.NoError(k, err)
	require.EqualValues(k, 2, last)
	require.NoError(k, deliver("3", "z"))
	require.Equal(k, []string{"1", "2"}, bodies(0, last, 10, 100))
	require.Equal(k, []string{"1"}, bodies(0, last, 1, 100))
	require.Equal(k, []string{"1"}, bodies(0, last, 10, 1), "one at least")
	require.Equal(k, []string{"2"}, bodies(1, last, 10, 100))

	k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.DropDeliveries(ctx, "crm", "a", 2) })
	last, err = k.NumberDeliveries(ctx, "crm", "a")
	require.NoError(k, err)
	require.EqualValues(k, 3, last, "numbers are not given again")
	require.Equal(k, []string{"3"}, bodies(0, last, 10, 100))
	waiting, at, err := k.InboxState(ctx, "crm")
	require.NoError(k, err)
	require.Equal(k, map[string]int{"a": 1, "b": 3}, waiting)
	require.WithinDuration(k, time.Now(), at, time.Minute)
	full, err := k.InboxFull(ctx, "crm", 4)
	require.NoError(k, err)
	require.True(k, full)
	full, err = k.InboxFull(ctx, "crm", 5)
	require.NoError(k, err)
	require.False(k, full)

	k.tx(func(ctx context.Context, tx *store.Tx) error {
		return tx.ForgetDeliveries(ctx, "crm", time.Now().Add(time.Hour))
	})
	require.NoError(k, deliver("1", "x", "id1"), "forgotten")
	require.ErrorIs(k, k.InTx(ctx, func(tx *store.Tx) error {
		require.NoError(k, tx.Deliver(ctx, store.Delivery{Connection: "crm", Streams: []string{"a"}, Marks: [][]byte{[]byte("w")}, Body: []byte(strings.Repeat("x", 1<<20))}))
		return errUndone
	}), errUndone)
	require.NoError(k, deliver("4", "w"), "what was rolled back was never here")
}

var errUndone = errors.New("undone")
