package mapping

import (
	"slices"
	"strings"
	"sync"

	"tributary/canonical"
	"tributary/normalize"
)

var schemas = sync.OnceValue(func() map[canonical.Entity]*schema {
	out := map[canonical.Entity]*schema{}
	for _, s := range []*schema{
		customerSchema(), flowSchema(), eventSchema(),
		{
			entity: canonical.EntityProduct, make: func() any { return new(canonical.Product) }, finish: validated,
			fields: []field{
				textField("code", func(p *canonical.Product) *string { return &p.Code }),
				textField("name", func(p *canonical.Product) *string { return &p.Name }),
				textField("spec", func(p *canonical.Product) *string { return &p.Spec }),
				textField("approval_no", func(p *canonical.Product) *string { return &p.ApprovalNo }),
				textField("maker", func(p *canonical.Product) *string { return &p.Maker }),
				textField("gtin", func(p *canonical.Product) *string { return &p.GTIN }),
				textField("unit", func(p *canonical.Product) *string { return &p.Unit }),
				quantityField("case_factor", func(p *canonical.Product) *canonical.Quantity { return &p.CaseFactor }),
				quantityField("inner_factor", func(p *canonical.Product) *canonical.Quantity { return &p.InnerFactor }),
				{path: "code_prefixes", many: true, set: func(v any, text string) *canonical.Issue {
					p := v.(*canonical.Product)
					p.Prefixes = append(p.Prefixes, splitList(text)...)
					return nil
				}},
			},
		},
		{
			entity: canonical.EntityLot, make: func() any { return new(canonical.Lot) }, finish: validated,
			fields: []field{
				textField("product", func(l *canonical.Lot) *string { return &l.Product }),
				lotField("lot", func(l *canonical.Lot) *string { return &l.Lot }),
				quantityField("quantity", func(l *canonical.Lot) *canonical.Quantity { return &l.Quantity }),
				dateField("mfg_date", func(l *canonical.Lot) *canonical.Date { return &l.MfgDate }),
				dateField("exp_date", func(l *canonical.Lot) *canonical.Date { return &l.ExpDate }),
			},
		},
		{
			entity: canonical.EntityAlias, make: func() any { return new(canonical.Alias) }, finish: validated,
			fields: []field{
				wordField("type", "alias_type", func(a *canonical.Alias) *string { return &a.Type }),
				textField("party", func(a *canonical.Alias) *string { return &a.Party }),
				textField("raw_name", func(a *canonical.Alias) *string { return &a.RawName }),
				textField("raw_spec", func(a *canonical.Alias) *string { return &a.RawSpec }),
				textField("raw_code", func(a *canonical.Alias) *string { return &a.RawCode }),
				textField("target_code", func(a *canonical.Alias) *string { return &a.TargetCode }),
				wordField("op", "alias_op", func(a *canonical.Alias) *string { return &a.Op }),
				quantityField("factor", func(a *canonical.Alias) *canonical.Quantity { return &a.Factor }),
			},
		},
		{
			entity: canonical.EntityAffiliation, make: func() any { return new(canonical.Affiliation) }, finish: validated,
			fields: []field{
				textField("from", func(a *canonical.Affiliation) *string { return &a.From }),
				textField("to", func(a *canonical.Affiliation) *string { return &a.To }),
				textField("role", func(a *canonical.Affiliation) *string { return &a.Role }),
				textField("department", func(a *canonical.Affiliation) *string { return &a.Department }),
				boolField("primary", func(a *canonical.Affiliation) *bool { return &a.Primary }),
				dateField("valid_from", func(a *canonical.Affiliation) *canonical.Date { return &a.ValidFrom }),
				dateField("valid_to", func(a *canonical.Affiliation) *canonical.Date { return &a.ValidTo }),
			},
		},
		{
			entity: canonical.EntityActivity, make: func() any { return new(canonical.Activity) }, finish: validated,
			fields: []field{
				textField("customer", func(a *canonical.Activity) *string { return &a.Customer }),
				wordField("kind", "activity_kind", func(a *canonical.Activity) *string { return &a.Kind }),
				dateField("date", func(a *canonical.Activity) *canonical.Date { return &a.Date }),
				textField("subject", func(a *canonical.Activity) *string { return &a.Subject }),
				textField("owner", func(a *canonical.Activity) *string { return &a.Owner }),
				textField("minutes", func(a *canonical.Activity) *string { return &a.Minutes }),
				quantityField("value", func(a *canonical.Activity) *canonical.Quantity { return &a.Value }),
				textField("result", func(a *canonical.Activity) *string { return &a.Result }),
			},
		},
		{
			entity: canonical.EntityOrder, make: func() any { return new(canonical.Order) }, finish: validated,
			fields: []field{
				textField("number", func(o *canonical.Order) *string { return &o.Number }),
				textField("customer", func(o *canonical.Order) *string { return &o.Customer }),
				dateField("date", func(o *canonical.Order) *canonical.Date { return &o.Date }),
				textField("status", func(o *canonical.Order) *string { return &o.Status }),
				textField("lines.product", func(o *canonical.Order) *string { return &orderLine(o).Product }),
				quantityField("lines.quantity", func(o *canonical.Order) *canonical.Quantity { return &orderLine(o).Quantity }),
				textField("lines.unit", func(o *canonical.Order) *string { return &orderLine(o).Unit }),
				quantityField("lines.price", func(o *canonical.Order) *canonical.Quantity { return &orderLine(o).Price }),
			},
		},
		{
			entity: canonical.EntityConsent, make: func() any { return &canonical.Consent{Given: true} }, finish: validated,
			fields: []field{
				textField("customer", func(c *canonical.Consent) *string { return &c.Customer }),
				textField("purpose", func(c *canonical.Consent) *string { return &c.Purpose }),
				boolField("given", func(c *canonical.Consent) *bool { return &c.Given }),
				{path: "at", set: func(v any, text string) *canonical.Issue {
					t, ok := parseTime(text, shanghai)
					if !ok {
						return issue("date", "at", text)
					}
					v.(*canonical.Consent).At = t
					return nil
				}},
				dateField("valid_to", func(c *canonical.Consent) *canonical.Date { return &c.ValidTo }),
				textField("reference", func(c *canonical.Consent) *string { return &c.Reference }),
			},
		},
		{
			entity: canonical.EntityComplaint, make: func() any { return new(canonical.Complaint) }, finish: validated,
			fields: []field{
				textField("number", func(c *canonical.Complaint) *string { return &c.Number }),
				dateField("received_on", func(c *canonical.Complaint) *canonical.Date { return &c.ReceivedOn }),
				textField("channel", func(c *canonical.Complaint) *string { return &c.Channel }),
				textField("reporter", func(c *canonical.Complaint) *string { return &c.Reporter }),
				textField("product", func(c *canonical.Complaint) *string { return &c.Product }),
				lotField("lot", func(c *canonical.Complaint) *string { return &c.Lot }),
				textField("trace_code", func(c *canonical.Complaint) *string { return &c.TraceCode }),
				quantityField("quantity", func(c *canonical.Complaint) *canonical.Quantity { return &c.Quantity }),
				textField("bought_at", func(c *canonical.Complaint) *string { return &c.BoughtAt }),
				dateField("bought_on", func(c *canonical.Complaint) *canonical.Date { return &c.BoughtOn }),
				textField("type", func(c *canonical.Complaint) *string { return &c.Type }),
				textField("severity", func(c *canonical.Complaint) *string { return &c.Severity }),
				boolField("patient_harm", func(c *canonical.Complaint) *bool { return &c.PatientHarm }),
				textField("text", func(c *canonical.Complaint) *string { return &c.Text }),
				textField("status", func(c *canonical.Complaint) *string { return &c.Status }),
			},
		},
		{
			entity: canonical.EntityTerritory, make: func() any { return new(canonical.Territory) }, finish: validated,
			fields: []field{
				textField("seller", func(t *canonical.Territory) *string { return &t.Seller }),
				textField("product", func(t *canonical.Territory) *string { return &t.Product }),
				{path: "region", set: func(v any, text string) *canonical.Issue {
					t := v.(*canonical.Territory)
					var ok bool
					if t.Division, ok = normalize.Region(text); !ok {
						return issue("region", "region", text)
					}
					t.Region = text
					return nil
				}},
				dateField("valid_from", func(t *canonical.Territory) *canonical.Date { return &t.ValidFrom }),
				dateField("valid_to", func(t *canonical.Territory) *canonical.Date { return &t.ValidTo }),
			},
		},
		{
			entity: canonical.EntityChannel, make: func() any { return new(canonical.Channel) }, finish: validated,
			fields: []field{
				textField("buyer", func(c *canonical.Channel) *string { return &c.Buyer }),
				textField("supplier", func(c *canonical.Channel) *string { return &c.Supplier }),
				textField("product", func(c *canonical.Channel) *string { return &c.Product }),
				dateField("valid_from", func(c *canonical.Channel) *canonical.Date { return &c.ValidFrom }),
				dateField("valid_to", func(c *canonical.Channel) *canonical.Date { return &c.ValidTo }),
			},
		},
	} {
		out[s.entity] = s
	}
	return out
})

