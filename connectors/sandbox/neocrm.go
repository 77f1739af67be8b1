package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simneocrm"
	"tributary/connectors/sandbox/world"
)

// neocrmRows makes the rows of an object when they are asked for.
type neocrmRows struct {
	n   int
	id  func(i int) int64
	row func(i int) map[string]any
}

func (r neocrmRows) Len() int                 { return r.n }
func (r neocrmRows) ID(i int) int64           { return r.id(i) }
func (r neocrmRows) Row(i int) map[string]any { return r.row(i) }

// Picklists of the tenant.
var (
	kindChoices   = map[int]string{1: "医院", 2: "诊所", 3: "药店", 4: "连锁总部", 5: "商业公司"}
	levelChoices  = map[int]string{1: "三级甲等", 2: "三级乙等", 3: "二级甲等", 4: "二级乙等", 5: "一级甲等", 11: "三甲", 12: "三乙", 13: "二甲", 14: "二乙", 15: "一甲"}
	titleChoices  = map[int]string{1: "住院医师", 2: "主治医师", 3: "副主任医师", 4: "主任医师"}
	genderChoices = map[int]string{1: "男", 2: "女"}
)

func choice(choices map[int]string, label string) any {
	for code, l := range choices {
		if l == label {
			return int64(code)
		}
	}
	return nil
}

// NeocrmObjects is the world as the sales force's system holds it.
func NeocrmObjects(w *world.World) []simneocrm.Object {
	accounts, contacts, patients := salesForce(w, world.SFA)
	s := &sfa{w: w}
	return []simneocrm.Object{s.accounts(accounts), s.contacts(contacts), s.patients(patients), s.visits(contacts), s.cases()}
}

type sfa struct{ w *world.World }

// records is the table of the i-th records of the system, with the fields that every object has.
func (s *sfa) records(at []int, fill func(r world.Record, row map[string]any)) neocrmRows {
	return neocrmRows{
		n:  len(at),
		id: func(i int) int64 { return number(s.w.RecordID(world.SFA, at[i])) },
		row: func(i int) map[string]any {
			r := s.w.Record(world.SFA, at[i])
			row := map[string]any{
				"id": number(r.ID), "createdAt": r.Created.UnixMilli(), "updatedAt": r.Modified.UnixMilli(), "ownerId": int64(31000 + at[i]%37), "entityType": int64(11010000001),
			}
			fill(r, row)
			for k, v := range row { // the platform leaves some empty keys out and sends others as null
				if v == nil && at[i]%2 == 0 {
					delete(row, k)
				}
			}
			return row
		},
	}
}

func number(id string) int64 {
	var n int64
	for _, c := range id {
		n = n*10 + int64(c-'0')
	}
	return n
}

func idOrNil(id string) any {
	if id == "" {
		return nil
	}
	return number(id)
}

func textFields(names ...string) []simneocrm.Field {
	var out []simneocrm.Field
	for _, n := range names {
		out = append(out, simneocrm.Field{Name: n, Label: n, Type: "text"})
	}
	return out
}

func (s *sfa) accounts(at []int) simneocrm.Object {
	return simneocrm.Object{
		APIKey: "account",
		Fields: append(textFields("id", "createdAt", "updatedAt", "ownerId", "entityType", "accountName", "fState", "fCity", "fDistrict", "address", "phone", "uscc__c", "licence__c"),
			simneocrm.Field{Name: "level", Label: "等级", Type: "picklist", Choices: levelChoices}, simneocrm.Field{Name: "kind__c", Label: "类型", Type: "picklist", Choices: kindChoices}),
		Rows: s.records(at, func(r world.Record, row map[string]any) {
			c := r.Customer
			row["accountName"], row["fState"], row["fCity"], row["fDistrict"], row["address"] = c.Name, text(c.Address.Province), text(c.Address.City), text(c.Address.County), text(c.Address.Text)
			row["phone"], row["uscc__c"], row["licence__c"] = first(c.Phones), text(c.USCC), text(c.LicenceNo)
			row["level"], row["kind__c"] = choice(levelChoices, c.Level), choice(kindChoices, kindWords[c.Kind])
		}),
	}
}

func first(in []string) any {
	if len(in) == 0 {
		return nil
	}
	return in[0]
}

func (s *sfa) contacts(at []int) simneocrm.Object {
	return simneocrm.Object{
		APIKey: "contact",
		Fields: append(textFields("id", "createdAt", "updatedAt", "ownerId", "entityType", "contactName", "accountId", "post", "mobile", "department__c", "tier__c"),
			simneocrm.Field{Name: "title__c", Label: "职称", Type: "picklist", Choices: titleChoices}, simneocrm.Field{Name: "gender", Label: "性别", Type: "picklist", Choices: genderChoices}),
		Rows: s.records(at, func(r world.Record, row map[string]any) {
			c := r.Customer
			row["contactName"], row["accountId"], row["accountId.accountName"] = c.Name, idOrNil(c.OrganisationID), text(c.Organisation)
			row["post"], row["mobile"], row["department__c"], row["tier__c"] = text(c.AdminTitle), first(c.Phones), text(c.Department), text(c.Tier)
			row["title__c"], row["gender"] = choice(titleChoices, c.Title), choice(genderChoices, c.Gender)
		}),
	}
}

