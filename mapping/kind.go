package mapping

import (
	"strings"

	"tributary/canonical"
	"tributary/internal/errs"
)

// Kind is what the rows of an imported file are, as `import --as` names it.
type Kind string

// The kinds of files.
const (
	Customers    Kind = "customers"
	Products     Kind = "products"
	Lots         Kind = "lots"
	Sales        Kind = "sales"
	Purchases    Kind = "purchases"
	Stock        Kind = "stock"
	Usage        Kind = "usage"
	Aliases      Kind = "aliases"
	Affiliations Kind = "affiliations"
	Activities   Kind = "activities"
	Orders       Kind = "orders"
	Consents     Kind = "consents"
	Complaints   Kind = "complaints"
	Territories  Kind = "territories"
	Channels     Kind = "channels"
)

// Kinds lists the kinds in their documented order.
func Kinds() []Kind {
	return []Kind{Customers, Products, Lots, Sales, Purchases, Stock, Usage, Aliases, Affiliations, Activities, Orders, Consents, Complaints, Territories, Channels}
}

// ParseKind reads the name of a kind.
func ParseKind(s string) (Kind, error) {
	var names []string
	for _, k := range Kinds() {
		if string(k) == s {
			return k, nil
		}
		names = append(names, string(k))
	}
	return "", errs.New(errs.Invalid, "mapping.kind", errs.Args{"kind": s, "kinds": strings.Join(names, ", ")})
}

// Entity is the canonical entity of the rows.
func (k Kind) Entity() canonical.Entity {
	switch k {
	case Customers:
		return canonical.EntityCustomer
	case Products:
		return canonical.EntityProduct
	case Lots:
		return canonical.EntityLot
	case Aliases:
		return canonical.EntityAlias
	case Affiliations:
		return canonical.EntityAffiliation
	case Activities:
		return canonical.EntityActivity
	case Orders:
		return canonical.EntityOrder
	case Consents:
		return canonical.EntityConsent
	case Complaints:
		return canonical.EntityComplaint
	case Territories:
		return canonical.EntityTerritory
	case Channels:
		return canonical.EntityChannel
	}
	return canonical.EntityFlow
}

// Ledger is the ledger of flow rows, "" for other kinds.
func (k Kind) Ledger() canonical.Ledger {
	switch k {
	case Sales, Purchases, Stock, Usage:
		return canonical.Ledger(k)
	}
	return ""
}

// kindOf is the kind of file whose headers fit the entity.
func kindOf(e canonical.Entity, l canonical.Ledger) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Entity() == e && k.Ledger() == l {
			return k, true
		}
	}
	return "", false
}
