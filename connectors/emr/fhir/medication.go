package fhir

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// private are the elements of a dispense that tell, or may tell, of the patient.
var private = []string{"subject", "context", "encounter", "receiver", "note", "text", "supportingInformation", "dosageInstruction", "detectedIssue", "eventHistory", "statusReasonCodeableConcept", "extension"}

// withMedication puts beside each dispense what was dispensed, and drops what tells of the patient. The page is then kept
// as rows without it, not as received.
func (c *connection) withMedication(ctx context.Context, p *objectsource.Page, included map[string]map[string]any) error {
	var raw []byte
	for i := range p.Rows {
		row := &p.Rows[i]
		medication, err := c.medicationOf(ctx, row.Fields, included)
		if err != nil {
			return err
		}
		for _, name := range private {
			delete(row.Fields, name)
		}
		delete(row.Fields, "contained") // may hold the patient
		row.Fields["medication"] = medication
		text, err := json.Marshal(row.Fields)
		if err != nil {
			return err
		}
		row.Off, row.Len = len(raw), len(text)
		raw = append(append(raw, text...), '\n')
	}
	p.Raw = raw
	return nil
}

// medicationOf is the medication of a dispense, wherever it stands. One that its server does not know any more is nothing.
func (c *connection) medicationOf(ctx context.Context, dispense map[string]any, included map[string]map[string]any) (any, error) {
	if concept, ok := dispense["medicationCodeableConcept"]; ok {
		return map[string]any{"code": concept}, nil
	}
	reference, _ := dispense["medicationReference"].(map[string]any)
	name := objectsource.Text(reference["reference"])
	if local, ok := strings.CutPrefix(name, "#"); ok {
		contained, _ := dispense["contained"].([]any)
		for _, one := range contained {
			if r, ok := one.(map[string]any); ok && objectsource.Text(r["id"]) == local {
				return r, nil
			}
		}
		return nil, nil
	}
	name = referenceOf(name)
	if name == "" {
		return nil, nil
	}
	if r, met := included[name]; met {
		return r, nil
	}
	r, err := c.fetch(ctx, name)
	if err == nil {
		included[name] = r // for the other rows of the page
		if r == nil {
			return nil, nil
		}
	}
	return r, err
}

// fetch reads one resource; one that is gone is nil.
func (c *connection) fetch(ctx context.Context, name string) (map[string]any, error) {
	typ, id, _ := strings.Cut(name, "/")
	var out map[string]any
	_, err := c.client.Do(ctx, httpsource.Request{
		Op: "read " + typ, Method: http.MethodGet, Path: "/" + url.PathEscape(typ) + "/" + url.PathEscape(id), Header: c.header(), JudgeStatus: refusal(true),
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if e := httpsource.ExpectJSON(r.Body); e != nil {
				return e
			}
			if httpsource.Decode(r.Body, &out) != nil || objectsource.Text(out["resourceType"]) != typ {
				return httpsource.UnknownShape("a resource that is no %s", typ)
			}
			return nil
		},
	})
	if httpsource.ClassOf(err) == httpsource.RestartCursor && err != nil {
		return nil, nil
	}
	return out, err
}
