package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simu8"
	"tributary/connectors/sandbox/world"
)

// Lists of U8+, and the object of a single bill.
const (
	U8Customers = "customer"
	U8Products  = "inventory"
	U8Sales     = "saleoutlistall"
	u8Bill      = "saleout"
)

// U8Time is how U8+ writes times, in China's zone.
const U8Time = "2006-01-02 15:04:05.000"

func u8Time(t time.Time) string { return t.In(zone).Format(U8Time) }

// U8Lists is an ERP's part of the world as U8+ holds it. Lots stand in the bills.
func U8Lists(w *world.World, sys world.System) []*simu8.List {
	e := newERP(w, sys)
	return []*simu8.List{
		{Object: U8Customers, Rows: e.u8Customers}, {Object: U8Products, Rows: e.u8Products},
		{Object: U8Sales, Rows: e.u8Sales, Hidden: []string{"cBatch", "dMdate", "dVDate"}},
	}
}

func (e *erp) u8Customers() (out []map[string]any) {
	for r := range e.w.Records(e.sys) {
		c := r.Customer
		out = append(out, map[string]any{
			"code": r.ID, "name": c.Name, "abbrname": nil, "sort_code": "01", "domain_code": "0101", "address": text(fullAddress(c.Address)), "phone": text(strings.Join(c.Phones, ",")), "ModifyDate": u8Time(r.Modified),
			"self_define1": text(c.USCC), "self_define2": text(c.LicenceNo), "self_define3": kindWords[c.Kind], "self_define4": text(c.Address.Province), "self_define5": text(c.Address.City),
		})
	}
	return out
}

func (e *erp) u8Products() (out []map[string]any) {
	for _, p := range e.products {
		out = append(out, map[string]any{
			"code": p.Code, "name": p.Name, "specs": p.Spec, "ccomunitname": p.Unit, "barcode": p.GTIN, "sort_code": "02", "modifydate": u8Time(e.begin()),
			"self_define1": p.ApprovalNo, "self_define2": strconv.Itoa(p.Case), "self_define3": strconv.Itoa(p.Inner),
		})
	}
	return out
}

// u8Sales has the lines of the maker's ledger, those of red bills as negative quantities, and at the end some that nobody
// audited.
func (e *erp) u8Sales() (out []map[string]any) {
	line := func(l world.Line, sign int, auditor any) {
		p, lot, buyer := e.w.Products[l.Product], e.w.Lots[l.Lot], e.customer[l.Partner]
		n := len(out)
		out = append(out, map[string]any{
			"id": strconv.Itoa(1_000_000_000 + l.Doc), "autoid": strconv.Itoa(1_100_000_000 + n), "code": fmt.Sprintf("%010d", l.Doc), "date": e.w.From().AddDays(l.Day).String(), "customercode": buyer.ID, "customername": buyer.Customer.Name,
			"inventorycode": p.Code, "inventoryname": p.Name, "unitname": p.Unit, "quantity": fmt.Sprintf("%d.000000", sign*l.Quantity), "cBatch": lot.Number, "dMdate": lot.Made.String() + " 00:00:00", "dVDate": lot.Expires.String() + " 00:00:00",
			"warehousecode": "01", "warehousename": "成品库", "sum": fmt.Sprint(yuan(p.Price * sign * l.Quantity)), "handler": auditor, "modifydate": u8Time(at(e.w, l.Day, 540+n%400)),
		})
	}
	lines := e.books.MakerSales
	for _, l := range lines {
		line(l, 1, "王审")
	}
	for _, l := range e.books.MakerReturns {
		line(l, -1, "王审")
	}
	for i := range len(lines) / 80 {
		l := lines[i*80]
		l.Doc = 90_000_000 + i
		line(l, 1, nil)
	}
	return out
}

// U8Enterprise is the enterprise without data.
func U8Enterprise(now func() time.Time, f *fault.Set) simu8.Options {
	return simu8.Options{FromAccount: u8From, ToAccount: u8To, AppKey: u8Key, AppSecret: u8Secret, Now: now, Faults: f}
}

// shandong is the U8+ of a small company in Shandong that the maker bought.
func shandong() system {
	return system{
		name: string(world.ShandongERP), connector: "yonyou-u8", en: "a bought company in Shandong: its customers (yonyou U8+)", zh: "山东被并购公司：客户（用友 U8+）",
		streams: split("customers"),
		by: served{"/u8", func(s *stage, f *fault.Set) http.Handler {
			return NewU8(U8Enterprise(s.now, f), U8Lists(s.w, world.ShandongERP))
		}},
		settings: func(s *stage) map[string]any {
			return map[string]any{
				"base_url": s.url + "/u8", "from_account": u8From, "to_account": u8To, "app_key": u8Key, "app_secret": u8Secret,
				"tenant_fields": map[string]any{
					"customers.uscc": "self_define1", "customers.licence_no": "self_define2", "customers.kind": "self_define3", "customers.province": "self_define4", "customers.city": "self_define5",
					"products.approval_no": "self_define1", "products.case_factor": "self_define2", "products.inner_factor": "self_define3",
				},
			}
		},
	}
}

// NewU8 is the platform over lists, to be served under any path.
func NewU8(o simu8.Options, lists []*simu8.List) *simu8.Server {
	return simu8.New(o, simu8.Bills{Object: u8Bill, Of: U8Sales, Head: []string{"id", "code", "date", "customercode", "customername", "warehousecode", "warehousename", "handler", "modifydate"}}, lists...)
}
