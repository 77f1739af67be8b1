package neocrm_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/connectortest"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/simneocrm"
	"tributary/connectors/sfa/neocrm"
)

// writeBench is a tenant with three accounts and one service case.
func writeBench(t *testing.T) *connectortest.WriteBackSystem {
	t.Helper()
	b := start(t)
	var rows simneocrm.List
	for i := range 3 {
		rows = append(rows, account(i, now.Add(-time.Hour)))
	}
	b.SetObject(simneocrm.Object{APIKey: "account", Rows: rows,
		Fields: append([]simneocrm.Field{{Name: "golden__c", Type: "text", Length: 36}, {Name: "fixed__c", Type: "text", ReadOnly: true}}, accountFields...)})
	b.SetObject(simneocrm.Object{APIKey: "serviceCase", Fields: []simneocrm.Field{{Name: "id"}, {Name: "createdAt"}, {Name: "updatedAt"}, {Name: "name"}, {Name: "product__c"}, {Name: "lot__c"}, {Name: "state__c"}, {Name: "answer__c"}},
		Rows: simneocrm.List{{"id": int64(9_200_000_000_000_000_009), "createdAt": now.Add(-2 * time.Hour).UnixMilli(), "updatedAt": now.Add(-time.Hour).UnixMilli(), "name": "胶囊破损"}}})
	number := func(id string) int64 { n, _ := strconv.ParseInt(id, 10, 64); return n }
	return &connectortest.WriteBackSystem{
		Settings: sandbox.Settings("neocrm", b.URL), Faults: b.Faults, Now: b.Clock.Now, Advance: b.Clock.Advance, Logins: b.Logins,
		Customers: "account", Complaints: "serviceCase", Case: "9200000000000000009", Golden: "golden__c", State: "state__c", Answer: "answer__c",
		IDs: [3]string{"9200000000000000001", "9200000000000000002", "9200000000000000003"},
		Get: func(stream, id, field string) string {
			text, _ := b.Row(stream, number(id))[field].(string)
			return text
		},
		Delete: func(stream, id string) { b.DeleteRow(stream, number(id)) }, Forbid: func() { b.ForbidWrites(true) }, Writes: b.Writes,
	}
}

func TestWriteBack(t *testing.T) {
	driver, err := neocrm.Driver()
	require.NoError(t, err)
	connectortest.RunWriteBack(t, connectortest.WriteBack{
		Driver: driver, Start: writeBench, BaseURL: []string{"login_url", "api_url"}, Wrong: map[string]any{"password": "wrong-and-long"}, Read: "accountName", Forbidden: "connectors.forbidden",
	})
}

func TestAFieldThatIsFixedIsFound(t *testing.T) {
	s := writeBench(t)
	src := connectortest.Open(t, neocrm.New, s.Now, s.Settings, map[string]any{"writeback": map[string]any{"golden_id": map[string]any{"account": "fixed__c"}}})
	found, err := src.Check(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "connectors.writeback_field", found[0].Code)
}