// orderLine is the one line that a row of an order file brings.
func orderLine(o *canonical.Order) *canonical.OrderLine {
	if len(o.Lines) == 0 {
		o.Lines = make([]canonical.OrderLine, 1)
	}
	return &o.Lines[0]
}

// customerSchema derives its fields from the attributes of canonical.Customer.
func customerSchema() *schema {
	s := &schema{entity: canonical.EntityCustomer, make: func() any { return new(canonical.Customer) }, finish: finishCustomer}
	for _, a := range canonical.CustomerAttributes() {
		switch a.Name {
		case "kind":
			s.fields = append(s.fields, wordField("kind", "customer_kind", func(c *canonical.Customer) *string { return (*string)(&c.Kind) }))
		case "address":
			s.fields = append(s.fields, addressFields("address", func(c *canonical.Customer) *canonical.Address { return &c.Address })...)
		case "home_address":
			s.fields = append(s.fields, addressFields("home_address", func(c *canonical.Customer) *canonical.Address { return &c.HomeAddress })...)
		case "custom":
		default:
			s.fields = append(s.fields, attributeField(a))
		}
	}
	return s
}

// finishCustomer says of a row without a kind that it has none. It is not guessed from the name: whether a record is
// about a person decides how it is stored.
func finishCustomer(target any, _ canonical.Ledger) (any, []canonical.Issue) {
	c := target.(*canonical.Customer)
	issues := c.Validate()
	if c.Kind == "" {
		issues = slices.DeleteFunc(issues, func(i canonical.Issue) bool { return i.Field == "kind" })
		issues = append(issues, canonical.Required("kind"))
	}
	return c, issues
}

