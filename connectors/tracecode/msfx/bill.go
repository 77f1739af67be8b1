package msfx

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// What rows carry for the connector itself.
const (
	documentField = "\x00document"
	keyField      = "\x00key"
	timeField     = "\x00time"
	goneField     = "\x00gone"
)

// Bounds of the platform.
const (
	maxCodes    = 10_000 // of a bill in one answer
	lookupCodes = 1000   // of one look-up
	lookupPacks = 50     // parents of one look-up
)

// expansion turns bills into rows of a stream, and keeps the answers they came in.
type expansion struct {
	c        *connection
	stream   string
	raw      []byte
	off, len int // of the answer at hand
	rows     []httpsource.Element
}

// keep adds an answer to what was received; the rows that follow are from it.
func (x *expansion) keep(answer []byte) {
	if len(x.raw) > 0 {
		x.raw = append(x.raw, '\n')
	}
	x.off, x.len = len(x.raw), len(answer)
	x.raw = append(x.raw, answer...)
}

func (x *expansion) add(fields map[string]any) {
	x.rows = append(x.rows, httpsource.Element{Fields: fields, Off: x.off, Len: x.len})
}

// document names a bill.
func document(b map[string]any) string {
	part := func(name string) string { return strings.ReplaceAll(objectsource.Text(b[name]), "|", "\\|") }
	return part("ref_ent_id") + "|" + part("bill_type") + "|" + part("bill_code")
}

// wanted reports whether a bill is one of the stream. The company's own books tell its sales, the distributors' their
// purchases.
func (x *expansion) wanted(b map[string]any) bool {
	own := objectsource.Text(b["ref_ent_id"]) == x.c.settings.Enterprise
	if x.stream == "codes" {
		return true
	}
	return own == (x.stream == "bills") && kinds[x.stream][objectsource.Text(b["bill_type"])] != ""
}

// logged takes an entry of the log: a deleted bill is gone, a modified one is read again. One that is not found any more
// was deleted after.
func (x *expansion) logged(ctx context.Context, at place, entry map[string]any, when time.Time) error {
	b := maps.Clone(entry)
	if b["ref_ent_id"] == nil {
		b["ref_ent_id"] = at.Enterprise
	}
	if err := x.c.inScope([]map[string]any{b}, at.Enterprise); err != nil || !x.wanted(b) {
		return err
	}
	if at.Phase == "mod" {
		result, raw, err := x.c.call(ctx, "kyt.searchbill", map[string]string{"ref_ent_id": x.c.settings.Enterprise, "auth_ref_user_id": at.Enterprise, "bill_type": objectsource.Text(b["bill_type"]),
			"bill_code": objectsource.Text(b["bill_code"]), "cur_page": "1", "page_size": "2"})
		if err != nil {
			return err
		}
		found, err := list(result, "model_list", "models")
		if err != nil {
			return x.c.shape("kyt.searchbill", err.Error())
		}
		if err := x.c.inScope(found, at.Enterprise); err != nil {
			return err
		}
		x.keep(raw)
		if i := slices.IndexFunc(found, func(f map[string]any) bool { return document(f) == document(b) }); i >= 0 {
			return x.bill(ctx, found[i])
		}
	}
	x.add(map[string]any{documentField: document(b), keyField: document(b), timeField: when, goneField: true})
	return nil
}

// goods are the codes and the quantity of one product and lot in a bill.
type goods struct {
	fields   map[string]any
	packages int
	codes    []string
}

// bill reads what is in a bill.
func (x *expansion) bill(ctx context.Context, b map[string]any) error {
	if !x.wanted(b) {
		return nil
	}
	when, err := billTime(b)
	if err != nil {
		return x.c.shape("kyt.searchbill", err.Error())
	}
	const method = "msc.billout.detailwithcodes"
	result, raw, err := x.c.call(ctx, method, map[string]string{"ref_ent_id": objectsource.Text(b["ref_ent_id"]), "bill_code": objectsource.Text(b["bill_code"]), "bill_type": objectsource.Text(b["bill_type"])})
	if err != nil {
		return err
	}
	items, err := list(result, "bill_chk_in_out_detail_list_d_t_o_list", "model_list", "models")
	if err != nil {
		return x.c.shape(method, err.Error())
	}
	x.keep(raw)
	all, err := collect(items)
	if err != nil {
		return x.c.shape(method, fmt.Sprintf("bill %s: %v", objectsource.Text(b["bill_code"]), err))
	}
	base := map[string]any{documentField: document(b), timeField: when}
	for _, name := range head {
		base[name] = b[name]
	}
	if x.stream == "codes" {
		return x.packs(ctx, base, all)
	}
	x.lines(base, all)
	return nil
}

