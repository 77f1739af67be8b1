package neocrm

import (
	"slices"

	"tributary/canonical"
	"tributary/connectors"
)

// stream is how one object is read.
type stream struct {
	info     connectors.StreamInfo
	object   string
	required []string
	optional []string
	dates    []string // business dates: epoch milliseconds at Chinese midnight
}

const updated = "updatedAt"

var common = []string{"id", "createdAt", updated}

var streams = []stream{
	{
		info:     connectors.StreamInfo{Name: "account", Title: "客户 Accounts", Entity: canonical.EntityCustomer, Key: []string{"id"}, Cursor: updated, Deletes: "sweep"},
		object:   "account",
		required: []string{"accountName"},
		optional: []string{"ownerId", "entityType", "parentAccountId", "fState", "fCity", "fDistrict", "state", "city", "district", "address", "phone", "level", "industryId"},
	},
	{
		info:     connectors.StreamInfo{Name: "contact", Title: "联系人（医生） Contacts (doctors)", Entity: canonical.EntityCustomer, Key: []string{"id"}, Cursor: updated, Deletes: "sweep", Personal: true},
		object:   "contact",
		required: []string{"contactName"},
		optional: []string{"accountId", "accountId.accountName", "ownerId", "post", "depart", "gender", "mobile", "phone", "email"},
	},
	{
		info:     connectors.StreamInfo{Name: "visitRecord", Title: "拜访记录 Visits", Entity: canonical.EntityActivity, Key: []string{"id"}, Cursor: updated, Deletes: "sweep", Personal: true},
		object:   "visitRecord",
		optional: []string{"name", "accountId", "contactId", "ownerId", "ownerId.name", "startTime", "endTime", "visitDate", "content", "result"},
		dates:    []string{"visitDate"},
	},
	{
		info:     connectors.StreamInfo{Name: "patient", Title: "患者 Patients", Entity: canonical.EntityCustomer, Key: []string{"id"}, Cursor: updated, Deletes: "sweep", Personal: true},
		required: []string{"name"},
		optional: []string{"gender__c", "birthDate__c", "mobile__c", "nationalId__c", "address__c", "hospital__c", "hospital__c.accountName"},
		dates:    []string{"birthDate__c"},
	},
}

func streamOf(name string) (stream, bool) {
	i := slices.IndexFunc(streams, func(s stream) bool { return s.info.Name == name })
	if i < 0 {
		return stream{}, false
	}
	return streams[i], true
}

func streamNames() []string {
	out := make([]string, len(streams))
	for i, s := range streams {
		out[i] = s.info.Name
	}
	return out
}

func streamInfos() []connectors.StreamInfo {
	out := make([]connectors.StreamInfo, len(streams))
	for i, s := range streams {
		out[i] = s.info
	}
	return out
}
