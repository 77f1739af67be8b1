package soak

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/simkingdee"
	"tributary/connectors/sandbox/simsap"
	"tributary/connectors/sandbox/simyonyou"
	"tributary/connectors/sandbox/world"
)

func kingdee(_ *testing.T, s *site) (http.Handler, []changer) {
	options := sandbox.KingdeeSite(s.now, s.faults)
	options.Late = afterwards
	server := simkingdee.New(options, sandbox.KingdeeTables(s.world)...)
	s.settings["orders"].(map[string]any)["settle"] = settleOrders
	s.takes(erpCode(s.world, s.world.Reporting[0]), keyed(server.Orders, simkingdee.OrderKeyField))
	var lists []changer
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

func sap(_ *testing.T, s *site) (http.Handler, []changer) {
	options := sandbox.SAPSystem(s.now, s.faults)
	options.Late = afterwards
	server := simsap.New(options, sandbox.SAPSets(s.world, world.ERP, false)...)
	buyer := erpCode(s.world, s.world.Reporting[0])
	s.settings["orders"] = map[string]any{"sales_org": "1000", "settle": settleOrders}
	s.takes(buyer, keyed(server.Orders, "PurchaseOrderByCustomer"))
	date, clock := text(time.DateOnly), text(time.TimeOnly)
	partners := &list{name: "A_BusinessPartner", key: "BusinessPartner", own: []string{"Customer"}, vary: "BusinessPartnerFullName", fixed: holds("Customer", buyer), stamp: func(r row, at time.Time) {
		r["LastChangeDate"], r["LastChangeTime"] = simsap.Date(date(at).(string)), simsap.Clock(clock(at).(string))
	}}
	for _, set := range sandbox.SAPSets(s.world, world.ERP, false) {
		if set.Name == partners.name {
			partners.rows = set.Rows()
		}
	}
	partners.publish = func(rows []row) { server.SetRows(sandbox.SAPPath("customers", false), rows) }
	return server, []changer{partners}
}

func yonyou(_ *testing.T, s *site) (http.Handler, []changer) {
	options := sandbox.YonyouTenant(s.now, s.faults)
	options.Late, options.Forgets = afterwards, true
	server := sandbox.NewYonyou(options, sandbox.YonyouLists(s.world, world.ERP, false))
	buyer := erpCode(s.world, s.world.Reporting[0])
	s.settings["orders"] = map[string]any{"key_field": "headItem.define1", "org": "991", "transaction_type": "SO01", "tax": "VAT13", "settle": settleOrders}
	s.takes(buyer, keyed(server.Orders, simyonyou.OrderKeyField))
	var lists []changer
	for _, of := range sandbox.YonyouLists(s.world, world.ERP, false) {
		l := &list{name: of.Path, rows: of.Rows(), stamp: in("pubts", text(time.DateTime)), publish: func(rows []row) { server.SetRows(of.Path, rows) }}
		switch of.Path {
		case sandbox.YonyouCustomers:
			l.key, l.own, l.vary, l.fixed = "id", []string{"code"}, "name", holds("code", buyer)
		case sandbox.YonyouSales:
			l.key, l.own, l.vary, l.as = "details_id", []string{"code"}, "qty", quantity
		default:
			continue
		}
		lists = append(lists, l)
	}
	return server, lists
}

func u8(_ *testing.T, s *site) (http.Handler, []changer) {
	server := sandbox.NewU8(sandbox.U8Enterprise(s.now, s.faults), sandbox.U8Lists(s.world, world.ERP))
	var lists []changer
	for _, of := range sandbox.U8Lists(s.world, world.ERP) {
		l := &list{name: of.Object, rows: of.Rows(), publish: func(rows []row) { server.SetRows(of.Object, rows) }}
		switch of.Object {
		case sandbox.U8Customers:
			l.key, l.vary, l.stamp = "code", "name", in("ModifyDate", text(sandbox.U8Time))
		case sandbox.U8Sales:
			l.key, l.own, l.vary, l.stamp = "autoid", []string{"id", "code"}, "quantity", in("modifydate", text(sandbox.U8Time))
			l.as = func(r *rand.Rand, _ []row) any { return fmt.Sprintf("%d.000000", 1+r.IntN(400)) }
		default:
			continue
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

// erpCode is the company's own code of a customer.
func erpCode(w *world.World, customer int) string {
	for i := range w.Len(world.ERP) {
		if w.TruthOf(world.ERP, i) == customer {
			return w.RecordID(world.ERP, i)
		}
	}
	return ""
}
