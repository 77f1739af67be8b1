package epcis

import (
	"encoding/hex"
	"encoding/json"

	"tributary/internal/errs"
)

// What the fields of sensor data hold.
var (
	sensorFields = map[string]bool{"sensorMetadata": true, "sensorReport": true}
	metaFields   = map[string]string{"time": "time", "startTime": "time", "endTime": "time", "deviceID": "uri", "deviceMetadata": "uri", "rawData": "uri",
		"dataProcessingMethod": "uri", "bizRules": "uri"}
	reportFields = map[string]string{"type": "measurement", "exception": "alert", "component": "component", "time": "time",
		"deviceID": "uri", "deviceMetadata": "uri", "rawData": "uri", "dataProcessingMethod": "uri", "bizRules": "uri", "microorganism": "uri", "chemicalSubstance": "uri",
		"coordinateReferenceSystem": "uri", "uriValue": "uri", "value": "number", "minValue": "number", "maxValue": "number", "meanValue": "number", "sDev": "number",
		"percRank": "number", "percValue": "number", "stringValue": "text", "uom": "text", "booleanValue": "bool", "hexBinaryValue": "hex"}
)

// sensor checks one sensor element.
func (p place) sensor(item map[string]any, ns namespaces) {
	p.names(item, sensorFields, ns)
	if raw, have := item["sensorMetadata"]; have {
		if meta, ok := raw.(map[string]any); ok {
			p.at("sensorMetadata").typed(meta, metaFields, ns)
		} else {
			p.at("sensorMetadata").report("epcis.not_object", nil)
		}
	}
	if list, ok := item["sensorReport"].([]any); !ok || len(list) == 0 {
		p.at("sensorReport").report("epcis.required", errs.Args{"field": "sensorReport"})
	}
	p.each(item, "sensorReport", func(p place, report map[string]any) {
		p.typed(report, reportFields, ns)
		if report["type"] == nil && report["exception"] == nil {
			p.at("type").report("epcis.required", errs.Args{"field": "type"})
		}
	})
}

// typed checks the values of an object's fields by what they hold.
func (p place) typed(item map[string]any, fields map[string]string, ns namespaces) {
	known := map[string]bool{}
	for name := range fields {
		known[name] = true
	}
	p.names(item, known, ns)
	for _, name := range sortedNames(item) {
		at, raw := p.at(name), item[name]
		_, isText := raw.(string)
		_, isNumber := raw.(json.Number)
		_, isBool := raw.(bool)
		switch fields[name] {
		case "time":
			p.time(item, name, true)
		case "uri":
			at.uri(raw)
		case "measurement":
			p.word(item, name, &measurements)
		case "alert":
			p.word(item, name, &alerts)
		case "component":
			p.word(item, name, &components)
		case "number":
			if !isNumber {
				at.report("epcis.want_number", nil)
			}
		case "text":
			if !isText {
				at.report("epcis.want_text", nil)
			}
		case "bool":
			if !isBool {
				at.report("epcis.want_bool", nil)
			}
		case "hex":
			s, _ := raw.(string)
			if _, err := hex.DecodeString(s); !isText || err != nil || s == "" {
				at.report("epcis.want_hex", nil)
			}
		}
	}
}
