package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simfxiaoke"
	"tributary/connectors/sandbox/world"
)

// fxiaokeRows makes the rows of an object when they are asked for.
type fxiaokeRows struct {
	n   int
	id  func(i int) string
	row func(i int) map[string]any
}

func (r fxiaokeRows) Len() int                 { return r.n }
func (r fxiaokeRows) ID(i int) string          { return r.id(i) }
func (r fxiaokeRows) Row(i int) map[string]any { return r.row(i) }

// fxiaokeID is an id of 24 characters in the order of the record numbers.
func fxiaokeID(object, record string) string { return fmt.Sprintf("%s%022s", object, record) }

func fxiaokeFields(names ...string) []simfxiaoke.Field {
	out := []simfxiaoke.Field{{Name: "_id", Type: "text"}, {Name: "create_time", Label: "创建时间", Type: "date_time"}, {Name: "last_modified_time", Label: "最后修改时间", Type: "date_time"},
		{Name: "owner", Label: "负责人", Type: "employee"}, {Name: "life_status", Label: "生命状态", Type: "select_one", Choices: map[string]string{"normal": "正常", "invalid": "作废", "under_review": "审核中"}}}
	for _, n := range names {
		out = append(out, simfxiaoke.Field{Name: n, Label: n, Type: "text"})
	}
	return out
}

func fxiaokeChoice(name, label string, choices map[string]string) simfxiaoke.Field {
	return simfxiaoke.Field{Name: name, Label: label, Type: "select_one", Choices: choices}
}

// FxiaokeObjects is a system's part of the world as 纷享销客 holds it.
func FxiaokeObjects(w *world.World, sys world.System) []simfxiaoke.Object {
	accounts, contacts, _ := salesForce(w, sys)
	cases := casesOf(w, sys)
	records := func(object string, at []int, fill func(i int, r world.Record, row map[string]any)) fxiaokeRows {
		return fxiaokeRows{n: len(at), id: func(i int) string { return fxiaokeID(object, w.RecordID(sys, at[i])) }, row: func(i int) map[string]any {
			r := w.Record(sys, at[i])
			row := fxiaokeRow(fxiaokeID(object, r.ID), r.Created, r.Modified, at[i])
			fill(i, r, row)
			return row
		}}
	}
	others := func(object string, n int, on func(i int) int, fill func(i int, row map[string]any)) fxiaokeRows {
		return fxiaokeRows{n: n, id: func(i int) string { return fxiaokeID(object, fmt.Sprint(i)) }, row: func(i int) map[string]any {
			day := w.From().AddDays(on(i)).Time()
			row := fxiaokeRow(fxiaokeID(object, fmt.Sprint(i)), day.Add(9*time.Hour), day.Add(10*time.Hour), i)
			fill(i, row)
			return row
		}}
	}
	anyDay := func(i int) int { return rand.New(rand.NewPCG(w.Config.Seed, uint64(i))).IntN(365) }
	lookUp := func(row map[string]any, id, name string) {
		if id != "" {
			row["account_id"], row["account_id__r"] = fxiaokeID("61", id), name
		}
	}
	return []simfxiaoke.Object{
		{APIName: "AccountObj", Fields: append(fxiaokeFields("name", "account_no", "parent_account_id", "province", "city", "district", "address", "tel", "uscc__c", "licence__c", "level__c"),
			fxiaokeChoice("account_type", "客户类型", map[string]string{"1": "医院", "2": "诊所", "3": "药店", "4": "连锁总部", "5": "商业公司"}), fxiaokeChoice("record_type", "业务类型", map[string]string{"default__c": "预设业务类型"})),
			Rows: records("61", accounts, func(_ int, r world.Record, row map[string]any) {
				c := r.Customer
				row["name"], row["account_no"], row["address"], row["tel"], row["record_type"] = c.Name, "A"+r.ID, text(c.Address.Text), first(c.Phones), "default__c"
				row["uscc__c"], row["licence__c"], row["level__c"] = text(c.USCC), text(c.LicenceNo), text(c.Level)
				row["account_type"] = map[string]string{"医院": "1", "诊所": "2", "药店": "3", "连锁总部": "4", "商业公司": "5"}[kindWords[c.Kind]]
				for field, place := range map[string]string{"province": c.Address.Province, "city": c.Address.City, "district": c.Address.County} {
					if place != "" {
						row[field], row[field+"__r"] = "251", place
					}
				}
			})},
		{APIName: "ContactObj", Fields: append(fxiaokeFields("name", "account_id", "job_title", "mobile", "email", "department__c", "title__c", "tier__c"), fxiaokeChoice("gender", "性别", map[string]string{"1": "男", "2": "女"})),
			Rows: records("62", contacts, func(_ int, r world.Record, row map[string]any) {
				c := r.Customer
				row["name"], row["job_title"], row["mobile"], row["department__c"], row["title__c"], row["tier__c"] = c.Name, text(c.AdminTitle), first(c.Phones), text(c.Department), text(c.Title), text(c.Tier)
				if c.Gender != "" {
					row["gender"] = map[string]string{"男": "1", "女": "2"}[c.Gender]
				}
				lookUp(row, c.OrganisationID, c.Organisation)
			})},
		{APIName: "ActiveRecordObj", Fields: append(fxiaokeFields("name", "contact_id", "account_id", "active_record_content"),
			fxiaokeChoice("active_record_type", "跟进类型", map[string]string{"1": "拜访", "2": "电话"}), simfxiaoke.Field{Name: "visit_date__c", Label: "拜访日期", Type: "date"}),
			Rows: others("63", len(contacts)/2, anyDay, func(i int, row map[string]any) {
				r := w.Record(sys, contacts[i])
				row["contact_id"], row["contact_id__r"] = fxiaokeID("62", r.ID), r.Customer.Name
				row["name"], row["active_record_type"], row["active_record_content"] = fmt.Sprintf("AR%07d", i), "1", "产品资料沟通"
				row["visit_date__c"] = row["create_time"].(int64) - 9*3600_000 - 8*3600_000
				lookUp(row, r.Customer.OrganisationID, r.Customer.Organisation)
			})},
		{APIName: "CasesObj", Fields: append(fxiaokeFields("name", "contact_id", "account_id", "problem_description", "product__c", "lot__c"),
			fxiaokeChoice("case_source", "工单来源", map[string]string{"phone": "电话", "web": "网站"}), fxiaokeChoice("priority", "优先级", map[string]string{"2": "普通"}), fxiaokeChoice("case_status", "状态", map[string]string{"open": "处理中"})),
			Rows: others("64", len(cases), func(i int) int { return cases[i].Day }, func(i int, row map[string]any) {
				c := cases[i]
				row["name"], row["problem_description"], row["case_source"], row["priority"], row["case_status"] = fmt.Sprintf("GD%07d", i), "外盒破损一盒", "phone", "2", "open"
				row["product__c"], row["lot__c"] = w.Products[c.Product].Code, w.Lots[c.Lot].Number
				lookUp(row, w.AccountOf(sys, c.Customer), w.Customers[c.Customer].Name)
			})},
	}
}

