package salesforce_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/connectortest"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/simsalesforce"
	"tributary/connectors/sfa/salesforce"
)

// writeBench is an organisation with three accounts and one case.
func writeBench(t *testing.T) *connectortest.WriteBackSystem {
	t.Helper()
	b := start(t, 0)
	golden := simsalesforce.Field{Name: "Trib_Id__c", Type: "string", Length: 36}
	accounts := func(field simsalesforce.Field, rows simsalesforce.Rows) {
		b.SetObject(simsalesforce.Object{Name: "Account", Rows: rows, Fields: append(slices.Clone(accountFields), field)})
	}
	var rows simsalesforce.List
	for i := range 3 {
		rows = append(rows, account(i, connectortest.Start.Add(-3600e9)))
	}
	accounts(golden, rows)
	complaint := account(7, connectortest.Start.Add(-3600e9))
	complaint["Id"] = "500000000000000007"
	var fields []simsalesforce.Field
	for _, name := range []string{"Id", "IsDeleted", "SystemModstamp", "Subject", "Product__c", "Lot__c", "Trib_State__c", "Trib_Answer__c"} {
		fields = append(fields, simsalesforce.Field{Name: name, Type: "string"})
	}
	b.SetObject(simsalesforce.Object{Name: "Case", Rows: simsalesforce.List{complaint}, Fields: fields})
	s := &connectortest.WriteBackSystem{
		Settings: sandbox.Settings("salesforce", b.url), Faults: b.faults, Now: b.clock.Now, Advance: b.clock.Advance, Logins: b.Logins,
		Customers: "Account", Complaints: "Case", Case: complaint["Id"].(string), Golden: golden.Name, State: "Trib_State__c", Answer: "Trib_Answer__c", Writes: b.Writes,
		Get:    func(stream, id, field string) string { text, _ := b.Row(stream, id)[field].(string); return text },
		Delete: func(stream, id string) { b.ChangeRow(stream, id, func(row map[string]any) { row["IsDeleted"] = true }) },
		Forbid: func() { accounts(simsalesforce.Field{Name: golden.Name, Type: "string", ReadOnly: true}, rows) },
	}
	s.Settings["login_url"] = b.url
	for i, row := range rows {
		s.IDs[i] = row["Id"].(string)
	}
	return s
}

func TestWriteBack(t *testing.T) {
	driver, err := salesforce.Driver()
	require.NoError(t, err)
	connectortest.RunWriteBack(t, connectortest.WriteBack{
		Driver: driver, Start: writeBench, BaseURL: []string{"login_url"}, Wrong: map[string]any{"client_secret": "wrong-and-long"}, Read: "Name", Forbidden: "connectors.writeback_field",
	})
}
