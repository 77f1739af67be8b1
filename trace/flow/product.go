package flow

import (
	"strings"

	"tributary/canonical"
	"tributary/normalize"
)

// SKU is a product of the master under its number.
type SKU struct {
	ID int64
	canonical.Product
}

// Alias is a reporting party's own word for a SKU. Party 0 means any party.
type Alias struct {
	Party                     int64
	RawName, RawSpec, RawCode string
	Target                    string // code of the SKU
	Op                        string // × or ÷; how the party's quantity becomes base units
	Factor                    canonical.Quantity
}

// How a product mention was found, or why it was not (Found.Rule). What was not found stays in the flow as unmatched.
const (
	ByAlias    = "alias"
	ByCode     = "code"
	ByApproval = "approval_no"
	ByName     = "name"

	UnknownProduct   = "unmatched:product"
	AmbiguousProduct = "unmatched:ambiguous"
	UnknownUnit      = "unmatched:unit"         // the unit word is not known
	NoCaseFactor     = "unmatched:case_factor"  // the row counts cases, the SKU has no case factor
	NoInnerFactor    = "unmatched:inner_factor" // the row counts inner packs, the SKU has no inner factor
)

// Found is the outcome of a look-up: base units = quantity × Num ÷ Den. Product is 0 when the mention is unmatched.
type Found struct {
	Product  int64
	Num, Den canonical.Quantity
	Rule     string
}

// ProductIndex looks product mentions up. It is immutable and safe for concurrent use.
type ProductIndex struct {
	skus     map[int64]SKU
	byCode   map[string]int64
	approval map[productKey]int64 // ambiguous keys hold -1
	name     map[productKey]int64
	alias    map[aliasKey]aliasTarget
}

type productKey struct{ text, spec string }

// anySpec stands for "whatever the spec": it keys the SKUs, or the words, that a text alone identifies.
const anySpec = "\x00"

const ambiguous = -1

type aliasKey struct {
	party      int64
	code       string
	name, spec string
}

type aliasTarget struct {
	sku    int64
	op     string
	factor canonical.Quantity
}

// NewProductIndex builds the look-up over the SKUs and the words of the parties. An alias whose target does not exist
// yet is as if it were not there.
func NewProductIndex(skus []SKU, aliases []Alias) *ProductIndex {
	x := &ProductIndex{
		skus: map[int64]SKU{}, byCode: map[string]int64{}, approval: map[productKey]int64{}, name: map[productKey]int64{},
		alias: map[aliasKey]aliasTarget{},
	}
	for _, s := range skus {
		x.skus[s.ID] = s
		put(x.byCode, normalize.Text(s.Code), s.ID)
		spec := SpecKey(s.Spec)
		for _, k := range []struct {
			index map[productKey]int64
			text  string
		}{{x.approval, approvalKey(s.ApprovalNo)}, {x.name, normalize.Text(s.Name)}} {
			if k.text != "" {
				put(k.index, productKey{k.text, spec}, s.ID)
				put(k.index, productKey{k.text, anySpec}, s.ID)
			}
		}
	}
	for _, a := range aliases {
		sku := x.byCode[normalize.Text(a.Target)]
		if sku <= 0 {
			continue
		}
		target := aliasTarget{sku, a.Op, a.Factor}
		if code := normalize.Text(a.RawCode); code != "" {
			x.alias[aliasKey{party: a.Party, code: code}] = target
		}
		if name := normalize.Text(a.RawName); name != "" {
			spec := SpecKey(a.RawSpec)
			if spec == "" {
				spec = anySpec
			}
			x.alias[aliasKey{party: a.Party, name: name, spec: spec}] = target
		}
	}
	return x
}

func put[K comparable](index map[K]int64, key K, sku int64) {
	if have, ok := index[key]; ok && have != sku {
		sku = ambiguous
	}
	index[key] = sku
}

// Find looks a mention of a party up: by the party's own word, the company's product code, approval number and spec,
// name and spec. A row without a spec is found by approval number or name when exactly one SKU has it. A code that
// belongs to one SKU while approval number or name say another is the party's own code, not the company's.
func (x *ProductIndex) Find(party int64, m canonical.ProductMention) Found {
	code, name, spec := normalize.Text(m.Code), normalize.Text(m.Name), SpecKey(m.Spec)
	if a, ok := x.findAlias(party, code, name, spec); ok {
		return x.convert(a.sku, ByAlias, a, m.Unit)
	}
	described, rule := x.describe(approvalKey(m.ApprovalNo), name, spec)
	coded := x.byCode[code]
	if coded <= 0 && code == "" {
		coded = x.byCode[name] // a ledger with one product column may hold codes in it
	}
	switch {
	case coded > 0 && (described <= 0 || described == coded):
		return x.convert(coded, ByCode, aliasTarget{}, m.Unit)
	case described > 0:
		return x.convert(described, rule, aliasTarget{}, m.Unit)
	case described == ambiguous:
		return Found{Rule: AmbiguousProduct}
	}
	return Found{Rule: UnknownProduct}
}

func (x *ProductIndex) findAlias(party int64, code, name, spec string) (aliasTarget, bool) {
	for _, p := range [2]int64{party, 0} {
		for _, k := range [3]aliasKey{{p, code, "", ""}, {p, "", name, spec}, {p, "", name, anySpec}} {
			if k.code == "" && k.name == "" {
				continue
			}
			if a, ok := x.alias[k]; ok {
				return a, true
			}
		}
	}
	return aliasTarget{}, false
}

func (x *ProductIndex) describe(approval, name, spec string) (sku int64, rule string) {
	if sku := specific(x.approval, approval, spec); sku > 0 {
		return sku, ByApproval
	}
	return specific(x.name, name, spec), ByName
}

// specific is the SKU of a text and spec; a master record without a spec stands for every spec of its text.
func specific(index map[productKey]int64, text, spec string) int64 {
	if text == "" {
		return 0
	}
	if spec == "" {
		return index[productKey{text, anySpec}]
	}
	if sku := index[productKey{text, spec}]; sku != 0 {
		return sku
	}
	return index[productKey{text, ""}]
}

// approvalKey reads 国药准字Z20250001 and Z20250001 alike.
func approvalKey(s string) string {
	return strings.ReplaceAll(strings.TrimPrefix(normalize.Text(s), "国药准字"), " ", "")
}
