package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simsap"
	"tributary/connectors/sandbox/world"
)

func sapFields(typ string, names ...string) (out []simsap.Field) {
	for _, n := range names {
		out = append(out, simsap.Field{Name: n, Type: typ})
	}
	return out
}

func sapRelated(name string, fields ...string) simsap.Field {
	return simsap.Field{Name: name, Related: sapFields("Edm.String", fields...)}
}

// sapPaths are the services with their sets: where they stand in V2, and in V4.
var sapPaths = map[string][3]string{
	"customers":  {"/sap/opu/odata/sap/API_BUSINESS_PARTNER", "/sap/opu/odata4/sap/api_business_partner/srvd_a2x/sap/businesspartner/0001", "A_BusinessPartner"},
	"products":   {"/sap/opu/odata/sap/API_PRODUCT_SRV", "/sap/opu/odata4/sap/api_product_srv/srvd_a2x/sap/product/0001", "A_Product"},
	"batches":    {"/sap/opu/odata/sap/API_BATCH_SRV", "/sap/opu/odata4/sap/api_batch_srv/srvd_a2x/sap/batch/0001", "Batch"},
	"deliveries": {"/sap/opu/odata/sap/API_OUTBOUND_DELIVERY_SRV;v=0002", "/sap/opu/odata4/sap/api_outbound_delivery_srv/srvd_a2x/sap/outbounddelivery/0001", "A_OutbDeliveryHeader"},
	"returns":    {"/sap/opu/odata/sap/API_CUSTOMER_RETURNS_DELIVERY_SRV;v=0002", "/sap/opu/odata4/sap/api_returns_delivery_srv/srvd_a2x/sap/returnsdelivery/0001", "A_ReturnsDeliveryHeader"},
	"stock":      {"/sap/opu/odata/sap/API_MATERIAL_STOCK_SRV", "/sap/opu/odata4/sap/api_material_stock_srv/srvd_a2x/sap/materialstock/0001", "A_MatlStkInAcctMod"},
}

// SAPPath is the path of the set behind a stream.
func SAPPath(stream string, v4 bool) string {
	p := sapPaths[stream]
	if v4 {
		return p[1] + "/" + p[2]
	}
	return p[0] + "/" + p[2]
}

