package epcis

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/internal/errs"
)

// The fields of the hub's own that carry what the standard has no place for outside the making of objects.
const (
	lotField    = Namespace + "lot"
	expiryField = Namespace + "expiry"
)

// partyURN stands before a party that has no URI of its own.
const partyURN = "urn:tributary:party:"

// Draft is an event on its way out of a row of a source: either the event of the standard as the source sent it, or the
// fields from which one is made. Codes and parties are URIs or plain texts.
type Draft struct {
	Event       string // JSON; the other fields are not looked at
	ID          string // a URI; "" = from the content
	Type        string // ObjectEvent, or AggregationEvent when there is a parent
	Action      string // OBSERVE
	Time        time.Time
	Zone        string // +08:00
	BizStep     string
	Disposition string
	ReadPoint   string
	BizLocation string
	Codes       []string // of the objects; with a parent, of what is in it
	Parent      string
	Class       string // of goods without a code each: GTIN or URI
	Quantity    canonical.Quantity
	Unit        string // UN/CEFACT
	Lot         string
	Expiry      canonical.Date
	From, To    string
	Document    string
	DocType     string // bol, inv, desadv, …
}

// Make checks the draft as capture checks a document of one event. The event is nil when there are issues.
func (d *Draft) Make() (*Event, Issues) {
	body := []byte(d.Event)
	if d.Event == "" {
		v, issues := d.compose()
		if len(issues) > 0 {
			return nil, issues
		}
		var err error
		if body, err = json.Marshal(v); err != nil {
			return nil, Issues{{Code: "epcis.not_json", Args: errs.Args{"why": err.Error()}}}
		}
	}
	doc := Parse(body)
	if faults := doc.Faults(); len(faults) > 0 {
		return nil, faults
	}
	if len(doc.Events) != 1 {
		return nil, Issues{{Code: "epcis.one_event", Args: errs.Args{"count": len(doc.Events)}}}
	}
	return &doc.Events[0], nil
}

// compose writes the event that the fields tell.
func (d *Draft) compose() (map[string]any, Issues) {
	zone := d.Zone
	if zone == "" {
		zone = "+08:00"
	}
	v := map[string]any{"@context": []any{ContextURI, map[string]any{exportPrefix: Namespace}}, "type": d.kind(), "eventTimeZoneOffset": zone}
	put := func(name, text string) {
		if text != "" {
			v[name] = text
		}
	}
	action := d.Action
	if action == "" {
		action = "OBSERVE"
	}
	put("eventID", d.ID)
	put("action", action)
	put("bizStep", d.BizStep)
	put("disposition", d.Disposition)
	if !d.Time.IsZero() {
		at := d.Time
		if place, err := time.Parse("-07:00", zone); err == nil {
			at = at.In(place.Location())
		}
		v["eventTime"] = at.Format(time.RFC3339Nano)
	}
	for name, text := range map[string]string{"readPoint": d.ReadPoint, "bizLocation": d.BizLocation} {
		if text != "" {
			v[name] = map[string]any{"id": text}
		}
	}
	d.parties(v)
	d.master(v, action)
	return v, d.goods(v)
}

func (d *Draft) kind() string {
	switch {
	case d.Type != "":
		return d.Type
	case d.Parent != "":
		return "AggregationEvent"
	}
	return "ObjectEvent"
}

// goods writes what the event is about.
func (d *Draft) goods(v map[string]any) (issues Issues) {
	objects, quantities := "epcList", "quantityList"
	if strings.HasPrefix(d.kind(), "A") { // aggregation, association
		objects, quantities = "childEPCs", "childQuantityList"
	}
	named := func(field, text string) string {
		uri, err := codeURI(text)
		if err != nil {
			issues = append(issues, Issue{Pointer: "/" + field, Code: err.Code, Args: err.Args})
		}
		return uri
	}
	if len(d.Codes) > 0 {
		list := make([]any, len(d.Codes))
		for i, code := range d.Codes {
			list[i] = named(objects, code)
		}
		v[objects] = list
	}
	if d.Parent != "" {
		v["parentID"] = named("parentID", d.Parent)
	}
	if d.Class != "" {
		item := map[string]any{"epcClass": named(quantities, d.Class)}
		if d.Quantity != 0 {
			item["quantity"] = json.Number(d.Quantity.String())
		}
		if d.Unit != "" {
			item["uom"] = d.Unit
		}
		v[quantities] = []any{item}
	}
	return issues
}

func (d *Draft) parties(v map[string]any) {
	for _, p := range []struct{ list, field, party string }{{"sourceList", "source", d.From}, {"destinationList", "destination", d.To}} {
		if p.party != "" {
			v[p.list] = []any{map[string]any{"type": "owning_party", p.field: textURI(partyURN, p.party)}}
		}
	}
	if d.Document != "" {
		document := map[string]any{"bizTransaction": textURI("urn:tributary:document:", d.Document)}
		if d.DocType != "" {
			document["type"] = d.DocType
		}
		v["bizTransactionList"] = []any{document}
	}
}

// master writes lot and expiry where the standard has them, else as fields of the hub's own.
func (d *Draft) master(v map[string]any, action string) {
	lot, expiry, into := exportPrefix+":lot", exportPrefix+":expiry", v
	if action == "ADD" && d.kind() == "ObjectEvent" {
		lot, expiry, into = "cbvmda:lotNumber", "cbvmda:itemExpirationDate", map[string]any{}
	}
	if d.Lot != "" {
		into[lot] = d.Lot
	}
	if !d.Expiry.IsZero() {
		into[expiry] = d.Expiry.String()
	}
	if lot == "cbvmda:lotNumber" && len(into) > 0 {
		v["ilmd"] = into
	}
}

// codeURI names the object or class behind a code as it stands on a pack.
func codeURI(text string) (string, *errs.Error) {
	if isURI(text) {
		return text, nil
	}
	c, err := ParseCode(text)
	if err != nil {
		var e *errs.Error
		if !errors.As(err, &e) {
			e = errs.New(errs.Invalid, "epcis.code", errs.Args{"value": text, "why": err})
		}
		return "", e
	}
	if c.Kind == "trace_code" || c.Kind == "opaque" {
		return textURI(codeURN, c.Text), nil
	}
	return fmt.Sprintf("https://%s/%s", resolver, c.Key), nil
}

func textURI(prefix, text string) string {
	if isURI(text) {
		return text
	}
	return prefix + url.PathEscape(text)
}
