package hub_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/builtin"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simdataverse"
	"tributary/connectors/sandbox/simfxiaoke"
	"tributary/connectors/sandbox/simneocrm"
	"tributary/connectors/sandbox/simsalesforce"
	"tributary/hub"
	"tributary/internal/config"
)

// writtenSystem is a system with three hospitals and one complaint that gets fields back.
type writtenSystem struct {
	handler          http.Handler
	hospitals, cases string // streams
	address          []string
	ids              []string
	complaint        string
	get              func(stream, id, field string) string
	writes           func() int
	product, lot     string // tenant fields
}

var writtenNames = []string{"丁家桥中心医院", "鹿鸣路康复医院", "望江楼骨伤医院"}

func text(row map[string]any, field string) string { s, _ := row[field].(string); return s }

const goldenField, stateField = "golden__c", "state__c"

// writtenSystems starts systems by the name of their connector.
var writtenSystems = map[string]func(clock func() time.Time) writtenSystem{
	"salesforce": writtenSalesforce, "dynamics365": writtenDynamics, "neocrm": writtenNeocrm, "fxiaoke": writtenFxiaoke,
}

func writtenSalesforce(clock func() time.Time) writtenSystem {
	at := clock().Add(-time.Hour)
	sf := writtenSystem{hospitals: "Account", cases: "Case", address: []string{"login_url"}, complaint: "500000000000000007", product: "Product__c", lot: "Lot__c"}
	stamp := at.UTC().Format("2006-01-02T15:04:05.000") + "+0000"
	var accounts simsalesforce.List
	for i, name := range writtenNames {
		sf.ids = append(sf.ids, fmt.Sprintf("001%015d", i))
		accounts = append(accounts, map[string]any{"Id": sf.ids[i], "IsDeleted": false, "SystemModstamp": stamp, "Name": name, "BillingCity": "广州市"})
	}
	sfText := func(names ...string) (out []simsalesforce.Field) {
		for _, n := range append([]string{"Id", "IsDeleted", "SystemModstamp"}, names...) {
			out = append(out, simsalesforce.Field{Name: n, Type: "string"})
		}
		return out
	}
	settings := sandbox.Settings("salesforce", "")
	sfServer := simsalesforce.New(simsalesforce.Options{ClientID: settings["client_id"].(string), ClientSecret: settings["client_secret"].(string), Now: clock},
		simsalesforce.Object{Name: "Account", Fields: sfText("Name", "BillingCity", goldenField), Rows: accounts},
		simsalesforce.Object{Name: "Case", Fields: sfText("CaseNumber", "Description", "Status", "Product__c", "Lot__c", stateField),
			Rows: simsalesforce.List{{"Id": sf.complaint, "IsDeleted": false, "SystemModstamp": stamp, "CaseNumber": "7", "Description": "胶囊破损", "Status": "New", "Product__c": "AMX24", "Lot__c": "250301"}}})
	sf.handler, sf.writes = sfServer, sfServer.Writes
	sf.get = func(stream, id, field string) string { return text(sfServer.Row(stream, id), field) }
	return sf
}

