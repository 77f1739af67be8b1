package vault

import (
	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
)

const changed = "modified_date__v"

// common are the fields that every object has.
var common = []string{"id", changed}

func object(name, title string, entity canonical.Entity, personal bool, optional ...string) objectsource.Stream {
	return objectsource.Stream{
		Info:     connectors.StreamInfo{Name: name, Title: title, Entity: entity, Key: []string{"id"}, Cursor: changed, Deletes: "log", Personal: personal},
		Required: common, Optional: append([]string{"name__v", "status__v", "object_type__v", "object_type__vr.name__v", "created_date__v"}, optional...), KeyColumns: common,
	}
}

// streams are institutions and persons, both accounts, and calls. What begins with address. or attendees. lies in other objects that name the row.
var streams = objectsource.Table{
	object("hco", "机构 Institutions (accounts)", canonical.EntityCustomer, false,
		"formatted_name__v", "external_id__v", "account_class__v", "hco_type__v", "primary_parent__v", "phone__v", "country__v",
		"address.name__v", "address.address_line_2__v", "address.city__v", "address.state__v", "address.zip__v"),
	object("hcp", "医生 Doctors (person accounts)", canonical.EntityCustomer, true,
		"formatted_name__v", "external_id__v", "hcp_type__v", "specialty_1__v", "credentials__v", "gender__v", "primary_parent__v", "primary_parent__vr.name__v", "phone__v", "country__v",
		"address.city__v", "address.state__v"),
	object("call", "拜访 Calls", canonical.EntityActivity, true,
		"account__v", "call_date__v", "call_datetime__v", "call_type__v", "ownerid__v", "ownerid__vr.name__v", "parent_call__v", "territory__v", "attendees.id"),
}

// child says where the rows lie that name a row of a stream.
type child struct {
	alias  string // the head of their columns
	object string
	field  string // names the row
	where  string
	moves  bool // a change of one is a change of the row that it names
}

// childOf is the children that a stream's rows carry.
func (s Settings) childOf(st objectsource.Stream) child {
	if st.Info.Name == "call" {
		return child{alias: "attendees", object: s.Call, field: "parent_call__v"}
	}
	return child{alias: "address", object: s.Address, field: "account__v", where: "primary__v = true", moves: true}
}
