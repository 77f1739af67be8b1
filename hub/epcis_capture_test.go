package hub_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/internal/errs"
	"tributary/test/servers"
)

const epcisHead = `{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2025-06-01T08:00:00+08:00","epcisBody":{"eventList":[`

// eventsOf makes a document of events that happened one hour after the other on 2025-03-10.
func eventsOf(list ...string) []byte {
	var out []string
	for i, e := range list {
		out = append(out, `{"eventTime":"2025-03-10T`+string([]byte{'0' + byte(i/10), '0' + byte(i%10)})+`:00:00+08:00","eventTimeZoneOffset":"+08:00",`+e+`}`)
	}
	return []byte(epcisHead + strings.Join(out, ",") + "]}}")
}

const (
	box1, box2 = "urn:epc:id:sgtin:9520001.012346.B1", "urn:epc:id:sgtin:9520001.012346.B2"
	caseOne    = "urn:epc:id:sscc:9520001.1234567890"
	made       = `"type":"ObjectEvent","action":"ADD","bizStep":"commissioning","epcList":["` + box1 + `","` + box2 + `"],"ilmd":{"cbvmda:lotNumber":"250301","cbvmda:itemExpirationDate":"2027-02-28"}`
	packed     = `"type":"AggregationEvent","action":"ADD","bizStep":"packing","parentID":"` + caseOne + `","childEPCs":["` + box1 + `","` + box2 + `"]`
	shipped    = `"type":"ObjectEvent","action":"OBSERVE","bizStep":"shipping","disposition":"in_transit","epcList":["` + caseOne + `"],"destinationList":[{"type":"owning_party","destination":"https://id.gs1.org/417/9520001000010"}]`
	unpacked   = `"type":"AggregationEvent","action":"DELETE","bizStep":"unpacking","parentID":"` + caseOne + `"`
	shippedOn  = `"type":"ObjectEvent","action":"OBSERVE","bizStep":"shipping","epcList":["` + caseOne + `"],"disposition":"in_transit"`
	dispensed  = `"type":"ObjectEvent","action":"DELETE","bizStep":"dispensing","disposition":"dispensed","epcList":["` + box1 + `"]`
)

func capture(t *testing.T, h *hub.Hub, body []byte, proceed bool) (hub.EPCISCaptureReport, error) {
	t.Helper()
	return h.CaptureEPCIS(t.Context(), hub.EPCISCaptureRequest{File: "events.json", Body: body, Proceed: proceed, Lang: "en"})
}