// SAPSets is an ERP's part of the world as S/4HANA holds it, in the services of one protocol.
func SAPSets(w *world.World, sys world.System, v4 bool) []simsap.Set {
	e := newERP(w, sys)
	day, clock := "Edm.DateTime", "Edm.Time"
	if v4 {
		day, clock = "Edm.Date", "Edm.TimeOfDay"
	}
	set := func(stream string, keys []string, rows func() []map[string]any, fields ...[]simsap.Field) simsap.Set {
		p := sapPaths[stream]
		out := simsap.Set{Service: p[0], Name: p[2], V4: v4, Keys: keys, Rows: rows, Fields: slices.Concat(fields...)}
		if v4 {
			out.Service = p[1]
		}
		return out
	}
	text := func(names ...string) []simsap.Field { return sapFields("Edm.String", names...) }
	days := func(names ...string) []simsap.Field { return sapFields(day, names...) }
	item := simsap.Field{Name: "to_DeliveryDocumentItem", Related: slices.Concat(
		text("DeliveryDocumentItem", "Material", "Batch", "DeliveryQuantityUnit", "BaseUnit", "GoodsMovementStatus", "GoodsMovementType", "HigherLvlItmOfBatSpltItm", "DeliveryDocumentItemText", "DeliveryDocumentItemCategory", "Plant",
			"StorageLocation", "ReferenceSDDocument", "InternationalArticleNumber"),
		sapFields("Edm.Decimal", "ActualDeliveryQuantity", "ActualDeliveredQtyInBaseUnit"), days("ManufactureDate", "ShelfLifeExpirationDate"))}
	header := [][]simsap.Field{text("DeliveryDocument", "DeliveryDocumentType", "ShipToParty", "SoldToParty", "SalesOrganization", "ShippingPoint", "OverallGoodsMovementStatus"), days("ActualGoodsMovementDate", "CreationDate", "LastChangeDate"), {item}}
	stockKey := []string{"Material", "Plant", "StorageLocation", "Batch", "Supplier", "Customer", "WBSElementInternalID", "SDDocument", "SDDocumentItem", "InventorySpecialStockType", "InventoryStockType"}
	return []simsap.Set{
		set("customers", []string{"BusinessPartner"}, e.partners,
			text("BusinessPartner", "Customer", "BusinessPartnerCategory", "BusinessPartnerFullName", "SearchTerm1", "BusinessPartnerGrouping", "YY1_Kind_bus", "YY1_Province_bus", "YY1_Phone_bus"), sapFields("Edm.Boolean", "BusinessPartnerIsBlocked", "IsMarkedForArchiving"),
			days("CreationDate", "LastChangeDate"), sapFields(clock, "LastChangeTime"),
			[]simsap.Field{sapRelated("to_BusinessPartnerAddress", "Region", "CityName", "District", "StreetName", "HouseNumber"), sapRelated("to_BusinessPartnerTax", "BPTaxType", "BPTaxNumber"), sapRelated("to_BuPaIdentification", "BPIdentificationType", "BPIdentificationNumber")}),
		set("products", []string{"Product"}, e.sapProducts,
			text("Product", "ProductType", "BaseUnit", "ProductStandardID", "YY1_Spec_PRD", "YY1_Approval_PRD", "YY1_Case_PRD", "YY1_Inner_PRD"), sapFields("Edm.Boolean", "IsBatchManagementRequired", "IsMarkedForDeletion"), days("CreationDate", "LastChangeDate"),
			[]simsap.Field{sapRelated("to_Description", "Language", "ProductDescription")}),
		set("batches", []string{"Material", "BatchIdentifyingPlant", "Batch"}, e.batches,
			text("Material", "BatchIdentifyingPlant", "Batch", "Supplier", "BatchBySupplier", "CountryOfOrigin"), sapFields("Edm.Boolean", "MatlBatchIsInRstrcdUseStock", "BatchIsMarkedForDeletion"), days("ManufactureDate", "ShelfLifeExpirationDate"),
			sapFields("Edm.DateTimeOffset", "CreationDateTime", "LastChangeDateTime"), sapFields("Edm.Decimal", "YY1_Released_BAT")),
		set("deliveries", []string{"DeliveryDocument"}, func() []map[string]any { return e.sapDeliveries("80", e.books.MakerSales) }, header...),
		set("returns", []string{"DeliveryDocument"}, func() []map[string]any { return e.sapDeliveries("84", e.books.MakerReturns) }, header...),
		set("stock", stockKey, func() []map[string]any { return e.sapStock(stockKey) }, text(stockKey...), text("MaterialBaseUnit"), sapFields("Edm.Decimal", "MatlWrhsStkQtyInMatlBaseUnit")),
	}
}

func sapDate(t time.Time) simsap.Date { return simsap.Date(t.In(zone).Format(time.DateOnly)) }

func sapNumber(n int) simsap.Decimal { return simsap.Decimal(fmt.Sprintf("%d.000", n)) }

func (e *erp) partners() (out []map[string]any) {
	for r := range e.w.Records(e.sys) {
		c := r.Customer
		row := map[string]any{
			"BusinessPartner": r.ID, "Customer": r.ID, "BusinessPartnerCategory": "2", "BusinessPartnerFullName": c.Name, "SearchTerm1": "", "BusinessPartnerGrouping": "BP01", "BusinessPartnerIsBlocked": false, "IsMarkedForArchiving": false,
			"CreationDate": sapDate(r.Created), "LastChangeDate": sapDate(r.Modified), "LastChangeTime": simsap.Clock(r.Modified.In(zone).Format("15:04:05")),
			"YY1_Kind_bus": kindWords[c.Kind], "YY1_Province_bus": c.Address.Province, "YY1_Phone_bus": strings.Join(c.Phones, ","),
			"to_BusinessPartnerAddress": []map[string]any{{"Region": "020", "CityName": c.Address.City, "District": c.Address.County, "StreetName": c.Address.Text, "HouseNumber": ""}},
		}
		if c.USCC != "" {
			row["to_BusinessPartnerTax"] = []map[string]any{{"BPTaxType": "CN0", "BPTaxNumber": "000"}, {"BPTaxType": "CN5", "BPTaxNumber": c.USCC}}
		}
		if c.LicenceNo != "" {
			row["to_BuPaIdentification"] = []map[string]any{{"BPIdentificationType": "ZLIC", "BPIdentificationNumber": c.LicenceNo}}
		}
		if len(out)%16 == 0 {
			row["LastChangeDate"], row["LastChangeTime"] = nil, simsap.Clock("00:00:00") // never changed
		}
		out = append(out, row)
	}
	return out
}