func (s *sfa) patients(at []int) simneocrm.Object {
	return simneocrm.Object{
		APIKey: "patient__c",
		Fields: append(textFields("id", "createdAt", "updatedAt", "ownerId", "entityType", "name", "mobile__c", "nationalId__c", "address__c", "hospital__c"),
			simneocrm.Field{Name: "gender__c", Label: "性别", Type: "picklist", Choices: genderChoices}, simneocrm.Field{Name: "birthDate__c", Label: "出生日期", Type: "date"}),
		Rows: s.records(at, func(r world.Record, row map[string]any) {
			c := r.Customer
			row["name"], row["mobile__c"], row["nationalId__c"], row["address__c"] = c.Name, first(c.Phones), text(c.NationalID), text(fullAddress(c.Address))
			row["hospital__c"], row["hospital__c.accountName"], row["gender__c"] = idOrNil(c.OrganisationID), text(c.Organisation), choice(genderChoices, c.Gender)
			row["birthDate__c"] = midnight(c.BirthDate)
		}),
	}
}

// midnight is a business date the platform's way: epoch milliseconds of its beginning in China.
func midnight(d canonical.Date) any {
	if d.IsZero() {
		return nil
	}
	return d.Time().Add(-8 * time.Hour).UnixMilli()
}

const visitIDs = 9_500_000_000_000_001

// visits has one visit for every other contact, in the year that is simulated.
func (s *sfa) visits(contacts []int) simneocrm.Object {
	return simneocrm.Object{
		APIKey: "visitRecord",
		Fields: append(textFields("id", "createdAt", "updatedAt", "ownerId", "name", "contactId", "accountId", "content", "result"), simneocrm.Field{Name: "visitDate", Label: "拜访日期", Type: "date"}),
		Rows: neocrmRows{
			n:  len(contacts) / 2,
			id: func(i int) int64 { return int64(visitIDs + 3*i) },
			row: func(i int) map[string]any {
				r := s.w.Record(world.SFA, contacts[2*i])
				draw := rand.New(rand.NewPCG(s.w.Config.Seed, uint64(i)))
				day := s.w.From().AddDays(draw.IntN(365))
				done := day.Time().Add(9 * time.Hour).UnixMilli()
				return map[string]any{
					"id": int64(visitIDs + 3*i), "createdAt": done, "updatedAt": done + int64(draw.IntN(3600_000)), "ownerId": int64(31000 + i%37), "name": "学术拜访",
					"contactId": number(r.ID), "accountId": idOrNil(r.Customer.OrganisationID), "visitDate": midnight(day), "content": "产品资料沟通", "result": []string{"有意向", "继续跟进", "已处方"}[draw.IntN(3)],
				}
			},
		},
	}
}

const caseIDs = 9_700_000_000_000_001

// cases are the complaints that the sales force took down.
func (s *sfa) cases() simneocrm.Object {
	cases := casesOf(s.w, world.SFA)
	return simneocrm.Object{
		APIKey: "serviceCase",
		Fields: append(textFields("id", "createdAt", "updatedAt", "ownerId", "entityType", "name", "caseAccountId", "caseDescription", "product__c", "lot__c"),
			simneocrm.Field{Name: "caseSource", Label: "工单来源", Type: "picklist", Choices: map[int]string{1: "电话", 2: "邮件"}}, simneocrm.Field{Name: "caseStatus", Label: "工单状态", Type: "picklist", Choices: map[int]string{1: "处理中", 2: "已关闭"}}),
		Rows: neocrmRows{
			n:  len(cases),
			id: func(i int) int64 { return int64(caseIDs + 3*i) },
			row: func(i int) map[string]any {
				c := cases[i]
				at := s.w.From().AddDays(c.Day).Time().Add(9 * time.Hour).UnixMilli()
				return map[string]any{
					"id": int64(caseIDs + 3*i), "createdAt": at, "updatedAt": at + 3600_000, "ownerId": int64(31000 + i%37), "entityType": int64(11010045500001), "name": fmt.Sprintf("GD%07d", i),
					"caseAccountId": idOrNil(s.w.AccountOf(world.SFA, c.Customer)), "caseDescription": "外盒破损一盒", "caseSource": int64(1), "caseStatus": int64(1),
					"product__c": s.w.Products[c.Product].Code, "lot__c": s.w.Lots[c.Lot].Number,
				}
			},
		},
	}
}

// NewNeocrm is the sales force system over a world, to be served under any path.
func NewNeocrm(w *world.World, now func() time.Time, f *fault.Set) *simneocrm.Server {
	return simneocrm.New(simneocrm.Options{
		ClientID: neocrmClient, ClientSecret: neocrmSecret, Username: neocrmUser, Password: neocrmPassword, SecurityToken: neocrmToken, Now: now, Faults: f,
	}, NeocrmObjects(w)...)
}

// salesForceSystem is the maker's own sales force.
func salesForceSystem() system {
	return system{
		name: string(world.SFA), connector: "neocrm", en: "the sales force: accounts, doctors, patients, visits (Neocrm)", zh: "销售团队：客户、医生、患者、拜访（销售易）",
		streams: split("account contact patient visitRecord"),
		by:      served{"/neocrm", func(s *stage, f *fault.Set) http.Handler { return NewNeocrm(s.w, s.now, f) }},
		settings: func(s *stage) map[string]any {
			return map[string]any{
				"login_url": s.url + "/neocrm", "api_url": s.url + "/neocrm", "client_id": neocrmClient, "client_secret": neocrmSecret, "username": neocrmUser,
				"password": neocrmPassword, "security_token": neocrmToken,
				"tenant_fields": map[string]any{
					"account.uscc": "uscc__c", "account.licence_no": "licence__c", "account.kind": "kind__c", "contact.department": "department__c",
					"contact.title": "title__c", "contact.admin_title": "post", "contact.tier": "tier__c", "serviceCase.product": "product__c", "serviceCase.lot": "lot__c",
				},
			}
		},
	}
}
