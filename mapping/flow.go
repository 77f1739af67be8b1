package mapping

import (
	"strings"

	"tributary/canonical"
	"tributary/normalize"
)

// flowDraft collects a flow row before its kind and its partner are settled.
type flowDraft struct {
	line       canonical.FlowLine
	kind       string // the row's words
	returnFlag string
	shipTo     canonical.PartyMention
	noQuantity bool
}

func flowSchema() *schema {
	party := func(path string, at func(*flowDraft) *canonical.PartyMention) []field {
		part := func(name string, of func(*canonical.PartyMention) *string) field {
			return textField(path+"."+name, func(d *flowDraft) *string { return of(at(d)) })
		}
		return []field{
			codeField(path+".code", func(d *flowDraft) *string { return &at(d).Code }),
			part("name", func(m *canonical.PartyMention) *string { return &m.Name }),
			part("uscc", func(m *canonical.PartyMention) *string { return &m.USCC }),
			part("licence_no", func(m *canonical.PartyMention) *string { return &m.LicenceNo }),
			part("address", func(m *canonical.PartyMention) *string { return &m.Address }),
			part("city", func(m *canonical.PartyMention) *string { return &m.City }),
			part("county", func(m *canonical.PartyMention) *string { return &m.County }),
		}
	}
	product := func(name string, of func(*canonical.ProductMention) *string) field {
		return textField("product."+name, func(d *flowDraft) *string { return of(&d.line.Product) })
	}
	s := &schema{
		entity: canonical.EntityFlow,
		make:   func() any { return &flowDraft{noQuantity: true} },
		finish: func(v any, ledger canonical.Ledger) (any, []canonical.Issue) {
			d := v.(*flowDraft)
			issues := d.finish(ledger)
			return &d.line, issues
		},
		fields: []field{
			dateField("date", func(d *flowDraft) *canonical.Date { return &d.line.Date }),
			codeField("doc_no", func(d *flowDraft) *string { return &d.line.DocNo }),
			codeField("source_row", func(d *flowDraft) *string { return &d.line.SourceRow }),
			codeField("product.code", func(d *flowDraft) *string { return &d.line.Product.Code }),
			product("name", func(p *canonical.ProductMention) *string { return &p.Name }),
			product("spec", func(p *canonical.ProductMention) *string { return &p.Spec }),
			product("approval_no", func(p *canonical.ProductMention) *string { return &p.ApprovalNo }),
			product("maker", func(p *canonical.ProductMention) *string { return &p.Maker }),
			product("unit", func(p *canonical.ProductMention) *string { return &p.Unit }),
			{path: "product", set: setProduct},
			{path: "lot", set: setLot},
			{path: "quantity", set: setQuantity},
			textField("kind", func(d *flowDraft) *string { return &d.kind }),
			textField("return_flag", func(d *flowDraft) *string { return &d.returnFlag }),
			lenientDate("mfg_date", func(d *flowDraft) *canonical.Date { return &d.line.MfgDate }),
			lenientDate("exp_date", func(d *flowDraft) *canonical.Date { return &d.line.ExpDate }),
			lenientQuantity("price", func(d *flowDraft) *canonical.Quantity { return &d.line.Price }),
			lenientQuantity("amount", func(d *flowDraft) *canonical.Quantity { return &d.line.Amount }),
			textField("branch", func(d *flowDraft) *string { return &d.line.Branch }),
			{path: "remark", set: func(v any, text string) *canonical.Issue {
				v.(*flowDraft).line.Remark = text
				return nil
			}},
		},
	}
	s.fields = append(s.fields, party("partner", func(d *flowDraft) *canonical.PartyMention { return &d.line.Partner })...)
	s.fields = append(s.fields, party("bill_to", func(d *flowDraft) *canonical.PartyMention { return &d.line.BillTo })...)
	s.fields = append(s.fields, party("ship_to", func(d *flowDraft) *canonical.PartyMention { return &d.shipTo })...)
	return s
}

// codeField is a text that tells rows, partners or products apart. A stand-in for no value (-, 无, 0) must not be one
// value that they share.
func codeField(path string, at func(*flowDraft) *string) field {
	f := textField(path, at)
	return field{path: path, set: func(v any, text string) *canonical.Issue {
		if standIn(text) {
			return nil
		}
		return f.set(v, text)
	}}
}

// standIn reports whether a code stands for no code. Nearly every real one has a digit.
func standIn(text string) bool {
	if len(text) > 16 || strings.ContainsAny(text, "123456789") {
		return false
	}
	return text == "0" || normalize.Text(text) == ""
}

