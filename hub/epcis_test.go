package hub_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/epcis"
	"tributary/hub"
	"tributary/internal/errs"
)

func TestTheHistoryOfALotAsEvents(t *testing.T) {
	traceOnBoth(t, func(t *testing.T, h *hub.Hub) {
		body, err := h.EPCISOfLots(t.Context(), "AMX24", "250301")
		require.NoError(t, err)
		doc := epcis.Parse(body)
		require.Empty(t, doc.Faults())
		sum := map[string]float64{}
		for _, e := range doc.Events {
			require.Equal(t, "+08:00", e.Offset)
			require.Len(t, e.Items, 1)
			q, err := json.Number(e.Items[0].Quantity).Float64()
			require.NoError(t, err)
			require.Positive(t, q)
			sum[e.BizStep+"/"+e.Disposition] += q
			own, altered := epcis.Own(&e, "/tributary/M")
			require.True(t, own)
			require.False(t, altered)
		}
		require.Equal(t, 10000.0, sum["commissioning/active"])
		require.Equal(t, 60.0, sum["sampling/"])
		require.Positive(t, sum["shipping/in_transit"])
		require.Positive(t, sum["receiving/in_progress"])
		require.Equal(t, 420.0, sum["receiving/returned"], "20 from H1, 100 from D3, 300 to the maker")

		again, err := h.EPCISOfLots(t.Context(), "AMX24", "250301")
		require.NoError(t, err)
		require.Equal(t, len(doc.Events), len(epcis.Parse(again).Events))
		for i, e := range epcis.Parse(again).Events {
			require.Equal(t, doc.Events[i].ID, e.ID)
		}
	})
}

func TestExportRefusesWhatItDoesNotKnow(t *testing.T) {
	h := traceHub(t, "sqlite:hub.db")
	_, err := h.EPCISOfLots(t.Context(), "AMX24", "250310")
	require.Equal(t, "trace.unknown_lot", errs.CodeOf(err))
	_, err = h.EPCISOfLots(t.Context(), "AMX42", "250301")
	require.Equal(t, "trace.unknown_product", errs.CodeOf(err))
}
