package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simkingdee"
	"tributary/connectors/sandbox/world"
)

var zone = time.FixedZone("+08:00", 8*3600)

// kingdeeRows makes the rows of a form when they are asked for, so that a large world costs no memory twice.
type kingdeeRows struct {
	n   int
	key func(i int) any
	row func(i int) map[string]any
}

func (r kingdeeRows) Len() int                 { return r.n }
func (r kingdeeRows) Key(i int) any            { return r.key(i) }
func (r kingdeeRows) Row(i int) map[string]any { return r.row(i) }

func form(name, key string, rows kingdeeRows) simkingdee.Table {
	t := simkingdee.Table{Form: name, Key: key, Rows: rows}
	if rows.n > 0 {
		for c := range rows.row(0) {
			t.Columns = append(t.Columns, c)
		}
		slices.Sort(t.Columns)
	}
	return t
}

// KingdeeTables is the world as the maker's ERP holds it.
func KingdeeTables(w *world.World) []simkingdee.Table {
	e := newERP(w, world.ERP)
	return []simkingdee.Table{e.customers(), e.materials(), e.batchFile(), e.deliveries(), e.returns(), e.stock()}
}

func distributorsOf(w *world.World) []int {
	var out []int
	for i, c := range w.Customers {
		if c.Kind == canonical.Distributor {
			out = append(out, i)
		}
	}
	return out
}

// erp is an ERP with customers of its own. The maker's books are in one of them; the others are of companies that it
// bought, and hold nothing of its goods.
type erp struct {
	w        *world.World
	sys      world.System
	books    world.Ledgers
	products []world.Product
	lots     []world.Lot
	customer map[int]world.Record // customer index → the record deliveries go to
}

func newERP(w *world.World, sys world.System) *erp {
	e := &erp{w: w, sys: sys, customer: map[int]world.Record{}}
	if sys != world.ERP {
		return e
	}
	e.books, e.products, e.lots = w.Ledgers, w.Products, w.Lots
	for _, at := range distributorsOf(w) {
		for i := range w.Len(sys) {
			if w.TruthOf(sys, i) == at {
				e.customer[at] = w.Record(sys, i)
				break
			}
		}
	}
	return e
}

// stamp writes a time as Kingdee does: no zone, fractions of any length, or nothing when never edited.
func stamp(t time.Time, i int) any {
	text := t.In(zone).Format("2006-01-02T15:04:05")
	switch i % 16 {
	case 0:
		return nil
	case 1, 2:
		return text
	case 3:
		return text + fmt.Sprintf(".%02d", i%100)
	}
	return text + fmt.Sprintf(".%03d", i%1000)
}

func created(t time.Time) string { return t.In(zone).Format("2006-01-02T15:04:05") }

// own is the organisation that makes master data, other one that uses some of it.
const own, other = "100", "200"

// customers has every record, and some of them again as allocated to the second organisation.
func (e *erp) customers() simkingdee.Table {
	n := e.w.Len(e.sys)
	return form("BD_Customer", "FCUSTID", kingdeeRows{
		n:   n + n/15,
		key: func(i int) any { return int64(100_000 + i) },
		row: func(i int) map[string]any {
			org, at := own, i
			if i >= n {
				org, at = other, (i-n)*15
			}
			r := e.w.Record(e.sys, at)
			c := r.Customer
			return map[string]any{
				"FCUSTID": int64(100_000 + i), "FNumber": r.ID, "FName": c.Name, "FShortName": nil, "FCreateOrgId.FNumber": own, "FUseOrgId.FNumber": org,
				"FDocumentStatus": "C", "FForbidStatus": "A", "FCreateDate": created(r.Created), "FModifyDate": stamp(r.Modified, at),
				"FSOCIALCRECODE": text(c.USCC), "FADDRESS": text(fullAddress(c.Address)), "FTEL": text(strings.Join(c.Phones, ",")),
				"FCustTypeId.FName": kindWords[c.Kind], "FGroup.FName": "国内", "F_TRB_LICENCE": text(c.LicenceNo),
			}
		},
	})
}

