package network

import (
	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
)

const (
	vid     = "vid__v"
	changed = "modified_date__v"
	state   = "record_state__v"
)

// Record states: those of records that exist, and those of records that are gone or live on under another key.
const (
	living = "VALID,UNDER_REVIEW"
	every  = living + ",INVALID,DELETED,MERGED_INTO,MERGE_INACTIVATED,MERGE_ADDED"
)

// gone are the states in which a record is none any more.
var gone = map[string]bool{"INVALID": true, "DELETED": true, "MERGED_INTO": true, "MERGE_INACTIVATED": true}

func object(name, kind, title string, personal bool, optional ...string) objectsource.Stream {
	return objectsource.Stream{
		Info:   connectors.StreamInfo{Name: name, Title: title, Entity: canonical.EntityCustomer, Key: []string{vid}, Cursor: changed, Deletes: "sweep", Personal: personal},
		Object: kind, ByLink: true, Required: []string{vid, changed, state},
		Optional: append([]string{"record_merged_vid__v", "formatted_name__v", "primary_country__v",
			"addresses__v.address_line_1__v", "addresses__v.locality__v", "addresses__v.administrative_area__v", "addresses__v.postal_code__v"}, optional...),
	}
}

var streams = objectsource.Table{
	object("hco", "HCO", "机构 Institutions (HCO)", false, "corporate_name__v", "hco_type__v", "phone_1__v", "parent_hcos__v.parent_hco_vid__v"),
	object("hcp", "HCP", "医生 Doctors (HCP)", true, "first_name__v", "last_name__v", "hcp_type__v", "specialty_1__v", "gender__v", "phone_1__v", "parent_hcos__v.parent_hco_vid__v"),
}
