package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simveeva"
	"tributary/connectors/sandbox/world"
)

// veevaRows makes rows when they are asked for.
type veevaRows struct {
	n   int
	row func(i int) map[string]any
}

func (r veevaRows) Len() int                 { return r.n }
func (r veevaRows) Row(i int) map[string]any { return r.row(i) }

// vaultTime is a time as Vault writes it.
func vaultTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// vaultID is an id in the order of the record numbers.
func vaultID(prefix, record string) string { return fmt.Sprintf("%s%018s", prefix, record) }

func vaultFields(names ...string) []simveeva.Field {
	out := []simveeva.Field{
		{Name: "id", Label: "ID", Type: "ID"}, {Name: "name__v", Label: "Name", Type: "String"}, {Name: "modified_date__v", Label: "Last Modified Date", Type: "DateTime"},
		{Name: "created_date__v", Label: "Created Date", Type: "DateTime"}, {Name: "status__v", Label: "Status", Type: "Picklist", Picklist: "default_status__v", Values: map[string]string{"active__v": "Active", "inactive__v": "Inactive"}},
		{Name: "object_type__v", Label: "Object Type", Type: "Object", Object: "object_type__v", Outbound: "object_type__vr"},
	}
	for _, n := range names {
		out = append(out, simveeva.Field{Name: n, Label: n, Type: "String"})
	}
	return out
}

func vaultRow(id, name, objectType string, created, modified time.Time) map[string]any {
	return map[string]any{
		"id": id, "name__v": name, "modified_date__v": vaultTime(modified), "created_date__v": vaultTime(created), "status__v": []string{"active__v"},
		"object_type__v": "OOT00000000" + objectType, "object_type__vr.name__v": objectType,
	}
}

// vaultKinds are the institutions' types and their words; vaultProvinces the names of a picklist of places.
var vaultKinds = map[string]string{"hospital__v": "医院", "clinic__v": "诊所", "pharmacy__v": "药店", "chain__c": "连锁总部", "distributor__c": "商业公司"}

func vaultProvinces(w *world.World, sys world.System) map[string]string {
	out := map[string]string{}
	for i := range w.Len(sys) {
		if p := w.Record(sys, i).Customer.Address.Province; p != "" {
			out[provinceName(p)] = p
		}
	}
	return out
}

func provinceName(province string) string { return fmt.Sprintf("cn_%x__c", province) }

// VaultObjects is a system's part of the world as Vault CRM holds it.
func VaultObjects(w *world.World, sys world.System) []simveeva.Object {
	accounts, contacts, _ := salesForce(w, sys)
	both := slices.Sorted(slices.Values(slices.Concat(accounts, contacts)))
	address := func(at int) map[string]any {
		r := w.Record(sys, at)
		a := r.Customer.Address
		row := vaultRow(vaultID("V5A", r.ID), a.Text, "address__v", r.Created, r.Modified)
		row["account__v"], row["primary__v"], row["city__v"], row["zip__v"], row["state__v"] = vaultID("V4T", r.ID), true, text(a.City), "200000", nil
		if a.Province != "" {
			row["state__v"] = []string{provinceName(a.Province)}
		}
		if a.Text == "" {
			row["name__v"] = nil
		}
		return row
	}
	return []simveeva.Object{
		{Name: "account__v", Fields: append(vaultFields("external_id__v", "specialty_1__v", "phone__v", "uscc__c", "licence__c", "level__c", "title__c", "department__c", "tier__c"),
			simveeva.Field{Name: "ispersonaccount__v", Type: "Boolean"}, simveeva.Field{Name: "hco_type__v", Type: "Picklist", Picklist: "hco_type__v", Values: vaultKinds},
			simveeva.Field{Name: "gender__v", Type: "Picklist", Picklist: "gender__v", Values: map[string]string{"male__v": "男", "female__v": "女"}},
			simveeva.Field{Name: "primary_parent__v", Type: "Object", Object: "account__v", Outbound: "primary_parent__vr"}),
			Rows: veevaRows{len(both), func(i int) map[string]any { return vaultAccount(w.Record(sys, both[i]), address(both[i])) }}},
		{Name: "address__v", Fields: append(vaultFields("city__v", "zip__v"), simveeva.Field{Name: "primary__v", Type: "Boolean"}, simveeva.Field{Name: "state__v", Type: "Picklist", Picklist: "state__v", Values: vaultProvinces(w, sys)},
			simveeva.Field{Name: "account__v", Type: "Object", Object: "account__v", Outbound: "account__vr", Inbound: "address__vr"}),
			Rows: veevaRows{len(both), func(i int) map[string]any { return address(both[i]) }}},
		vaultCalls(w, sys, contacts),
	}
}