func (e *erp) sapProducts() (out []map[string]any) {
	for _, p := range e.products {
		out = append(out, map[string]any{
			"Product": p.Code, "ProductType": "FERT", "BaseUnit": p.Unit, "ProductStandardID": p.GTIN, "IsBatchManagementRequired": true, "IsMarkedForDeletion": false, "CreationDate": sapDate(e.begin()), "LastChangeDate": sapDate(e.begin()),
			"YY1_Spec_PRD": p.Spec, "YY1_Approval_PRD": p.ApprovalNo, "YY1_Case_PRD": fmt.Sprint(p.Case), "YY1_Inner_PRD": fmt.Sprint(p.Inner),
			"to_Description": []map[string]any{{"Language": "EN", "ProductDescription": p.Code}, {"Language": "ZH", "ProductDescription": p.Name}},
		})
	}
	return out
}

func (e *erp) batches() (out []map[string]any) {
	for _, l := range e.lots {
		released := l.Released.Time()
		out = append(out, map[string]any{
			"Material": e.w.Products[l.Product].Code, "BatchIdentifyingPlant": "", "Batch": l.Number, "CreationDateTime": released, "LastChangeDateTime": released, "ManufactureDate": simsap.Date(l.Made.String()),
			"ShelfLifeExpirationDate": simsap.Date(l.Expires.String()), "CountryOfOrigin": "CN", "MatlBatchIsInRstrcdUseStock": false, "BatchIsMarkedForDeletion": false, "YY1_Released_BAT": sapNumber(l.Quantity),
		})
	}
	slices.SortFunc(out, byKeys([]string{"Material", "Batch"}))
	return out
}

// sapDeliveries are the documents of a ledger. Every third splits its items into batches: the item has the sum and no
// batch, its parts have them. At the end come some from which no goods were taken yet.
func (e *erp) sapDeliveries(series string, lines []world.Line) (out []map[string]any) {
	document := func(lines []world.Line, status string) {
		n := len(out)
		first := lines[0]
		on := e.w.From().AddDays(first.Day)
		partner := e.customer[first.Partner].ID
		var list []map[string]any
		for i, l := range lines {
			p, lot := e.w.Products[l.Product], e.w.Lots[l.Lot]
			line := map[string]any{
				"DeliveryDocumentItem": fmt.Sprint(10 * (i + 1)), "Material": p.Code, "Batch": lot.Number, "ActualDeliveryQuantity": sapNumber(l.Quantity), "ActualDeliveredQtyInBaseUnit": sapNumber(l.Quantity), "DeliveryQuantityUnit": p.Unit, "BaseUnit": p.Unit,
				"GoodsMovementStatus": status, "GoodsMovementType": "601", "HigherLvlItmOfBatSpltItm": "0", "DeliveryDocumentItemText": p.Name, "DeliveryDocumentItemCategory": "TAN", "Plant": "1000", "StorageLocation": "0001", "ReferenceSDDocument": fmt.Sprintf("%010d", n),
				"InternationalArticleNumber": p.GTIN, "ManufactureDate": simsap.Date(lot.Made.String()), "ShelfLifeExpirationDate": simsap.Date(lot.Expires.String()),
			}
			if n%3 == 0 {
				whole := map[string]any{}
				for k, v := range line {
					whole[k] = v
				}
				whole["Batch"], whole["ManufactureDate"], whole["ShelfLifeExpirationDate"] = "", nil, nil
				line["HigherLvlItmOfBatSpltItm"], line["DeliveryDocumentItem"] = whole["DeliveryDocumentItem"], fmt.Sprint(900001+i)
				list = append(list, whole)
			}
			list = append(list, line)
		}
		row := map[string]any{
			"DeliveryDocument": fmt.Sprintf("%s%08d", series, n), "DeliveryDocumentType": "LF", "ShipToParty": partner, "SoldToParty": partner, "SalesOrganization": "1000", "ShippingPoint": "1000", "OverallGoodsMovementStatus": status,
			"ActualGoodsMovementDate": simsap.Date(on.String()), "CreationDate": simsap.Date(on.String()), "LastChangeDate": simsap.Date(on.String()), "to_DeliveryDocumentItem": list,
		}
		if status != "C" {
			row["ActualGoodsMovementDate"] = nil
		}
		out = append(out, row)
	}
	for from := 0; from < len(lines); {
		to := from + 1
		for to < len(lines) && lines[to].Doc == lines[from].Doc && lines[to].Partner == lines[from].Partner {
			to++
		}
		document(lines[from:to], "C")
		from = to
	}
	for i := 0; i < len(lines)/80; i++ {
		document(lines[i*80:i*80+1], "A")
	}
	return out
}

