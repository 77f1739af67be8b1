package epcis

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"tributary/internal/errs"
)

// Document is what a file or a request holds. Issues are faults of the envelope: with any of them no event counts.
type Document struct {
	Events []Event
	Issues Issues
}

// Faults is every fault of the document and its events, in their order.
func (d *Document) Faults() Issues {
	all := append(Issues{}, d.Issues...)
	for i := range d.Events {
		all = append(all, d.Events[i].Issues...)
	}
	return all
}

// maxDepth bounds how deep objects and lists may nest: deeper is an attack, not an event.
const maxDepth = 64

// Parse reads an EPCISDocument, an EPCISQueryDocument, one bare event, or a list of any of these. It never fails: what
// cannot be read is an issue.
func Parse(body []byte) Document {
	var d Document
	root := place{"", &d.Issues}
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		root.report("epcis.xml", nil)
		return d
	}
	v, err := decode(body)
	if err != nil {
		root.report("epcis.not_json", errs.Args{"why": err.Error()})
		return d
	}
	d.read(root, v, nil)
	seen := map[string]int{}
	for i := range d.Events {
		e := &d.Events[i]
		first, twice := seen[e.ID]
		switch {
		case e.ID == "":
		case !twice:
			seen[e.ID] = i
		case d.Events[first].Hash != e.Hash && !e.Errs() && !d.Events[first].Errs():
			place{e.Pointer, &e.Issues}.at("eventID").report("epcis.same_id", errs.Args{"id": e.ID, "other": d.Events[first].Pointer})
		}
	}
	return d
}

func decode(body []byte) (any, error) {
	body = bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF"))
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, errors.New("the file is empty")
	}
	if err := depth(body); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line := 1 + bytes.Count(body[:min(int(syntax.Offset), len(body))], []byte("\n"))
			return nil, errors.New("line " + strconv.Itoa(line) + ": " + syntax.Error())
		}
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

// depth refuses what nests too deep before anything is built from it.
func depth(body []byte) error {
	level, quoted, escaped := 0, false, false
	for _, c := range body {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if level++; level > maxDepth {
				return errors.New("nested deeper than " + strconv.Itoa(maxDepth) + " levels")
			}
		case c == '}' || c == ']':
			level--
		}
	}
	return nil
}

// read takes a value that is a document, an event or a list. outer are the namespaces around it.
func (d *Document) read(p place, v any, outer namespaces) {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			p.report("epcis.empty", nil)
		}
		for i, item := range v {
			d.read(p.at(strconv.Itoa(i)), item, outer)
		}
	case map[string]any:
		kind, _ := v["type"].(string)
		switch {
		case kind == "EPCISDocument" || kind == "EPCISQueryDocument":
			d.envelope(p, v, kind)
		case eventFields[kind] != nil || v["eventTime"] != nil || v["action"] != nil:
			d.Events = append(d.Events, readEvent(p.pointer, v, outer))
		default:
			p.at("type").report("epcis.document_type", errs.Args{"value": kind})
		}
	default:
		p.report("epcis.not_object", nil)
	}
}

var envelopeFields = map[string]bool{"@context": true, "id": true, "type": true, "schemaVersion": true, "creationDate": true, "instanceIdentifier": true, "sender": true,
	"receiver": true, "epcisHeader": true, "epcisBody": true}

// envelope reads a document around its events.
func (d *Document) envelope(p place, v map[string]any, kind string) {
	ns := outerContext(p, v)
	p.names(v, envelopeFields, ns)
	if kind == "EPCISDocument" || v["schemaVersion"] != nil {
		version, ok := v["schemaVersion"].(string)
		if !ok || !strings.HasPrefix(version, "2.") {
			p.at("schemaVersion").report("epcis.version", errs.Args{"value": v["schemaVersion"]})
		}
	}
	if kind == "EPCISDocument" || v["creationDate"] != nil {
		p.time(v, "creationDate", true)
	}
	body, ok := v["epcisBody"].(map[string]any)
	if !ok {
		p.at("epcisBody").report("epcis.required", errs.Args{"field": "epcisBody"})
		return
	}
	p = p.at("epcisBody")
	if kind == "EPCISQueryDocument" {
		results, ok := body["queryResults"].(map[string]any)
		if !ok {
			p.at("queryResults").report("epcis.required", errs.Args{"field": "queryResults"})
			return
		}
		p = p.at("queryResults").at("resultsBody")
		if body, ok = results["resultsBody"].(map[string]any); !ok {
			p.report("epcis.required", errs.Args{"field": "resultsBody"})
			return
		}
	}
	if one, single := body["event"]; single && body["eventList"] == nil {
		d.inside(p.at("event"), one, ns)
		return
	}
	list, ok := body["eventList"].([]any)
	if !ok {
		p.at("eventList").report("epcis.required", errs.Args{"field": "eventList"})
		return
	}
	for i, item := range list {
		d.inside(p.at("eventList").at(strconv.Itoa(i)), item, ns)
	}
}

// inside reads an event of a document.
func (d *Document) inside(p place, item any, ns namespaces) {
	v, ok := item.(map[string]any)
	if !ok {
		p.report("epcis.not_object", nil)
		return
	}
	d.Events = append(d.Events, readEvent(p.pointer, v, ns))
}
