package epcis

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
)

// canonicalEvent is an event as it compares: without when it was recorded, what it is called and whether it was declared wrong, times in UTC, words of
// the vocabulary bare, objects by key, lists of the standard sorted, names of extensions in full. Two sendings of one
// event are equal so, whatever their order, prefixes and zone notation.
func canonicalEvent(v map[string]any, ns namespaces) map[string]any {
	out := map[string]any{}
	for name, value := range v {
		switch name {
		case "@context", "recordTime", "eventID", "errorDeclaration":
			continue
		case "eventTime":
			value = utc(value)
		case "bizStep":
			value = bareWord(value, &bizSteps)
		case "disposition":
			value = bareWord(value, &dispositions)
		case "epcList", "childEPCs", "inputEPCList", "outputEPCList", "quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList":
			value = sortedList(keyed(value))
		case "bizTransactionList", "sourceList", "destinationList":
			value = sortedList(expand(value, ns))
		case "parentID":
			value = keyed(value)
		default:
			value = expand(value, ns)
		}
		out[ns.full(name)] = value
	}
	return out
}

// full is a name without its prefix.
func (ns namespaces) full(name string) string {
	if prefix, rest, ok := strings.Cut(name, ":"); ok && ns[prefix] != "" && !strings.HasPrefix(rest, "//") {
		return ns[prefix] + rest
	}
	return name
}

func expand(v any, ns namespaces) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, value := range v {
			out[ns.full(name)] = expand(value, ns)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = expand(v[i], ns)
		}
		return out
	}
	return v
}

// keyed writes identifiers by their keys and quantities in one form.
func keyed(v any) any {
	switch v := v.(type) {
	case string:
		if id, f := identify(v); f == nil {
			return id.Key
		}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = keyed(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, value := range v {
			switch name {
			case "epcClass":
				value = keyed(value)
			case "quantity":
				var ignored Issues
				value = place{"", &ignored}.amount(value)
			}
			out[name] = value
		}
		return out
	}
	return v
}

func bareWord(v any, of *vocabulary) any {
	if s, ok := v.(string); ok {
		w, _ := of.word(s)
		return w
	}
	return v
}

func utc(v any) any {
	s, _ := v.(string)
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC().Format(time.RFC3339Nano)
	}
	return v
}

func sortedList(v any) any {
	items, ok := v.([]any)
	if !ok {
		return v
	}
	type entry struct {
		text string
		item any
	}
	list := make([]entry, len(items))
	for i, item := range items {
		list[i] = entry{string(marshal(item)), item}
	}
	slices.SortStableFunc(list, func(a, b entry) int { return strings.Compare(a.text, b.text) })
	out := make([]any, len(list))
	for i := range list {
		out[i] = list[i].item
	}
	return out
}

// marshal writes a value that came from JSON, names in order. It cannot fail on such values; should it, the result is
// empty and two events compare as different.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}

func digest(v map[string]any) string {
	sum := sha256.Sum256(marshal(v))
	return hex.EncodeToString(sum[:])
}

func derive(v map[string]any) string { return canonical.DeriveID("epcis", string(marshal(v))).String() }
