package pharmacy

import (
	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
)

// streams are the lists of the API with what their rows carry.
var streams = objectsource.Table{
	{
		Info:     connectors.StreamInfo{Name: "stores", Title: "门店 Stores", Entity: canonical.EntityCustomer, Key: []string{"code"}, Deletes: "snapshot"},
		Required: []string{"code", "name", "kind", "uscc", "licence_no", "province", "city", "county", "address", "phone"},
		Snapshot: true, ByLink: true,
	},
	{
		Info:     connectors.StreamInfo{Name: "sales", Title: "零售 Sales to persons", Entity: canonical.EntityFlow, Ledger: canonical.Usage, Party: "store_code", Key: []string{"id"}, Cursor: "updated_at", Deletes: "flag"},
		Required: []string{"id", "store_code", "date", "doc_no", "product_code", "product_name", "spec", "approval_no", "unit", "lot", "quantity", "kind", "updated_at", "deleted"},
		ByLink:   true,
	},
	{
		Info:     connectors.StreamInfo{Name: "purchases", Title: "购进 Purchases", Entity: canonical.EntityFlow, Ledger: canonical.Purchases, Party: "store_code", Key: []string{"id"}, Cursor: "updated_at", Deletes: "flag"},
		Required: []string{"id", "store_code", "date", "doc_no", "supplier_code", "supplier_name", "product_code", "product_name", "spec", "approval_no", "unit", "lot", "quantity", "kind", "updated_at", "deleted"},
		ByLink:   true,
	},
	{
		Info:     connectors.StreamInfo{Name: "stock", Title: "库存 Stock", Entity: canonical.EntityFlow, Ledger: canonical.Stock, Party: "store_code", Key: []string{"snapshot_date", "id"}, Deletes: "none"},
		Required: []string{"id", "store_code", "product_code", "product_name", "spec", "approval_no", "unit", "lot", "quantity"},
		Snapshot: true, ByLink: true,
	},
}
