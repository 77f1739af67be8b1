package epcis

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tributary/internal/errs"
)

// common checks what all events have.
func (e *Event) common(p place, v map[string]any, ns namespaces) {
	e.Time = p.time(v, "eventTime", true)
	p.time(v, "recordTime", false)
	e.Offset = p.offset(v)
	if raw, have := v["eventID"]; have {
		e.ID = p.at("eventID").uri(raw)
	}
	switch info := v["certificationInfo"].(type) {
	case nil:
		if _, have := v["certificationInfo"]; have {
			p.at("certificationInfo").report("epcis.want_text", nil)
		}
	case []any:
		for i, item := range info {
			p.at("certificationInfo").at(strconv.Itoa(i)).uri(item)
		}
	default:
		p.at("certificationInfo").uri(info)
	}
	e.BizStep = p.word(v, "bizStep", &bizSteps)
	e.Disposition = p.word(v, "disposition", &dispositions)
	e.persistent(p, v)
	e.ReadPoint = p.location(v, "readPoint", ns)
	e.BizLocation = p.location(v, "bizLocation", ns)
	p.each(v, "bizTransactionList", func(p place, item map[string]any) {
		p.only(item, "type", "bizTransaction")
		e.Documents = append(e.Documents, Reference{p.word(item, "type", &transactionTypes), p.needURI(item, "bizTransaction")})
	})
	p.each(v, "sourceList", func(p place, item map[string]any) { e.partner(p, item, "source") })
	p.each(v, "destinationList", func(p place, item map[string]any) { e.partner(p, item, "destination") })
	p.each(v, "sensorElementList", func(p place, item map[string]any) { p.sensor(item, ns) })
	e.declaration(p, v, ns)
}

func (e *Event) partner(p place, item map[string]any, field string) {
	p.only(item, "type", field)
	if item["type"] == nil {
		p.at("type").report("epcis.required", errs.Args{"field": "type"})
	}
	e.Partners = append(e.Partners, Partner{p.word(item, "type", &partyTypes), p.needURI(item, field), field == "destination"})
}

func (e *Event) persistent(p place, v map[string]any) {
	raw, have := v["persistentDisposition"]
	if !have {
		return
	}
	p = p.at("persistentDisposition")
	item, ok := raw.(map[string]any)
	if !ok {
		p.report("epcis.not_object", nil)
		return
	}
	p.only(item, "set", "unset")
	n := 0
	for _, side := range []string{"set", "unset"} {
		words, ok := item[side].([]any)
		if _, have := item[side]; have && !ok {
			p.at(side).report("epcis.want_list", nil)
		}
		for i, w := range words {
			n++
			at := p.at(side).at(strconv.Itoa(i))
			if s, ok := w.(string); ok {
				dispositions.check(at, s)
			} else {
				at.report("epcis.want_text", nil)
			}
		}
	}
	if n == 0 {
		p.report("epcis.empty", nil)
	}
}

func (e *Event) declaration(p place, v map[string]any, ns namespaces) {
	raw, have := v["errorDeclaration"]
	if !have {
		return
	}
	p = p.at("errorDeclaration")
	item, ok := raw.(map[string]any)
	if !ok {
		p.report("epcis.not_object", nil)
		return
	}
	p.names(item, map[string]bool{"declarationTime": true, "reason": true, "correctiveEventIDs": true}, ns)
	e.Error = &Declaration{Time: p.time(item, "declarationTime", true), Reason: p.word(item, "reason", &errorReasons)}
	for i, id := range p.list(item, "correctiveEventIDs") {
		e.Error.Corrective = append(e.Error.Corrective, p.at("correctiveEventIDs").at(strconv.Itoa(i)).uri(id))
	}
}

func (e *Event) action(p place, v map[string]any) {
	raw, have := v["action"]
	p = p.at("action")
	if !have {
		p.report("epcis.required", errs.Args{"field": "action"})
		return
	}
	e.Action, _ = raw.(string)
	if e.Action != "ADD" && e.Action != "OBSERVE" && e.Action != "DELETE" {
		p.report("epcis.action", errs.Args{"value": raw})
	}
}

