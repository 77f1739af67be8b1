package canonical

// Product is a SKU. Quantities of a product are kept in its base unit, the smallest sales unit (盒, 瓶, 支).
type Product struct {
	Code        string   `json:"code"`
	Name        string   `json:"name"`
	Spec        string   `json:"spec,omitempty"`
	ApprovalNo  string   `json:"approval_no,omitempty"`
	Maker       string   `json:"maker,omitempty"`
	GTIN        string   `json:"gtin,omitempty"`
	Unit        string   `json:"unit,omitempty"`          // the base unit's name
	CaseFactor  Quantity `json:"case_factor,omitzero"`    // base units in one case (件)
	InnerFactor Quantity `json:"inner_factor,omitzero"`   // base units in one inner pack (中包)
	Prefixes    []string `json:"code_prefixes,omitempty"` // drug identification codes of its pack levels
}

// Validate reports what makes the product unusable.
func (p *Product) Validate() []Issue {
	issues := required(map[string]string{"code": p.Code, "name": p.Name})
	for _, f := range []struct {
		name  string
		value Quantity
	}{{"case_factor", p.CaseFactor}, {"inner_factor", p.InnerFactor}} {
		if f.value < 0 {
			issues = append(issues, Invalid(f.name, f.value.String(), "a pack holds at least one base unit"))
		}
	}
	return issues
}

// Lot is a released lot. A lot number means something only together with its product.
type Lot struct {
	Product  string   `json:"product"`
	Lot      string   `json:"lot"`
	Quantity Quantity `json:"quantity"` // released, in base units
	MfgDate  Date     `json:"mfg_date,omitzero"`
	ExpDate  Date     `json:"exp_date,omitzero"`
}

// Validate reports what makes the lot unusable.
func (l *Lot) Validate() []Issue {
	issues := required(map[string]string{"product": l.Product, "lot": l.Lot})
	if l.Quantity < 0 {
		issues = append(issues, Invalid("quantity", l.Quantity.String(), "a released quantity is not negative"))
	}
	if !l.MfgDate.IsZero() && !l.ExpDate.IsZero() && l.ExpDate < l.MfgDate {
		issues = append(issues, Invalid("exp_date", l.ExpDate.String(), "before the manufacturing date"))
	}
	return issues
}

// Alias is a party's own word for a customer or a product of the master.
type Alias struct {
	Type       string   `json:"type"`  // party, product
	Party      string   `json:"party"` // the reporting party whose word it is
	RawName    string   `json:"raw_name"`
	RawSpec    string   `json:"raw_spec,omitempty"`
	RawCode    string   `json:"raw_code,omitempty"`
	TargetCode string   `json:"target_code"`
	Op         string   `json:"op,omitempty"`     // × or ÷: how the party's quantity becomes base units
	Factor     Quantity `json:"factor,omitempty"` // 0 = as it is
}

// Validate reports what makes the alias unusable.
func (a *Alias) Validate() []Issue {
	issues := required(map[string]string{"type": a.Type, "target_code": a.TargetCode})
	if a.RawName == "" && a.RawCode == "" {
		issues = append(issues, Required("raw_name"))
	}
	if a.Type != "" && a.Type != "party" && a.Type != "product" {
		issues = append(issues, Invalid("type", a.Type, "not party or product"))
	}
	if a.Op != "" && a.Op != "×" && a.Op != "÷" {
		issues = append(issues, Invalid("op", a.Op, "not × or ÷"))
	}
	if a.Factor < 0 {
		issues = append(issues, Invalid("factor", a.Factor.String(), "negative"))
	}
	return issues
}
