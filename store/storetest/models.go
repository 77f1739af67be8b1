package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/store"
)

// models: a model is kept whole under its version, the one applied last comes first, and keeping one again changes no body.
func models(_ *testing.T, k *kit) {
	active, err := k.ActiveModel(k.Context())
	require.NoError(k, err)
	require.Empty(k, active)
	at := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	first := store.MatchModel{Version: "default-1", Body: "the first"}
	second := store.MatchModel{Version: "ours-2", Body: "the second", AppliedAt: at, AppliedBy: "os:test", Reason: "fewer questions"}
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		for _, m := range []store.MatchModel{first, second} {
			if err := tx.PutMatchModel(ctx, m); err != nil {
				return err
			}
		}
		return tx.UseModel(ctx, second.Version)
	})
	list, err := k.MatchModels(k.Context())
	require.NoError(k, err)
	require.Equal(k, []store.MatchModel{second, first}, list)

	back := store.MatchModel{Version: "default-1", Body: "another body", AppliedAt: at.Add(time.Hour), AppliedBy: "os:other", Reason: "back"}
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		// Kept as the one before: what is known of its last use stays.
		if err := tx.PutMatchModel(ctx, store.MatchModel{Version: second.Version, Body: second.Body}); err != nil {
			return err
		}
		if err := tx.PutMatchModel(ctx, back); err != nil {
			return err
		}
		return tx.UseModel(ctx, back.Version)
	})
	back.Body = first.Body
	list, err = k.MatchModels(k.Context())
	require.NoError(k, err)
	require.Equal(k, []store.MatchModel{back, second}, list)
	one, found, err := k.MatchModel(k.Context(), "ours-2")
	require.NoError(k, err)
	require.True(k, found)
	require.Equal(k, second, one)
	_, found, err = k.MatchModel(k.Context(), "ours-3")
	require.NoError(k, err)
	require.False(k, found)
	active, err = k.ActiveModel(k.Context())
	require.NoError(k, err)
	require.Equal(k, "default-1", active)
}
