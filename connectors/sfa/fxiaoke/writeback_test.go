package fxiaoke_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/connectortest"
	"tributary/connectors/sandbox/simfxiaoke"
	"tributary/connectors/sfa/fxiaoke"
)

// writeBench is a tenant with three accounts and one case, kept in an object of its own.
func writeBench(t *testing.T, auth string) *connectortest.WriteBackSystem {
	t.Helper()
	b := start(t, nil)
	text := func(names ...string) (out []simfxiaoke.Field) {
		for _, name := range names {
			out = append(out, simfxiaoke.Field{Name: name, Type: "text"})
		}
		return out
	}
	var rows simfxiaoke.List
	for i := range 3 {
		rows = append(rows, account(i, connectortest.Start.Add(-3600e9)))
	}
	b.SetObject(simfxiaoke.Object{APIName: "AccountObj", Rows: rows, Fields: append([]simfxiaoke.Field{{Name: "golden__c", Type: "text", Length: 36}}, accountFields...)})
	complaint := account(7, connectortest.Start.Add(-3600e9))
	b.SetObject(simfxiaoke.Object{APIName: "complaint__c", Rows: simfxiaoke.List{complaint}, Fields: text("name", "product__c", "lot__c", "state__c", "answer__c")})
	s := &connectortest.WriteBackSystem{
		Settings: b.settings(), Faults: b.Faults, Now: b.Clock.Now, Advance: b.Clock.Advance, Logins: b.Logins,
		Customers: "account", Complaints: "case", Case: complaint["_id"].(string), Golden: "golden__c", State: "state__c", Answer: "answer__c", Writes: b.Writes,
	}
	s.Settings["auth"], s.Settings["case_object"] = auth, "complaint__c"
	object := map[string]string{"account": "AccountObj", "case": "complaint__c"}
	s.Get = func(stream, id, field string) string {
		text, _ := b.Row(object[stream], id)[field].(string)
		return text
	}
	s.Delete = func(stream, id string) { b.ChangeRow(object[stream], id, map[string]any{"life_status": "invalid"}) }
	s.Forbid = func() { b.ForbidWrites(true) }
	for i := range s.IDs {
		s.IDs[i] = rows.ID(i)
	}
	return s
}

func TestWriteBack(t *testing.T) {
	driver, err := fxiaoke.Driver()
	require.NoError(t, err)
	for _, auth := range []string{"app_secret", "corp_token"} {
		t.Run(auth, func(t *testing.T) {
			connectortest.RunWriteBack(t, connectortest.WriteBack{
				Driver: driver, Start: func(t *testing.T) *connectortest.WriteBackSystem { return writeBench(t, auth) },
				BaseURL: []string{"base_url"}, Wrong: map[string]any{"app_secret": "wrong-and-long"}, Read: "name", Forbidden: "connectors.forbidden",
			})
		})
	}
}
