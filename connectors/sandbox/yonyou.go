package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simyonyou"
	"tributary/connectors/sandbox/world"
)

// Paths of the platform, behind the gateway's address.
const (
	YonyouCustomers = "/yonbip/digitalModel/merchant/list"
	YonyouProducts  = "/yonbip/digitalModel/product/list"
	YonyouSales     = "/yonbip/scm/salesout/list"
	yonyouBill      = "/yonbip/scm/salesout/detail"
)

// yonyouID is an id of 19 digits, beyond what a float64 holds.
func yonyouID(object, n int) int64 { return 1_500_000_000_000_000_001 + int64(object)*1e15 + int64(n) }

func yonyouTime(t time.Time) string { return t.In(zone).Format(time.DateTime) }

// YonyouLists is an ERP's part of the world as YonBIP holds it. The list of sales outbound lines names lots unless they are
// hidden in the bills.
func YonyouLists(w *world.World, sys world.System, hideLots bool) []*simyonyou.List {
	e := newERP(w, sys)
	sales := &simyonyou.List{Path: YonyouSales, Rows: e.yonyouSales}
	if hideLots {
		sales.Hidden = []string{"batchno", "producedate", "invaliddate"}
	}
	return []*simyonyou.List{{Path: YonyouCustomers, Rows: e.yonyouCustomers}, {Path: YonyouProducts, Rows: e.yonyouProducts}, sales}
}

func (e *erp) yonyouCustomers() (out []map[string]any) {
	for r := range e.w.Records(e.sys) {
		c := r.Customer
		out = append(out, map[string]any{
			"id": yonyouID(1, len(out)), "code": r.ID, "name": c.Name, "shortname": nil, "createTime": yonyouTime(r.Created), "modifyTime": yonyouTime(r.Modified), "pubts": yonyouTime(r.Modified), "customerClass_name": kindWords[c.Kind],
			"creditCode": text(c.USCC), "licenceNo": text(c.LicenceNo), "province": text(c.Address.Province), "city": text(c.Address.City), "address": text(fullAddress(c.Address)), "contactTel": text(strings.Join(c.Phones, ",")),
		})
	}
	return out
}

func (e *erp) yonyouProducts() (out []map[string]any) {
	for i, p := range e.products {
		at := yonyouTime(e.begin())
		out = append(out, map[string]any{
			"id": yonyouID(2, i), "code": p.Code, "name": p.Name, "createTime": at, "modifyTime": at, "pubts": at, "modelDescription": p.Spec, "unit_name": p.Unit, "approvalNo": p.ApprovalNo, "barCode": p.GTIN, "packCase": p.Case, "packInner": p.Inner,
		})
	}
	return out
}

// yonyouSales has the lines of the maker's ledger, returns as negative quantities, and at the end some that were not
// audited.
func (e *erp) yonyouSales() (out []map[string]any) {
	ids := map[string]int{}
	for r := range e.w.Records(e.sys) {
		ids[r.ID] = len(ids)
	}
	line := func(l world.Line, sign, status int) {
		p, lot, buyer := e.w.Products[l.Product], e.w.Lots[l.Lot], e.customer[l.Partner]
		n, on := len(out), e.w.From().AddDays(l.Day)
		when := yonyouTime(at(e.w, l.Day, 540+n%400))
		out = append(out, map[string]any{
			"id": yonyouID(3, l.Doc), "details_id": yonyouID(4, n), "code": fmt.Sprintf("XSCK%08d", l.Doc), "vouchdate": on.String() + " 00:00:00", "status": status, "cust": yonyouID(1, ids[buyer.ID]), "cust_name": buyer.Customer.Name,
			"product_cCode": p.Code, "product_cName": p.Name, "unitName": p.Unit, "qty": sign * l.Quantity, "batchno": lot.Number, "producedate": lot.Made.String() + " 00:00:00", "invaliddate": lot.Expires.String() + " 00:00:00",
			"org": "100", "org_name": "总公司", "warehouse": "CK001", "warehouse_name": "成品库", "oriSum": yuan(p.Price * sign * l.Quantity), "srcBillNO": nil, "firstupcode": nil, "createTime": when, "modifyTime": when, "pubts": when,
		})
	}
	lines := e.books.MakerSales
	for _, l := range lines {
		line(l, 1, 1)
	}
	for _, l := range e.books.MakerReturns {
		line(l, -1, 1)
	}
	for i := range len(lines) / 80 {
		l := lines[i*80]
		l.Doc = 90_000_000 + i
		line(l, 1, 0)
	}
	return out
}

// YonyouTenant is the tenant without data or quotas.
func YonyouTenant(now func() time.Time, f *fault.Set) simyonyou.Options {
	return simyonyou.Options{TenantID: yonyouTenant, AppKey: yonyouKey, AppSecret: yonyouSecret, Now: now, Faults: f}
}

// western is the YonBIP of a company in the west that the maker bought.
func western() system {
	return system{
		name: string(world.WestERP), connector: "yonyou", en: "a bought company in the west: its customers (yonyou YonBIP)", zh: "西部被并购公司：客户（用友 YonBIP）",
		streams: split("customers"),
		by: served{"/yonbip", func(s *stage, f *fault.Set) http.Handler {
			return NewYonyou(YonyouTenant(s.now, f), YonyouLists(s.w, world.WestERP, false))
		}},
		settings: func(s *stage) map[string]any {
			return map[string]any{
				"base_url": s.url + "/yonbip", "tenant_id": yonyouTenant, "app_key": yonyouKey, "app_secret": yonyouSecret, "calls_per_minute": 0,
				"tenant_fields": map[string]any{
					"customers.kind": "customerClass_name", "customers.uscc": "creditCode", "customers.licence_no": "licenceNo", "customers.province": "province", "customers.city": "city", "customers.address": "address",
					"customers.phone": "contactTel", "products.spec": "modelDescription", "products.unit": "unit_name", "products.approval_no": "approvalNo", "products.gtin": "barCode", "products.case_factor": "packCase", "products.inner_factor": "packInner",
				},
			}
		},
		id: func(_ canonical.CustomerKind, record string) string {
			n, err := strconv.Atoi(record)
			if err != nil { // the world numbers this system's records
				return ""
			}
			return fmt.Sprint(yonyouID(1, n-1))
		},
	}
}

// NewYonyou is the tenant over lists, to be served under any path.
func NewYonyou(o simyonyou.Options, lists []*simyonyou.List) *simyonyou.Server {
	return simyonyou.New(o, yonyouBill, YonyouSales, lists...)
}
