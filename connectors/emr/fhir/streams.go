package fhir

import (
	"maps"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
)

const changed = "meta.lastUpdated"

// common are the columns of every resource. The row's own name, TYPE/id, is put beside what the server sends.
var common = []string{"ref", "id", changed, "active", "status"}

func resource(name, title string, entity canonical.Entity, personal bool, optional ...string) objectsource.Stream {
	return objectsource.Stream{
		Info:     connectors.StreamInfo{Name: name, Title: title, Entity: entity, Key: []string{"ref"}, Cursor: "meta_lastUpdated", Deletes: "sweep", Personal: personal},
		Required: common, Optional: optional, KeyColumns: common, ByLink: true,
	}
}

var streams = func() objectsource.Table {
	out := objectsource.Table{
		resource("Organization", "机构 Organisations", canonical.EntityCustomer, false, "name", "alias", "partOf.reference", "type.text", "address.state", "address.city", "address.district", "address.text"),
		resource("Practitioner", "医务人员 Practitioners", canonical.EntityCustomer, true, "name.text", "name.family", "name.given", "gender"),
		resource("PractitionerRole", "执业关系 Roles of practitioners", canonical.EntityAffiliation, true, "practitioner.reference", "organization.reference", "code.text", "specialty.text", "period.start", "period.end"),
		resource("MedicationDispense", "发药记录 Dispensed medication", canonical.EntityFlow, false, "whenHandedOver", "whenPrepared", "quantity.value", "quantity.unit", "identifier.value", "location.display",
			"medication.code.text", "medication.batch.lotNumber", "medication.batch.expirationDate", "medication.manufacturer.display"),
	}
	out[3].Info.Ledger, out[3].Document = canonical.Usage, true
	return out
}()

// usual are fields that need a choice among several values; settings of the same name take their place.
var usual = map[string]string{
	"Organization.phone": "telecom.value:system=phone", "Organization.kind": "type.coding.display", "Practitioner.phone": "telecom.value:system=phone", "Practitioner.email": "telecom.value:system=email",
	"Practitioner.title": "qualification.code.text", "PractitionerRole.role": "code.coding.display", "PractitionerRole.specialty": "specialty.coding.display",
	"MedicationDispense.product_code": "medication.code.coding.code", "MedicationDispense.product_name": "medication.code.coding.display",
}

func fieldsOf(s Settings) map[string]string {
	out := maps.Clone(usual)
	maps.Copy(out, s.Tenant)
	return out
}