func (e *Event) object(p place, v map[string]any, ns namespaces) {
	e.action(p, v)
	e.epcs(p, v, "epcList", Observed)
	e.quantities(p, v, "quantityList", Observed)
	if v["epcList"] == nil && v["quantityList"] == nil && v["sensorElementList"] == nil {
		p.report("epcis.nothing", errs.Args{"fields": "epcList, quantityList"})
	}
	p.ilmd(v, ns)
}

func (e *Event) aggregation(p place, v map[string]any) {
	e.action(p, v)
	e.parent(p, v, e.Type == "AssociationEvent" || e.Action != "OBSERVE")
	e.epcs(p, v, "childEPCs", Child)
	e.quantities(p, v, "childQuantityList", Child)
	children := 0
	for _, i := range e.Items {
		if i.Role == Child {
			children++
		}
	}
	if children == 0 && e.Action != "DELETE" {
		p.report("epcis.nothing", errs.Args{"fields": "childEPCs, childQuantityList"})
	}
}

func (e *Event) parent(p place, v map[string]any, needed bool) {
	raw, have := v["parentID"]
	p = p.at("parentID")
	if !have {
		if needed {
			p.report("epcis.required", errs.Args{"field": "parentID"})
		}
		return
	}
	e.item(p, raw, Parent, false)
}

func (e *Event) transaction(p place, v map[string]any) {
	e.action(p, v)
	if len(e.Documents) == 0 {
		p.at("bizTransactionList").report("epcis.required", errs.Args{"field": "bizTransactionList"})
	}
	e.parent(p, v, false)
	e.epcs(p, v, "epcList", Observed)
	e.quantities(p, v, "quantityList", Observed)
	if v["epcList"] == nil && v["quantityList"] == nil && e.Action != "DELETE" {
		p.report("epcis.nothing", errs.Args{"fields": "epcList, quantityList"})
	}
}

func (e *Event) transformation(p place, v map[string]any, ns namespaces) {
	e.epcs(p, v, "inputEPCList", Input)
	e.quantities(p, v, "inputQuantityList", Input)
	e.epcs(p, v, "outputEPCList", Output)
	e.quantities(p, v, "outputQuantityList", Output)
	sides := map[Role]bool{}
	for _, i := range e.Items {
		sides[i.Role] = true
	}
	_, linked := v["transformationID"]
	if linked {
		p.at("transformationID").uri(v["transformationID"])
	}
	if !linked && !(sides[Input] && sides[Output]) || !sides[Input] && !sides[Output] {
		p.report("epcis.transformation", nil)
	}
	p.ilmd(v, ns)
}

// epcs reads a list of objects.
func (e *Event) epcs(p place, v map[string]any, field string, role Role) {
	for i, raw := range p.list(v, field) {
		e.item(p.at(field).at(strconv.Itoa(i)), raw, role, false)
	}
}

func (e *Event) item(p place, raw any, role Role, class bool) (added *Item) {
	s, ok := raw.(string)
	if !ok {
		p.report("epcis.want_text", nil)
		return nil
	}
	id, f := identify(s)
	switch {
	case f != nil:
		p.report(f.code, f.args)
		return nil
	case id.Class && !class:
		p.report("epcis.class_as_object", errs.Args{"value": s})
		return nil
	case class && !id.Class && id.Scheme == "sgtin":
		p.report("epcis.object_as_class", errs.Args{"value": s})
		return nil
	}
	e.Items = append(e.Items, Item{Role: role, URI: s, ID: id})
	return &e.Items[len(e.Items)-1]
}

var unitCode = regexp.MustCompile(`^[A-Z0-9]{2,3}$`)

// quantities reads a list of classes with quantities, which must be above 0.
func (e *Event) quantities(p place, v map[string]any, field string, role Role) {
	p.each(v, field, func(p place, item map[string]any) {
		p.only(item, "epcClass", "quantity", "uom")
		unit := ""
		if raw, have := item["uom"]; have {
			if unit, _ = raw.(string); !unitCode.MatchString(unit) {
				p.at("uom").report("epcis.unit", errs.Args{"value": raw})
			}
		}
		quantity := ""
		if raw, have := item["quantity"]; have {
			quantity = p.at("quantity").amount(raw)
		}
		if item["epcClass"] == nil {
			p.at("epcClass").report("epcis.required", errs.Args{"field": "epcClass"})
			return
		}
		if added := e.item(p.at("epcClass"), item["epcClass"], role, true); added != nil {
			added.Quantity, added.Unit = quantity, unit
		}
	})
}

