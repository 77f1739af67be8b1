package sandbox

import (
	"fmt"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simpostgres"
	"tributary/connectors/sandbox/world"
)

// seller is the place of the distributor with the database among the world's sellers.
const seller = 2

// DirectTables are the views through which a distributor lets the maker look into its database.
func DirectTables(w *world.World) []simpostgres.Table {
	view := func(name string, own []simpostgres.Column, lines []world.Line, row func(l world.Line) (id string, cells []any)) simpostgres.Table {
		t := simpostgres.Table{Name: name, Columns: append(columns("id doc_date:DATE changed_at:TIMESTAMP deleted:BIGINT prod_code prod_name spec approval_no maker lot mfg_date:DATE exp_date:DATE qty:NUMERIC_TEXT unit kind"), own...)}
		for i, l := range lines {
			p, m, lot := w.Products[l.Product], w.ProductMention(seller, l.Product), w.Lots[l.Lot]
			id, cells := row(l)
			entered := at(w, l.Day, 1080+i%300).In(zone) // in the evening
			t.Rows = append(t.Rows, append([]any{id, w.From().AddDays(l.Day).Time(), entered, 0, m.Code, m.Name, m.Spec, m.ApprovalNo, m.Maker, lot.Number, lot.Made.Time(), lot.Expires.Time(), fmt.Sprint(l.Quantity), p.Unit, directKind(name, l.Kind)}, cells...))
		}
		return t
	}
	books := w.Ledgers
	return []simpostgres.Table{
		view("v_sales", columns("doc_no cust_code cust_name cust_uscc cust_city cust_county"), books.LinkedSales, func(l world.Line) (string, []any) {
			m := w.Mention(seller, l.Partner, l.Day)
			return fmt.Sprintf("XS%08d-%d", l.Doc, l.Row+1), []any{fmt.Sprintf("XS%08d", l.Doc), m.Code, m.Name, text(m.USCC), m.City, m.County}
		}),
		view("v_purchases", columns("doc_no supp_code supp_name"), books.LinkedPurchases, func(l world.Line) (string, []any) {
			return fmt.Sprintf("RK%08d-%d", l.Doc, l.Row+1), []any{fmt.Sprintf("RK%08d", l.Doc), fmt.Sprintf("GYS%04d", l.Partner), w.Customers[l.Partner].Name}
		}),
		view("v_stock", nil, books.LinkedStock, func(l world.Line) (string, []any) {
			return fmt.Sprintf("KC%08d-%02d%04d", l.Doc, l.Product, l.Lot), nil
		}),
	}
}

func columns(list string) (out []simpostgres.Column) {
	for _, item := range split(list) {
		name, kind, typed := strings.Cut(item, ":")
		if !typed {
			kind = string(simpostgres.Text)
		}
		out = append(out, simpostgres.Column{Name: name, Type: simpostgres.Type(kind)})
	}
	return out
}

func directKind(view string, k canonical.FlowKind) any {
	switch view {
	case "v_sales":
		return kindWord(k)
	case "v_purchases":
		return purchaseWord(k)
	}
	return "可用"
}

// DirectServer is the distributor's server without views.
func DirectServer(now func() time.Time, f *fault.Set) simpostgres.Options {
	return simpostgres.Options{Database: "wms", User: "ddi_reader", Password: directPassword, Now: now, Faults: f, Delay: slowness}
}

// direct is a distributor that lets the maker read its own database.
func direct() system {
	return system{
		name: "direct", connector: "database", en: "a distributor's own database: purchases, sales, stock (PostgreSQL)", zh: "一家商业公司的数据库直连：购进、销售、库存（PostgreSQL）",
		streams: split("sales purchases stock"),
		party:   func(w *world.World) int { return w.Linked },
		by: listening(func(s *stage, f *fault.Set) (server, error) {
			return simpostgres.New(DirectServer(s.now, f), DirectTables(s.w)...)
		}),
		settings: func(s *stage) map[string]any {
			return map[string]any{
				"kind": "postgres", "address": s.url, "database": "wms", "user": "ddi_reader", "password": directPassword,
				"sales": "SELECT * FROM v_sales", "purchases": "SELECT * FROM v_purchases", "stock": "SELECT * FROM v_stock",
			}
		},
	}
}