func writtenDynamics(clock func() time.Time) writtenSystem {
	at := clock().Add(-time.Hour)
	dv := writtenSystem{hospitals: "accounts", cases: "incidents", address: []string{"base_url", "authority"}, complaint: "00000004-0000-0000-0000-000000000007", product: "new_product", lot: "new_lot"}
	var rows []map[string]any
	for i, name := range writtenNames {
		dv.ids = append(dv.ids, fmt.Sprintf("00000001-0000-0000-0000-%012d", i))
		rows = append(rows, map[string]any{"accountid": dv.ids[i], "modifiedon": at.UTC().Format(time.RFC3339), "statecode": 0, "name": name, "address1_city": "广州市"})
	}
	dvText := func(id string, names ...string) (out []simdataverse.Attribute) {
		for _, n := range append([]string{id, "modifiedon", "statecode"}, names...) {
			out = append(out, simdataverse.Attribute{Name: n, Type: "String"})
		}
		return out
	}
	settings := sandbox.Settings("dynamics365", "")
	dvServer := simdataverse.New(simdataverse.Options{TenantID: settings["tenant_id"].(string), ClientID: settings["client_id"].(string), ClientSecret: settings["client_secret"].(string), Now: clock},
		simdataverse.Table{Set: "accounts", Logical: "account", ID: "accountid", Attributes: dvText("accountid", "name", "address1_city", goldenField), Rows: func() []map[string]any { return rows }},
		simdataverse.Table{Set: "incidents", Logical: "incident", ID: "incidentid", Attributes: dvText("incidentid", "ticketnumber", "description", "createdon", "new_product", "new_lot", stateField), Rows: func() []map[string]any {
			return []map[string]any{{"incidentid": dv.complaint, "modifiedon": at.UTC().Format(time.RFC3339), "createdon": at.UTC().Format(time.RFC3339), "statecode": 0, "ticketnumber": "7", "description": "胶囊破损", "new_product": "AMX24", "new_lot": "250301"}}
		}})
	dv.handler, dv.writes = dvServer, dvServer.Writes
	dv.get = func(stream, id, field string) string { return text(dvServer.Row(stream, id), field) }
	return dv
}

func writtenNeocrm(clock func() time.Time) writtenSystem {
	at := clock().Add(-time.Hour)
	nc := writtenSystem{hospitals: "account", cases: "serviceCase", address: []string{"login_url", "api_url"}, complaint: "9100000000000007", product: "product__c", lot: "lot__c"}
	var list simneocrm.List
	for i, name := range writtenNames {
		nc.ids = append(nc.ids, fmt.Sprint(9_200_000_000_000_001+i))
		list = append(list, map[string]any{"id": int64(9_200_000_000_000_001 + i), "createdAt": at.UnixMilli(), "updatedAt": at.UnixMilli(), "accountName": name, "city": "广州市"})
	}
	ncText := func(names ...string) (out []simneocrm.Field) {
		for _, n := range append([]string{"id", "createdAt", "updatedAt"}, names...) {
			out = append(out, simneocrm.Field{Name: n, Type: "text"})
		}
		return out
	}
	settings := sandbox.Settings("neocrm", "")
	ncServer := simneocrm.New(simneocrm.Options{ClientID: settings["client_id"].(string), ClientSecret: settings["client_secret"].(string), Username: settings["username"].(string), Password: settings["password"].(string), SecurityToken: settings["security_token"].(string), Now: clock},
		simneocrm.Object{APIKey: "account", Fields: ncText("accountName", "city", goldenField), Rows: list},
		simneocrm.Object{APIKey: "serviceCase", Fields: ncText("name", "caseDescription", "product__c", "lot__c", stateField),
			Rows: simneocrm.List{{"id": int64(9_100_000_000_000_007), "createdAt": at.UnixMilli(), "updatedAt": at.UnixMilli(), "name": "7", "caseDescription": "胶囊破损", "product__c": "AMX24", "lot__c": "250301"}}})
	nc.handler, nc.writes = ncServer, ncServer.Writes
	nc.get = func(stream, id, field string) string {
		var n int64
		_, _ = fmt.Sscan(id, &n)
		return text(ncServer.Row(stream, n), field)
	}
	return nc
}

