package soak

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simdataverse"
	"tributary/connectors/sandbox/simfhir"
	"tributary/connectors/sandbox/simfxiaoke"
	"tributary/connectors/sandbox/simkingdee"
	"tributary/connectors/sandbox/simneocrm"
	"tributary/connectors/sandbox/simpharmacy"
	"tributary/connectors/sandbox/simsalesforce"
	"tributary/connectors/sandbox/simsap"
	"tributary/connectors/sandbox/world"
)

// systems are the simulated systems that speak HTTP.
var systems = []struct {
	connector string
	path      string                                             // where it is served
	start     func(t *testing.T, s site) (http.Handler, []*list) // the simulator, and what changes in it
}{
	{"kingdee", "/kingdee/", kingdee},
	{"neocrm", "/neocrm/", neocrm},
	{"pharmacy", "/pharmacy/", pharmacy},
	{"dynamics365", "/dynamics/", dynamics},
	{"fxiaoke", "/fxiaoke/", fxiaoke},
	{"salesforce", "/salesforce/", salesforce},
	{"sap", "/s4hana/", sap},
	{"yonyou", "/yonbip/", yonyou},
	{"fhir", "/fhir/", fhir},
}

// site is what a simulator is made for.
type site struct {
	world  *world.World
	now    func() time.Time // the system's clock
	faults *fault.Set
}

func kingdee(_ *testing.T, s site) (http.Handler, []*list) {
	server := sandbox.NewKingdee(s.world, s.now, s.faults)
	var lists []*list
	for _, table := range sandbox.KingdeeTables(s.world) {
		l := &list{name: table.Form, rows: rowsOf(table.Rows.Len(), table.Rows.Row), key: table.Key, stamp: in("FModifyDate", text("2006-01-02T15:04:05.000"))}
		switch table.Form {
		case "BD_Customer":
			l.own, l.vary, l.fixed = []string{"FNumber"}, "FName", reporter(s.world)
		case "SAL_OUTSTOCK":
			l.own, l.vary, l.as, l.gone = []string{"FBillNo"}, "FBaseUnitQty", quantity, flag("FCancelStatus", "B")
		default:
			continue
		}
		l.publish = func(rows []row) {
			table.Rows = simkingdee.List{KeyColumn: table.Key, Items: rows}
			server.SetTable(table)
		}
		lists = append(lists, l)
	}
	return server, lists
}

func neocrm(_ *testing.T, s site) (http.Handler, []*list) {
	server := sandbox.NewNeocrm(s.world, s.now, s.faults)
	var lists []*list
	for _, o := range sandbox.NeocrmObjects(s.world) {
		vary := map[string]string{"account": "accountName", "contact": "contactName"}[o.APIKey]
		if vary == "" {
			continue
		}
		lists = append(lists, &list{name: o.APIKey, rows: rowsOf(o.Rows.Len(), o.Rows.Row), key: "id", vary: vary, apart: int64(len(lists)) * 1_000_000, stamp: in("updatedAt", millis), publish: func(rows []row) {
			o.Rows = simneocrm.List(rows)
			server.SetObject(o)
		}})
	}
	return server, lists
}

func pharmacy(_ *testing.T, s site) (http.Handler, []*list) {
	server := sandbox.NewPharmacy(s.world, s.now, s.faults)
	all := sandbox.PharmacyLists(s.world)
	made := func(name string) *list {
		return &list{name: name, rows: rowsOf(all[name].Len(), all[name].Row), publish: func(rows []row) { server.SetList(name, simpharmacy.List(rows)) }}
	}
	stores, sales := made("stores"), made("sales")
	stores.key, stores.vary, stores.stamp, stores.fixed = "code", "name", func(row, time.Time) {}, among("code", stores.rows)
	sales.key, sales.own, sales.vary, sales.stamp, sales.gone = "id", []string{"doc_no"}, "quantity", in("updated_at", text(time.RFC3339)), flag("deleted", true)
	return server, []*list{stores, sales}
}

func dynamics(_ *testing.T, s site) (http.Handler, []*list) {
	server := simdataverse.New(simdataverse.Options{TenantID: secret("dynamics365", "tenant_id"), ClientID: secret("dynamics365", "client_id"), ClientSecret: secret("dynamics365", "client_secret"), Now: s.now, Faults: s.faults}, sandbox.DynamicsTables(s.world, world.SFA)...)
	var lists []*list
	for _, table := range sandbox.DynamicsTables(s.world, world.SFA) {
		vary := map[string]string{"accounts": "name", "contacts": "fullname"}[table.Set]
		if vary == "" {
			continue
		}
		lists = append(lists, &list{name: table.Set, rows: table.Rows(), key: table.ID, vary: vary, stamp: in("modifiedon", utc(time.RFC3339)), publish: func(rows []row) { server.SetRows(table.Set, rows) }})
	}
	return server, lists
}