// collect joins the items of a bill by product and lot. Interfaces differ in how they spell fields.
func collect(items []map[string]any) ([]*goods, error) {
	by := map[[2]string]*goods{}
	var out []*goods
	for _, item := range items {
		product, lot := first(item, "product_code"), first(item, "produce_batch_no", "product_batch_no")
		n, err := number(item["min_pkg_count"])
		if product == "" || err != nil {
			return nil, fmt.Errorf("an item without product_code or min_pkg_count")
		}
		g := by[[2]string{product, lot}]
		if g == nil {
			g = &goods{fields: map[string]any{"product_code": product, "prod_code": item["prod_code"], "physic_name": first(item, "physic_name", "prod_name"), "pkg_spec": first(item, "pkg_spec", "prepn_spec"),
				"batch_no": lot, "produce_date": first(item, "produce_date", "produce_date_str"), "expire_date": first(item, "expired_date", "expire_date", "exprie_date"), "unit": first(item, "min_pkg_unit", "pkg_unit")}}
			by[[2]string{product, lot}] = g
			out = append(out, g)
		}
		g.packages += n
		g.codes = append(g.codes, texts(item["codes"])...)
	}
	slices.SortFunc(out, func(a, b *goods) int {
		return cmp.Or(cmp.Compare(a.name(), b.name()))
	})
	return out, nil
}

func (g *goods) name() string {
	return objectsource.Text(g.fields["product_code"]) + "|" + objectsource.Text(g.fields["batch_no"])
}

func first(item map[string]any, names ...string) string {
	for _, name := range names {
		if text := objectsource.Text(item[name]); text != "" {
			return text
		}
	}
	return ""
}

// lines are the rows of a ledger.
func (x *expansion) lines(base map[string]any, all []*goods) {
	kind := kinds[x.stream][objectsource.Text(base["bill_type"])]
	side := "to"
	if (kind == "采购") || x.stream == "bills" && kind == "退货" {
		side = "from"
	}
	for _, g := range all {
		row := maps.Clone(base)
		maps.Copy(row, g.fields)
		row[keyField] = objectsource.Text(base[documentField]) + "|" + g.name()
		row["min_pkg_count"], row["kind"] = fmt.Sprint(g.packages), kind
		row["partner_id"], row["partner_ref_id"], row["partner_name"] = base[side+"_user_id"], base[side+"_ref_user_id"], base[side+"_user_name"]
		x.add(row)
	}
}

// packs are the rows of codes: one for each product and lot, one for each pack with others in it, and one for what is
// missing or wrong, which no map can make an event of: it waits in quarantine, and nothing of the bill is taken back.
func (x *expansion) packs(ctx context.Context, base map[string]any, all []*goods) error {
	what, known := steps[objectsource.Text(base["bill_type"])]
	if !known {
		what = step{action: "OBSERVE", bizStep: "other"}
	}
	add := func(part string, s step, g *goods, more map[string]any) {
		row := maps.Clone(base)
		for _, name := range []string{"product_code", "batch_no", "expire_date"} {
			row[name] = g.fields[name]
		}
		row["codes"], row["parent"], row["note"] = []any{}, nil, nil
		row["part"], row["action"], row["biz_step"], row["disposition"] = part, s.action, s.bizStep, s.disposition
		maps.Copy(row, more)
		row[keyField] = objectsource.Text(base[documentField]) + "|" + part
		x.add(row)
	}
	total := 0
	for _, g := range all {
		total += len(g.codes)
		good, wrong, parents, err := x.c.lookUp(ctx, objectsource.Text(base["ref_ent_id"]), g)
		if err != nil {
			return err
		}
		if len(good) > 0 {
			add(g.name(), what, g, map[string]any{"codes": values(good)})
		}
		if len(wrong) > 0 {
			add("wrong|"+g.name(), what, g, map[string]any{"note": "codes that are malformed, cancelled or unknown to the platform: " + strings.Join(wrong[:min(len(wrong), 20)], " ")})
		}
		for _, p := range parents {
			add("pack|"+p.code, step{action: "OBSERVE", bizStep: "packing"}, g, map[string]any{"parent": p.code, "codes": values(p.children)})
		}
	}
	if total >= maxCodes {
		add("cut", what, &goods{}, map[string]any{"note": fmt.Sprintf("the platform gives %d codes of a bill, and this one has as many or more", maxCodes)})
	}
	return nil
}

func values(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
