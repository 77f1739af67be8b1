package servers

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

// CAPServer is SAP's application server with the sets of the folder cap, each service as OData V4 and V2.
type CAPServer struct {
	URL      string // base address, without a path
	User     string
	Password string
}

// CAP returns SAP's application server.
func CAP(t testing.TB) CAPServer {
	t.Helper()
	const what = "an @sap/cds server"
	return CAPServer{
		URL: "http://" + need(t, "TRIBUTARY_TEST_CAP", what), User: need(t, "TRIBUTARY_TEST_CAP_USER", what), Password: need(t, "TRIBUTARY_TEST_CAP_PASSWORD", what),
	}
}

// Replace replaces the rows of sets, by SERVICE.SET. All tests share them: those of one package run one after the other, and
// no other package reads the same set.
func (s CAPServer) Replace(t testing.TB, sets map[string]any) {
	t.Helper()
	body, err := json.Marshal(sets)
	if err != nil {
		t.Fatalf("rows for @sap/cds: %v", err)
	}
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Post(s.URL+"/fixture", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatalf("rows for @sap/cds: %v", err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		t.Fatalf("@sap/cds refused rows: %s", answer.Status)
	}
}

// HAPI returns the base address of HAPI's FHIR R4 server, which needs no login. It answers some 40 s after it was started,
// and calls before that wait: their caller needs patience. All tests share its resources: a test knows its own by their ids
// and by the time at which it began.
func HAPI(t testing.TB) string {
	t.Helper()
	return "http://" + need(t, "TRIBUTARY_TEST_HAPI", "a HAPI FHIR server") + "/fhir"
}
