package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simpharmacy"
	"tributary/connectors/sandbox/world"
)

// pharmacyRows makes the rows of a list when they are asked for.
type pharmacyRows struct {
	n       int
	updated func(i int) time.Time
	row     func(i int) map[string]any
}

func (r pharmacyRows) Len() int { return r.n }

func (r pharmacyRows) Updated(i int) time.Time {
	if r.updated == nil {
		return time.Time{}
	}
	return r.updated(i)
}

func (r pharmacyRows) Row(i int) map[string]any { return r.row(i) }

// PharmacyLists is the world as the chain's system holds it.
func PharmacyLists(w *world.World) map[string]simpharmacy.Rows {
	c := &chain{w: w, code: map[int]string{}}
	for i := range w.Len(world.Chain) {
		c.code[w.TruthOf(world.Chain, i)] = w.RecordID(world.Chain, i)
	}
	l := w.Ledgers
	return map[string]simpharmacy.Rows{
		"stores":    c.stores(),
		"sales":     c.book("LS", l.ChainSales, c.sale),
		"purchases": c.book("RK", l.ChainPurchases, c.purchase),
		"stock":     c.stock(l.ChainStock),
	}
}

type chain struct {
	w    *world.World
	code map[int]string // customer index → store code
}

func (c *chain) stores() pharmacyRows {
	return pharmacyRows{n: c.w.Len(world.Chain), row: func(i int) map[string]any {
		r := c.w.Record(world.Chain, i)
		kind := "store"
		if r.Customer.Kind == canonical.Chain {
			kind = "head_office"
		}
		a := r.Customer.Address
		return map[string]any{
			"code": r.ID, "name": r.Customer.Name, "kind": kind, "uscc": text(r.Customer.USCC), "licence_no": text(r.Customer.LicenceNo), "province": text(a.Province),
			"city": text(a.City), "county": text(a.County), "address": text(a.Text), "phone": first(r.Customer.Phones),
		}
	}}
}

// book is a ledger by windows: a row is entered on the evening of its day.
func (c *chain) book(prefix string, lines []world.Line, fill func(l world.Line, row map[string]any)) pharmacyRows {
	entered := func(i int) time.Time { return at(c.w, lines[i].Day, 1200+i%200).Add(time.Duration(i%60) * time.Second) }
	return pharmacyRows{n: len(lines), updated: entered, row: func(i int) map[string]any {
		row := c.goods(lines[i])
		row["id"], row["doc_no"] = fmt.Sprintf("%s%09d", prefix, i+1), fmt.Sprintf("%s%08d", prefix, lines[i].Doc)
		row["date"], row["updated_at"], row["deleted"] = c.w.From().AddDays(lines[i].Day).String(), entered(i).In(zone).Format(time.RFC3339), false
		fill(lines[i], row)
		return row
	}}
}

func (c *chain) goods(l world.Line) map[string]any {
	p := c.w.Products[l.Product]
	return map[string]any{
		"store_code": c.code[l.Party], "product_code": "SP" + strconv.Itoa(30100+l.Product), "product_name": p.Name, "spec": p.Spec, "approval_no": p.ApprovalNo,
		"unit": p.Unit, "lot": c.w.Lots[l.Lot].Number, "quantity": strconv.Itoa(l.Quantity),
	}
}

func (c *chain) sale(_ world.Line, row map[string]any) { row["kind"] = "零售" }

func (c *chain) purchase(l world.Line, row map[string]any) {
	row["kind"] = map[canonical.FlowKind]string{canonical.Sale: "采购", canonical.Transfer: "调拨"}[l.Kind]
	row["supplier_code"], row["supplier_name"] = c.code[l.Partner], c.w.Customers[l.Partner].Name
	if row["supplier_code"] == "" {
		row["supplier_code"] = "GYS" + strconv.Itoa(l.Partner)
	}
}

func (c *chain) stock(lines []world.Line) pharmacyRows {
	return pharmacyRows{n: len(lines), row: func(i int) map[string]any {
		row := c.goods(lines[i])
		row["id"] = fmt.Sprintf("%s-%s-%s", row["store_code"], row["product_code"], row["lot"])
		return row
	}}
}

// NewPharmacy is the chain's API over a world, to be served under /pharmacy/v1.
func NewPharmacy(w *world.World, now func() time.Time, f *fault.Set) *simpharmacy.Server {
	return simpharmacy.New(simpharmacy.Options{Token: pharmacyToken, Prefix: "/pharmacy/v1", Now: now, Faults: f}, PharmacyLists(w))
}

// pharmacyChain is a chain that reports its stores' purchases, sales and stock.
func pharmacyChain() system {
	return system{
		name: string(world.Chain), connector: "pharmacy", en: "a pharmacy chain: stores, purchases, sales, stock (REST)", zh: "连锁药店：门店、购进、零售、库存（REST）",
		streams: split("stores purchases sales stock"),
		by:      served{"/pharmacy", func(s *stage, f *fault.Set) http.Handler { return NewPharmacy(s.w, s.now, f) }},
		settings: func(s *stage) map[string]any {
			return map[string]any{"base_url": s.url + "/pharmacy/v1", "token": pharmacyToken}
		},
	}
}
