package hub

import (
	"context"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/internal/config"
	"tributary/store"
)

// blind is a system that takes orders and may show none.
type blind struct {
	connectors.Source
	connectors.Pusher
	shows bool
}

func (b *blind) Check(context.Context) ([]connectors.Finding, error) { return nil, nil }
func (b *blind) Close() error                                        { return nil }
func (b *blind) Orders() connectors.Pusher                           { return b }
func (b *blind) FindOrder(context.Context, string) (*connectors.Placed, error) {
	if b.shows {
		return &connectors.Placed{ID: "1"}, nil
	}
	return nil, nil
}

// The check warns of a system that shows the hub none of the orders that it wrote there.
func TestCheckLooksForOrdersThatAreThere(t *testing.T) {
	h, system := taker(t), &blind{}
	reg, err := connectors.NewRegistry(connectors.Driver{Name: "blind", Title: map[string]string{"en": "Blind", "zh": "盲"}, Config: struct{}{},
		Streams: []connectors.StreamInfo{{Name: "s", Key: []string{"id"}}}, New: func(any, connectors.Env) (connectors.Source, error) { return system, nil }})
	require.NoError(t, err)
	h.Registry, h.Now, h.Config.Connections = reg, time.Now, []config.Connection{{Name: "erp", Connector: "blind"}}
	check := func() []connectors.Finding {
		report, err := h.CheckConnection(t.Context(), "erp")
		require.NoError(t, err)
		require.True(t, report.OK)
		return report.Findings
	}
	require.Empty(t, check(), "nothing was written yet")
	require.NoError(t, h.takeMessage(t.Context(), message.NewMessage("1", []byte(oneOrder)), []string{"erp"}))
	require.Empty(t, check(), "nothing was written yet")
	require.NoError(t, h.DB.InTx(t.Context(), func(tx *store.Tx) error {
		o, err := tx.LockOrder(t.Context(), "K-1")
		if err != nil {
			return err
		}
		o.State, o.ExternalID = canonical.OrderConfirmed, "1"
		return tx.SaveOrder(t.Context(), &o)
	}))
	found := check()
	require.Len(t, found, 1)
	require.Equal(t, "order.blind", found[0].Code)
	require.Equal(t, "K-1", found[0].Args["known"])
	system.shows = true
	require.Empty(t, check())
}
