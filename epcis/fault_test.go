package epcis_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"tributary/epcis"
)

// TestEveryFaultHasItsOwnReason breaks good documents in one place each: one fault is reported, at that place.
func TestEveryFaultHasItsOwnReason(t *testing.T) {
	a, err := txtar.ParseFile("testdata/shapes.txtar")
	require.NoError(t, err)
	shapes := map[string][]byte{}
	for i := 0; i < len(a.Files); i += 2 {
		shapes[a.Files[i].Name] = a.Files[i].Data
	}
	const first = "/epcisBody/eventList/0"
	for _, c := range []struct{ shape, old, new, pointer, code string }{
		// Words.
		{"object_observe_case", `"shipping"`, `"shiping"`, first + "/bizStep", "epcis.vocabulary"},
		{"object_observe_case", `"shipping"`, `"https://ref.gs1.org/cbv/BizStep-returning"`, first + "/bizStep", "epcis.vocabulary"},
		{"object_observe_case", `"in_transit"`, `"lost"`, first + "/disposition", "epcis.vocabulary"},
		{"object_recall_hold", `     "recalled"`, `     "recaled"`, first + "/persistentDisposition/set/0", "epcis.vocabulary"},
		{"object_return", `"rma"`, `"returns"`, first + "/bizTransactionList/0/type", "epcis.vocabulary"},
		{"object_parties_and_places", `"possessing_party"`, `"holder"`, first + "/sourceList/1/type", "epcis.vocabulary"},
		{"object_declared_wrong", `"incorrect_data"`, `"typo"`, first + "/errorDeclaration/reason", "epcis.vocabulary"},
		{"sensor_temperature", `"Temperature"`, `"Warmth"`, first + "/sensorElementList/0/sensorReport/0/type", "epcis.vocabulary"},
		{"sensor_alarm", `"ALARM_CONDITION"`, `"ALARM"`, first + "/sensorElementList/0/sensorReport/0/exception", "epcis.vocabulary"},
		{"sensor_position", `"latitude"`, `"lat"`, first + "/sensorElementList/0/sensorReport/0/component", "epcis.vocabulary"},
		{"object_private_step", `"https://example.org/steps/weigh"`, `7`, first + "/bizStep", "epcis.want_text"},
		{"object_observe_case", `"OBSERVE"`, `"CHANGE"`, first + "/action", "epcis.action"},
		{"object_observe_case", `"OBSERVE"`, `"observe"`, first + "/action", "epcis.action"},
		{"transformation_instances", `"bizStep"`, `"action": "ADD", "bizStep"`, first + "/action", "epcis.unknown_field"},
		// Names and contexts.
		{"object_extensions", `"ext:text"`, `"text"`, first + "/text", "epcis.unknown_field"},
		{"object_extensions", `"ext:text"`, `"exd:text"`, first + "/exd:text", "epcis.namespace"},
		{"object_extensions", `"ext:deeper"`, `"exd:deeper"`, first + "/ext:object/ext:deep/exd:deeper", "epcis.namespace"},
		{"object_ilmd_extensions", `"cbvmda:lotNumber"`, `"lotNumber"`, first + "/ilmd/lotNumber", "epcis.unknown_field"},
		{"object_own_context", `"own:field"`, `"owner:field"`, first + "/owner:field", "epcis.namespace"},
		{"object_quantity_without_number", `"epcClass"`, `"ext:note": 1, "epcClass"`, first + "/quantityList/0/ext:note", "epcis.unknown_field"},
		{"document_plain_context", `epcis-context.jsonld`, `context.jsonld`, "/@context", "epcis.no_context"},
		{"bare_event", `epcis-context.jsonld`, `context.jsonld`, "/@context", "epcis.no_context"},
		{"event_of_a_private_type", `"ext:WeighingEvent"`, `"WeighingEvent"`, first + "/type", "epcis.event_type"},
		// Times.
		{"object_observe_case", `"2025-03-10T09:30:00+08:00"`, `"2025-03-10T09:30:00"`, first + "/eventTime", "epcis.time"},
		{"object_observe_case", `"2025-03-10T09:30:00+08:00"`, `"2025-02-29T09:30:00+08:00"`, first + "/eventTime", "epcis.time"},
		{"object_observe_case", `"2025-03-10T09:30:00+08:00"`, `"2025-03-10 09:30"`, first + "/eventTime", "epcis.time"},
		{"object_observe_case", `"2025-03-10T09:30:00+08:00"`, `1741570200`, first + "/eventTime", "epcis.time"},
		{"object_record_time", `"2025-03-10T10:00:00.123Z"`, `"yesterday"`, first + "/recordTime", "epcis.time"},
		{"object_observe_case", `"+08:00"`, `"+15:00"`, first + "/eventTimeZoneOffset", "epcis.offset"},
		{"object_observe_case", `"+08:00"`, `"Asia/Shanghai"`, first + "/eventTimeZoneOffset", "epcis.offset"},
		{"object_observe_case", `"eventTimeZoneOffset"`, `"ext:zone"`, first + "/eventTimeZoneOffset", "epcis.required"},
		{"object_declared_wrong_bare", `"declarationTime": "2025-03-12T08:00:00+08:00"`, ``, first + "/errorDeclaration/declarationTime", "epcis.required"},
		{"document_plain_context", `"2025-06-01T08:00:00+08:00"`, `"2025-06-01"`, "/creationDate", "epcis.time"},
		// Quantities.
		{"object_add_lot", `10000`, `-1`, first + "/quantityList/0/quantity", "epcis.quantity"},
		{"object_add_lot", `10000`, `0`, first + "/quantityList/0/quantity", "epcis.quantity"},
		{"object_add_lot", `10000`, `"10000"`, first + "/quantityList/0/quantity", "epcis.want_number"},
		{"object_weight", `"KGM"`, `"kilogram"`, first + "/quantityList/0/uom", "epcis.unit"},
		{"sensor_temperature", `5.2`, `"5.2"`, first + "/sensorElementList/0/sensorReport/0/value", "epcis.want_number"},
		{"sensor_texts", `true`, `"yes"`, first + "/sensorElementList/0/sensorReport/1/booleanValue", "epcis.want_bool"},
		{"sensor_texts", `"F00F"`, `"XYZ"`, first + "/sensorElementList/0/sensorReport/2/hexBinaryValue", "epcis.want_hex"},
		// Identifiers.
		{"object_observe_case", `sscc:9520001.1234567890`, `sscc:9520001.123456789`, first + "/epcList/0", "epcis.identifier"},
		{"object_observe_case", `sscc:9520001.1234567890`, `sscx:9520001.1234567890`, first + "/epcList/0", "epcis.identifier"},
		{"object_observe_case", `"urn:epc:id:sscc:9520001.1234567890"`, `"case 7"`, first + "/epcList/0", "epcis.not_uri"},
		{"object_digital_links", `01/09520001123467/21/S1`, `01/09520001123468/21/S1`, first + "/epcList/0", "epcis.check_digit"},
		{"aggregation_add", `"urn:epc:id:sgtin:9520001.012346.S1"`, `"urn:epc:class:lgtin:9520001.012346.250301"`, first + "/childEPCs/0", "epcis.class_as_object"},
		{"object_add_lot", `urn:epc:class:lgtin:9520001.012346.250301`, `urn:epc:id:sgtin:9520001.012346.S1`, first + "/quantityList/0/epcClass", "epcis.object_as_class"},
		{"object_event_id_uuid", `"urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8"`, `"event 7"`, first + "/eventID", "epcis.not_uri"},
		{"object_return", `"urn:epcglobal:cbv:bt:9520001000010:RMA-1"`, `"RMA 1"`, first + "/bizTransactionList/0/bizTransaction", "epcis.not_uri"},
		{"object_stock_report", `https://id.gs1.org/414/9520001000010`, `https://id.gs1.org/414/9520001000011`, first + "/bizLocation/id", "epcis.check_digit"},
		// Structure.
		{"aggregation_add", `"parentID"`, `"ext:parent"`, first + "/parentID", "epcis.required"},
		{"association_add", `"childEPCs"`, `"ext:children"`, first, "epcis.nothing"},
		{"transaction_add", `"bizTransactionList"`, `"ext:documents"`, first + "/bizTransactionList", "epcis.required"},
		{"transformation_instances", `"outputEPCList"`, `"ext:output"`, first, "epcis.transformation"},
		{"object_without_business_words", `"epcList"`, `"ext:list"`, first, "epcis.nothing"},
		{"object_places_with_extensions", `"id": "https://id.gs1.org/414/9520001000010",`, ``, first + "/readPoint/id", "epcis.required"},
		{"object_persistent_set_and_unset", `"completeness_verified"`, `7`, first + "/persistentDisposition/set/0", "epcis.want_text"},
		{"sensor_temperature", `"sensorReport"`, `"ext:report"`, first + "/sensorElementList/0/sensorReport", "epcis.required"},
		{"document_plain_context", `"2.0"`, `"1.2"`, "/schemaVersion", "epcis.version"},
		{"document_plain_context", `"EPCISDocument"`, `"EPCISLetter"`, "/type", "epcis.document_type"},
		{"query_document", `"queryResults"`, `"results"`, "/epcisBody/queryResults", "epcis.required"},
	} {
		t.Run(c.code+c.pointer, func(t *testing.T) {
			whole := shapes[c.shape+".json"]
			require.Contains(t, string(whole), c.old, c.shape)
			doc := epcis.Parse(bytes.Replace(whole, []byte(c.old), []byte(c.new), 1))
			require.Len(t, doc.Faults(), 1)
			require.Equal(t, c.pointer, doc.Faults()[0].Pointer)
			require.Equal(t, c.code, doc.Faults()[0].Code)
		})
	}
}
