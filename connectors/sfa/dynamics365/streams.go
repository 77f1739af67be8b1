package dynamics365

import (
	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
)

const modified = "modifiedon"

// table is how a Dataverse table is read: set is its name in addresses, logical its own, id its key.
func table(set, logical, id, title string, entity canonical.Entity, personal bool, optional ...string) objectsource.Stream {
	return objectsource.Stream{
		Info:   connectors.StreamInfo{Name: set, Title: title, Entity: entity, Key: []string{id}, Cursor: modified, Deletes: "log", Personal: personal},
		Object: logical, ID: id, Required: []string{id, modified, "statecode"}, Optional: optional, KeyColumns: []string{id, modified}, Log: true, ByLink: true,
	}
}

var streams = objectsource.Table{
	table("accounts", "account", "accountid", "客户 Accounts", canonical.EntityCustomer, false,
		"name", "accountnumber", "_parentaccountid_value", "customertypecode", "industrycode", "telephone1", "address1_stateorprovince", "address1_city", "address1_county", "address1_line1", "_ownerid_value", "merged", "_masterid_value"),
	table("contacts", "contact", "contactid", "联系人（医生） Contacts (doctors)", canonical.EntityCustomer, true,
		"fullname", "jobtitle", "department", "gendercode", "_parentcustomerid_value", "mobilephone", "telephone1", "emailaddress1", "_ownerid_value", "merged", "_masterid_value"),
	table("appointments", "appointment", "activityid", "约会（拜访） Appointments (visits)", canonical.EntityActivity, true,
		"subject", "_regardingobjectid_value", "scheduledstart", "scheduleddurationminutes", "_ownerid_value"),
	table("incidents", "incident", "incidentid", "案例（投诉） Cases", canonical.EntityComplaint, true,
		"ticketnumber", "title", "description", "_customerid_value", "caseorigincode", "prioritycode", "createdon", "_productid_value"),
}
