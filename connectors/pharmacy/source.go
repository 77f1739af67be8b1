package pharmacy

import (
	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
	"tributary/connectors/rest"
)

var streams = []connectors.StreamInfo{
	{Name: "stores", Title: "门店 Stores", Entity: canonical.EntityCustomer, Key: []string{"code"}, Deletes: "snapshot"},
	{Name: "sales", Title: "零售 Sales to persons", Entity: canonical.EntityFlow, Ledger: canonical.Usage, Party: "store_code", Key: []string{"id"}, Cursor: "updated_at", Deletes: "flag"},
	{Name: "purchases", Title: "购进 Purchases", Entity: canonical.EntityFlow, Ledger: canonical.Purchases, Party: "store_code", Key: []string{"id"}, Cursor: "updated_at", Deletes: "flag"},
	{Name: "stock", Title: "库存 Stock", Entity: canonical.EntityFlow, Ledger: canonical.Stock, Party: "store_code", Key: []string{"snapshot_date", "id"}, Deletes: "none"},
}

// fields are what rows of a stream carry.
var fields = map[string][]string{
	"stores":    {"code", "name", "kind", "uscc", "licence_no", "province", "city", "county", "address", "phone"},
	"sales":     {"id", "store_code", "date", "doc_no", "product_code", "product_name", "spec", "approval_no", "unit", "lot", "quantity", "kind", "updated_at", "deleted"},
	"purchases": {"id", "store_code", "date", "doc_no", "supplier_code", "supplier_name", "product_code", "product_name", "spec", "approval_no", "unit", "lot", "quantity", "kind", "updated_at", "deleted"},
	"stock":     {"id", "store_code", "product_code", "product_name", "spec", "approval_no", "unit", "lot", "quantity"},
}

// New makes a source; it does no calls. The API is one that package rest can describe.
func New(s Settings, env connectors.Env) (*objectsource.Source, error) {
	api := rest.API{Name: "pharmacy chain", User: "token", Streams: streams, Settings: rest.Settings{
		BaseURL: s.BaseURL, Auth: rest.Auth{Kind: "bearer", Token: s.Token}, PageSize: s.PageSize, Overlap: s.Overlap, Common: s.Common,
		Errors: rest.Errors{Status: map[string]string{"410": "restart"}}, Streams: map[string]rest.Stream{},
	}}
	for _, info := range streams {
		st := rest.Stream{
			Path: "/" + info.Name, Method: "GET", Params: map[string]any{"limit": "{limit}"}, Rows: "data", Key: info.Key, Format: "rfc3339", Fields: fields[info.Name],
			Paging: rest.Paging{Kind: "link", Next: "next", Strict: true},
		}
		if info.Cursor != "" {
			st.Params["updated_from"], st.Params["updated_before"] = "{from}", "{to}"
			st.Time, st.Deleted, st.Gone = info.Cursor, "deleted", []string{"true"}
		}
		api.Settings.Streams[info.Name] = st
	}
	return rest.Preset(api, env)
}
