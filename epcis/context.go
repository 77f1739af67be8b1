package epcis

import (
	"slices"
	"strings"

	"tributary/internal/errs"
)

// namespaces are the prefixes that may stand before names of extensions, and what they stand for.
type namespaces map[string]string

// standardPrefixes are those that the context of the standard itself declares.
var standardPrefixes = namespaces{
	"epcis": "https://ref.gs1.org/epcis/", "cbv": "https://ref.gs1.org/cbv/", "cbvmda": "urn:epcglobal:cbv:mda:", "gs1": "https://gs1.org/voc/",
	"rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdfs": "http://www.w3.org/2000/01/rdf-schema#", "owl": "http://www.w3.org/2002/07/owl#",
	"xsd": "http://www.w3.org/2001/XMLSchema#", "dcterms": "http://purl.org/dc/terms/",
}

// ContextURI is the context of EPCIS 2.0 that documents name.
const ContextURI = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"

// outerContext reads the @context of a document or bare event, which must name that of the standard.
func outerContext(p place, v map[string]any) namespaces {
	raw, have := v["@context"]
	p = p.at("@context")
	if !have {
		p.report("epcis.no_context", errs.Args{"want": ContextURI})
		return standardPrefixes
	}
	ns, standard := merge(p, raw, standardPrefixes)
	if !standard {
		p.report("epcis.no_context", errs.Args{"want": ContextURI})
	}
	return ns
}

// merge adds the prefixes that a @context declares. standard reports whether it names the context of EPCIS, or holds one
// of its own that defines its words.
func merge(p place, raw any, outer namespaces) (ns namespaces, standard bool) {
	ns = namespaces{}
	for k, v := range outer {
		ns[k] = v
	}
	switch raw := raw.(type) {
	case string:
		return ns, strings.Contains(raw, "epcis-context")
	case []any:
		for _, part := range raw {
			if _, nested := part.([]any); nested {
				p.report("epcis.context", nil)
				continue
			}
			more, std := merge(p, part, ns)
			ns, standard = more, standard || std
		}
	case map[string]any:
		for name, meaning := range raw {
			if name == "@vocab" {
				standard = true
			}
			if strings.HasPrefix(name, "@") {
				continue
			}
			switch m := meaning.(type) {
			case string:
				ns[name] = m
			case map[string]any:
				if id, ok := m["@id"].(string); ok {
					ns[name] = id
				}
			default:
				p.at(name).report("epcis.context", nil)
			}
		}
	default:
		p.report("epcis.context", nil)
	}
	return ns, standard
}

// names checks that every name in an object is one of the standard's or stands in a declared namespace.
func (p place) names(v map[string]any, known map[string]bool, ns namespaces) {
	for _, name := range sortedNames(v) {
		if known[name] {
			continue
		}
		if p.extension(name, ns) {
			p.at(name).within(v[name], ns)
		}
	}
}

// extension reports whether a name may stand here.
func (p place) extension(name string, ns namespaces) bool {
	prefix, rest, ok := strings.Cut(name, ":")
	switch {
	case !ok:
		p.at(name).report("epcis.unknown_field", errs.Args{"field": name})
		return false
	case strings.HasPrefix(rest, "//") || prefix == "urn": // a whole URI
		return true
	case ns[prefix] == "" || rest == "":
		p.at(name).report("epcis.namespace", errs.Args{"field": name, "prefix": prefix})
		return false
	}
	return true
}

// within checks the prefixes inside the value of an extension; bare names are the extension's own business.
func (p place) within(v any, ns namespaces) {
	switch v := v.(type) {
	case map[string]any:
		if own, ok := v["@context"]; ok {
			ns, _ = merge(p.at("@context"), own, ns)
		}
		for _, name := range sortedNames(v) {
			if strings.HasPrefix(name, "@") || !strings.Contains(name, ":") || p.extension(name, ns) {
				p.at(name).within(v[name], ns)
			}
		}
	case []any:
		for _, item := range v {
			p.within(item, ns)
		}
	}
}

func sortedNames(v map[string]any) []string {
	names := make([]string, 0, len(v))
	for n := range v {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
