package u8

import (
	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
)

// changed is the field of the time of change, as rows give it.
const changed = "modifydate"

// list is how a list is read; id is its key, and object its usual name.
func list(name, object, title string, entity canonical.Entity, id string, required, optional []string) objectsource.Stream {
	return objectsource.Stream{
		Info:   connectors.StreamInfo{Name: name, Title: title, Entity: entity, Key: []string{id}, Cursor: changed, Deletes: "sweep"},
		Object: object, ID: id, Required: append([]string{id, changed}, required...), Optional: optional, ByLink: true,
	}
}

// lotFields are what a bill's own answer says about a line's lot.
var lotFields = []string{"cbatch", "dmdate", "dvdate"}

var streams = func() objectsource.Table {
	out := objectsource.Table{
		list("customers", "customer", "客户档案 Customers", canonical.EntityCustomer, "code", []string{"name"},
			[]string{"abbrname", "sort_code", "domain_code", "address", "phone", "mobile", "end_date"}),
		list("products", "inventory", "存货档案 Inventory", canonical.EntityProduct, "code", []string{"name"},
			[]string{"specs", "ccomunitname", "barcode", "sort_code", "end_date"}),
		list("salesout", "saleoutlistall", "销售出库单行 Sales outbound lines", canonical.EntityFlow, "autoid",
			[]string{"id", "code", "date", "customercode", "inventorycode", "quantity"},
			append([]string{"customername", "inventoryname", "unitname", "warehousecode", "warehousename", "sum", "handler"}, lotFields...)),
	}
	sales := &out[2]
	sales.Info.Ledger, sales.Document = canonical.Sales, true
	return out
}()
