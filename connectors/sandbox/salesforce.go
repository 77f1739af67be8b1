package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simsalesforce"
	"tributary/connectors/sandbox/world"
)

// salesforceID is an id of 18 characters in the order of the record numbers.
func salesforceID(prefix, record string) string {
	padded := strings.Repeat("0", 15) + record
	return prefix + padded[len(padded)-15:]
}

// stampOf is a time the platform's way: an offset without a colon, milliseconds always zero.
func stampOf(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000") + "+0000" }

// salesforceRows makes rows when they are asked for.
type salesforceRows struct {
	n   int
	row func(i int) map[string]any
}

func (r salesforceRows) Len() int                 { return r.n }
func (r salesforceRows) Row(i int) map[string]any { return r.row(i) }

func salesforceFields(names ...string) []simsalesforce.Field {
	out := []simsalesforce.Field{{Name: "Id", Type: "id"}, {Name: "IsDeleted", Type: "boolean"}, {Name: "SystemModstamp", Type: "datetime"}}
	for _, n := range names {
		out = append(out, simsalesforce.Field{Name: n, Label: n, Type: "string"})
	}
	return out
}

// SalesforceObjects is a system's part of the world as Salesforce holds it.
func SalesforceObjects(w *world.World, sys world.System) []simsalesforce.Object {
	accounts, contacts, _ := salesForce(w, sys)
	record := func(prefix string, at int) (world.Record, map[string]any) {
		r := w.Record(sys, at)
		return r, map[string]any{"Id": salesforceID(prefix, r.ID), "IsDeleted": false, "SystemModstamp": stampOf(r.Modified), "OwnerId": "005000000000000001"}
	}
	return []simsalesforce.Object{
		{Name: "Account", Fields: append(salesforceFields("Name", "ParentId", "AccountNumber", "Industry", "Phone", "BillingCountry", "BillingState", "BillingCity", "BillingStreet", "BillingPostalCode", "OwnerId", "USCC__c", "Licence__c", "Level__c"),
			simsalesforce.Field{Name: "Type", Label: "类型", Type: "picklist", Picklist: map[string]string{"HOSP": "医院", "CLIN": "诊所", "PHAR": "药店", "CHAIN": "连锁总部", "DIST": "商业公司"}},
			simsalesforce.Field{Name: "RecordTypeId", Type: "reference", Relationship: "RecordType", ReferenceTo: "RecordType"}),
			Rows: salesforceRows{len(accounts), func(i int) map[string]any {
				r, row := record("001", accounts[i])
				c := r.Customer
				row["Name"], row["BillingState"], row["BillingCity"], row["BillingStreet"] = c.Name, text(c.Address.Province), text(c.Address.City), text(c.Address.Text)
				row["Phone"], row["USCC__c"], row["Licence__c"], row["Level__c"] = first(c.Phones), text(c.USCC), text(c.LicenceNo), text(c.Level)
				row["Type"] = map[string]any{"医院": "HOSP", "诊所": "CLIN", "药店": "PHAR", "连锁总部": "CHAIN", "商业公司": "DIST"}[kindWords[c.Kind]]
				row["RecordType.DeveloperName"], row["BillingCountry"], row["Industry"], row["BillingPostalCode"], row["AccountNumber"] = "Organisation", "中国", "Healthcare", "200000", "A"+r.ID
				return row
			}}},
		{Name: "Contact", Fields: append(salesforceFields("Name", "Title", "Department", "Phone", "MobilePhone", "Email", "OwnerId", "Tier__c"),
			simsalesforce.Field{Name: "AccountId", Type: "reference", Relationship: "Account", ReferenceTo: "Account"}),
			Rows: salesforceRows{len(contacts), func(i int) map[string]any {
				r, row := record("003", contacts[i])
				c := r.Customer
				row["Name"], row["Title"], row["Department"], row["MobilePhone"], row["Tier__c"] = c.Name, text(c.Title), text(c.Department), first(c.Phones), text(c.Tier)
				if c.OrganisationID != "" {
					row["AccountId"], row["Account.Name"] = salesforceID("001", c.OrganisationID), text(c.Organisation)
				}
				row["Phone"], row["Email"] = nil, nil
				return row
			}}},
		salesforceVisits(w, sys, contacts, "Event", "00U"), salesforceVisits(w, sys, contacts, "Call2_vod__c", "a04"), salesforceCases(w, sys),
	}
}

// salesforceVisits are visits to every other doctor. Every tenth call of Veeva CRM is one of a group: a header, and a call for
// each attendee.
func salesforceVisits(w *world.World, sys world.System, contacts []int, object, prefix string) simsalesforce.Object {
	fields := append(salesforceFields("Subject", "WhoId", "WhatId", "Description"), simsalesforce.Field{Name: "ActivityDate", Type: "date"})
	if object == "Call2_vod__c" {
		fields = append(salesforceFields("Name", "Account_vod__c", "Parent_Call_vod__c"), simsalesforce.Field{Name: "Call_Date_vod__c", Type: "date"},
			simsalesforce.Field{Name: "Status_vod__c", Type: "picklist", Picklist: map[string]string{"Submitted_vod": "已提交", "Planned_vod": "计划"}})
	}
	const group = 10
	var children []simsalesforce.Child
	if object == "Call2_vod__c" {
		children = []simsalesforce.Child{{Relationship: "Call2_vod__r", Object: object, Field: "Parent_Call_vod__c"}}
	}
	return simsalesforce.Object{Name: object, Children: children, Fields: append(fields, simsalesforce.Field{Name: "OwnerId", Type: "reference", Relationship: "Owner", ReferenceTo: "User"}),
		Rows: salesforceRows{len(contacts) / 2, func(i int) map[string]any {
			r := w.Record(sys, contacts[2*i])
			draw := rand.New(rand.NewPCG(w.Config.Seed, uint64(i)))
			day := w.From().AddDays(draw.IntN(365))
			doctor := salesforceID("003", r.ID)
			var parent any
			if place := i % group; place == 1 || place == 2 {
				parent = salesforceID(prefix, fmt.Sprintf("%015d", i-place))
			}
			return map[string]any{
				"Id": salesforceID(prefix, fmt.Sprintf("%015d", i)), "IsDeleted": false, "SystemModstamp": stampOf(day.Time().Add(10 * time.Hour)), "OwnerId": "005000000000000001", "Owner.Name": "代表甲",
				"Subject": "学术拜访", "WhoId": doctor, "WhatId": nil, "ActivityDate": day.String(), "Description": "产品资料沟通",
				"Name": fmt.Sprintf("C-%06d", i), "Account_vod__c": doctor, "Call_Date_vod__c": day.String(), "Status_vod__c": "Submitted_vod", "Parent_Call_vod__c": parent,
			}
		}},
	}
}

func salesforceCases(w *world.World, sys world.System) simsalesforce.Object {
	cases := casesOf(w, sys)
	return simsalesforce.Object{Name: "Case", Fields: append(salesforceFields("CaseNumber", "Subject", "Description", "Status", "Priority", "AccountId", "ContactId", "Product__c", "Lot__c"),
		simsalesforce.Field{Name: "CreatedDate", Type: "datetime"}, simsalesforce.Field{Name: "Origin", Type: "picklist", Picklist: map[string]string{"Phone": "电话", "Web": "网站"}}),
		Rows: salesforceRows{len(cases), func(i int) map[string]any {
			c := cases[i]
			day := w.From().AddDays(c.Day)
			return map[string]any{
				"Id": salesforceID("500", fmt.Sprintf("%015d", i)), "IsDeleted": false, "SystemModstamp": stampOf(day.Time().Add(10 * time.Hour)), "CaseNumber": fmt.Sprintf("%08d", i+1),
				"Subject": "包装破损", "Description": "外盒破损一盒", "Status": "New", "Priority": "Medium", "Origin": "Phone", "CreatedDate": stampOf(day.Time().Add(9 * time.Hour)),
				"AccountId": salesforceID("001", w.AccountOf(sys, c.Customer)), "ContactId": nil, "Product__c": w.Products[c.Product].Code, "Lot__c": w.Lots[c.Lot].Number,
			}
		}},
	}
}

// specialty is a second business unit in Salesforce.
func specialty() system {
	return system{
		name: string(world.Specialty), connector: "salesforce", en: "a second business unit: hospitals, specialists, cases (Salesforce)", zh: "专科事业部：医院、专科医生、投诉（Salesforce）",
		streams: split("Account Contact Event Case"),
		by: served{"/salesforce", func(s *stage, f *fault.Set) http.Handler {
			return simsalesforce.New(simsalesforce.Options{ClientID: salesforceClient, ClientSecret: salesforceSecret, Now: s.now, Faults: f}, SalesforceObjects(s.w, world.Specialty)...)
		}},
		settings: func(s *stage) map[string]any {
			return map[string]any{
				"login_url": s.url + "/salesforce", "client_id": salesforceClient, "client_secret": salesforceSecret,
				"tenant_fields": map[string]any{
					"Account.uscc": "USCC__c", "Account.licence_no": "Licence__c", "Account.level": "Level__c", "Contact.tier": "Tier__c", "Case.product": "Product__c", "Case.lot": "Lot__c",
				},
			}
		},
		id: func(kind canonical.CustomerKind, record string) string {
			return salesforceID(map[bool]string{false: "001", true: "003"}[kind.Person()], record)
		},
	}
}
