package neocrm

import (
	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
)

const updated = "updatedAt"

// common are the fields that every object has.
var common = []string{"id", "createdAt", updated}

// streams are the objects. What the tenant keeps patients and cases in are settings.
var streams = objectsource.Table{
	{
		Info:       connectors.StreamInfo{Name: "account", Title: "客户 Accounts", Entity: canonical.EntityCustomer, Key: []string{"id"}, Cursor: updated, Deletes: "sweep"},
		Required:   []string{"id", "createdAt", updated, "accountName"},
		Optional:   []string{"ownerId", "entityType", "parentAccountId", "fState", "fCity", "fDistrict", "state", "city", "district", "address", "phone", "level", "industryId"},
		KeyColumns: common,
	},
	{
		Info:       connectors.StreamInfo{Name: "contact", Title: "联系人（医生） Contacts (doctors)", Entity: canonical.EntityCustomer, Key: []string{"id"}, Cursor: updated, Deletes: "sweep", Personal: true},
		Required:   []string{"id", "createdAt", updated, "contactName"},
		Optional:   []string{"accountId", "accountId.accountName", "ownerId", "post", "depart", "gender", "mobile", "phone", "email"},
		KeyColumns: common,
	},
	{
		Info:       connectors.StreamInfo{Name: "visitRecord", Title: "拜访记录 Visits", Entity: canonical.EntityActivity, Key: []string{"id"}, Cursor: updated, Deletes: "sweep", Personal: true},
		Required:   common,
		Optional:   []string{"name", "accountId", "contactId", "ownerId", "ownerId.name", "startTime", "endTime", "visitDate", "content", "result"},
		KeyColumns: common,
		Dates:      []string{"visitDate"},
	},
	{
		Info:       connectors.StreamInfo{Name: "patient", Title: "患者 Patients", Entity: canonical.EntityCustomer, Key: []string{"id"}, Cursor: updated, Deletes: "sweep", Personal: true},
		Required:   []string{"id", "createdAt", updated, "name"},
		Optional:   []string{"gender__c", "birthDate__c", "mobile__c", "nationalId__c", "address__c", "hospital__c", "hospital__c.accountName"},
		KeyColumns: common,
		Dates:      []string{"birthDate__c"},
	},
	{
		Info:       connectors.StreamInfo{Name: "serviceCase", Title: "服务工单（投诉） Service cases", Entity: canonical.EntityComplaint, Key: []string{"id"}, Cursor: updated, Deletes: "sweep", Personal: true},
		Required:   common,
		Optional:   []string{"name", "ownerId", "entityType", "caseAccountId", "caseSource", "caseStatus", "casePriority", "caseDescription"},
		KeyColumns: common,
		Dates:      []string{"createdAt"},
	},
}