// amount reads a quantity above 0 as plain decimal text.
func (p place) amount(raw any) string {
	n, ok := raw.(json.Number)
	if !ok {
		p.report("epcis.want_number", nil)
		return ""
	}
	if _, exponent, scientific := strings.Cut(strings.ToLower(n.String()), "e"); scientific && len(exponent) > 3 {
		p.report("epcis.want_number", nil)
		return ""
	}
	r, ok := new(big.Rat).SetString(n.String())
	if !ok || r.Sign() <= 0 {
		p.report("epcis.quantity", errs.Args{"value": n.String()})
		return ""
	}
	const decimals = 6
	text := r.FloatString(decimals)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func (p place) ilmd(v map[string]any, ns namespaces) {
	raw, have := v["ilmd"]
	if !have {
		return
	}
	p = p.at("ilmd")
	item, ok := raw.(map[string]any)
	if !ok {
		p.report("epcis.not_object", nil)
		return
	}
	p.names(item, nil, ns)
}

var (
	zoneOffset = regexp.MustCompile(`^[+-](0[0-9]|1[0-3]):[0-5][0-9]$|^[+-]14:00$`)
	zonedTime  = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$`)
)

// time reads a time with its zone.
func (p place) time(v map[string]any, field string, needed bool) time.Time {
	raw, have := v[field]
	p = p.at(field)
	if !have {
		if needed {
			p.report("epcis.required", errs.Args{"field": field})
		}
		return time.Time{}
	}
	s, _ := raw.(string)
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !zonedTime.MatchString(s) {
		p.report("epcis.time", errs.Args{"value": raw})
		return time.Time{}
	}
	return t
}

func (p place) offset(v map[string]any) string {
	const field = "eventTimeZoneOffset"
	raw, have := v[field]
	if !have {
		p.at(field).report("epcis.required", errs.Args{"field": field})
		return ""
	}
	s, _ := raw.(string)
	if !zoneOffset.MatchString(s) {
		p.at(field).report("epcis.offset", errs.Args{"value": raw})
	}
	return s
}

func (p place) uri(raw any) string {
	s, ok := raw.(string)
	if !ok {
		p.report("epcis.want_text", nil)
		return ""
	}
	if _, f := identify(s); f != nil {
		p.report(f.code, f.args)
	}
	return s
}

func (p place) needURI(item map[string]any, field string) string {
	raw, have := item[field]
	if !have {
		p.at(field).report("epcis.required", errs.Args{"field": field})
		return ""
	}
	return p.at(field).uri(raw)
}

// word reads a word of a vocabulary, when it is there.
func (p place) word(v map[string]any, field string, of *vocabulary) string {
	raw, have := v[field]
	if !have {
		return ""
	}
	s, ok := raw.(string)
	if !ok {
		p.at(field).report("epcis.want_text", nil)
		return ""
	}
	return of.check(p.at(field), s)
}

func (p place) location(v map[string]any, field string, ns namespaces) string {
	raw, have := v[field]
	if !have {
		return ""
	}
	p = p.at(field)
	item, ok := raw.(map[string]any)
	if !ok {
		p.report("epcis.not_object", nil)
		return ""
	}
	p.names(item, map[string]bool{"id": true}, ns)
	return p.needURI(item, "id")
}

// list is a list of the object; nil when it is not there.
func (p place) list(v map[string]any, field string) []any {
	raw, have := v[field]
	if !have {
		return nil
	}
	l, ok := raw.([]any)
	if !ok {
		p.at(field).report("epcis.want_list", nil)
	}
	return l
}

// each calls fn for the objects in a list.
func (p place) each(v map[string]any, field string, fn func(place, map[string]any)) {
	for i, raw := range p.list(v, field) {
		at := p.at(field).at(strconv.Itoa(i))
		if item, ok := raw.(map[string]any); ok {
			fn(at, item)
		} else {
			at.report("epcis.not_object", nil)
		}
	}
}

// only refuses names that the standard closes to extensions.
func (p place) only(item map[string]any, known ...string) {
	for _, name := range sortedNames(item) {
		found := false
		for _, k := range known {
			found = found || k == name
		}
		if !found {
			p.at(name).report("epcis.unknown_field", errs.Args{"field": name})
		}
	}
}
