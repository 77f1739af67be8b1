package msfx

import (
	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
)

// head are the fields of a bill that each of its rows carries.
var head = []string{"ref_ent_id", "bill_type", "bill_code", "bill_time", "from_user_id", "from_ref_user_id", "from_user_name", "to_user_id", "to_ref_user_id", "to_user_name"}

func stream(name, title string, entity canonical.Entity, ledger canonical.Ledger, party string, key []string, more ...string) objectsource.Stream {
	return objectsource.Stream{
		Info:     connectors.StreamInfo{Name: name, Title: title, Entity: entity, Ledger: ledger, Party: party, Key: append([]string{"ref_ent_id", "bill_type", "bill_code"}, key...), Cursor: "bill_time", Deletes: "log"},
		Required: append(append([]string{}, head...), more...), ByLink: true,
	}
}

var lineKey = []string{"product_code", "batch_no"}

var streams = objectsource.Table{
	stream("bills", "销售与销退 Sales and returns", canonical.EntityFlow, canonical.Sales, "", lineKey,
		"product_code", "prod_code", "physic_name", "pkg_spec", "batch_no", "produce_date", "expire_date", "min_pkg_count", "unit", "kind", "partner_id", "partner_ref_id", "partner_name"),
	stream("purchases", "商业购进 Purchases of distributors", canonical.EntityFlow, canonical.Purchases, "ref_ent_id", lineKey,
		"product_code", "prod_code", "physic_name", "pkg_spec", "batch_no", "produce_date", "expire_date", "min_pkg_count", "unit", "kind", "partner_id", "partner_ref_id", "partner_name"),
	stream("codes", "追溯码事件 Codes", canonical.EntityEvent, "", "", []string{"part"},
		"part", "action", "biz_step", "disposition", "product_code", "batch_no", "expire_date", "codes", "parent", "note"),
}

// step is what a bill of a type means for the packs in it.
type step struct{ action, bizStep, disposition string }

// steps are the types of bills; others are read as "other".
var steps = map[string]step{
	"101": {"ADD", "commissioning", "active"},
	"102": {"OBSERVE", "receiving", "in_progress"}, "104": {"OBSERVE", "receiving", "in_progress"}, "106": {"OBSERVE", "receiving", "in_progress"}, "107": {"OBSERVE", "receiving", "in_progress"},
	"103": {"OBSERVE", "receiving", "returned"}, "108": {"OBSERVE", "receiving", "recalled"}, "237": {"OBSERVE", "receiving", "returned"},
	"201": {"OBSERVE", "shipping", "in_transit"}, "203": {"OBSERVE", "shipping", "in_transit"}, "207": {"OBSERVE", "shipping", "in_transit"}, "209": {"OBSERVE", "shipping", "in_transit"},
	"210": {"OBSERVE", "shipping", "in_transit"}, "212": {"OBSERVE", "shipping", "in_transit"}, "202": {"OBSERVE", "shipping", "returned"}, "211": {"OBSERVE", "shipping", "recalled"},
	"205": {"DELETE", "destroying", "destroyed"}, "206": {"OBSERVE", "sampling", ""}, "214": {"OBSERVE", "other", "stolen"}, "215": {"OBSERVE", "other", "damaged"}, "216": {"DELETE", "destroying", "destroyed"},
}

// kinds are the types that are lines of a ledger. The company's sales are told by it, purchases by the distributors; the
// partner of a return is who sends it back.
var kinds = map[string]map[string]string{
	"bills":     {"201": "销售", "207": "销售", "209": "销售", "103": "退货", "237": "退货"},
	"purchases": {"102": "采购", "107": "采购", "202": "退货"},
}
