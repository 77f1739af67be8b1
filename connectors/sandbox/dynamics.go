package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simdataverse"
	"tributary/connectors/sandbox/world"
)

// guid is a key made of a table's number and a record's.
func guid(table int, record string) string {
	padded := "00000000000000000000" + record
	padded = padded[len(padded)-20:]
	return fmt.Sprintf("%08d-%s-%s-%s-%s", table, padded[:4], padded[4:8], padded[8:12], "0000"+padded[12:])
}

var (
	dynamicsKinds = map[string]int{"医院": 1, "诊所": 2, "药店": 3, "连锁总部": 4, "商业公司": 5}
	stateLabels   = map[int]string{0: "可用", 1: "停用"}
)

func attributes(id string, more ...string) []simdataverse.Attribute {
	out := []simdataverse.Attribute{{Name: id, Type: "Uniqueidentifier"}, {Name: "modifiedon", Type: "DateTime"}, {Name: "statecode", Type: "State", Labels: stateLabels}}
	for _, name := range more {
		out = append(out, simdataverse.Attribute{Name: name, Type: "String"})
	}
	return out
}

func lookups(names ...string) (out []simdataverse.Attribute) {
	for _, name := range names {
		out = append(out, simdataverse.Attribute{Name: name, Type: "Lookup"})
	}
	return out
}

