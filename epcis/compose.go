package epcis

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
)

// Place is a party of the flow in an export. Persons have no URI: goods that go to one are used up where they were.
type Place struct {
	Kind canonical.CustomerKind
	GLN  string
	Code string // the company's code, else the golden id
}

// Flow is one movement of a lot, to be told as events: one by each side that booked it.
type Flow struct {
	Movement       canonical.ID
	Kind           canonical.FlowKind // sale, return, transfer, drop, used, sampled, destroyed
	Date           canonical.Date
	DocNo          string
	From, To       Place
	Sent, Received canonical.Quantity // as each side booked it; 0: it did not
	Grade          canonical.Grade
	Attributed     bool // the row names no lot: the quantities are estimates between Low and High
	Low, High      canonical.Quantity
	Seller         Place // of a document number
}

// Closed is a movement as it was known until a time, and the movement that took its place, if one did.
type Closed struct {
	Flow
	Until time.Time
	By    canonical.ID
}

// Holding is a stock report.
type Holding struct {
	At          Place
	Date        canonical.Date
	Sellable    canonical.Quantity
	Quarantined canonical.Quantity
}

// Lot is what an export tells of one lot.
type Lot struct {
	Product  canonical.Product
	Lot      canonical.Lot
	Maker    Place
	Released bool
	Flows    []Flow
	Stock    []Holding
	Closed   []Closed // earlier states of knowledge; their events are declared wrong
}

// Namespace of the fields that exports add: what the evidence behind an event is.
const Namespace = "https://tributary.invalid/epcis/"

const exportPrefix = "tributary"

// out is an event as it is written.
type out struct {
	Type         string            `json:"type"`
	ID           string            `json:"eventID"`
	Error        *outError         `json:"errorDeclaration,omitempty"`
	Time         string            `json:"eventTime"`
	Offset       string            `json:"eventTimeZoneOffset"`
	Action       string            `json:"action"`
	BizStep      string            `json:"bizStep"`
	Disposition  string            `json:"disposition,omitempty"`
	Quantities   []outQuantity     `json:"quantityList"`
	ReadPoint    *outPlace         `json:"readPoint,omitempty"`
	Transactions []outReference    `json:"bizTransactionList,omitempty"`
	Sources      []outSource       `json:"sourceList,omitempty"`
	Destinations []outDestination  `json:"destinationList,omitempty"`
	ILMD         map[string]string `json:"ilmd,omitempty"`
	Source       string            `json:"tributary:source"`
	Movement     string            `json:"tributary:movement,omitempty"`
	Grade        string            `json:"tributary:grade,omitempty"`
	Low          string            `json:"tributary:quantityLow,omitempty"`
	High         string            `json:"tributary:quantityHigh,omitempty"`
}

type (
	outQuantity struct {
		Class    string      `json:"epcClass"`
		Quantity json.Number `json:"quantity"`
	}
	outError struct {
		Time       string   `json:"declarationTime"`
		Reason     string   `json:"reason"`
		Corrective []string `json:"correctiveEventIDs,omitempty"`
	}
	outPlace struct {
		ID string `json:"id"`
	}
	outReference struct {
		Type string `json:"type"`
		URI  string `json:"bizTransaction"`
	}
	outSource struct {
		Type string `json:"type"`
		URI  string `json:"source"`
	}
	outDestination struct {
		Type string `json:"type"`
		URI  string `json:"destination"`
	}
)

// Compose writes an EPCISDocument with the history of lots. source is the name of this hub as events carry it, hub the web
// address under which it names what has no key of GS1. The same lots give the same bytes, but for the creation date; the id of an event follows from the version
// of its movement, so that a reader who has it already sees no new event.
func Compose(lots []Lot, source, hub string, made time.Time) ([]byte, error) {
	c := composer{source: source, hub: strings.TrimSuffix(hub, "/"), events: []out{}}
	for i := range lots {
		c.lot(&lots[i])
	}
	slices.SortStableFunc(c.events, func(a, b out) int { return cmp.Or(strings.Compare(a.Time, b.Time), strings.Compare(a.ID, b.ID)) })
	doc := struct {
		Context any              `json:"@context"`
		Type    string           `json:"type"`
		Version string           `json:"schemaVersion"`
		Created string           `json:"creationDate"`
		Body    map[string][]out `json:"epcisBody"`
	}{[]any{ContextURI, map[string]string{exportPrefix: Namespace}}, "EPCISDocument", "2.0", made.In(china).Format(time.RFC3339), map[string][]out{"eventList": c.events}}
	body, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write EPCIS events: %w", err)
	}
	return append(body, '\n'), nil
}