func onBoth(t *testing.T, test func(t *testing.T, h *hub.Hub)) {
	t.Run("sqlite", func(t *testing.T) { test(t, bareHub(t, "sqlite:hub.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, bareHub(t, servers.PostgresSchema(t))) })
}

func TestCaptureIsWholeOrNotAtAll(t *testing.T) {
	onBoth(t, func(t *testing.T, h *hub.Hub) {
		bad := strings.Replace(dispensed, "dispensing", "dispencing", 1)
		r, err := capture(t, h, eventsOf(made, packed, bad), false)
		require.Equal(t, "epcis.refused", errs.CodeOf(err))
		require.Contains(t, errs.Render(err, "en"), "/epcisBody/eventList/2/bizStep")
		require.Contains(t, errs.Render(err, "zh"), "dispensing")
		require.Equal(t, []int{3, 0, 0, 3}, []int{r.Events, r.Captured, r.Unchanged, r.Refused})

		r, err = capture(t, h, eventsOf(bad), true)
		require.Equal(t, "epcis.refused", errs.CodeOf(err), "nothing was good")
		require.Equal(t, 1, r.Refused)

		r, err = capture(t, h, eventsOf(made, packed, bad), true)
		require.NoError(t, err)
		require.Equal(t, []int{2, 0, 1}, []int{r.Captured, r.Unchanged, r.Refused})
		require.False(t, r.Success)
		require.Equal(t, "epcis.vocabulary", r.Errors[0].Code)

		waiting, err := h.Quarantine(t.Context(), hub.QuarantineQuery{Source: "epcis", Lang: "zh"})
		require.NoError(t, err)
		require.Equal(t, 2, waiting.Total, "that of either document")
		require.Regexp(t, "^/epcisBody/eventList/[02]/bizStep$", waiting.Items[0].Field)
		require.Contains(t, waiting.Items[0].Reason, "dispensing")
		again, err := h.ReplayQuarantine(t.Context(), hub.ReplayRequest{IDs: []string{waiting.Items[0].ID.String()}})
		require.NoError(t, err)
		require.Equal(t, int64(1), again.Runs[0].Quarantined, "it is as wrong as before")

		r, err = capture(t, h, eventsOf(made, packed, dispensed), false)
		require.NoError(t, err)
		require.Equal(t, []int{1, 2, 0}, []int{r.Captured, r.Unchanged, r.Refused})
		r, err = capture(t, h, eventsOf(made, packed, dispensed), false)
		require.NoError(t, err)
		require.Equal(t, []int{0, 3, 0}, []int{r.Captured, r.Unchanged, r.Refused})
		require.True(t, r.Success)
	})
}

func TestAnEventIsDeclaredWrongOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, h *hub.Hub) {
		const id = `"eventID":"urn:uuid:11111111-1111-4111-8111-111111111111",`
		const wrong = `"errorDeclaration":{"declarationTime":"2025-03-11T00:00:00+08:00","reason":"did_not_occur","correctiveEventIDs":["urn:x:2"]},`
		r, err := capture(t, h, eventsOf(id+dispensed), false)
		require.NoError(t, err)
		require.Equal(t, 1, r.Captured)
		_, err = capture(t, h, eventsOf(id+shipped), false)
		require.Equal(t, "epcis.refused", errs.CodeOf(err))
		require.Contains(t, err.Error(), "captured before with other content")
		r, err = capture(t, h, eventsOf(id+wrong+dispensed), false)
		require.NoError(t, err)
		require.Equal(t, []int{0, 1, 0}, []int{r.Captured, r.Corrected, r.Unchanged})
		for _, again := range []string{id + wrong + dispensed, id + dispensed} {
			r, err = capture(t, h, eventsOf(again), false)
			require.NoError(t, err)
			require.Equal(t, []int{0, 0, 1}, []int{r.Captured, r.Corrected, r.Unchanged})
		}
		a, err := h.TraceCode(t.Context(), hub.TraceCodeRequest{Code: box1})
		require.NoError(t, err)
		require.Len(t, a.Code.History, 1)
		require.True(t, a.Code.History[0].Wrong)
		require.Equal(t, []string{"urn:x:2"}, a.Code.History[0].CorrectedBy)
		body, err := h.CapturedEvent(t.Context(), a.Code.History[0].ID)
		require.NoError(t, err)
		require.Contains(t, string(body), `"bizStep":"dispensing"`)
		_, err = h.CapturedEvent(t.Context(), "urn:x:9")
		require.Equal(t, "epcis.unknown_event", errs.CodeOf(err))
	})
}

// What this hub exports comes back without a new event; what was changed on the way is refused.
func TestAnExportComesBackUnchanged(t *testing.T) {
	traceOnBoth(t, func(t *testing.T, h *hub.Hub) {
		file := filepath.Join(t.TempDir(), "lot.jsonld")
		x, err := h.ExportEPCIS(t.Context(), hub.EPCISExportRequest{Product: "AMX24", Lots: []string{"250301", "250302"}, File: file})
		require.NoError(t, err)
		require.Greater(t, x.Events, 20)
		r, err := h.CaptureEPCIS(t.Context(), hub.EPCISCaptureRequest{File: file})
		require.NoError(t, err)
		require.Equal(t, []int{x.Events, 0, x.Events}, []int{r.Events, r.Captured, r.Unchanged})

		body, err := os.ReadFile(file)
		require.NoError(t, err)
		r, err = capture(t, h, []byte(strings.Replace(string(body), `"quantity": 10000`, `"quantity": 10001`, 1)), false)
		require.Equal(t, "epcis.refused", errs.CodeOf(err))
		require.Equal(t, "epcis.altered", r.Errors[0].Code)

		other := bareHub(t, "sqlite:hub.db")
		other.Config.Company.Code = "OTHER"
		r, err = other.CaptureEPCIS(t.Context(), hub.EPCISCaptureRequest{File: file})
		require.NoError(t, err)
		require.Equal(t, x.Events, r.Captured, "to another hub they are news")
	})
}

func TestCaptureRefusesWhatIsNoDocument(t *testing.T) {
	h := bareHub(t, "sqlite:hub.db")
	for body, code := range map[string]string{"": "epcis.refused", "<xml/>": "epcis.refused", `{"type":"x"}`: "epcis.refused"} {
		r, err := capture(t, h, []byte(body), true)
		require.Equal(t, code, errs.CodeOf(err), body)
		require.NotEmpty(t, r.Errors)
		require.Zero(t, r.Captured)
	}
	_, err := h.CaptureEPCIS(t.Context(), hub.EPCISCaptureRequest{File: filepath.Join(t.TempDir(), "none.json")})
	require.Equal(t, "epcis.unreadable", errs.CodeOf(err))
	r, err := capture(t, h, eventsOf(), false)
	require.NoError(t, err)
	require.Zero(t, r.Events)
}
