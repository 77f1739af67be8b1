package events_test

import (
	"time"

	"tributary/canonical"
	"tributary/events"
)

// example is a rendered event of a type, as one of each type goes out.
type example struct {
	name string
	evs  []events.Event
}

func date(s string) canonical.Date {
	d, err := canonical.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func id(n byte) canonical.ID {
	return canonical.ID{0x01, 0x95, 0x51, 0x10, n, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, n}
}

func ptr[T any](v T) *T { return &v }

// examples has at least one event of every type of the catalogue.
func examples() []example {
	at := time.Date(2026, 3, 1, 8, 30, 0, 120_000_000, time.FixedZone("+08:00", 8*3600))
	meta := func(op events.Op, version int64) events.Meta {
		return events.Meta{Op: op, Version: version, Time: at, Resolve: id(9).String()}
	}
	plain := func(op events.Op, version int64) events.Meta { return events.Meta{Op: op, Version: version, Time: at} }
	record := canonical.RecordKey{Source: "crm", ID: "H-001"}
	hospital := events.GoldenValue{
		GoldenID: id(1), Kind: canonical.Hospital, Name: "杭州市第一人民医院", Aliases: []string{"市一医院"},
		Identifiers: map[string]string{"uscc": "12330100470116614U"}, Division: "330102",
		Address: canonical.Address{Province: "浙江省", City: "杭州市", County: "上城区", Text: "浣纱路261号"},
		Phones:  []string{"0571-****5678"}, Attributes: map[string]string{"level": "三甲"}, Tags: []string{"key"},
		Completeness: 62, Sources: []canonical.RecordKey{record}, UpdatedAt: at,
		Affiliations: []events.GoldenAffiliation{{GoldenID: id(2), Name: "王伟", Direction: "from", Role: "employee", Department: "心内科", Primary: true}},
	}
	doctor := events.GoldenValue{GoldenID: id(2), Kind: canonical.HCP, Name: "王伟", UpdatedAt: at}
	seller := events.Party{GoldenID: ptr(id(3)), Source: "flow:M", SourceID: "@", Code: "M"}
	buyer := events.Party{Source: "flow:M", SourceID: "D1"}
	movement := events.MovementValue{
		MovementID: id(4), Seller: seller, Buyer: &buyer, Product: "P1", Lot: "250301", Quantity: canonical.Units(20), Unit: "盒",
		Date: date("2026-02-27"), Kind: canonical.Sale, Grade: canonical.GradeA, Match: "match", DocNo: "XS-77", Evidence: []canonical.ID{id(4), id(5)},
	}
	used := movement
	used.MovementID, used.Buyer, used.Kind, used.Match, used.Lot, used.Grade = id(6), nil, canonical.Used, "own", "", canonical.GradeF
	superseded := movement
	superseded.SupersededBy = id(7)
	activity := events.ActivityValue{Source: "sfa", SourceID: "V-9", Customer: events.Party{GoldenID: ptr(id(2)), Source: "sfa", SourceID: "D-4"},
		Kind: "visit", Date: date("2026-02-28"), Subject: "新品介绍", Owner: "u17", Minutes: "30", Value: canonical.Units(1), Result: "已完成"}
	stockParty := canonical.RecordKey{Source: "flow:D1", ID: "@"}
	stock := events.StockValue{Party: events.Party{GoldenID: ptr(id(8)), Source: "flow:D1", SourceID: "@", Code: "D1"}, Product: "P1", Lot: "250301",
		Date: date("2026-02-28"), Unit: "盒", Available: canonical.Units(180), InTransit: 500_000}
	affiliation := events.AffiliationValue{AffiliationID: id(10), From: id(2), To: id(1), Role: "employee", Department: "心内科", Primary: true,
		ValidFrom: date("2024-01-01"), Sources: []canonical.RecordKey{{Source: "crm", ID: "A-1"}}}
	product := events.ProductValue{Code: "P1", Name: "阿司匹林肠溶片", Spec: "100mg×30片", ApprovalNo: "国药准字H20000001", Maker: "百川制药有限公司",
		GTIN: "06901234567892", Unit: "盒", CaseFactor: canonical.Units(200), InnerFactor: canonical.Units(10)}
	lot := events.LotValue{Product: "P1", Lot: "250301", Quantity: canonical.Units(5000), MfgDate: date("2025-03-01"), ExpDate: date("2028-02-29")}
	run := events.RunValue{RunID: id(11), Connection: "erp", Source: "erp", Stream: "BD_Customer", Status: "done", Read: 10, Canonical: 7,
		Unchanged: 1, Quarantined: 1, Filtered: 1, StartedAt: at.UTC(), FinishedAt: at.UTC().Add(time.Second),
		Warnings: []events.RunWarning{{Code: "ingest.drift", Args: map[string]string{"added": "FGrade", "gone": "–", "retyped": "–"}}}}
	row := events.QuarantineValue{QuarantineID: id(12), Source: "D1", Stream: "sales", RunID: id(11), File: "sales.csv", Row: 17, Field: "quantity",
		Rule: "quantity", Reason: "canonical.invalid"}
	replied := at.UTC()
	complaint := events.ComplaintValue{ComplaintID: id(13), Number: "C-2026-0001", State: "replied", Source: "crm", SourceID: "K-77", Origin: "pharmacy", Type: "packaging",
		Severity: "minor", Product: "P1", Lot: "250301", Quantity: canonical.Units(2), Owner: "qa1", Reply: "已换货", RepliedAt: &replied, ReceivedAt: at.UTC(), Actor: "os:qa1"}
	recall := events.RecallValue{RecallID: id(14), Number: "R-2026-0001", Kind: "voluntary", Class: "II", State: "in_progress", Product: "P1", Lots: []string{"250301"}, ScopeVersion: 1,
		Complaints: []string{"C-2026-0001"}, Parties: 8, Possible: 1, Notified: 8, Answered: 3, DueAt: &replied, Actor: "os:qp",
		Reply: &events.RecallReply{Stage: "quantity", Held: canonical.Units(120)}, Party: &events.RecallParty{GoldenID: id(3).String(), Code: "D1", Lot: "250301"},
		Balance: []events.RecallTotal{{Lot: "250301", Released: canonical.Units(5000), Gap: canonical.Units(20)}}}
	order := events.OrderStatusValue{OrderID: id(15), Key: "CRM-2026-000123", State: canonical.OrderAccepted, Connection: "erp", Requester: "crm", Reference: "SO-123"}
	stood := func(state canonical.OrderState, number, step, problem string) events.OrderStatusValue {
		v := order
		v.State, v.Number, v.Step, v.Problem, v.Attempts = state, number, step, problem, 1
		return v
	}
	feed := events.FeedValue{Party: "D1", Ledger: canonical.Sales, Missing: 3, LastDate: date("2026-02-25"), LastAt: at, Cadence: "daily", Reason: "erp_changed"}
	one := func(name string, e events.Event) example { return example{name, []events.Event{e}} }
	return []example{
		one("complaint opened", events.Complaint(plain(events.Opened, 1), complaint)),
		one("complaint updated", events.Complaint(plain(events.Updated, 2), complaint)),
		one("complaint closed", events.Complaint(plain(events.Closed, 3), complaint)),
		one("feed silent", events.Feed(plain(events.Silent, 1), feed)),
		one("feed resumed", events.Feed(plain(events.Resumed, 2), feed)),
		one("recall opened", events.Recall(plain(events.Opened, 1), events.RecallValue{RecallID: id(14), Number: "R-2026-0001"})),
		one("recall updated", events.Recall(plain(events.Updated, 2), recall)),
		one("recall notified", events.Recall(plain(events.Notified, 3), recall)),
		one("recall reminded", events.Recall(plain(events.Reminded, 4), recall)),
		one("recall replied", events.Recall(plain(events.Replied, 5), recall)),
		one("recall reconciled", events.Recall(plain(events.Reconciled, 6), recall)),
		one("recall closed", events.Recall(plain(events.Closed, 7), recall)),
		one("golden created", events.Golden(meta(events.Created, 1), hospital)),
		one("golden created, a person", events.Golden(meta(events.Created, 1), doctor)),
		one("golden updated", events.Golden(plain(events.Updated, 2), hospital)),
		one("golden split", events.Golden(meta(events.Split, 3), hospital)),
		one("golden merged", events.GoldenMerged(meta("", 4), id(1), id(3))),
		one("golden inactivated", events.GoldenInactive(meta("", 5), id(1))),
		{"golden deleted", events.GoldenErased(meta("", 6), id(2))},
		one("crosswalk created", events.Crosswalk(meta(events.Created, 1), record, id(1))),
		one("crosswalk updated", events.Crosswalk(meta(events.Updated, 2), record, id(3))),
		one("crosswalk deleted", events.CrosswalkGone(meta("", 3), record)),
		one("affiliation created", events.Affiliation(meta(events.Created, 1), affiliation)),
		one("affiliation updated", events.Affiliation(meta(events.Updated, 2), affiliation)),
		one("affiliation deleted", events.AffiliationGone(meta("", 3), id(10))),
		one("product created", events.Product(plain(events.Created, 1), product)),
		one("product updated", events.Product(plain(events.Updated, 2), product)),
		one("product deleted", events.ProductGone(plain("", 3), "P1")),
		one("lot created", events.Lot(plain(events.Created, 1), lot)),
		one("lot updated", events.Lot(plain(events.Updated, 2), lot)),
		one("lot deleted", events.LotGone(plain("", 3), "P1", "250301")),
		one("stock created", events.Stock(plain(events.Created, 1), stock)),
		one("stock updated", events.Stock(plain(events.Updated, 2), stock)),
		one("stock deleted", events.StockGone(plain("", 3), stockParty, "P1", "250301")),
		one("movement created", events.Movement(plain(events.Created, 1), movement)),
		one("movement created, used up", events.Movement(plain(events.Created, 1), used)),
		one("movement updated", events.Movement(plain(events.Updated, 2), movement)),
		one("movement voided", events.Movement(plain(events.Voided, 3), movement)),
		one("movement superseded", events.Movement(plain(events.Superseded, 4), superseded)),
		one("activity created", events.Activity(plain(events.Created, 1), activity, id(2))),
		one("activity updated", events.Activity(plain(events.Updated, 2), activity, canonical.ID{})),
		one("activity deleted", events.Activity(plain(events.Deleted, 3), activity, canonical.ID{})),
		one("quarantine opened", events.Quarantine(plain(events.Opened, 1), row)),
		one("quarantine replayed", events.Quarantine(plain(events.Replayed, 2), row)),
		one("quarantine discarded", events.Quarantine(plain(events.Discarded, 2), row)),
		one("order accepted", events.OrderStatus(plain(events.Accepted, 1), order)),
		one("order unknown", events.OrderStatus(plain(events.Unknown, 2), stood(canonical.OrderUnknown, "", "", "no answer"))),
		one("order sent", events.OrderStatus(plain(events.Sent, 3), stood(canonical.OrderSent, "XSDD000001", "submitted", "客户信用额度不足"))),
		one("order confirmed", events.OrderStatus(plain(events.Confirmed, 3), stood(canonical.OrderConfirmed, "XSDD000001", "audited", ""))),
		one("order refused", events.OrderStatus(plain(events.Refused, 2), stood(canonical.OrderRefused, "", "", "客户“C9”不存在或已禁用"))),
		one("order conflicted", events.OrderStatus(plain(events.Conflicted, 4), stood(canonical.OrderConfirmed, "XSDD000001", "audited", "other content"))),
		one("run finished", events.Run(plain("", 1), run)),
	}
}
