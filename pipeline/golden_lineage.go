package pipeline

import (
	"encoding/json"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/store"
)

// RenderLineage tells where each value of a golden record comes from and which values lost. Masked, personal values keep
// their ends only, and of patients everything but the kind and the name's first character is hidden, as Masked does.
func RenderLineage(g *store.Golden, mask bool) []dedupe.Lineage {
	var lines []dedupe.Lineage
	if len(g.Lineage) > 0 {
		// Written by the resolver and opened under its key: it can be read.
		_ = json.Unmarshal(g.Lineage, &lines)
	}
	if !mask {
		return lines
	}
	for i := range lines {
		hide := hiding(g.Kind, lines[i].Attribute)
		lines[i].Value = hide(lines[i].Value)
		for k := range lines[i].Lost {
			lines[i].Lost[k].Value = hide(lines[i].Lost[k].Value)
		}
	}
	return lines
}

// hiding is how a text of an attribute is masked.
func hiding(kind canonical.CustomerKind, attribute string) func(string) string {
	a, _ := canonical.CustomerAttribute(attribute)
	switch {
	case kind == canonical.Patient && attribute == "name":
		return MaskName
	case kind == canonical.Patient && attribute != "kind", a.Personal && !maskable(a):
		return func(string) string { return "***" }
	case a.Personal:
		return MaskText
	}
	return func(s string) string { return s }
}

// maskable reports whether a masked text may keep its ends: one text may, a date, an address or a joined list may not.
func maskable(a canonical.Attribute) bool {
	_, text := a.Get(&canonical.Customer{}).(string)
	return text
}