func fxiaokeRow(id string, created, modified time.Time, i int) map[string]any {
	return map[string]any{
		"_id": id, "create_time": created.UnixMilli(), "last_modified_time": modified.UnixMilli(), "life_status": "normal", "is_deleted": false,
		"owner": []string{fmt.Sprint(1000 + i%37)}, "owner__r": map[string]any{"id": fmt.Sprint(1000 + i%37), "name": "代表甲"},
	}
}

// county is the county team in 纷享销客.
func county() system {
	return system{
		name: string(world.County), connector: "fxiaoke", en: "the county team: hospitals, clinics, doctors, cases (Fxiaoke)", zh: "县域团队：医院、诊所、医生、投诉（纷享销客）",
		streams: split("account contact visit case"),
		by: served{"/fxiaoke", func(s *stage, f *fault.Set) http.Handler {
			return simfxiaoke.New(FxiaokeTenant(s.now, f), FxiaokeObjects(s.w, world.County)...)
		}},
		settings: func(s *stage) map[string]any {
			return map[string]any{
				"base_url": s.url + "/fxiaoke", "app_id": fxiaokeApp, "app_secret": fxiaokeSecret, "permanent_code": fxiaokeCode, "user": fxiaokeUser,
				"tenant_fields": map[string]any{
					"account.uscc": "uscc__c", "account.licence_no": "licence__c", "account.level": "level__c", "contact.department": "department__c", "contact.title": "title__c",
					"contact.admin_title": "job_title", "contact.tier": "tier__c", "visit.date": "visit_date__c", "case.product": "product__c", "case.lot": "lot__c",
				},
			}
		},
		id: func(kind canonical.CustomerKind, record string) string {
			return fxiaokeID(map[bool]string{false: "61", true: "62"}[kind.Person()], record)
		},
	}
}

// FxiaokeTenant is the tenant without data or quotas.
func FxiaokeTenant(now func() time.Time, f *fault.Set) simfxiaoke.Options {
	return simfxiaoke.Options{AppID: fxiaokeApp, AppSecret: fxiaokeSecret, PermanentCode: fxiaokeCode, Enterprise: "sandbox_ea", User: fxiaokeUser, Now: now, Faults: f}
}