// setProduct takes a column that does not say whether it holds codes or names: the look-up may use it as either.
func setProduct(v any, text string) *canonical.Issue {
	if len(text) > canonical.MaxText {
		return issue("too_long", "product", text)
	}
	p := &v.(*flowDraft).line.Product
	p.Code, p.Name = text, text
	return nil
}

func setLot(v any, text string) *canonical.Issue {
	if len(text) > 200 {
		return issue("too_long", "lot", text)
	}
	l := &v.(*flowDraft).line
	l.Lot, l.LotDoubt = parseLot(text)
	if l.LotRaw = text; text == l.Lot {
		l.LotRaw = ""
	}
	return nil
}

func setQuantity(v any, text string) *canonical.Issue {
	q, empty, err := parseQuantity(text)
	if err != nil {
		return issue("number", "quantity", text)
	}
	d := v.(*flowDraft)
	d.line.Quantity, d.noQuantity = q, empty
	return nil
}

// lenientDate and lenientQuantity take what only informs: 有效期 is often a span (24个月) and 单价 a word (面议). The
// row is evidence without them, and its raw bytes keep them.
func lenientDate(path string, at func(*flowDraft) *canonical.Date) field {
	return field{path: path, set: func(v any, text string) *canonical.Issue {
		if d, err := parseDate(text); err == nil {
			*at(v.(*flowDraft)) = d
		}
		return nil
	}}
}

func lenientQuantity(path string, at func(*flowDraft) *canonical.Quantity) field {
	return field{path: path, set: func(v any, text string) *canonical.Issue {
		if q, empty, err := parseQuantity(text); err == nil && !empty {
			*at(v.(*flowDraft)) = q
		}
		return nil
	}}
}

// finish settles ledger, kind, sign and partner, and validates.
func (d *flowDraft) finish(ledger canonical.Ledger) []canonical.Issue {
	l := &d.line
	l.Ledger = ledger
	l.Kind = flowKind(ledger, d.kind)
	trade := ledger == canonical.Sales || ledger == canonical.Purchases
	if trade {
		if back, ok := parseBool(d.returnFlag); ok && back && d.returnFlag != "" {
			l.Kind = canonical.Return
		}
		if l.Quantity < 0 {
			l.Kind, l.Quantity = canonical.Return, -l.Quantity
		}
	} else {
		l.Partner, l.BillTo = canonical.PartyMention{}, canonical.PartyMention{}
	}
	if trade && !d.shipTo.IsZero() {
		if l.BillTo.IsZero() && (d.shipTo.Name != l.Partner.Name || d.shipTo.Code != "" && d.shipTo.Code != l.Partner.Code) {
			l.BillTo = l.Partner
		}
		if d.shipTo.Name != "" && d.shipTo.Name == l.Partner.Name || d.shipTo.Name == "" && d.shipTo.Code == l.Partner.Code {
			d.shipTo = merged(d.shipTo, l.Partner)
		}
		l.Partner = d.shipTo
	}
	if l.BillTo.Name == l.Partner.Name && (l.BillTo.Code == "" || l.BillTo.Code == l.Partner.Code) {
		l.BillTo = canonical.PartyMention{}
	}
	issues := l.Validate()
	if d.noQuantity {
		issues = append(issues, canonical.Required("quantity"))
	}
	return issues
}

// merged fills the blanks of a mention from another one of the same party.
func merged(m, o canonical.PartyMention) canonical.PartyMention {
	for _, f := range []struct{ dst, src *string }{
		{&m.Code, &o.Code}, {&m.Name, &o.Name}, {&m.USCC, &o.USCC}, {&m.LicenceNo, &o.LicenceNo},
		{&m.Address, &o.Address}, {&m.City, &o.City}, {&m.County, &o.County},
	} {
		if *f.dst == "" {
			*f.dst = *f.src
		}
	}
	return m
}

// flowKind reads the words of a row. A row without words, or with words of ordinary business, is the ledger's usual kind.
func flowKind(ledger canonical.Ledger, text string) canonical.FlowKind {
	lists := aliases().flow[ledger]
	if len(lists) == 0 {
		return canonical.Sale
	}
	usual := lists[len(lists)-1].Kind
	if text == "" {
		return usual
	}
	text = strings.ToLower(text)
	for _, list := range lists {
		for _, w := range list.Words {
			if strings.Contains(text, w) {
				return list.Kind
			}
		}
	}
	return usual
}