var kindWords = map[canonical.CustomerKind]string{
	canonical.Hospital: "医院", canonical.Clinic: "诊所", canonical.Pharmacy: "药店", canonical.Chain: "连锁总部", canonical.Distributor: "商业公司",
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func fullAddress(a canonical.Address) string {
	if a.Province == a.City {
		a.Province = ""
	}
	if strings.HasPrefix(a.Text, a.City) || a.Province != "" && strings.HasPrefix(a.Text, a.Province) {
		return a.Text
	}
	return a.Province + a.City + a.County + a.Text
}

func (e *erp) begin() time.Time { return e.w.From().Time().AddDate(0, -3, 0) }

// at is a moment of a day of the simulated year.
func at(w *world.World, day, minute int) time.Time {
	return w.From().AddDays(day).Time().Add(-8*time.Hour + time.Duration(minute)*time.Minute)
}

func (e *erp) materials() simkingdee.Table {
	return form("BD_MATERIAL", "FMATERIALID", kingdeeRows{
		n:   len(e.products),
		key: func(i int) any { return int64(5000 + i) },
		row: func(i int) map[string]any {
			p := e.w.Products[i]
			return map[string]any{
				"FMATERIALID": int64(5000 + i), "FNumber": p.Code, "FName": p.Name, "FSpecification": p.Spec, "FBaseUnitId.FName": p.Unit,
				"FCreateOrgId.FNumber": own, "FUseOrgId.FNumber": own, "FDocumentStatus": "C", "FForbidStatus": "A", "FIsBatchManage": true, "FBarCode": p.GTIN,
				"FMaterialGroup.FNumber": "CP", "FExpPeriod": 24, "FExpUnit": "M", "FCreateDate": created(e.begin()), "FModifyDate": stamp(e.begin(), i+1),
				"F_TRB_APPROVAL": p.ApprovalNo, "F_TRB_CASE": p.Case, "F_TRB_INNER": p.Inner,
				"F_TRB_CODES": world.Prefix(i, world.BoxPack) + "/" + world.Prefix(i, world.InnerPack) + "/" + world.Prefix(i, world.CasePack),
			}
		},
	})
}

func (e *erp) batchFile() simkingdee.Table {
	return form("BD_BatchMainFile", "FLOTID", kingdeeRows{
		n:   len(e.lots),
		key: func(i int) any { return int64(7000 + i) },
		row: func(i int) map[string]any {
			l := e.w.Lots[i]
			released := l.Released.Time()
			return map[string]any{
				"FLOTID": int64(7000 + i), "FNumber": l.Number, "FName": l.Number, "FMaterialId.FNumber": e.w.Products[l.Product].Code, "FUseOrgId.FNumber": own,
				"FProduceDate": l.Made.String() + "T00:00:00", "FExpiryDate": l.Expires.String() + "T00:00:00", "F_TRB_RELEASED": l.Quantity,
				"FCreateDate": created(released), "FModifyDate": stamp(released, i),
			}
		},
	})
}

// deliveries has a line for every piece the maker shipped, and at the end some drafts that never became a sale.
func (e *erp) deliveries() simkingdee.Table {
	lines := e.books.MakerSales
	n := len(lines)
	return form("SAL_OUTSTOCK", "FEntity_FEntryID", kingdeeRows{
		n:   n + n/80,
		key: func(i int) any { return int64(200_000 + i) },
		row: func(i int) map[string]any {
			draft := i >= n
			l := lines[min(i, n-1)]
			if draft {
				l = lines[(i-n)*80]
			}
			p, lot, buyer := e.w.Products[l.Product], e.w.Lots[l.Lot], e.customer[l.Partner]
			unit, quantity := p.Unit, l.Quantity
			if quantity%p.Case == 0 {
				unit, quantity = "件", quantity/p.Case
			}
			doc, status := l.Doc, "C"
			if draft {
				doc, status = 90_000_000+i, "A"
			}
			when := at(e.w, l.Day, 540+i%400)
			return map[string]any{
				"FID": int64(doc), "FEntity_FEntryID": int64(200_000 + i), "FBillNo": fmt.Sprintf("XSCKD%08d", doc), "FDate": e.w.From().AddDays(l.Day).String() + "T00:00:00",
				"FDocumentStatus": status, "FCancelStatus": "A", "FBillTypeID.FNumber": "XSCKD01_SYS", "FCreateDate": created(when), "FModifyDate": stamp(when.Add(90*time.Minute), i),
				"FApproveDate": created(when.Add(90 * time.Minute)), "FCustomerID.FNumber": buyer.ID, "FCustomerID.FName": buyer.Customer.Name,
				"FReceiverID.FNumber": buyer.ID, "FReceiverID.FName": buyer.Customer.Name, "FReceiveAddress": text(fullAddress(buyer.Customer.Address)),
				"FMaterialID.FNumber": p.Code, "FMaterialID.FName": p.Name, "FMaterialID.FSpecification": p.Spec, "FUnitID.FName": unit, "FRealQty": quantity,
				"FBaseUnitQty": l.Quantity, "FLot.FNumber": lot.Number, "FLot_Text": lot.Number, "FProduceDate": lot.Made.String() + "T00:00:00", "FExpiryDate": lot.Expires.String() + "T00:00:00",
				"FPrice": yuan(p.Price), "FAllAmount": yuan(p.Price * l.Quantity), "FNote": nil,
			}
		},
	})
}

func yuan(fen int) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

func (e *erp) returns() simkingdee.Table {
	lines := e.books.MakerReturns
	return form("SAL_RETURNSTOCK", "FEntity_FEntryID", kingdeeRows{
		n:   len(lines),
		key: func(i int) any { return int64(300_000 + i) },
		row: func(i int) map[string]any {
			l := lines[i]
			p, lot, from := e.w.Products[l.Product], e.w.Lots[l.Lot], e.customer[l.Partner]
			when := at(e.w, l.Day, 600+i%300)
			return map[string]any{
				"FID": int64(l.Doc), "FEntity_FEntryID": int64(300_000 + i), "FBillNo": fmt.Sprintf("XSTHD%08d", l.Doc), "FDate": e.w.From().AddDays(l.Day).String() + "T00:00:00",
				"FDocumentStatus": "C", "FCancelStatus": "A", "FCreateDate": created(when), "FModifyDate": stamp(when.Add(time.Hour), i), "FApproveDate": created(when.Add(time.Hour)),
				"FRetcustId.FNumber": from.ID, "FRetcustId.FName": from.Customer.Name, "FMaterialId.FNumber": p.Code, "FMaterialId.FName": p.Name, "FMaterialId.FSpecification": p.Spec,
				"FUnitID.FName": p.Unit, "FRealQty": l.Quantity, "FBaseunitQty": l.Quantity, "FLot.FNumber": lot.Number, "FLot_Text": lot.Number, "FSrcBillNo": nil, "FHeadNote": "破损退回",
			}
		},
	})
}

func (e *erp) stock() simkingdee.Table {
	lines := e.books.MakerStock
	return form("STK_Inventory", "FID", kingdeeRows{
		n:   len(lines),
		key: func(i int) any { return fmt.Sprintf("inv-%08d", i) },
		row: func(i int) map[string]any {
			l := lines[i]
			p := e.w.Products[l.Product]
			status, store := "可用", "CK001"
			if l.Kind == canonical.Quarantined {
				status, store = "待验", "CK009"
			}
			return map[string]any{
				"FID": fmt.Sprintf("inv-%08d", i), "FMaterialId.FNumber": p.Code, "FMaterialId.FName": p.Name, "FMaterialId.FSpecification": p.Spec, "FBaseUnitId.FName": p.Unit,
				"FStockId.FNumber": store, "FStockOrgId.FNumber": own, "FStockStatusId.FName": status, "FLot.FNumber": e.w.Lots[l.Lot].Number, "FBaseQty": l.Quantity,
				"FUpdateTime": created(at(e.w, l.Day, 1000)),
			}
		},
	})
}

// KingdeeSite is the site without data.
func KingdeeSite(now func() time.Time, f *fault.Set) simkingdee.Options {
	return simkingdee.Options{AcctID: kingdeeAcct, User: kingdeeUser, Password: kingdeePassword, AppID: kingdeeApp, AppSecret: kingdeeSecret, Now: now, Faults: f}
}

// NewKingdee is the ERP over a world, to be served under any path that ends in /K3Cloud/.
func NewKingdee(w *world.World, now func() time.Time, f *fault.Set) *simkingdee.Server {
	return simkingdee.New(KingdeeSite(now, f), KingdeeTables(w)...)
}

// ownERP is the maker's ERP, with its products, lots and books.
func ownERP() system {
	return system{
		name: string(world.ERP), connector: "kingdee", en: "the maker's ERP: customers, lots, deliveries (Kingdee)", zh: "自有 ERP：客户、批号、出库（金蝶云星空）",
		streams: split("BD_Customer BD_MATERIAL BD_BatchMainFile SAL_OUTSTOCK SAL_RETURNSTOCK STK_Inventory"),
		by: served{"/kingdee", func(s *stage, f *fault.Set) http.Handler {
			site := KingdeeSite(s.now, f)
			site.Orders, site.Keep = s.bills, s.keepBills
			return simkingdee.New(site, KingdeeTables(s.w)...)
		}},
		settings: func(s *stage) map[string]any {
			return map[string]any{
				"base_url": s.url + "/kingdee/K3Cloud", "acct_id": kingdeeAcct, "user": kingdeeUser, "auth": "login_sign", "app_id": kingdeeApp, "app_secret": kingdeeSecret,
				"orders": map[string]any{"key_field": simkingdee.OrderKeyField, "org": own},
				"tenant_fields": map[string]any{
					"BD_Customer.licence_no": "F_TRB_LICENCE", "BD_MATERIAL.approval_no": "F_TRB_APPROVAL", "BD_MATERIAL.case_factor": "F_TRB_CASE", "BD_MATERIAL.code_prefixes": "F_TRB_CODES",
					"BD_MATERIAL.inner_factor": "F_TRB_INNER", "BD_BatchMainFile.released_quantity": "F_TRB_RELEASED",
				},
			}
		},
	}
}