var china = time.FixedZone("+08:00", 8*60*60)

type composer struct {
	source string
	hub    string
	class  string
	events []out
}

func (c *composer) lot(l *Lot) {
	gtin, err := GTIN14(l.Product.GTIN)
	if err != nil {
		gtin = ""
	}
	c.class = LotURI(gtin, l.Product.Code, l.Lot.Lot, c.hub)
	if l.Released && l.Lot.Quantity > 0 {
		e := c.event("release", l.Lot.MfgDate, "ADD", "commissioning", "active", l.Lot.Quantity, l.Maker)
		e.ILMD = map[string]string{"cbvmda:lotNumber": l.Lot.Lot}
		if !l.Lot.ExpDate.IsZero() {
			e.ILMD["cbvmda:itemExpirationDate"] = l.Lot.ExpDate.String()
		}
		c.add(e)
	}
	for i := range l.Flows {
		c.flow(&l.Flows[i])
	}
	for _, h := range l.Stock {
		if h.Sellable > 0 {
			c.add(c.event("stock", h.Date, "OBSERVE", "stock_taking", "sellable_accessible", h.Sellable, h.At))
		}
		if h.Quarantined > 0 {
			c.add(c.event("quarantined", h.Date, "OBSERVE", "stock_taking", "non_sellable_other", h.Quarantined, h.At))
		}
	}
	c.wrong(l.Closed)
}

// wrong declares what was told of movements that are known better now. An event that is still told is not wrong.
func (c *composer) wrong(closed []Closed) {
	if len(closed) == 0 {
		return
	}
	told := map[string]bool{}
	type step struct{ movement, step string }
	now := map[step][]string{}
	for _, e := range c.events {
		told[e.ID] = true
		now[step{e.Movement, e.BizStep}] = append(now[step{e.Movement, e.BizStep}], e.ID)
	}
	for i := range closed {
		old := composer{source: c.source, hub: c.hub, class: c.class}
		old.flow(&closed[i].Flow)
		for _, e := range old.events {
			if told[e.ID] {
				continue
			}
			told[e.ID] = true
			e.Error = &outError{Time: closed[i].Until.In(china).Format(time.RFC3339Nano), Reason: "did_not_occur"}
			for _, movement := range []string{e.Movement, closed[i].By.String()} {
				if ids := now[step{movement, e.BizStep}]; len(ids) > 0 {
					e.Error.Reason, e.Error.Corrective = "incorrect_data", ids
					break
				}
			}
			c.events = append(c.events, e)
		}
	}
}

// steps says how each side tells a movement: business step and disposition of the sender and of the receiver, and the type
// of the document.
var steps = map[canonical.FlowKind]struct{ send, sent, receive, received, document string }{
	canonical.Sale:     {"shipping", "in_transit", "receiving", "in_progress", "inv"},
	canonical.DropShip: {"shipping", "in_transit", "receiving", "in_progress", "inv"},
	canonical.Transfer: {"shipping", "in_transit", "receiving", "in_progress", "desadv"},
	canonical.Return:   {"shipping", "returned", "receiving", "returned", "rma"},
}

func (c *composer) flow(f *Flow) {
	switch f.Kind {
	case canonical.Used:
		step, disposition := "dispensing", "dispensed"
		if f.From.Kind == canonical.Pharmacy || f.From.Kind == canonical.Chain {
			step, disposition = "retail_selling", "retail_sold"
		}
		c.add(c.evidence(f, c.event(f.Movement.String(), f.Date, "OBSERVE", step, disposition, f.Sent, f.From), ""))
		return
	case canonical.Sampled:
		c.add(c.evidence(f, c.event(f.Movement.String(), f.Date, "OBSERVE", "sampling", "", f.Sent, f.From), "testprd"))
		return
	case canonical.Destroyed:
		c.add(c.evidence(f, c.event(f.Movement.String(), f.Date, "DELETE", "destroying", "destroyed", f.Sent, f.From), "cert"))
		return
	}
	s := steps[f.Kind]
	if f.Sent > 0 {
		e := c.evidence(f, c.event(f.Movement.String(), f.Date, "OBSERVE", s.send, s.sent, f.Sent, f.From), s.document)
		c.add(c.between(f, e))
	}
	if f.Received > 0 && !f.To.Kind.Person() {
		e := c.evidence(f, c.event(f.Movement.String(), f.Date, "OBSERVE", s.receive, s.received, f.Received, f.To), s.document)
		c.add(c.between(f, e))
	}
}

