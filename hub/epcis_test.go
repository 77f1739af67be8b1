package hub_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
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

// A row is corrected after its export: the new export tells what is so, and with corrections also what was not.
func TestCorrectionsAreDeclared(t *testing.T) {
	h := traceHub(t, "sqlite:hub.db")
	before := exportedEvents(t, h, false)
	require.Equal(t, len(before), len(exportedEvents(t, h, true)), "what a later ledger confirmed is not wrong")

	rows, err := os.ReadFile(filepath.Join(workedFolder, "D1_sales.csv"))
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "D1_sales_corrected.csv")
	fixed := strings.Replace(string(rows), "2,400", "2,390", 1)
	require.NotEqual(t, string(rows), fixed)
	require.NoError(t, os.WriteFile(file, []byte(fixed), 0o600))
	_, err = h.Import(t.Context(), hub.ImportRequest{Files: []string{file}, As: "sales", Source: "erp", Party: "D1", Version: "2025-12-31", Lang: "en"})
	require.NoError(t, err)
	_, err = h.Settle(t.Context())
	require.NoError(t, err)

	plain := exportedEvents(t, h, false)
	all := exportedEvents(t, h, true)
	var wrong []epcis.Event
	for id, e := range all {
		if e.Errs() {
			require.NotContains(t, plain, id)
			require.Contains(t, before, id, "what was exported before")
			wrong = append(wrong, e)
			continue
		}
		require.Contains(t, plain, id)
	}
	require.Len(t, wrong, 1)
	require.Equal(t, "incorrect_data", wrong[0].Error.Reason)
	require.Equal(t, "2400", wrong[0].Items[0].Quantity)
	require.Len(t, wrong[0].Error.Corrective, 1)
	require.Equal(t, "2390", plain[wrong[0].Error.Corrective[0]].Items[0].Quantity)

	body, err := json.Marshal(bodies(all))
	require.NoError(t, err)
	back, err := h.CaptureEPCIS(t.Context(), hub.EPCISCaptureRequest{File: "x", Body: body})
	require.NoError(t, err)
	require.Equal(t, []int{len(all), 0, 0}, []int{back.Unchanged, back.Captured, back.Corrected}, "to the hub itself they are no news")

	other := bareHub(t, "sqlite:hub.db")
	other.Config.Company.Code = "OTHER"
	for i, events := range []map[string]epcis.Event{before, all} {
		body, err := json.Marshal(bodies(events))
		require.NoError(t, err)
		r, err := other.CaptureEPCIS(t.Context(), hub.EPCISCaptureRequest{File: "x", Body: body})
		require.NoError(t, err)
		require.Equal(t, i, r.Corrected)
	}
}

func exportedEvents(t *testing.T, h *hub.Hub, corrections bool) map[string]epcis.Event {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lot.json")
	_, err := h.ExportEPCIS(t.Context(), hub.EPCISExportRequest{Product: "AMX24", Lots: []string{"250301"}, File: file, Corrections: corrections})
	require.NoError(t, err)
	body, err := os.ReadFile(file)
	require.NoError(t, err)
	out := map[string]epcis.Event{}
	doc := epcis.Parse(body)
	for _, e := range doc.Events {
		out[e.ID] = e
	}
	require.Len(t, out, len(doc.Events))
	return out
}

func bodies(events map[string]epcis.Event) (out []json.RawMessage) {
	for _, e := range events {
		out = append(out, e.Body)
	}
	return out
}