func attributeField(a canonical.Attribute) field {
	if a.Many {
		split := splitList
		if a.Name == "websites" {
			split = strings.Fields // a slash is part of them
		}
		return field{path: a.Name, many: true, set: func(v any, text string) *canonical.Issue {
			for _, part := range split(text) {
				if err := a.SetText(v.(*canonical.Customer), part); err != nil {
					return issue("invalid", a.Name, text)
				}
			}
			return nil
		}}
	}
	isDate := strings.HasSuffix(a.Name, "_date") || strings.HasSuffix(a.Name, "_on") || strings.HasSuffix(a.Name, "_since")
	return field{path: a.Name, set: func(v any, text string) *canonical.Issue {
		if len(text) > canonical.MaxText {
			return issue("too_long", a.Name, text)
		}
		if isDate {
			d, err := parseDate(text)
			if err != nil {
				return issue("date", a.Name, text)
			}
			text = d.String()
		}
		if err := a.SetText(v.(*canonical.Customer), text); err != nil {
			return issue("date", a.Name, text)
		}
		return nil
	}}
}

func addressFields(name string, at func(*canonical.Customer) *canonical.Address) []field {
	part := func(path string, of func(*canonical.Address) *string) field {
		return textField(path, func(c *canonical.Customer) *string { return of(at(c)) })
	}
	return []field{
		part(name, func(a *canonical.Address) *string { return &a.Text }),
		part(name+".text", func(a *canonical.Address) *string { return &a.Text }),
		part(name+".division", func(a *canonical.Address) *string { return &a.Division }),
		part(name+".province", func(a *canonical.Address) *string { return &a.Province }),
		part(name+".city", func(a *canonical.Address) *string { return &a.City }),
		part(name+".county", func(a *canonical.Address) *string { return &a.County }),
		part(name+".postcode", func(a *canonical.Address) *string { return &a.Postcode }),
	}
}

// customField is a declared attribute outside the canonical ones, custom.<name>.
func customField(path string) (field, bool) {
	name, ok := strings.CutPrefix(path, "custom.")
	if !ok || name == "" {
		return field{}, false
	}
	return field{path: path, set: func(v any, text string) *canonical.Issue {
		if len(text) > canonical.MaxText {
			return issue("too_long", path, text)
		}
		c := v.(*canonical.Customer)
		if c.Custom == nil {
			c.Custom = map[string]string{}
		}
		c.Custom[name] = text
		return nil
	}}, true
}

func lotField[T any](path string, at func(*T) *string) field {
	return field{path: path, set: func(v any, text string) *canonical.Issue {
		lot, doubt := parseLot(text)
		if doubt != "" {
			return issue("lot_damaged", path, text)
		}
		*at(v.(*T)) = lot
		return nil
	}}
}
