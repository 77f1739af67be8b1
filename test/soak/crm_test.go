package soak

import (
	"net/http"
	"testing"
	"time"

	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/simdataverse"
	"tributary/connectors/sandbox/simfxiaoke"
	"tributary/connectors/sandbox/simneocrm"
	"tributary/connectors/sandbox/simsalesforce"
	"tributary/connectors/sandbox/simveeva"
	"tributary/connectors/sandbox/world"
)

func neocrm(_ *testing.T, s *site) (http.Handler, []changer) {
	server := sandbox.NewNeocrm(s.world, s.now, s.faults)
	var lists []changer
	for _, o := range sandbox.NeocrmObjects(s.world) {
		vary := map[string]string{"account": "accountName", "contact": "contactName"}[o.APIKey]
		if vary == "" {
			continue
		}
		lists = append(lists, &list{name: o.APIKey, rows: rowsOf(o.Rows.Len(), o.Rows.Row), key: "id", vary: vary, apart: int64(len(lists)+1) * 1_000_000, stamp: in("updatedAt", millis), publish: func(rows []row) {
			o.Rows = simneocrm.List(rows)
			server.SetObject(o)
		}})
	}
	return server, lists
}

func dynamics(_ *testing.T, s *site) (http.Handler, []changer) {
	server := simdataverse.New(simdataverse.Options{TenantID: secret("dynamics365", "tenant_id"), ClientID: secret("dynamics365", "client_id"), ClientSecret: secret("dynamics365", "client_secret"), Late: afterwards, Now: s.now, Faults: s.faults}, sandbox.DynamicsTables(s.world, world.SFA)...)
	buyer := sandbox.DynamicsTables(s.world, world.SFA)[0].Rows()[0]["accountnumber"]
	s.settings["orders"] = map[string]any{"customer_key": "accountnumber", "price_list": "00000000-0000-0000-0000-00000000000a", "settle": settleOrders}
	s.takes(buyer.(string), keyed(server.Orders, "name"))
	var lists []changer
	for _, table := range sandbox.DynamicsTables(s.world, world.SFA) {
		vary := map[string]string{"accounts": "name", "contacts": "fullname"}[table.Set]
		if vary == "" {
			continue
		}
		lists = append(lists, &list{name: table.Set, rows: table.Rows(), key: table.ID, own: []string{"accountnumber"}, vary: vary, fixed: holds("accountnumber", buyer), stamp: in("modifiedon", utc(time.RFC3339)), publish: func(rows []row) { server.SetRows(table.Set, rows) }})
	}
	return server, lists
}

func fxiaoke(_ *testing.T, s *site) (http.Handler, []changer) {
	server := simfxiaoke.New(sandbox.FxiaokeTenant(s.now, s.faults), sandbox.FxiaokeObjects(s.world, world.SFA)...)
	var lists []changer
	for _, o := range sandbox.FxiaokeObjects(s.world, world.SFA) {
		if o.APIName != "AccountObj" && o.APIName != "ContactObj" {
			continue
		}
		lists = append(lists, &list{name: o.APIName, rows: rowsOf(o.Rows.Len(), o.Rows.Row), key: "_id", vary: "name", stamp: in("last_modified_time", millis), publish: func(rows []row) {
			o.Rows = simfxiaoke.List(rows)
			server.SetObject(o)
		}})
	}
	return server, lists
}

func salesforce(_ *testing.T, s *site) (http.Handler, []changer) {
	server := simsalesforce.New(simsalesforce.Options{ClientID: secret("salesforce", "client_id"), ClientSecret: secret("salesforce", "client_secret"), Now: s.now, Faults: s.faults}, sandbox.SalesforceObjects(s.world, world.SFA)...)
	var lists []changer
	for _, o := range sandbox.SalesforceObjects(s.world, world.SFA) {
		if o.Name != "Account" && o.Name != "Contact" {
			continue
		}
		lists = append(lists, &list{name: o.Name, rows: rowsOf(o.Rows.Len(), o.Rows.Row), key: "Id", vary: "Name", stamp: in("SystemModstamp", utc("2006-01-02T15:04:05.000+0000")),
			gone: flag("IsDeleted", true), publish: func(rows []row) {
				o.Rows = simsalesforce.List(rows)
				server.SetObject(o)
			}})
	}
	return server, lists
}

func vault(_ *testing.T, s *site) (http.Handler, []changer) {
	server := simveeva.NewVault(sandbox.VaultTenant(s.now, s.faults), sandbox.VaultObjects(s.world, world.SFA)...)
	s.mended = server.Unlock
	accounts := sandbox.VaultObjects(s.world, world.SFA)[0]
	l := &list{name: accounts.Name, rows: rowsOf(accounts.Rows.Len(), accounts.Rows.Row), key: "id", vary: "name__v", stamp: in("modified_date__v", utc(milliseconds))}
	before := l.rows
	l.publish = func(rows []row) {
		for _, r := range missing(before, rows, "id") {
			accounts.Deleted = append(accounts.Deleted, simveeva.Deletion{ID: r["id"].(string), At: s.now()})
		}
		before, accounts.Rows = rows, simveeva.List(rows)
		server.SetObject(accounts)
	}
	return server, []changer{l}
}

func network(_ *testing.T, s *site) (http.Handler, []changer) {
	records := sandbox.NetworkRecords(s.world, world.SFA)
	server := simveeva.NewNetwork(sandbox.NetworkInstance(s.now, s.faults), records)
	s.mended = server.Unlock
	kind := func(r row) string { return map[bool]string{true: "HCO", false: "HCP"}[r["corporate_name__v"] != nil] }
	l := &list{name: "records", rows: rowsOf(records.Len(), func(i int) row { return records.Record(i).Fields }), key: "vid__v", vary: "phone_1__v", stamp: in("modified_date__v", utc(milliseconds)), gone: flag("record_state__v", "DELETED")}
	l.fixed = func(r row) bool { return r["record_state__v"] != "VALID" }
	l.publish = func(rows []row) {
		var all simveeva.RecordList
		for _, r := range rows {
			all = append(all, simveeva.Record{Kind: kind(r), Fields: r})
		}
		server.SetRecords(all)
	}
	return server, []changer{l}
}
