package hub_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/builtin"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simdataverse"
	"tributary/connectors/sandbox/simsalesforce"
	"tributary/connectors/sandbox/simveeva"
	"tributary/hub"
	"tributary/internal/config"
	"tributary/store"
)

// mergingSystem is a system with two hospitals, the first of which it can merge into the second.
type mergingSystem struct {
	http.Handler
	stream  string
	address []string
	ids     [2]string
	merge   func()
}

var mergingSystems = map[string]func(clock func() time.Time) mergingSystem{
	"veeva-network": mergingNetwork, "salesforce": mergingSalesforce, "dynamics365": mergingDynamics,
}

var mergingNames = [2]string{"鹿鸣路康复医院", "望江楼骨伤医院"}

func mergingNetwork(clock func() time.Time) mergingSystem {
	s := mergingSystem{stream: "hco", address: []string{"base_url"}, ids: [2]string{"938154108100000001", "938154108100000002"}}
	server := simveeva.NewNetwork(sandbox.NetworkInstance(clock, nil), simveeva.RecordList{})
	set := func(at time.Time, merged map[string]any) {
		var list simveeva.RecordList
		for i, id := range s.ids {
			fields := map[string]any{"vid__v": id, "modified_date__v": simveeva.NetworkTime(at), "record_state__v": "VALID", "record_merged_vid__v": nil, "primary_country__v": "CN", "corporate_name__v": mergingNames[i]}
			if i == 0 {
				maps.Copy(fields, merged)
			}
			list = append(list, simveeva.Record{Kind: "HCO", Fields: fields})
		}
		server.SetRecords(list)
	}
	set(clock().Add(-time.Hour), nil)
	s.Handler = server
	s.merge = func() {
		set(clock().Add(-time.Minute), map[string]any{"record_state__v": "MERGED_INTO", "record_merged_vid__v": s.ids[1]})
	}
	return s
}

func mergingSalesforce(clock func() time.Time) mergingSystem {
	s := mergingSystem{stream: "Account", address: []string{"login_url"}, ids: [2]string{"001000000000000001", "001000000000000002"}}
	var rows simsalesforce.List
	for i, id := range s.ids {
		rows = append(rows, map[string]any{"Id": id, "IsDeleted": false, "SystemModstamp": clock().Add(-time.Hour).UTC().Format("2006-01-02T15:04:05.000") + "+0000", "Name": mergingNames[i], "MasterRecordId": nil})
	}
	var fields []simsalesforce.Field
	for _, name := range []string{"Id", "IsDeleted", "SystemModstamp", "Name", "MasterRecordId"} {
		fields = append(fields, simsalesforce.Field{Name: name, Type: "string"})
	}
	settings := sandbox.Settings("salesforce", "")
	server := simsalesforce.New(simsalesforce.Options{ClientID: settings["client_id"].(string), ClientSecret: settings["client_secret"].(string), Now: clock}, simsalesforce.Object{Name: "Account", Fields: fields, Rows: rows})
	s.Handler = server
	s.merge = func() {
		server.ChangeRow("Account", s.ids[0], func(row map[string]any) { row["IsDeleted"], row["MasterRecordId"] = true, s.ids[1] })
	}
	return s
}

func mergingDynamics(clock func() time.Time) mergingSystem {
	s := mergingSystem{stream: "accounts", address: []string{"base_url", "authority"}, ids: [2]string{"00000001-0000-0000-0000-000000000001", "00000001-0000-0000-0000-000000000002"}}
	rows := func(at time.Time, state int, master any) (out []map[string]any) {
		for i, id := range s.ids {
			out = append(out, map[string]any{"accountid": id, "modifiedon": at.UTC().Format(time.RFC3339), "statecode": 0, "name": mergingNames[i], "merged": false, "_masterid_value": nil})
		}
		out[0]["statecode"], out[0]["merged"], out[0]["_masterid_value"] = state, master != nil, master
		return out
	}
	var attributes []simdataverse.Attribute
	for name, kind := range map[string]string{"accountid": "Uniqueidentifier", "modifiedon": "DateTime", "statecode": "State", "name": "String", "merged": "Boolean", "masterid": "Lookup"} {
		attributes = append(attributes, simdataverse.Attribute{Name: name, Type: kind})
	}
	settings := sandbox.Settings("dynamics365", "")
	server := simdataverse.New(simdataverse.Options{TenantID: settings["tenant_id"].(string), ClientID: settings["client_id"].(string), ClientSecret: settings["client_secret"].(string), Now: clock},
		simdataverse.Table{Set: "accounts", Logical: "account", ID: "accountid", Attributes: attributes, Rows: func() []map[string]any { return rows(clock().Add(-time.Hour), 0, nil) }})
	s.Handler = server
	s.merge = func() { server.SetRows("accounts", rows(clock().Add(-time.Minute), 1, s.ids[1])) }
	return s
}

// A merge in a system that tells the survivor leads consumers to it: the golden id that only the absorbed record had redirects.
func TestMergesInSystemsRedirectGoldenIDs(t *testing.T) {
	for name, start := range mergingSystems {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, h *hub.Hub) {
				now := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
				clock := func() time.Time { return now }
				s := start(clock)
				srv := httptest.NewServer(fault.Transport{Now: clock}.Wrap(s))
				t.Cleanup(srv.Close)
				registry, err := builtin.Registry()
				require.NoError(t, err)
				h.Registry, h.Now = registry, clock
				settings := sandbox.Settings(name, srv.URL)
				for _, a := range s.address {
					settings[a] = srv.URL
				}
				delete(settings, "tenant_fields")
				settings["calls_per_second"], settings["retry_first"] = 0, "1ms"
				h.Config.Connections = []config.Connection{{Name: "crm", Connector: name, Settings: settings, Streams: []config.Stream{{Stream: s.stream}}}}
				step := func() hub.SettleReport {
					_, err := h.Pull(t.Context(), hub.PullRequest{Lang: "en"})
					require.NoError(t, err)
					settled, err := h.Settle(t.Context())
					require.NoError(t, err)
					return settled
				}
				step()
				var ids [2]canonical.ID
				for i, id := range s.ids {
					n, found, err := h.DB.CustomerByKey(t.Context(), canonical.RecordKey{Source: "crm", ID: id})
					require.NoError(t, err)
					require.True(t, found)
					ids[i], _, err = h.DB.GoldenOf(t.Context(), n)
					require.NoError(t, err)
				}
				require.NotEqual(t, ids[0], ids[1])

				now = now.Add(time.Hour)
				s.merge()
				now = now.Add(time.Hour)
				settled := step()
				require.EqualValues(t, 1, settled.Resolve.Merged, fmt.Sprintf("%+v", settled.Resolve))
				g, err := h.DB.Golden(t.Context(), ids[0])
				require.NoError(t, err)
				require.Equal(t, store.GoldenMerged, g.Status)
				require.Equal(t, ids[1], g.Survivor)
			})
		})
	}
}
