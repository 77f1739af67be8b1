package events

import (
	"fmt"
	"strconv"
	"strings"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
)

// Source is the CloudEvents source of a company's hub.
func Source(companyCode string) string { return "/tributary/" + companyCode }

// SchemaURI names the JSON Schema of an event type's value, with its version: schemas/*.json have it as $id.
func SchemaURI(ceType string) string {
	name := strings.TrimSuffix(strings.TrimPrefix(ceType, "tributary."), ".v1")
	return "urn:tributary:schema:" + name + ":" + schemaVersion
}

// schemaVersion rises in its second part with each compatible change of a value, in its first with a new topic version.
const schemaVersion = "1.0"

const timeForm = "2006-01-02T15:04:05.000000Z07:00"

// Headers are the record headers of the event in CloudEvents' Kafka binary mode. They are the same whenever the event is
// sent (invariant 9).
func (e *Event) Headers(source string) map[string]string {
	h := make(map[string]string, 12) // room for those the transport adds
	h["ce_specversion"] = cloudevents.CloudEventsVersionV1
	h["ce_id"] = e.ID().String()
	h["ce_source"] = source
	h["ce_type"] = e.Type
	h["ce_subject"] = e.Key
	h["ce_time"] = e.Time.UTC().Format(timeForm)
	h["ce_entityversion"] = strconv.FormatInt(e.Version, 10)
	if e.Resolve != "" {
		h["ce_resolveid"] = e.Resolve
	}
	if e.Value != nil {
		h["ce_dataschema"] = SchemaURI(e.Type)
		h["content-type"] = cloudevents.ApplicationJSON
	}
	return h
}

// CloudEvent is the event as the CloudEvents SDK understands it, checked by it. Headers renders the same without the
// cost of the check.
func (e *Event) CloudEvent(source string) (cloudevents.Event, error) {
	ce := cloudevents.New(cloudevents.CloudEventsVersionV1)
	ce.SetID(e.ID().String())
	ce.SetSource(source)
	ce.SetType(e.Type)
	ce.SetSubject(e.Key)
	ce.SetTime(e.Time.UTC())
	ce.SetExtension("entityversion", strconv.FormatInt(e.Version, 10))
	if e.Resolve != "" {
		ce.SetExtension("resolveid", e.Resolve)
	}
	if e.Value != nil {
		ce.SetDataSchema(SchemaURI(e.Type))
		if err := ce.SetData(cloudevents.ApplicationJSON, []byte(e.Value)); err != nil {
			return ce, fmt.Errorf("event %s: %w", e.Type, err)
		}
	}
	if err := ce.Validate(); err != nil {
		return ce, fmt.Errorf("event %s: %w", e.Type, err)
	}
	return ce, nil
}
