package hub_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/internal/errs"
)

// codesHub is the worked example with a product whose packs carry codes.
func codesHub(t *testing.T, h *hub.Hub) *hub.Hub {
	file := filepath.Join(t.TempDir(), "products.csv")
	require.NoError(t, os.WriteFile(file, []byte("code,name,spec,approval_no,unit,case_factor,inner_factor,gtin,code_prefixes\nAMX24,阿莫西林胶囊,0.25g×24粒,国药准字H20250001,盒,40,10,09520001123467,8123456\n"), 0o600))
	takeIn(t, h, file, "products", "")
	_, err := h.Settle(t.Context())
	require.NoError(t, err)
	return h
}

func TestTraceCode(t *testing.T) {
	traceOnBoth(t, func(t *testing.T, h *hub.Hub) {
		codesHub(t, h)
		_, err := capture(t, h, eventsOf(made, packed, shipped, unpacked, shippedOn, dispensed), false)
		require.NoError(t, err)

		a, err := h.TraceCode(t.Context(), hub.TraceCodeRequest{Code: "(01)09520001123467(21)B1", Lang: "en"})
		require.NoError(t, err)
		require.Equal(t, []string{"250301", "event", "2027-02-28", "B1"}, []string{a.Code.Lot, a.Code.LotFrom, a.Code.Expiry.String(), a.Code.Serial})
		require.Len(t, a.Code.Parents, 1)
		require.Equal(t, "00/195200012345678906", a.Code.Parents[0].Parent)
		require.NotNil(t, a.Code.Parents[0].Until)
		var steps []string
		for _, e := range a.Code.History {
			steps = append(steps, e.BizStep)
		}
		require.Equal(t, []string{"commissioning", "packing", "shipping", "unpacking", "dispensing"}, steps, "the case's second shipping was without the box")
		require.Equal(t, "00/195200012345678906", a.Code.History[2].Via)
		require.Equal(t, "2025-03-10T02:00:00+08:00", a.Code.History[2].Time)
		require.Equal(t, []string{"https://id.gs1.org/417/9520001000010"}, a.Code.History[2].To)
		require.Empty(t, a.Code.Notes)
		lot, err := h.TraceLot(t.Context(), hub.TraceLotRequest{Product: "AMX24", Lot: "250301", Lang: "en"})
		require.NoError(t, err)
		require.Equal(t, lot, a.Result, "the same answer as by lot")

		a, err = h.TraceCode(t.Context(), hub.TraceCodeRequest{Code: caseOne, Lang: "en"})
		require.NoError(t, err)
		require.Len(t, a.Code.Children, 2)
		require.Equal(t, []string{"250301", "contents"}, []string{a.Code.Lot, a.Code.LotFrom})
		require.Len(t, a.Parties, 9)

		for _, code := range []string{"(01)09520001123467(10)250301", "https://id.gs1.org/01/09520001123467/10/250301?17=270228", "https://tributary.invalid/lot/AMX24/250301"} {
			a, err = h.TraceCode(t.Context(), hub.TraceCodeRequest{Code: code, Lang: "en"})
			require.NoError(t, err, code)
			require.Equal(t, "code", a.Code.LotFrom)
			require.Len(t, a.Parties, 9)
			require.Equal(t, "trace.note_no_events", a.Code.Notes[0].Code)
		}
	})
}

// A lot may be asked for by what stands on the pack: scanned, printed, as a link, as a URN, or by this hub's own address.
func TestTraceLotByCode(t *testing.T) {
	h := codesHub(t, traceHub(t, "sqlite:hub.db"))
	want, err := h.TraceLot(t.Context(), hub.TraceLotRequest{Product: "AMX24", Lot: "250301"})
	require.NoError(t, err)
	for _, code := range []string{"(01)09520001123467(17)270228(10)250301", "]d2010952000112346717270228\x1d10250301", "https://id.gs1.org/01/09520001123467/10/250301?17=270228",
		"https://packs.example.org/01/09520001123467/10/250301/21/S1", "urn:epc:class:lgtin:9520001.012346.250301", h.Config.HTTP.PublicURL + "/lot/AMX24/250301"} {
		got, err := h.TraceLot(t.Context(), hub.TraceLotRequest{Lot: code})
		require.NoError(t, err, code)
		require.Equal(t, want, got, code)
	}
	for code, refusal := range map[string]string{"250301": "trace.lot_alone", "(01)09520001123467": "trace.lot_alone", "(01)09520001123467(10)250310": "trace.unknown_lot", "(01)09520001000010(10)250301": "trace.unknown_code", "(01)09520001000014(10)250301": "epcis.check_digit"} {
		_, err := h.TraceLot(t.Context(), hub.TraceLotRequest{Lot: code})
		require.Equal(t, refusal, errs.CodeOf(err), code)
	}
}

func TestTraceCodeSaysWhatIsNotKnown(t *testing.T) {
	h := codesHub(t, traceHub(t, "sqlite:hub.db"))
	codes := func(a hub.CodeTrace) (out []string) {
		for _, n := range a.Code.Notes {
			out = append(out, n.Code)
		}
		return out
	}
	a, err := h.TraceCode(t.Context(), hub.TraceCodeRequest{Code: "81234560000000000017", Lang: "zh"})
	require.NoError(t, err)
	require.Equal(t, "AMX24", a.Product.Code)
	require.Empty(t, a.Parties)
	require.Equal(t, []string{"trace.note_no_events", "trace.note_no_lot"}, codes(a))
	require.Contains(t, a.Code.Notes[1].Text, "仅知道产品")

	a, err = h.TraceCode(t.Context(), hub.TraceCodeRequest{Code: "(01)19520001123464(10)250301"})
	require.NoError(t, err)
	require.Contains(t, codes(a), "trace.note_pack_level")
	require.Len(t, a.Parties, 9)

	a, err = h.TraceCode(t.Context(), hub.TraceCodeRequest{Code: "(01)09520001123467(10)990101"})
	require.NoError(t, err)
	require.Contains(t, codes(a), "trace.note_lot_not_in_flow")

	for code, want := range map[string]string{"99999990000000000017": "trace.unknown_code", "(01)09520001123468": "epcis.check_digit", "": "epcis.code_empty"} {
		_, err = h.TraceCode(t.Context(), hub.TraceCodeRequest{Code: code})
		require.Equal(t, want, errs.CodeOf(err), code)
	}

	// A trace code in an event of another system gives the lot.
	_, err = capture(t, h, eventsOf(`"type":"ObjectEvent","action":"ADD","bizStep":"commissioning","epcList":["https://example.org/code/81234560000000000017"],"ilmd":{"cbvmda:lotNumber":"250301"}`), false)
	require.NoError(t, err)
	a, err = h.TraceCode(t.Context(), hub.TraceCodeRequest{Code: "81234560000000000017"})
	require.NoError(t, err)
	require.Equal(t, "event", a.Code.LotFrom)
	require.Len(t, a.Parties, 9)
}
