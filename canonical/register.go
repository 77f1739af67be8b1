package canonical

// Territory says that a seller may sell a product in a region: an entry of the register of territories.
type Territory struct {
	Seller    string `json:"seller"`            // the company's own code, or the name
	Product   string `json:"product,omitempty"` // code; empty: every product
	Region    string `json:"region"`            // as registered
	Division  string `json:"division"`          // its code of GB/T 2260; empty: the whole country
	ValidFrom Date   `json:"valid_from,omitzero"`
	ValidTo   Date   `json:"valid_to,omitzero"`
}

// Validate reports what makes the entry unusable.
func (t *Territory) Validate() []Issue {
	issues := required(map[string]string{"seller": t.Seller, "region": t.Region})
	return append(issues, validSpan(t.ValidFrom, t.ValidTo)...)
}

// Channel says from whom a buyer is registered to buy a product: an entry of the register of channels.
type Channel struct {
	Buyer     string `json:"buyer"`             // the company's own code, or the name
	Supplier  string `json:"supplier"`          // likewise
	Product   string `json:"product,omitempty"` // code; empty: every product
	ValidFrom Date   `json:"valid_from,omitzero"`
	ValidTo   Date   `json:"valid_to,omitzero"`
}

// Validate reports what makes the entry unusable.
func (c *Channel) Validate() []Issue {
	issues := required(map[string]string{"buyer": c.Buyer, "supplier": c.Supplier})
	return append(issues, validSpan(c.ValidFrom, c.ValidTo)...)
}

func validSpan(from, to Date) []Issue {
	if !from.IsZero() && !to.IsZero() && to < from {
		return []Issue{Invalid("valid_to", to.String(), "before valid_from")}
	}
	return nil
}
