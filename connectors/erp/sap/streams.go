package sap

import (
	"strings"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
)

const (
	changedAt   = "LastChangeDateTime"
	changedDate = "LastChangeDate"
	changedTime = "LastChangeTime"
	createdAt   = "CreationDateTime"
	createdDate = "CreationDate"
	createdTime = "CreationTime"
)

// items is the navigation from a delivery to its items. Rows hold the item they are about under the name "item".
const items = "to_DeliveryDocumentItem"

const v2 = "/sap/opu/odata/sap/"

// set is how a master set is read.
func set(name, path, title string, entity canonical.Entity, cursor string, key []string, required, optional []string) objectsource.Stream {
	return objectsource.Stream{
		Info:   connectors.StreamInfo{Name: name, Title: title, Entity: entity, Key: key, Cursor: cursor, Deletes: "sweep"},
		Object: v2 + path, Required: append(append([]string{}, key...), required...), Optional: optional, KeyColumns: key, ByLink: true,
	}
}

// deliveries are documents with items, one row an item.
func deliveries(name, path, title string) objectsource.Stream {
	key := []string{"DeliveryDocument", "item.DeliveryDocumentItem", "item.Material", "item.Batch", "item.GoodsMovementStatus", "item.HigherLvlItmOfBatSpltItm"}
	return objectsource.Stream{
		Info:   connectors.StreamInfo{Name: name, Title: title, Entity: canonical.EntityFlow, Ledger: canonical.Sales, Key: []string{"DeliveryDocument", "item_DeliveryDocumentItem"}, Cursor: changedDate, Deletes: "sweep"},
		Object: v2 + path, Document: true, ByLink: true, KeyColumns: key,
		Required: append([]string{createdDate, changedDate, "ShipToParty", "SoldToParty", "ActualGoodsMovementDate", "OverallGoodsMovementStatus", "item.ActualDeliveryQuantity", "item.DeliveryQuantityUnit"}, key...),
		Optional: []string{
			changedAt, "DeliveryDocumentType", "SalesOrganization", "ShippingPoint", "item.DeliveryDocumentItemText", "item.DeliveryDocumentItemCategory", "item.Plant", "item.StorageLocation",
			"item.ManufactureDate", "item.ShelfLifeExpirationDate", "item.BaseUnit", "item.ActualDeliveredQtyInBaseUnit", "item.GoodsMovementType", "item.ReferenceSDDocument", "item.InternationalArticleNumber",
		},
	}
}

// stockKey is what tells apart two rows of stock.
var stockKey = []string{"Material", "Plant", "StorageLocation", "Batch", "Supplier", "Customer", "WBSElementInternalID", "SDDocument", "SDDocumentItem", "InventorySpecialStockType", "InventoryStockType"}

// streams are the sets, each under its usual address. Descriptions are those of the configured language.
var streams = objectsource.Table{
	set("customers", "API_BUSINESS_PARTNER/A_BusinessPartner", "业务伙伴 Business partners", canonical.EntityCustomer, changedDate, []string{"BusinessPartner"},
		[]string{createdDate, changedDate, "Customer", "BusinessPartnerCategory"},
		[]string{changedAt, changedTime, "BusinessPartnerFullName", "BusinessPartnerName", "OrganizationBPName1", "SearchTerm1", "BusinessPartnerGrouping", "BusinessPartnerIsBlocked", "IsMarkedForArchiving",
			"to_BusinessPartnerAddress.Region", "to_BusinessPartnerAddress.CityName", "to_BusinessPartnerAddress.District", "to_BusinessPartnerAddress.StreetName", "to_BusinessPartnerAddress.HouseNumber"}),
	set("products", "API_PRODUCT_SRV/A_Product", "产品 Products", canonical.EntityProduct, changedDate, []string{"Product"},
		[]string{createdDate, changedDate, "BaseUnit"},
		[]string{changedAt, "ProductType", "ProductStandardID", "IsBatchManagementRequired", "IsMarkedForDeletion", "to_Description.ProductDescription:Language=ZH", "_ProductDescription.ProductDescription:Language=ZH"}),
	set("batches", "API_BATCH_SRV/Batch", "批次 Batches", canonical.EntityLot, changedAt, []string{"Material", "BatchIdentifyingPlant", "Batch"},
		[]string{changedAt},
		[]string{createdAt, "ManufactureDate", "ShelfLifeExpirationDate", "Supplier", "BatchBySupplier", "CountryOfOrigin", "MatlBatchIsInRstrcdUseStock", "BatchIsMarkedForDeletion"}),
	deliveries("deliveries", "API_OUTBOUND_DELIVERY_SRV;v=0002/A_OutbDeliveryHeader", "外向交货（发货过账） Outbound deliveries"),
	deliveries("returns", "API_CUSTOMER_RETURNS_DELIVERY_SRV;v=0002/A_ReturnsDeliveryHeader", "退货交货 Returns deliveries"),
	{
		Info:   connectors.StreamInfo{Name: "stock", Title: "库存 Stock", Entity: canonical.EntityFlow, Ledger: canonical.Stock, Key: append([]string{"snapshot_date"}, stockKey...), Deletes: "none"},
		Object: v2 + "API_MATERIAL_STOCK_SRV/A_MatlStkInAcctMod", Snapshot: true, ByLink: true,
		Required: append([]string{"MatlWrhsStkQtyInMatlBaseUnit"}, stockKey...), Optional: []string{"MaterialBaseUnit"}, KeyColumns: stockKey,
	},
}

// tableOf is the streams with the addresses and the language of the settings.
func tableOf(s Settings) objectsource.Table {
	out := make(objectsource.Table, len(streams))
	for i, st := range streams {
		if path := s.Services[st.Info.Name]; path != "" {
			st.Object = "/" + strings.Trim(path, "/")
		}
		optional := append([]string{}, st.Optional...)
		for n := range optional {
			optional[n] = strings.Replace(optional[n], "Language=ZH", "Language="+s.Language, 1)
		}
		st.Optional = optional
		out[i] = st
	}
	return out
}
