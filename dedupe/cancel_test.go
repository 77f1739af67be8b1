package dedupe_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/dedupe"
)

// A caller who gives up hears so, whatever was half done.
func TestCancelledWorkEndsWithTheReason(t *testing.T) {
	e, err := dedupe.New(dedupe.DefaultModel(), dedupe.Options{})
	require.NoError(t, err)
	inputs := make([]dedupe.Input, 100)
	for i := range inputs {
		inputs[i] = dedupe.Input{ID: int64(i + 1), Source: "s", Trust: 50, Customer: canonical.Customer{Kind: canonical.Hospital, Name: "市第一人民医院"}}
	}
	records, err := e.PrepareAll(t.Context(), inputs)
	require.NoError(t, err)
	pairs := make([][2]*dedupe.Record, 0, len(records))
	for i := 1; i < len(records); i++ {
		pairs = append(pairs, [2]*dedupe.Record{records[i-1], records[i]})
	}
	kept, err := e.ScoreAll(t.Context(), pairs)
	require.NoError(t, err)
	require.NotEmpty(t, kept)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = e.PrepareAll(ctx, inputs)
	require.ErrorIs(t, err, context.Canceled)
	kept, err = e.ScoreAll(ctx, pairs)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, kept)
	_, err = e.ClusterAll(ctx, []dedupe.Component{{Records: records, Pairs: nil}})
	require.ErrorIs(t, err, context.Canceled)
}
