package epcis_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/epcis"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simepcis"
	standard "tributary/epcis"
	"tributary/internal/errs"
	"tributary/mapping"
)

func TestMain(m *testing.M) { leak.Main(m) }

const secret = "planted-secret-epcis-client-secret"

// bench is a simulated repository.
type bench struct {
	*connectortest.Site
	*simepcis.Server
}

func start(t *testing.T) *bench {
	t.Helper()
	b := &bench{Site: connectortest.NewSite()}
	b.Server = simepcis.New(simepcis.Options{Prefix: "/epcis", Client: "tributary", Secret: secret, Token: "planted-secret-of-the-partner", User: "u", Password: "planted-secret-basic", Now: b.Clock.Now, Faults: b.Faults}, []map[string]any{event(0, connectortest.Start.Add(-time.Hour))})
	b.Serve(t, b.Server)
	b.Rows = connectortest.Rows{Clock: &b.Clock, Make: event, Text: "bizStep", Gone: "gone", Publish: func(rows []map[string]any) {
		for _, row := range rows { // the repository's way to take an event back
			if row["gone"] == true {
				delete(row, "gone")
				row["errorDeclaration"] = map[string]any{"declarationTime": b.Clock.Now().Format(time.RFC3339), "reason": "did_not_occur"}
			}
		}
		b.SetEvents(rows)
	}}
	return b
}

func (b *bench) settings() map[string]any {
	return map[string]any{"base_url": b.URL + "/epcis", "token_url": b.URL + "/epcis/oauth/token", "client_id": "tributary", "client_secret": secret}
}

func event(i int, recorded time.Time) map[string]any {
	return map[string]any{
		"type": "ObjectEvent", "eventID": fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", i), "eventTime": "2025-03-01T08:00:00+08:00", "eventTimeZoneOffset": "+08:00",
		"recordTime": recorded.UTC().Format(time.RFC3339Nano), "action": "OBSERVE", "bizStep": "shipping", "epcList": []any{fmt.Sprintf("urn:epc:id:sgtin:9520001.012346.S%d", i)},
		"quantityList": []any{map[string]any{"epcClass": "urn:epc:class:lgtin:9520001.012346.250301", "quantity": json.Number("26.5")}}, "dist:warehouse": "A1",
	}
}

func TestConnector(t *testing.T) {
	driver, err := epcis.Driver()
	require.NoError(t, err)
	connectortest.Run(t, connectortest.Harness{
		Driver: driver, Text: "bizStep", Stream: "events", BaseURL: []string{"base_url", "token_url"}, Password: "client_secret", PageSize: "page_size",
		Start: func(t *testing.T) *connectortest.System {
			b := start(t)
			return b.System(b.settings(), b.BeforeQuery, b.Logins)
		},
		Passing: []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.ShortPage, fault.SessionExpiry, fault.ClockFast, fault.ClockSlow},
		Failing: []fault.Name{fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.SessionExpiry, fault.DeadLocator, fault.SamePage},
	})
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Source {
	t.Helper()
	return connectortest.Open(t, epcis.New, b.Clock.Now, b.settings(), change)
}

// Every kind of login reads the same events, and each event passes the checks of capture as it stands: with the context of
// the answer, exact numbers and extensions.
func TestEventsStandAlone(t *testing.T) {
	b := start(t)
	b.Rows.Fill(12)
	driver, err := epcis.Driver()
	require.NoError(t, err)
	m, err := mapping.Parse("events", driver.Maps["events"])
	require.NoError(t, err)
	for auth, more := range map[string]map[string]any{"oauth2": {}, "bearer": {"auth": "bearer", "token": "planted-secret-of-the-partner"}, "basic": {"auth": "basic", "user": "u", "password": "planted-secret-basic"}} {
		more["page_size"] = 5
		rows, pages, _ := connectortest.Drain(t, open(t, b, more), "events", nil)
		require.Len(t, rows, 12, auth)
		require.Len(t, pages, 3)
		for _, r := range rows {
			res := m.Apply(r.Fields)
			require.Empty(t, res.Issues)
			e := res.Value.(*standard.Event)
			require.Equal(t, r.Key, e.ID)
			require.Equal(t, "26.5", e.Items[1].Quantity)
			require.Contains(t, string(e.Body), `"dist:warehouse":"A1"`)
		}
	}
}

// A declaration of error comes as a deleted row with its content; an event without an id keeps one key.
func TestDeclarationsAndEventsWithoutId(t *testing.T) {
	b := start(t)
	b.Rows.Fill(3)
	nameless := event(7, connectortest.Start.Add(-time.Hour))
	delete(nameless, "eventID")
	wrong := event(1, connectortest.Start.Add(-30*time.Minute))
	wrong["errorDeclaration"] = map[string]any{"declarationTime": "2025-03-02T00:00:00Z", "reason": "incorrect_data", "correctiveEventIDs": []any{"urn:x:2"}}
	b.SetEvents([]map[string]any{event(1, connectortest.Start.Add(-time.Hour)), wrong, nameless})
	src := open(t, b, nil)
	rows, _, _ := connectortest.Drain(t, src, "events", nil)
	require.Len(t, rows, 3)
	require.Equal(t, connectors.Delete, rows[1].Op)
	require.Equal(t, rows[0].Key, rows[1].Key)
	require.Contains(t, rows[1].Fields["event"], "correctiveEventIDs")
	again := event(7, connectortest.Start.Add(-10*time.Minute)) // recorded anew
	delete(again, "eventID")
	b.SetEvents([]map[string]any{again})
	second, _, _ := connectortest.Drain(t, src, "events", nil)
	require.Equal(t, rows[2].Key, second[0].Key)
}

// A parameter that the repository does not know is a refusal that says so.
func TestAQueryThatTheRepositoryRefuses(t *testing.T) {
	b := start(t)
	rows, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"query": map[string]any{"EQ_bizStep": "receiving"}}), "events", nil)
	require.Empty(t, rows)
	src := open(t, b, map[string]any{"query": map[string]any{"XX_step": "receiving"}})
	require.NoError(t, src.Open(t.Context(), "events", nil))
	_, err := src.Read(t.Context())
	require.Equal(t, "connectors.refused", errs.CodeOf(err))
	require.Contains(t, err.Error(), "epcisException:QueryParameterException")
}