func (e *erp) sapStock(keys []string) (out []map[string]any) {
	for _, l := range e.books.MakerStock {
		row := map[string]any{}
		for _, k := range keys {
			row[k] = ""
		}
		p := e.w.Products[l.Product]
		row["Material"], row["Plant"], row["StorageLocation"], row["Batch"], row["InventoryStockType"] = p.Code, "1000", "0001", e.w.Lots[l.Lot].Number, "01"
		if l.Kind == canonical.Quarantined {
			row["StorageLocation"], row["InventoryStockType"] = "0009", "02"
		}
		row["MaterialBaseUnit"], row["MatlWrhsStkQtyInMatlBaseUnit"] = p.Unit, sapNumber(l.Quantity)
		out = append(out, row)
	}
	slices.SortFunc(out, byKeys(keys))
	return out
}

// byKeys orders rows by text keys.
func byKeys(keys []string) func(a, b map[string]any) int {
	return func(a, b map[string]any) int {
		for _, k := range keys {
			if c := strings.Compare(a[k].(string), b[k].(string)); c != 0 {
				return c
			}
		}
		return 0
	}
}

// SAPSystem is the system without data, with a communication user and a client of OAuth.
func SAPSystem(now func() time.Time, f *fault.Set) simsap.Options {
	return simsap.Options{User: sapUser, Password: sapPassword, ClientID: sapClient, ClientSecret: sapSecret, Paging: true, Now: now, Faults: f}
}

// northern is the ERP of a company in the north-east that the maker bought, an S/4HANA with the services of both protocols.
func northern() system {
	return system{
		name: string(world.NorthERP), connector: "sap", en: "a bought company in the north-east: its customers (SAP S/4HANA)", zh: "东北被并购公司：客户（SAP S/4HANA）",
		streams: split("customers"),
		by: served{"/s4hana", func(s *stage, f *fault.Set) http.Handler {
			return simsap.New(SAPSystem(s.now, f), append(SAPSets(s.w, world.NorthERP, false), SAPSets(s.w, world.NorthERP, true)...)...)
		}},
		settings: func(s *stage) map[string]any {
			return map[string]any{
				"base_url": s.url + "/s4hana", "user": sapUser, "password": sapPassword,
				"tenant_fields": map[string]any{
					"customers.uscc": "to_BusinessPartnerTax.BPTaxNumber:BPTaxType=CN5", "customers.licence_no": "to_BuPaIdentification.BPIdentificationNumber:BPIdentificationType=ZLIC", "customers.kind": "YY1_Kind_bus",
					"customers.province": "YY1_Province_bus", "customers.phone": "YY1_Phone_bus", "products.spec": "YY1_Spec_PRD", "products.approval_no": "YY1_Approval_PRD", "products.case_factor": "YY1_Case_PRD",
					"products.inner_factor": "YY1_Inner_PRD", "batches.released_quantity": "YY1_Released_BAT",
				},
			}
		},
	}
}