// event begins an event at a place. origin is what it tells of.
func (c *composer) event(origin string, date canonical.Date, action, step, disposition string, q canonical.Quantity, at Place) out {
	e := out{Type: "ObjectEvent", Time: date.String() + "T00:00:00+08:00", Offset: "+08:00", Action: action, BizStep: step, Disposition: disposition,
		Quantities: []outQuantity{{c.class, json.Number(q.String())}}, Source: c.source, Movement: origin}
	if site := c.party("414", at); site != "" {
		e.ReadPoint = &outPlace{site}
	}
	return e
}

// evidence says on what an event of a movement rests.
func (c *composer) evidence(f *Flow, e out, document string) out {
	if f.Attributed { // the grade of a row that names its lot changes with what its partner books; the event does not
		e.Grade, e.Low, e.High = string(f.Grade), f.Low.String(), f.High.String()
	}
	if document != "" && f.DocNo != "" {
		e.Transactions = []outReference{{document, c.hub + "/doc/" + url.PathEscape(f.Seller.Code) + "/" + url.PathEscape(f.DocNo)}}
	}
	return e
}

// between adds from whom to whom goods go.
func (c *composer) between(f *Flow, e out) out {
	if from := c.party("417", f.From); from != "" {
		e.Sources = []outSource{{"owning_party", from}}
	}
	if to := c.party("417", f.To); to != "" {
		e.Destinations = []outDestination{{"owning_party", to}}
	}
	return e
}

// party names an organisation; a person has no name here.
func (c *composer) party(ai string, p Place) string {
	switch {
	case p.Kind.Person():
		return ""
	case len(p.GLN) == 13 && allDigits(p.GLN) && checked(p.GLN):
		return "https://" + resolver + "/" + ai + "/" + p.GLN
	case p.Code != "":
		return c.hub + "/party/" + url.PathEscape(p.Code)
	}
	return ""
}

// add gives an event its id, which follows from all that it tells. An event without a date cannot be told.
func (c *composer) add(e out) {
	if strings.HasPrefix(e.Time, "T") || len(e.Quantities) == 0 || strings.HasPrefix(string(e.Quantities[0].Quantity), "-") || e.Quantities[0].Quantity == "0" {
		return
	}
	e.ID = ownID(e)
	c.events = append(c.events, e)
}

func ownID(e out) string {
	e.ID, e.Error = "", nil
	body, err := json.Marshal(e)
	if err != nil { // cannot be: it is made of texts
		return ""
	}
	return "urn:uuid:" + canonical.DeriveID("epcis", "export", string(body)).String()
}

// Own reports whether an event is an export of the hub that events name source. altered says that it claims to be one and
// is not as that hub wrote it.
func Own(e *Event, source string) (own, altered bool) {
	var o struct {
		Context any `json:"@context"`
		out
	}
	if json.Unmarshal(e.Body, &o) != nil || o.Source != source || !strings.Contains(string(e.Body), Namespace) {
		return false, false
	}
	body, err := json.Marshal(o)
	if err != nil {
		return false, true
	}
	again := Parse(body)
	own = len(again.Events) == 1 && again.Events[0].Hash == e.Hash && ownID(o.out) == e.ID
	return own, !own
}

// GTIN14 is a GTIN with its 14 digits; it may be written with 8, 12 or 13.
func GTIN14(text string) (string, error) {
	c, err := ParseCode(text)
	if err != nil {
		return "", err
	}
	if c.GTIN == "" {
		return "", c.refuse("epcis.why_no_key")
	}
	return c.GTIN, nil
}
