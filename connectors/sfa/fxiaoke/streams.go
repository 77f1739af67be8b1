package fxiaoke

import (
	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
)

const (
	modified = "last_modified_time"
	created  = "create_time"
)

// common are the fields that every object has, whether its description names them or not.
var common = []string{"_id", created, modified, "life_status", "is_deleted"}

// object is how an object is read. "account_id.name" is the name that the platform puts beside a look-up.
func object(stream, name, title string, entity canonical.Entity, personal bool, optional ...string) objectsource.Stream {
	return objectsource.Stream{
		Info:   connectors.StreamInfo{Name: stream, Title: title, Entity: entity, Key: []string{"_id"}, Cursor: modified, Deletes: "sweep", Personal: personal},
		Object: name, ID: "_id", Required: common, Optional: append([]string{"name", "owner", "owner.name", "record_type"}, optional...), KeyColumns: common,
	}
}

// streams are the objects. What the tenant keeps visits and cases in are settings.
var streams = objectsource.Table{
	object("account", "AccountObj", "客户 Accounts", canonical.EntityCustomer, false,
		"account_no", "account_level", "account_type", "parent_account_id", "uniform_social_credit_code", "province.name", "city.name", "district.name", "address", "tel"),
	object("contact", "ContactObj", "联系人（医生） Contacts (doctors)", canonical.EntityCustomer, true,
		"account_id", "account_id.name", "department", "job_title", "gender", "mobile", "mobile1", "tel", "tel1", "email"),
	object("visit", "", "拜访 Visits", canonical.EntityActivity, true,
		"account_id", "contact_id", "active_record_type", "active_record_content"),
	object("case", "", "工单（投诉） Service cases", canonical.EntityComplaint, true,
		"account_id", "contact_id", "product_id", "case_source", "priority", "case_status", "problem_description"),
}
