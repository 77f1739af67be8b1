package hub_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/hub"
	"tributary/internal/errs"
)

func TestDoctorLooksAtEveryPartHoweverTheOthersFare(t *testing.T) {
	h := bareHub(t, "sqlite:hub.db")
	parts := func(open func(context.Context) error) map[string]hub.Diagnosis {
		out := map[string]hub.Diagnosis{}
		for _, d := range h.Doctor(t.Context(), open) {
			out[d.Part] = d
		}
		return out
	}
	well := parts(func(context.Context) error { return nil })
	require.Equal(t, connectors.OK, well["store"].Severity)
	require.NotEmpty(t, well["store"].Detail)
	require.Equal(t, connectors.OK, well["kafka"].Severity)
	require.Empty(t, well["kafka"].Detail, "a broker in memory has no address for people")

	ill := parts(func(context.Context) error {
		return errs.New(errs.Unavailable, "store.schema_older", errs.Args{"current": 1, "latest": 2})
	})
	require.Equal(t, connectors.Fault, ill["store"].Severity)
	require.Equal(t, "store.schema_older", errs.CodeOf(ill["store"].Err))
	require.Equal(t, connectors.OK, ill["kafka"].Severity)

	odd := parts(func(context.Context) error { return errors.New("odd") })
	require.Equal(t, connectors.Fault, odd["store"].Severity)
}

func TestDoctorNamesTheProcessThatOwnsTheBroker(t *testing.T) {
	h := bareHub(t, "sqlite:hub.db")
	h.Config.Kafka.Listen = "127.0.0.1:0"
	b, err := h.OpenBroker(t.Context(), hub.BrokerUse{Listen: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	for _, d := range h.Doctor(t.Context(), func(context.Context) error { return nil }) {
		if d.Part == "kafka" {
			require.Equal(t, b.Address, d.Detail, "doctor uses the owner's broker")
		}
	}
	_, err = h.OpenBroker(t.Context(), hub.BrokerUse{Listen: true})
	require.Equal(t, "hub.already_serving", errs.CodeOf(err))
	require.Equal(t, errs.Unavailable, errs.KindOf(err))
}