func writtenFxiaoke(clock func() time.Time) writtenSystem {
	at := clock().Add(-time.Hour)
	fx := writtenSystem{hospitals: "account", cases: "case", address: []string{"base_url"}, complaint: fmt.Sprintf("64%022d", 7), product: "product__c", lot: "lot__c"}
	var objects simfxiaoke.List
	row := func(id, name string) map[string]any {
		return map[string]any{"_id": id, "create_time": at.UnixMilli(), "last_modified_time": at.UnixMilli(), "life_status": "normal", "name": name}
	}
	for i, name := range writtenNames {
		fx.ids = append(fx.ids, fmt.Sprintf("61%022d", i))
		objects = append(objects, row(fx.ids[i], name))
		objects[i]["address"] = "广州市"
	}
	fxText := func(names ...string) (out []simfxiaoke.Field) {
		for _, n := range append([]string{"name"}, names...) {
			out = append(out, simfxiaoke.Field{Name: n, Type: "text"})
		}
		return out
	}
	complaint := row(fx.complaint, "7")
	complaint["problem_description"], complaint["product__c"], complaint["lot__c"] = "胶囊破损", "AMX24", "250301"
	fxServer := simfxiaoke.New(sandbox.FxiaokeTenant(clock, nil),
		simfxiaoke.Object{APIName: "AccountObj", Fields: fxText("address", goldenField), Rows: objects},
		simfxiaoke.Object{APIName: "CasesObj", Fields: fxText("problem_description", "product__c", "lot__c", stateField), Rows: simfxiaoke.List{complaint}})
	fx.handler, fx.writes = fxServer, fxServer.Writes
	fx.get = func(stream, id, field string) string {
		return text(fxServer.Row(map[string]string{"account": "AccountObj", "case": "CasesObj"}[stream], id), field)
	}
	return fx
}

// What the hub wrote comes back with the next pull as a row that changed, and is no news: no record, no case and no event
// changes, and nothing is written again.
func TestWhatWasWrittenBackIsNoNews(t *testing.T) {
	began := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	for name, start := range writtenSystems {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, h *hub.Hub) {
				now := began
				clock := func() time.Time { return now }
				s := start(clock)
				srv := httptest.NewServer(fault.Transport{Now: clock}.Wrap(s.handler))
				t.Cleanup(srv.Close)
				registry, err := builtin.Registry()
				require.NoError(t, err)
				h.Registry, h.Now = registry, clock
				settings := sandbox.Settings(name, srv.URL)
				for _, a := range s.address {
					settings[a] = srv.URL
				}
				settings["calls_per_second"], settings["retry_first"] = 0, "1ms"
				settings["tenant_fields"] = map[string]any{s.cases + ".product": s.product, s.cases + ".lot": s.lot}
				settings["writeback"] = map[string]any{"golden_id": map[string]any{s.hospitals: goldenField}, "complaint_state": stateField}
				h.Config.Connections = []config.Connection{{Name: "crm", Connector: name, Settings: settings, Streams: []config.Stream{{Stream: s.hospitals}, {Stream: s.cases}}}}
				for _, as := range []string{"products", "lots"} {
					takeIn(t, h, "../test/e2e/testdata/worked/"+as+".csv", as, "")
				}
				step := func() (hub.IngestReport, map[string]int64, *hub.WriteBackSent) {
					report, err := h.Pull(t.Context(), hub.PullRequest{Lang: "en"})
					require.NoError(t, err)
					_, err = h.Settle(t.Context())
					require.NoError(t, err)
					written, err := h.WriteBack(t.Context(), hub.WriteBackRequest{Connection: "crm", Send: true, Lang: "en"})
					require.NoError(t, err)
					require.Empty(t, written.Records)
					events, err := h.DB.OutboxEvents(t.Context())
					require.NoError(t, err)
					for topic := range events {
						if strings.HasPrefix(topic, "tributary.ops.") { // of the runs themselves
							delete(events, topic)
						}
					}
					return report, events, written.Sent
				}
				report, events, sent := step()
				require.EqualValues(t, 4, report.Totals.Canonical, "%+v", report)
				require.Equal(t, &hub.WriteBackSent{Written: 4}, sent)
				for _, id := range s.ids {
					_, err := canonical.ParseID(s.get(s.hospitals, id, goldenField))
					require.NoError(t, err)
				}
				require.Equal(t, "received", s.get(s.cases, s.complaint, stateField))
				for _, read := range []int64{4, 0} {
					now = now.Add(time.Hour)
					report, again, sent := step()
					require.Equal(t, read, report.Totals.Read)
					require.Equal(t, report.Totals.Read, report.Totals.Unchanged)
					require.Equal(t, events, again)
					require.Equal(t, &hub.WriteBackSent{}, sent)
					require.Equal(t, 4, s.writes())
				}
			})
		})
	}
}
