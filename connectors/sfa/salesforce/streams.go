package salesforce

import (
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
)

const stamp = "SystemModstamp"

// common are the fields that every object has.
var common = []string{"Id", "IsDeleted", stamp}

func object(name, title string, entity canonical.Entity, personal bool, optional ...string) objectsource.Stream {
	return objectsource.Stream{
		Info:     connectors.StreamInfo{Name: name, Title: title, Entity: entity, Key: []string{"Id"}, Cursor: stamp, Deletes: "flag", Personal: personal},
		Required: common, Optional: optional, KeyColumns: common,
	}
}

// A column that ends so is the id of a row's first child: NAME is the relation from the row to its children.
const (
	children  = ".records.Id"
	attendees = "Call2_vod__r" // of a group call's header
)

// nested reports whether a run asks for children, which jobs cannot.
func nested(run *objectsource.Run) bool {
	return slices.ContainsFunc(run.Columns, func(c string) bool { return strings.HasSuffix(c, children) })
}

// asked is a column as a query asks for it.
func asked(column string) string {
	if relation, ok := strings.CutSuffix(column, children); ok {
		return "(SELECT Id FROM " + relation + " LIMIT 1)"
	}
	return column
}

var streams = objectsource.Table{
	object("Account", "客户 Accounts", canonical.EntityCustomer, false,
		"Name", "ParentId", "AccountNumber", "Type", "Industry", "Phone", "BillingCountry", "BillingState", "BillingCity", "BillingStreet", "BillingPostalCode", "OwnerId", "RecordType.DeveloperName", "MasterRecordId"),
	object("Contact", "联系人（医生） Contacts (doctors)", canonical.EntityCustomer, true,
		"Name", "AccountId", "Account.Name", "Title", "Department", "Phone", "MobilePhone", "Email", "OwnerId", "MasterRecordId"),
	object("Event", "拜访与会议 Visits and meetings", canonical.EntityActivity, true,
		"Subject", "WhoId", "WhatId", "ActivityDate", "Description", "OwnerId", "Owner.Name"),
	object("Call2_vod__c", "拜访（Veeva CRM） Calls of Veeva CRM", canonical.EntityActivity, true,
		"Name", "Account_vod__c", "Call_Date_vod__c", "Status_vod__c", "OwnerId", "Owner.Name", "Parent_Call_vod__c", attendees+children),
	object("Case", "投诉与咨询 Cases", canonical.EntityComplaint, true,
		"CaseNumber", "Subject", "Description", "Status", "Priority", "Origin", "CreatedDate", "AccountId", "ContactId"),
}
