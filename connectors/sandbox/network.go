package sandbox

import (
	"fmt"
	"net/http"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simveeva"
	"tributary/connectors/sandbox/world"
)

// networkID is a VID of 18 digits in the order of the record numbers.
func networkID(record string) string { return fmt.Sprintf("243%014s0", record) }

// networkRecords makes records when they are asked for. Behind every fortieth stands one that was merged into it.
type networkRecords struct {
	w   *world.World
	sys world.System
}

const absorbedEvery = 40

func (n networkRecords) Len() int { return n.w.Len(n.sys) + n.w.Len(n.sys)/absorbedEvery }

func (n networkRecords) Record(i int) simveeva.Record {
	at, absorbed := i-i/(absorbedEvery+1), i%(absorbedEvery+1) == absorbedEvery
	if absorbed {
		at--
	}
	out := networkRecord(n.w.Record(n.sys, at))
	if absorbed {
		out.Fields["record_merged_vid__v"], out.Fields["record_state__v"] = out.Fields["vid__v"], "MERGED_INTO"
		out.Fields["vid__v"] = out.Fields["vid__v"].(string)[:17] + "9"
	}
	return out
}

func networkRecord(r world.Record) simveeva.Record {
	c := r.Customer
	fields := map[string]any{
		"vid__v": networkID(r.ID), "modified_date__v": simveeva.NetworkTime(r.Modified), "created_date__v": simveeva.NetworkTime(r.Created), "record_state__v": "VALID", "record_merged_vid__v": nil,
		"primary_country__v": "CN", "formatted_name__v": c.Name, "phone_1__v": first(c.Phones), "uscc__c": text(c.USCC), "licence__c": text(c.LicenceNo), "level__c": text(c.Level), "parent_hcos__v": []any{},
		"addresses__v": []any{map[string]any{"vid__v": networkID(r.ID), "address_line_1__v": text(c.Address.Text), "locality__v": text(c.Address.City), "administrative_area__v": text(c.Address.Province), "postal_code__v": "200000"}},
	}
	if c.Kind != canonical.HCP {
		fields["corporate_name__v"], fields["hco_type__v"] = c.Name, kindWords[c.Kind]
		return simveeva.Record{Kind: "HCO", Fields: fields}
	}
	fields["first_name__v"], fields["last_name__v"], fields["hcp_type__v"], fields["specialty_1__v"], fields["gender__v"] = nil, c.Name, "P", nil, text(c.Gender)
	fields["title__c"], fields["department__c"], fields["tier__c"] = text(c.Title), text(c.Department), text(c.Tier)
	if c.OrganisationID != "" {
		fields["parent_hcos__v"] = []any{map[string]any{"vid__v": "77" + r.ID, "parent_hco_vid__v": networkID(c.OrganisationID), "is_primary_relationship__v": "Y"}}
	}
	return simveeva.Record{Kind: "HCP", Fields: fields}
}

// NetworkRecords is a system's part of the world as Veeva Network holds it.
func NetworkRecords(w *world.World, sys world.System) simveeva.Records { return networkRecords{w, sys} }

// NetworkInstance is the instance without records.
func NetworkInstance(now func() time.Time, f *fault.Set) simveeva.NetworkOptions {
	return simveeva.NetworkOptions{Access: simveeva.Access{User: veevaUser, Password: veevaPassword, Now: now, Faults: f}}
}

// master is the bought customer master in Veeva Network.
func master() system {
	return system{
		name: string(world.Master), connector: "veeva-network", en: "a bought customer master: hospitals, doctors (Veeva Network)", zh: "外购客户主数据：医院、医生（Veeva Network）",
		streams: split("hco hcp"),
		by: served{"/network", func(s *stage, f *fault.Set) http.Handler {
			return simveeva.NewNetwork(NetworkInstance(s.now, f), NetworkRecords(s.w, world.Master))
		}},
		settings: func(s *stage) map[string]any {
			return map[string]any{
				"base_url": s.url + "/network", "user": veevaUser, "password": veevaPassword,
				"tenant_fields": map[string]any{"hco.uscc": "uscc__c", "hco.licence_no": "licence__c", "hco.level": "level__c", "hcp.title": "title__c", "hcp.department": "department__c", "hcp.tier": "tier__c"},
			}
		},
		id: func(_ canonical.CustomerKind, record string) string { return networkID(record) },
	}
}
