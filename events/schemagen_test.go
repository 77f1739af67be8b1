package events_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/events"
)

// The schemas are rendered from the Go values of the events: what is published and what is promised cannot drift apart.

// valueOf tells the Go type of an event type's value, and the status it always has, if any.
func valueOf(topic string, op events.Op) (value any, status string) {
	switch topic {
	case events.TopicGolden:
		switch op {
		case events.Merged:
			return mergedValue{}, events.StatusMerged
		case events.Inactivated:
			return goneValue{}, events.StatusInactive
		case events.Deleted:
			return goneValue{}, events.StatusErased
		}
		return events.GoldenValue{}, events.StatusActive
	case events.TopicMovement:
		switch op {
		case events.Voided:
			return events.MovementValue{}, events.MovementVoided
		case events.Superseded:
			return events.MovementValue{}, events.MovementSuperseded
		}
		return events.MovementValue{}, events.MovementActive
	case events.TopicQuarantine:
		return events.QuarantineValue{}, map[events.Op]string{events.Opened: "open", events.Replayed: "replayed", events.Discarded: "discarded"}[op]
	case events.TopicComplaint:
		return events.ComplaintValue{}, ""
	case events.TopicRecall:
		return events.RecallValue{}, ""
	case events.TopicActivity:
		return events.ActivityValue{}, ""
	case events.TopicRun:
		if op != events.Finished {
			return events.FeedValue{}, string(op)
		}
		return events.RunValue{}, ""
	case events.TopicOrderStatus:
		return events.OrderStatusValue{}, ""
	}
	if op == events.Deleted {
		return nil, "" // a tombstone
	}
	return map[string]any{
		events.TopicCrosswalk: events.CrosswalkValue{}, events.TopicAffiliation: events.AffiliationValue{}, events.TopicProduct: events.ProductValue{},
		events.TopicLot: events.LotValue{}, events.TopicStock: events.StockValue{},
	}[topic], ""
}

// The two forms of GoldenGone, as strict as they are.
type (
	mergedValue struct {
		GoldenID canonical.ID `json:"golden_id"`
		Status   string       `json:"status"`
		Survivor canonical.ID `json:"survivor"`
	}
	goneValue struct {
		GoldenID canonical.ID `json:"golden_id"`
		Status   string       `json:"status"`
	}
)

type object = map[string]any

func enum[T ~string](values ...T) object { return object{"type": "string", "enum": values} }

// leaves are the types with a form of their own.
var leaves = map[reflect.Type]object{
	reflect.TypeFor[canonical.ID]():           {"type": "string", "format": "uuid"},
	reflect.TypeFor[*canonical.ID]():          {"type": []string{"string", "null"}, "format": "uuid"},
	reflect.TypeFor[canonical.Quantity]():     {"type": "string", "pattern": `^-?(0|[1-9][0-9]*)(\.[0-9]{1,6})?$`},
	reflect.TypeFor[canonical.Date]():         {"type": []string{"string", "null"}, "format": "date"},
	reflect.TypeFor[time.Time]():              {"type": "string", "format": "date-time"},
	reflect.TypeFor[*time.Time]():             {"type": []string{"string", "null"}, "format": "date-time"},
	reflect.TypeFor[canonical.CustomerKind](): enum(canonical.CustomerKinds()...),
	reflect.TypeFor[canonical.FlowKind](): enum(canonical.Sale, canonical.Return, canonical.Transfer, canonical.DropShip, canonical.Used,
		canonical.Sampled, canonical.Destroyed),
	reflect.TypeFor[canonical.OrderState](): enum(canonical.OrderStates()...),
	reflect.TypeFor[canonical.Grade]():      enum(canonical.GradeA, canonical.GradeB, canonical.GradeC, canonical.GradeD, canonical.GradeE, canonical.GradeF),
}

func schemaOf(t reflect.Type, comments map[string]string) object {
	if leaf, ok := leaves[t]; ok {
		out := object{}
		for k, v := range leaf {
			out[k] = v
		}
		return out
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Slice:
		return object{"type": "array", "items": schemaOf(t.Elem(), comments)}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": schemaOf(t.Elem(), comments)}
	case reflect.Pointer:
		return object{"oneOf": []object{schemaOf(t.Elem(), comments), {"type": "null"}}}
	case reflect.Struct:
		properties, required := object{}, []string{}
		for i := range t.NumField() {
			f := t.Field(i)
			name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
			p := schemaOf(f.Type, comments)
			if c := comments[t.Name()+"."+f.Name]; c != "" {
				p["description"] = c
			}
			properties[name] = p
			if !strings.Contains(opts, "omit") {
				required = append(required, name)
			}
		}
		out := object{"type": "object", "properties": properties, "additionalProperties": false}
		if len(required) > 0 {
			out["required"] = required
		}
		return out
	}
	panic("no schema for " + t.String())
}

// fieldComments reads the remarks beside the fields in the source: they are the descriptions.
func fieldComments(t *testing.T) map[string]string {
	out := map[string]string{}
	for _, file := range []string{"values.go", "../canonical/customer.go", "../canonical/order.go", "../canonical/record.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			s, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			for _, field := range s.Fields.List {
				for _, name := range field.Names {
					out[spec.Name.Name+"."+name.Name] = strings.TrimSpace(field.Comment.Text())
				}
			}
			return true
		})
	}
	return out
}

func renderSchema(t *testing.T, topic events.Topic, op events.Op, comments map[string]string) []byte {
	value, status := valueOf(topic.Name, op)
	if value == nil {
		return nil
	}
	s := schemaOf(reflect.TypeOf(value), comments)
	if status != "" {
		s["properties"].(object)["status"] = object{"const": status}
	}
	if op == events.Superseded {
		s["required"] = append(s["required"].([]string), "superseded_by")
	}
	return renderObject(t, s, topic.Type(op), topic.Summary)
}

// renderInbound is the schema of what others send: fields that are not known are no mistake there.
func renderInbound(t *testing.T, in events.Inbound, comments map[string]string) []byte {
	s := schemaOf(reflect.TypeOf(map[string]any{events.TopicOrders: canonical.OrderRequest{}}[in.Name]), comments)
	var open func(v any)
	open = func(v any) {
		o, ok := v.(object)
		if !ok {
			return
		}
		delete(o, "additionalProperties")
		for _, inner := range o {
			open(inner)
		}
	}
	open(s)
	return renderObject(t, s, in.Name, in.Summary)
}

func renderObject(t *testing.T, s object, title, description string) []byte {
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = events.SchemaURI(title)
	s["title"] = title
	s["description"] = description
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	require.NoError(t, enc.Encode(s))
	return buf.Bytes()
}
