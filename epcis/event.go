package epcis

import (
	"encoding/json"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/internal/errs"
)

// Event is one event, checked. With Issues the other fields may be incomplete.
type Event struct {
	Pointer string // where it stands in its document
	Issues  Issues

	Type        string // ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent, AssociationEvent, or a URI
	ID          string // as sent, else derived from the content
	Hash        string // of the content without an error declaration: two sendings of one event have the same
	Body        []byte // as sent, as canonical JSON with the @context that it needs to stand alone
	Action      string // ADD, OBSERVE, DELETE; none of a transformation
	Time        time.Time
	Offset      string // of the place where it happened, ±hh:mm
	BizStep     string // bare word, or a private URI
	Disposition string
	ReadPoint   string
	BizLocation string
	Items       []Item
	Partners    []Partner
	Documents   []Reference
	Lot         string // of instance and lot master data, or of the hub's own field
	Expiry      canonical.Date
	Error       *Declaration
}

// MarshalJSON is the event as it was sent.
func (e *Event) MarshalJSON() ([]byte, error) {
	if len(e.Body) == 0 {
		return []byte("null"), nil
	}
	return e.Body, nil
}

// Role says how an object takes part in an event.
type Role string

// The roles. The children of an aggregation or association stand in its parent.
const (
	Observed Role = "epc"
	Parent   Role = "parent"
	Child    Role = "child"
	Input    Role = "input"
	Output   Role = "output"
)

// Item is an object or a quantity of a class in an event.
type Item struct {
	Role     Role
	URI      string
	ID       Identifier
	Quantity string // decimal, of a class; empty: not told
	Unit     string // UN/CEFACT code; empty: pieces
}

// Partner is an entry of the source or destination list.
type Partner struct {
	Type        string // owning_party, possessing_party, location
	URI         string
	Destination bool
}

// Reference is a business transaction.
type Reference struct{ Type, URI string }

// Declaration says that an event that was sent earlier under the same id was wrong.
type Declaration struct {
	Time       time.Time
	Reason     string
	Corrective []string // ids of the events that stand in its place
}

// Errs reports whether the event declares itself wrong.
func (e *Event) Errs() bool { return e.Error != nil }

// eventFields are the names that each kind of event may have, besides those common to all.
var eventFields = map[string]map[string]bool{
	"ObjectEvent":         names("action epcList quantityList ilmd"),
	"AggregationEvent":    names("action parentID childEPCs childQuantityList"),
	"AssociationEvent":    names("action parentID childEPCs childQuantityList"),
	"TransactionEvent":    names("action parentID epcList quantityList"),
	"TransformationEvent": names("inputEPCList inputQuantityList outputEPCList outputQuantityList transformationID ilmd"),
}

const commonFields = ` @context type eventID eventTime recordTime eventTimeZoneOffset certificationInfo errorDeclaration bizStep disposition persistentDisposition readPoint
	bizLocation bizTransactionList sourceList destinationList sensorElementList masterDataAvailableFor`

func names(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range list(words + commonFields) {
		out[w] = true
	}
	return out
}

// readEvent checks an event. outer are the namespaces of its document; nil for a bare one, which brings its own context.
func readEvent(pointer string, v map[string]any, outer namespaces) Event {
	e := Event{Pointer: pointer}
	p := place{pointer, &e.Issues}
	ns := outer
	if outer == nil {
		ns = outerContext(p, v)
	} else if own, have := v["@context"]; have {
		ns, _ = merge(p.at("@context"), own, outer)
	}
	e.Type, _ = v["type"].(string)
	fields, standard := eventFields[e.Type]
	if !standard {
		prefix, _, curie := strings.Cut(e.Type, ":")
		if e.Type == "" || !curie || !isURI(e.Type) || ns[prefix] == "" && !strings.Contains(e.Type, "//") && prefix != "urn" {
			p.at("type").report("epcis.event_type", errs.Args{"value": e.Type})
			e.seal(p, v, ns)
			return e
		}
		fields = allFields()
	}
	p.names(v, fields, ns)
	e.common(p, v, ns)
	switch e.Type {
	case "ObjectEvent":
		e.object(p, v, ns)
	case "AggregationEvent", "AssociationEvent":
		e.aggregation(p, v)
	case "TransactionEvent":
		e.transaction(p, v)
	case "TransformationEvent":
		e.transformation(p, v, ns)
	}
	e.master(v, ns)
	e.seal(p, v, ns)
	return e
}

// master reads lot and expiry: out of the instance and lot master data, which the standard knows only where objects come
// to be, else out of the hub's own fields.
func (e *Event) master(v map[string]any, ns namespaces) {
	data, have := v["ilmd"].(map[string]any)
	if !have {
		data = v
	}
	for _, name := range sortedNames(data) {
		text, _ := data[name].(string)
		switch ns.full(name) {
		case "urn:epcglobal:cbv:mda:lotNumber", "https://gs1.org/voc/hasBatchLotNumber", lotField:
			e.Lot = text
		case "urn:epcglobal:cbv:mda:itemExpirationDate", "https://gs1.org/voc/expirationDate", expiryField:
			if d, err := canonical.ParseDate(text[:min(len(text), len("2006-01-02"))]); err == nil {
				e.Expiry = d
			}
		}
	}
}

// allFields are those that an event of a private type may have.
func allFields() map[string]bool {
	out := map[string]bool{}
	for _, f := range eventFields {
		for n := range f {
			out[n] = true
		}
	}
	return out
}

// seal gives the event its body, its hash and, when it has none, its id.
func (e *Event) seal(p place, v map[string]any, ns namespaces) {
	plain := canonicalEvent(v, ns)
	e.Hash = digest(plain)
	if e.ID == "" {
		e.ID = "urn:uuid:" + derive(plain)
	}
	body := make(map[string]any, len(v)+1)
	for name, value := range v {
		body[name] = value
	}
	body["@context"] = contextOf(ns)
	var err error
	if e.Body, err = json.Marshal(body); err != nil {
		p.report("epcis.not_json", errs.Args{"why": err.Error()})
	}
}

// contextOf writes the context with which an event stands alone.
func contextOf(ns namespaces) any {
	own := map[string]any{}
	for prefix, meaning := range ns {
		if standardPrefixes[prefix] != meaning {
			own[prefix] = meaning
		}
	}
	if len(own) == 0 {
		return ContextURI
	}
	return []any{ContextURI, own}
}
