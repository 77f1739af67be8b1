package storetest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/store"
)

// decisions are kept with their batch; their judgements are in force until they are revoked.
func decisions(_ *testing.T, k *kit) {
	var batch canonical.ID
	var made []canonical.ID
	a, b := canonical.RecordKey{Source: "erp", ID: "1"}, canonical.RecordKey{Source: "sfa", ID: "1"}
	k.tx(func(ctx context.Context, tx *store.Tx) (err error) {
		if batch, err = tx.NewID(); err != nil {
			return err
		}
		for _, of := range []canonical.ID{batch, {}, batch} {
			d := store.Decision{Verb: "merge", Request: "{}", State: store.DecisionDone, Actor: "os:test", Reason: "x", CreatedAt: tx.Now, Batch: of}
			if d.ID, err = tx.NewID(); err != nil {
				return err
			}
			made = append(made, d.ID)
			if err := tx.PutDecision(ctx, &d); err != nil {
				return err
			}
			if err := tx.AddJudgements(ctx, &d, []dedupe.Judgement{{A: a, B: b, Same: true}}); err != nil {
				return err
			}
		}
		return nil
	})
	list, err := k.DecisionsOfBatch(k.Context(), batch)
	require.NoError(k, err)
	require.Len(k, list, 2)
	require.ElementsMatch(k, []canonical.ID{made[0], made[2]}, []canonical.ID{list[0].ID, list[1].ID})
	alone, err := k.Decision(k.Context(), made[1])
	require.NoError(k, err)
	require.True(k, alone.Batch.IsZero())
	k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.RevokeJudgements(ctx, made[0]) })
	stands, err := k.JudgementsInForce(k.Context(), store.Micros(k.Now()))
	require.NoError(k, err)
	require.Len(k, stands, 2)
	require.ElementsMatch(k, made[1:], []canonical.ID{stands[0].Decision, stands[1].Decision})
	for _, j := range stands {
		require.Equal(k, dedupe.Judgement{A: a, B: b, Same: true, At: j.At}, j.Judgement)
	}
}

// A change request leaves a state once: of two answers the second is refused and writes nothing.
func requests(_ *testing.T, k *kit) {
	r := store.ChangeRequest{Kind: "merge", State: "matched", Requester: "crm", Payload: []byte("{}"), Matches: "[]", Answer: "{}"}
	k.tx(func(ctx context.Context, tx *store.Tx) (err error) {
		if r.ID, err = tx.NewID(); err != nil {
			return err
		}
		r.CreatedAt = tx.Now
		return tx.PutRequest(ctx, &r)
	})
	first, second := r, r
	first.State, first.DecidedBy = "accepted", "anna"
	second.State, second.DecidedBy = "rejected", "bo"
	k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.MoveRequest(ctx, &first, "matched") })
	err := k.InTx(k.Context(), func(tx *store.Tx) error { return tx.MoveRequest(k.Context(), &second, "matched") })
	require.ErrorIs(k, err, store.ErrRequestMoved)
	got, err := k.Request(k.Context(), r.ID)
	require.NoError(k, err)
	require.Equal(k, []string{"accepted", "anna"}, []string{got.State, got.DecidedBy})
}