func vaultAccount(r world.Record, address map[string]any) map[string]any {
	c := r.Customer
	kind := map[string]string{"医院": "hospital__v", "诊所": "clinic__v", "药店": "pharmacy__v", "连锁总部": "chain__c", "商业公司": "distributor__c"}[kindWords[c.Kind]]
	person := kind == ""
	if person {
		kind = "professional__v"
	}
	row := vaultRow(vaultID("V4T", r.ID), c.Name, kind, r.Created, r.Modified)
	row["ispersonaccount__v"], row["external_id__v"], row["phone__v"], row["address__vr"] = person, "A"+r.ID, first(c.Phones), []map[string]any{address}
	row["uscc__c"], row["licence__c"], row["level__c"], row["title__c"], row["department__c"], row["tier__c"] = text(c.USCC), text(c.LicenceNo), text(c.Level), text(c.Title), text(c.Department), text(c.Tier)
	if !person {
		row["hco_type__v"] = []string{kind}
	}
	if c.Gender != "" {
		row["gender__v"] = []string{map[string]string{"男": "male__v", "女": "female__v"}[c.Gender]}
	}
	if c.OrganisationID != "" {
		row["primary_parent__v"], row["primary_parent__vr.name__v"] = vaultID("V4T", c.OrganisationID), c.Organisation
	}
	return row
}

// vaultCalls are calls on doctors; every tenth is one of a group: a header, and a call for each attendee.
func vaultCalls(w *world.World, sys world.System, contacts []int) simveeva.Object {
	const group = 10
	call := func(i int) map[string]any {
		day := w.From().AddDays(rand.New(rand.NewPCG(w.Config.Seed, uint64(i/group))).IntN(365))
		row := vaultRow(vaultID("V5C", fmt.Sprint(i)), fmt.Sprintf("C-%06d", i), "call__v", day.Time().Add(9*time.Hour), day.Time().Add(10*time.Hour))
		row["account__v"], row["call_date__v"], row["ownerid__v"], row["ownerid__vr.name__v"] = vaultID("V4T", w.RecordID(sys, contacts[i])), day.String(), "120021", "代表甲"
		row["call_type__v"], row["parent_call__v"] = []string{"detail_only__v"}, nil
		if i%group < 3 && i/group*group+2 < len(contacts) {
			row["call_type__v"] = []string{"group_detail__v"}
			if header := i / group * group; i > header {
				row["parent_call__v"] = vaultID("V5C", fmt.Sprint(header))
			} else {
				row["call2__vr"] = []map[string]any{{"id": vaultID("V5C", fmt.Sprint(i+1))}, {"id": vaultID("V5C", fmt.Sprint(i+2))}}
			}
		}
		return row
	}
	return simveeva.Object{Name: "call2__v", Fields: append(vaultFields(), simveeva.Field{Name: "call_date__v", Type: "Date"},
		simveeva.Field{Name: "call_type__v", Type: "Picklist", Picklist: "call_type__v", Values: map[string]string{"detail_only__v": "Detail Only", "group_detail__v": "Group Detail"}},
		simveeva.Field{Name: "account__v", Type: "Object", Object: "account__v", Outbound: "account__vr", Inbound: "calls__vr"}, simveeva.Field{Name: "ownerid__v", Type: "Object", Object: "user__sys", Outbound: "ownerid__vr"},
		simveeva.Field{Name: "parent_call__v", Type: "Object", Object: "call2__v", Outbound: "parent_call__vr", Inbound: "call2__vr"}),
		Rows: veevaRows{len(contacts), call}}
}

// vaccines is the vaccines unit in Veeva Vault CRM.
func vaccines() system {
	return system{
		name: string(world.Vaccines), connector: "veeva-vault", en: "the vaccines unit: hospitals, clinics, doctors, calls (Veeva Vault CRM)", zh: "疫苗事业部：医院、诊所、医生、拜访（Veeva Vault CRM）",
		streams: split("hco hcp call"),
		by: served{"/vault", func(s *stage, f *fault.Set) http.Handler {
			return simveeva.NewVault(VaultTenant(s.now, f), VaultObjects(s.w, world.Vaccines)...)
		}},
		settings: func(s *stage) map[string]any {
			return map[string]any{
				"base_url": s.url + "/vault", "user": veevaUser, "password": veevaPassword,
				"tenant_fields": map[string]any{
					"hco.uscc": "uscc__c", "hco.licence_no": "licence__c", "hco.level": "level__c", "hcp.title": "title__c", "hcp.department": "department__c", "hcp.tier": "tier__c",
				},
			}
		},
		id: func(_ canonical.CustomerKind, record string) string { return vaultID("V4T", record) },
	}
}

// VaultTenant is the vault without data, with room for many calls.
func VaultTenant(now func() time.Time, f *fault.Set) simveeva.VaultOptions {
	return simveeva.VaultOptions{Access: simveeva.Access{User: veevaUser, Password: veevaPassword, Now: now, Faults: f}, VaultID: 1000123, Burst: 100_000, Delay: 5 * time.Millisecond}
}
