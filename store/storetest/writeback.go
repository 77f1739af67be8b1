package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/events"
	"tributary/store"
)

// writeBacks: events mark the records of the targets, once each, in the transaction that appends them.
func writeBacks(_ *testing.T, k *kit) {
	ctx := k.Context()
	golden := store.WriteTarget{Connection: "crm", Kind: store.WriteGoldenID}
	version := int64(0)
	link := func(source, id string, fail error) error {
		version++
		return k.InTx(ctx, func(tx *store.Tx) error {
			e := events.Crosswalk(events.Meta{Op: events.Created, Version: version, Time: tx.Now}, canonical.RecordKey{Source: source, ID: id}, canonical.DeriveID("g", id))
			if err := tx.AppendEvents(ctx, []events.Event{e}); err != nil {
				return err
			}
			return fail
		})
	}
	target := func(on bool) {
		require.NoError(k, k.InTx(ctx, func(tx *store.Tx) error { return tx.SetWriteTarget(ctx, golden, on) }))
	}
	next := func() store.WriteBack {
		w, err := k.NextWrite(ctx, "crm")
		require.NoError(k, err)
		return w
	}
	save := func(w store.WriteBack) {
		k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.SaveWrite(ctx, &w) })
	}

	require.NoError(k, link("crm", "A", nil))
	_, err := k.NextWrite(ctx, "crm")
	require.ErrorIs(k, err, store.ErrNoWrite, "nothing is marked unless it is asked for")
	target(true)
	target(true)
	require.NoError(k, link("crm", "A", nil))
	require.NoError(k, link("erp", "B", nil))
	broken := errors.New("rolled back")
	require.ErrorIs(k, link("crm", "C", broken), broken)
	w := next()
	require.Equal(k, "A", w.SourceID)
	counts, err := k.CountWrites(ctx)
	require.NoError(k, err)
	require.Equal(k, []store.WriteCount{{Connection: "crm", Kind: store.WriteGoldenID, State: store.WriteWaits, Count: 1}}, counts)

	// A mark that comes while the write is under way keeps its turn and knows what was written.
	require.NoError(k, link("crm", "A", nil))
	w.State, w.Written = store.WriteDone, "print"
	save(w)
	w = next()
	require.Equal(k, "print", w.Written)
	w.State = store.WriteHalted
	w.Problem = &store.Notice{Code: "connectors.refused", Args: map[string]any{"why": "no"}}
	save(w)
	_, err = k.NextWrite(ctx, "crm")
	require.ErrorIs(k, err, store.ErrNoWrite)
	halted, err := k.Writes(ctx, "crm", store.WriteHalted, 9)
	require.NoError(k, err)
	require.Len(k, halted, 1)
	require.Equal(k, "connectors.refused", halted[0].Problem.Code)
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.RetryWrites(ctx, "crm")
		require.EqualValues(k, 1, n)
		return err
	})
	w = next()
	w.NextAt = w.NextAt.Add(time.Hour)
	save(w)
	require.NoError(k, link("crm", "D", nil))
	require.Equal(k, "D", next().SourceID, "one that waits lets others pass")
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		d := next()
		return tx.DropWrite(ctx, &d)
	})
	require.Equal(k, "A", next().SourceID)
	target(false)
	_, err = k.NextWrite(ctx, "crm")
	require.ErrorIs(k, err, store.ErrNoWrite, "what is not asked for any more is forgotten")
}
