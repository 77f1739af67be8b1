package yonyou

import (
	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
)

const changed = "pubts"

// list is how a list is read; id is its key, and the path its usual place.
func list(name, path, title string, entity canonical.Entity, id string, required, optional []string) objectsource.Stream {
	return objectsource.Stream{
		Info:   connectors.StreamInfo{Name: name, Title: title, Entity: entity, Key: []string{id}, Cursor: changed, Deletes: "sweep"},
		Object: path, ID: id, Required: append([]string{id, changed}, required...), Optional: optional, ByLink: true,
	}
}

// lotFields are what a bill's own answer says about a line's lot.
var lotFields = []string{"batchno", "producedate", "invaliddate"}

var streams = func() objectsource.Table {
	out := objectsource.Table{
		list("customers", "/yonbip/digitalModel/merchant/list", "客户档案 Customers", canonical.EntityCustomer, "id", []string{"code", "name"}, []string{"shortname", "createTime", "modifyTime"}),
		list("products", "/yonbip/digitalModel/product/list", "物料档案 Products", canonical.EntityProduct, "id", []string{"code", "name"}, []string{"createTime", "modifyTime"}),
		list("salesout", "/yonbip/scm/salesout/list", "销售出库单行 Sales outbound lines", canonical.EntityFlow, "details_id",
			[]string{"id", "code", "vouchdate", "status", "cust", "product_cCode", "qty"},
			append([]string{"cust_name", "product_cName", "unitName", "org", "org_name", "warehouse", "warehouse_name", "oriSum", "srcBillNO", "firstupcode", "createTime", "modifyTime"}, lotFields...)),
	}
	sales := &out[2]
	sales.Info.Ledger, sales.Document = canonical.Sales, true
	return out
}()