// DynamicsTables is a system's part of the world as Dynamics 365 holds it. Visits are to persons, or to organisations
// where it knows no persons.
func DynamicsTables(w *world.World, sys world.System) []simdataverse.Table {
	accounts, contacts, _ := salesForce(w, sys)
	visited, table := contacts, 2
	if len(contacts) == 0 {
		visited, table = accounts, 1
	}
	owner := guid(9, "1")
	each := func(at []int, fill func(i int, r world.Record) map[string]any) func() []map[string]any {
		return func() (out []map[string]any) {
			for i, n := range at {
				r := w.Record(sys, n)
				row := fill(i, r)
				row["statecode"], row["_ownerid_value"] = 0, owner
				if row["modifiedon"] == nil {
					row["modifiedon"] = r.Modified.UTC().Format(time.RFC3339)
				}
				out = append(out, row)
			}
			return out
		}
	}
	day := func(i int) canonical.Date {
		return w.From().AddDays(rand.New(rand.NewPCG(w.Config.Seed, uint64(i))).IntN(365))
	}
	at := func(d canonical.Date) string { return d.Time().Add(10 * time.Hour).UTC().Format(time.RFC3339) }
	cases := casesOf(w, sys)
	complaints := func() (out []map[string]any) {
		for i, c := range cases {
			on := at(w.From().AddDays(c.Day))
			out = append(out, map[string]any{"incidentid": guid(4, fmt.Sprint(i)), "ticketnumber": fmt.Sprintf("CAS-%05d", i), "title": "包装破损", "description": "外盒破损一盒", "createdon": on, "modifiedon": on, "statecode": 0, "_ownerid_value": owner,
				"caseorigincode": 1, "prioritycode": 2, "_customerid_value": guid(1, w.AccountOf(sys, c.Customer)), "new_product": w.Products[c.Product].Code, "new_lot": w.Lots[c.Lot].Number, "_productid_value": nil})
		}
		return out
	}
	labels := map[int]string{}
	for word, code := range dynamicsKinds {
		labels[code] = word
	}
	return []simdataverse.Table{
		{Set: "accounts", Logical: "account", ID: "accountid",
			Attributes: append(append(attributes("accountid", "name", "accountnumber", "telephone1", "address1_stateorprovince", "address1_city", "address1_county", "address1_line1", "new_uscc", "new_licence", "new_level"),
				lookups("parentaccountid", "ownerid")...), simdataverse.Attribute{Name: "customertypecode", Type: "Picklist", Labels: labels}, simdataverse.Attribute{Name: "industrycode", Type: "Picklist", Labels: map[int]string{7: "医疗"}}),
			Rows: each(accounts, func(_ int, r world.Record) map[string]any {
				c := r.Customer
				return map[string]any{
					"accountid": guid(1, r.ID), "name": c.Name, "accountnumber": r.ID, "telephone1": first(c.Phones), "address1_stateorprovince": text(c.Address.Province), "address1_city": text(c.Address.City),
					"address1_county": text(c.Address.County), "address1_line1": text(c.Address.Text), "new_uscc": text(c.USCC), "new_licence": text(c.LicenceNo), "new_level": text(c.Level),
					"customertypecode": dynamicsKinds[kindWords[c.Kind]], "industrycode": 7, "_parentaccountid_value": nil,
				}
			})},
		{Set: "contacts", Logical: "contact", ID: "contactid",
			Attributes: append(append(attributes("contactid", "fullname", "jobtitle", "department", "mobilephone", "telephone1", "emailaddress1", "new_tier"), lookups("parentcustomerid", "ownerid")...),
				simdataverse.Attribute{Name: "gendercode", Type: "Picklist", Labels: map[int]string{1: "男", 2: "女"}}),
			Rows: each(contacts, func(i int, r world.Record) map[string]any {
				c := r.Customer
				row := map[string]any{"contactid": guid(2, r.ID), "fullname": c.Name, "jobtitle": text(c.Title), "department": text(c.Department), "mobilephone": first(c.Phones), "telephone1": nil, "emailaddress1": nil, "new_tier": text(c.Tier), "gendercode": 1 + i%2}
				if c.OrganisationID != "" {
					row["_parentcustomerid_value"] = guid(1, c.OrganisationID)
				}
				return row
			})},
		{Set: "appointments", Logical: "appointment", ID: "activityid",
			Attributes: append(attributes("activityid", "subject", "scheduledstart", "scheduleddurationminutes"), lookups("regardingobjectid", "ownerid")...),
			Rows: each(visited[:len(visited)/2], func(i int, r world.Record) map[string]any {
				return map[string]any{"activityid": guid(3, fmt.Sprint(i)), "subject": "学术拜访", "scheduledstart": at(day(i)), "modifiedon": at(day(i)), "scheduleddurationminutes": 15, "_regardingobjectid_value": guid(table, r.ID)}
			})},
		{Set: "incidents", Logical: "incident", ID: "incidentid",
			Attributes: append(append(attributes("incidentid", "ticketnumber", "title", "description", "createdon", "new_product", "new_lot"), lookups("customerid", "ownerid", "productid")...),
				simdataverse.Attribute{Name: "caseorigincode", Type: "Picklist", Labels: map[int]string{1: "电话"}}, simdataverse.Attribute{Name: "prioritycode", Type: "Picklist", Labels: map[int]string{2: "普通"}}),
			Rows: complaints},
	}
}

// retail is the retail team in Dynamics 365.
func retail() system {
	return system{
		name: string(world.Retail), connector: "dynamics365", en: "the retail team: chains, pharmacies, cases (Dynamics 365)", zh: "零售团队：连锁、药店、投诉（Dynamics 365）",
		streams: split("accounts appointments incidents"),
		by: served{"/dynamics", func(s *stage, f *fault.Set) http.Handler {
			return simdataverse.New(simdataverse.Options{TenantID: dynamicsTenant, ClientID: dynamicsClient, ClientSecret: dynamicsSecret, Now: s.now, Faults: f}, DynamicsTables(s.w, world.Retail)...)
		}},
		settings: func(s *stage) map[string]any {
			return map[string]any{
				"base_url": s.url + "/dynamics", "authority": s.url + "/dynamics", "tenant_id": dynamicsTenant, "client_id": dynamicsClient, "client_secret": dynamicsSecret,
				"tenant_fields": map[string]any{
					"accounts.uscc": "new_uscc", "accounts.licence_no": "new_licence", "accounts.level": "new_level", "contacts.tier": "new_tier", "incidents.product": "new_product", "incidents.lot": "new_lot",
				},
			}
		},
		id: func(_ canonical.CustomerKind, record string) string { return guid(1, record) },
	}
}
