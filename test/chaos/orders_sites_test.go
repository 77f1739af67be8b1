package chaos

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simdataverse"
	"tributary/connectors/sandbox/simkingdee"
	"tributary/connectors/sandbox/simsap"
	"tributary/connectors/sandbox/simu8"
	"tributary/connectors/sandbox/simyonyou"
)

// site is a system that takes orders, as connection name; there are its orders by key with the state they are in.
type site struct {
	name   string
	config string // of the connection, without its name
	key    string // field of an order that holds the key
	state  string // field that says how far it got, and what it says at the end
	done   string
	orders func() []map[string]any
}

// afterwards is how long after a caller gave up a system may still do its work; settings say more.
const afterwards = 700 * time.Millisecond

// sites are one system of each kind that takes orders, all of which lose answers, work on after their callers gave up and
// let their sessions die. Each keeps two orders with one key if it is asked for two, but for those whose ids the hub chooses.
func sites(t *testing.T) []site {
	serve := func(system func(f *fault.Set) http.Handler) string {
		faults, err := fault.Parse("write_lost/7,write_late/11,html_502/17,cut_body/19,throttle/13,session_expiry/23")
		require.NoError(t, err)
		srv := httptest.NewServer(fault.Transport{Faults: faults, Now: time.Now}.Wrap(system(faults)))
		t.Cleanup(srv.Close)
		return srv.URL
	}
	const common = "timeout: 1s, retry_first: 10ms, retry_budget: 500ms, calls_per_second: 1000"
	var kingdee *simkingdee.Server
	kingdeeURL := serve(func(f *fault.Set) http.Handler {
		kingdee = simkingdee.New(simkingdee.Options{AcctID: "a", User: "u", Password: "p", AppID: "app", AppSecret: "s", Late: afterwards, Now: time.Now, Faults: f},
			simkingdee.Table{Form: "BD_Customer", Key: "FCUSTID", Columns: []string{"FCUSTID", "FNumber"}, Rows: simkingdee.List{KeyColumn: "FCUSTID", Items: []map[string]any{{"FCUSTID": 1, "FNumber": "C1"}}}})
		return kingdee
	})
	var sap *simsap.Server
	sapURL := serve(func(f *fault.Set) http.Handler {
		sap = simsap.New(simsap.Options{User: "u", Password: "p", Late: afterwards, Now: time.Now, Faults: f},
			simsap.Set{Service: "/sap/opu/odata/sap/API_BUSINESS_PARTNER", Name: "A_BusinessPartner", Rows: func() []map[string]any { return []map[string]any{{"Customer": "C1"}} }})
		return sap
	})
	var yonyou *simyonyou.Server
	yonyouURL := serve(func(f *fault.Set) http.Handler {
		yonyou = simyonyou.New(simyonyou.Options{TenantID: "t", AppKey: "k", AppSecret: "s", Forgets: true, Late: afterwards, Now: time.Now, Faults: f}, "", "",
			&simyonyou.List{Path: "/yonbip/digitalModel/merchant/list", Rows: func() []map[string]any { return []map[string]any{{"code": "C1"}} }})
		return yonyou
	})
	var dataverse *simdataverse.Server
	dataverseURL := serve(func(f *fault.Set) http.Handler {
		dataverse = simdataverse.New(simdataverse.Options{TenantID: "t", ClientID: "c", ClientSecret: "s", Late: afterwards, Now: time.Now, Faults: f},
			simdataverse.Table{Set: "accounts", Logical: "account", ID: "accountid", Rows: func() []map[string]any { return []map[string]any{{"accountid": "1", "accountnumber": "C1"}} }})
		return dataverse
	})
	var u8 *simu8.Server
	u8URL := serve(func(f *fault.Set) http.Handler {
		u8 = simu8.New(simu8.Options{FromAccount: "f", ToAccount: "t", AppKey: "k", AppSecret: "s", Forgets: true, Late: afterwards, Now: time.Now, Faults: f}, simu8.Bills{},
			&simu8.List{Object: "customer", Rows: func() []map[string]any { return []map[string]any{{"code": "C1"}} }})
		return u8
	})
	return []site{
		{name: "kingdee", key: simkingdee.OrderKeyField, state: "FDocumentStatus", done: "C", orders: kingdee.Orders, config: fmt.Sprintf("connector: kingdee\n    settings: {base_url: %q, acct_id: a, user: u, auth: password, password: p, %s, orders: {key_field: %s, org: \"100\", settle: 2s}}\n    streams: [{stream: BD_Customer, every: 24h}]", kingdeeURL, common, simkingdee.OrderKeyField)},
		{name: "sap", key: "PurchaseOrderByCustomer", state: "TotalCreditCheckStatus", done: "A", orders: sap.Orders, config: fmt.Sprintf("connector: sap\n    settings: {base_url: %q, user: u, password: p, %s, orders: {sales_org: \"1000\", settle: 2s}}\n    streams: [{stream: customers, every: 24h}]", sapURL, common)},
		{name: "yonyou", key: simyonyou.OrderKeyField, state: "nextStatus", done: "DELIVERGOODS", orders: yonyou.Orders, config: fmt.Sprintf("connector: yonyou\n    settings: {base_url: %q, tenant_id: t, app_key: k, app_secret: s, calls_per_minute: 0, %s, orders: {key_field: headItem.define1, org: \"991\", transaction_type: SO01, tax: VAT13, settle: 2s}}\n    streams: [{stream: customers, every: 24h}]", yonyouURL, common)},
		{name: "u8", key: "define10", state: "state", done: "Approved", orders: u8.Orders, config: fmt.Sprintf("connector: yonyou-u8\n    settings: {base_url: %q, from_account: f, to_account: t, app_key: k, app_secret: s, %s, orders: {key_field: define10, sale_type: \"01\", department: \"0301\", settle: 2s}}\n    streams: [{stream: customers, every: 24h}]", u8URL, common)},
		{name: "dynamics", key: "name", state: "statecode", done: "0", orders: dataverse.Orders, config: fmt.Sprintf("connector: dynamics365\n    settings: {base_url: %q, authority: %q, tenant_id: t, client_id: c, client_secret: s, %s, orders: {customer_key: accountnumber, price_list: 00000000-0000-0000-0000-00000000000a, settle: 2s}}\n    streams: [{stream: accounts, every: 24h}]", dataverseURL, dataverseURL, common)},
	}
}

// connectionsOf is the configuration of the sites.
func connectionsOf(all []site) string {
	out := "\nconnections:\n"
	for _, s := range all {
		out += "  - name: " + s.name + "\n    " + s.config + "\n"
	}
	return out
}