func fxiaoke(_ *testing.T, s site) (http.Handler, []*list) {
	server := simfxiaoke.New(sandbox.FxiaokeTenant(s.now, s.faults), sandbox.FxiaokeObjects(s.world, world.SFA)...)
	var lists []*list
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

func salesforce(_ *testing.T, s site) (http.Handler, []*list) {
	server := simsalesforce.New(simsalesforce.Options{ClientID: secret("salesforce", "client_id"), ClientSecret: secret("salesforce", "client_secret"), Now: s.now, Faults: s.faults}, sandbox.SalesforceObjects(s.world, world.SFA)...)
	var lists []*list
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

func sap(_ *testing.T, s site) (http.Handler, []*list) {
	server := simsap.New(sandbox.SAPSystem(s.now, s.faults), sandbox.SAPSets(s.world, world.ERP, false)...)
	date, clock := text(time.DateOnly), text(time.TimeOnly)
	partners := &list{name: "A_BusinessPartner", key: "BusinessPartner", own: []string{"Customer"}, vary: "BusinessPartnerFullName", stamp: func(r row, at time.Time) {
		r["LastChangeDate"], r["LastChangeTime"] = simsap.Date(date(at).(string)), simsap.Clock(clock(at).(string))
	}}
	for _, set := range sandbox.SAPSets(s.world, world.ERP, false) {
		if set.Name == partners.name {
			partners.rows = set.Rows()
		}
	}
	partners.publish = func(rows []row) { server.SetRows(sandbox.SAPPath("customers", false), rows) }
	return server, []*list{partners}
}

func yonyou(_ *testing.T, s site) (http.Handler, []*list) {
	server := sandbox.NewYonyou(sandbox.YonyouTenant(s.now, s.faults), sandbox.YonyouLists(s.world, world.ERP, false))
	var lists []*list
	for _, of := range sandbox.YonyouLists(s.world, world.ERP, false) {
		l := &list{name: of.Path, rows: of.Rows(), stamp: in("pubts", text(time.DateTime)), publish: func(rows []row) { server.SetRows(of.Path, rows) }}
		switch of.Path {
		case sandbox.YonyouCustomers:
			l.key, l.own, l.vary = "id", []string{"code"}, "name"
		case sandbox.YonyouSales:
			l.key, l.own, l.vary, l.as = "details_id", []string{"code"}, "qty", quantity
		default:
			continue
		}
		lists = append(lists, l)
	}
	return server, lists
}

func fhir(t *testing.T, s site) (http.Handler, []*list) {
	_, key, err := sandbox.FHIRKey()
	require.NoError(t, err)
	server := simfhir.New(sandbox.FHIRServer("/fhir", key, s.now, s.faults), sandbox.FHIRTypes(s.world, world.SFA)...)
	var lists []*list
	for _, of := range sandbox.FHIRTypes(s.world, world.SFA) {
		if of.Name != "Organization" && of.Name != "MedicationDispense" {
			continue
		}
		l := &list{name: of.Name, rows: of.Rows(), key: "id", vary: "name", publish: func(rows []row) { server.SetRows(of.Name, rows) }}
		l.stamp = func(r row, at time.Time) {
			r["meta"] = row{"lastUpdated": at.In(china).Format("2006-01-02T15:04:05.000Z07:00"), "versionId": "2"}
		}
		if of.Name == "MedicationDispense" {
			l.vary, l.as = "quantity", func(r *rand.Rand, _ []row) any { return row{"unit": "盒", "value": 1 + r.IntN(9)} }
		}
		lists = append(lists, l)
	}
	return server, lists
}

// reporter tells the customers of the ERP that report: whoever reports keeps the name it had when its rows came.
func reporter(w *world.World) func(row) bool {
	return func(r row) bool {
		for _, code := range subsidiaries {
			if r["FNumber"] == code {
				return true
			}
		}
		for _, at := range w.Reporting {
			if r["FNumber"] == erpCode(w, at) {
				return true
			}
		}
		return false
	}
}

// among tells the rows that were there from the beginning, for lists of parties that report.
func among(key string, rows []row) func(row) bool {
	known := map[any]bool{}
	for _, r := range rows {
		known[r[key]] = true
	}
	return func(r row) bool { return known[r[key]] }
}

// erpCode is the company's own code of a customer.
func erpCode(w *world.World, customer int) string {
	for i := range w.Len(world.ERP) {
		if w.TruthOf(world.ERP, i) == customer {
			return w.RecordID(world.ERP, i)
		}
	}
	return ""
}

// secret is a setting by which the cast is reached.
func secret(connector, setting string) string {
	return sandbox.Settings(connector, "")[setting].(string)
}

var china = time.FixedZone("+08:00", 8*3600)

func rowsOf(n int, row func(int) map[string]any) (out []map[string]any) {
	for i := range n {
		out = append(out, row(i))
	}
	return out
}

func quantity(r *rand.Rand, _ []row) any { return 1 + r.IntN(400) }

// in stamps rows in one column.
func in(column string, form func(time.Time) any) func(row, time.Time) {
	return func(r row, at time.Time) { r[column] = form(at) }
}

func text(layout string) func(time.Time) any {
	return func(at time.Time) any { return at.In(china).Format(layout) }
}

func utc(layout string) func(time.Time) any {
	return func(at time.Time) any { return at.UTC().Format(layout) }
}

func millis(at time.Time) any { return at.UnixMilli() }

// flag marks deleted rows in one column.
func flag(column string, value any) func(row) {
	return func(r row) { r[column] = value }
}
