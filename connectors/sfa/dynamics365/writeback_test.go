package dynamics365_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/connectortest"
	"tributary/connectors/sandbox/simdataverse"
	"tributary/connectors/sfa/dynamics365"
)

// writeBench is an environment with three accounts and one case.
func writeBench(t *testing.T) *connectortest.WriteBackSystem {
	t.Helper()
	const incident = "00000004-0000-0000-0000-000000000007"
	golden := simdataverse.Attribute{Name: "new_goldenid", Type: "String", Length: 36}
	b := start(t, func(tables []simdataverse.Table) {
		for i := range tables {
			switch tables[i].Set {
			case "accounts":
				tables[i].Attributes = append(tables[i].Attributes, golden)
			case "incidents":
				tables[i].Attributes = append(tables[i].Attributes, simdataverse.Attribute{Name: "new_state", Type: "String"}, simdataverse.Attribute{Name: "new_answer", Type: "Memo"})
				tables[i].Rows = func() []map[string]any {
					return []map[string]any{{"incidentid": incident, "modifiedon": now.Add(-time.Hour).Format(time.RFC3339), "statecode": 0, "title": "胶囊破损"}}
				}
			}
		}
	})
	b.Rows.Fill(3)
	s := &connectortest.WriteBackSystem{
		Settings: b.settings(), Faults: b.Faults, Now: b.Clock.Now, Advance: b.Clock.Advance, Logins: b.Logins,
		Customers: "accounts", Complaints: "incidents", Case: incident, Golden: golden.Name, State: "new_state", Answer: "new_answer",
		Get:    func(stream, id, field string) string { text, _ := b.Row(stream, id)[field].(string); return text },
		Delete: b.DeleteRow, Forbid: func() { b.ForbidWrites(true) }, Writes: b.Writes,
	}
	for i := range s.IDs {
		s.IDs[i] = account(i, now)["accountid"].(string)
	}
	return s
}

func TestWriteBack(t *testing.T) {
	driver, err := dynamics365.Driver()
	require.NoError(t, err)
	connectortest.RunWriteBack(t, connectortest.WriteBack{
		Driver: driver, Start: writeBench, BaseURL: []string{"base_url", "authority"}, Wrong: map[string]any{"client_secret": "wrong-and-long"}, Read: "name", Forbidden: "connectors.forbidden",
	})
}
