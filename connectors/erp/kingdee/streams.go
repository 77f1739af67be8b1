package kingdee

import (
	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/objectsource"
)

const (
	created  = "FCreateDate"
	modified = "FModifyDate"
)

// streams are the forms, each paged by its unique internal id.
var streams = objectsource.Table{
	{
		Info:       connectors.StreamInfo{Name: "BD_Customer", Title: "客户 Customers", Entity: canonical.EntityCustomer, Key: []string{"FNumber"}, Cursor: modified, Deletes: "sweep"},
		ID:         "FCUSTID",
		Required:   []string{"FCUSTID", "FNumber", "FName", "FCreateOrgId.FNumber", "FUseOrgId.FNumber", "FDocumentStatus", "FForbidStatus", created, modified},
		Optional:   []string{"FShortName", "FSOCIALCRECODE", "FADDRESS", "FTEL", "FCustTypeId.FName", "FGroup.FName"},
		KeyColumns: []string{"FCUSTID", "FNumber", "FCreateOrgId.FNumber", "FUseOrgId.FNumber"},
	},
	{
		Info:       connectors.StreamInfo{Name: "BD_MATERIAL", Title: "物料 Materials", Entity: canonical.EntityProduct, Key: []string{"FNumber"}, Cursor: modified, Deletes: "sweep"},
		ID:         "FMATERIALID",
		Required:   []string{"FMATERIALID", "FNumber", "FName", "FCreateOrgId.FNumber", "FUseOrgId.FNumber", "FDocumentStatus", "FForbidStatus", created, modified},
		Optional:   []string{"FSpecification", "FBaseUnitId.FName", "FMaterialGroup.FNumber", "FIsBatchManage", "FExpPeriod", "FExpUnit", "FBarCode"},
		KeyColumns: []string{"FMATERIALID", "FNumber", "FCreateOrgId.FNumber", "FUseOrgId.FNumber"},
	},
	{
		Info:       connectors.StreamInfo{Name: "BD_BatchMainFile", Title: "批号主档 Lots", Entity: canonical.EntityLot, Key: []string{"FMaterialId_FNumber", "FNumber"}, Cursor: modified, Deletes: "sweep"},
		ID:         "FLOTID",
		Required:   []string{"FLOTID", "FNumber", "FMaterialId.FNumber", created, modified},
		Optional:   []string{"FName", "FUseOrgId.FNumber", "FProduceDate", "FExpiryDate"},
		KeyColumns: []string{"FLOTID", "FNumber", "FMaterialId.FNumber"},
	},
	{
		Info: connectors.StreamInfo{Name: "SAL_OUTSTOCK", Title: "销售出库单 Sales deliveries", Entity: canonical.EntityFlow, Ledger: canonical.Sales, Key: []string{"FEntity_FEntryID"}, Cursor: modified, Deletes: "flag"},
		ID:   "FEntity_FEntryID", Document: true,
		Required:   []string{"FID", "FEntity_FEntryID", "FBillNo", "FDate", "FDocumentStatus", "FCancelStatus", created, modified, "FCustomerID.FNumber", "FCustomerID.FName", "FMaterialID.FNumber", "FMaterialID.FName", "FUnitID.FName", "FRealQty", "FLot_Text"},
		Optional:   []string{"FLot.FNumber", "FMaterialID.FSpecification", "FReceiverID.FNumber", "FReceiverID.FName", "FReceiveAddress", "FBillTypeID.FNumber", "FProduceDate", "FExpiryDate", "FPrice", "FAllAmount", "FBaseUnitQty", "FApproveDate", "FNote"},
		KeyColumns: []string{"FEntity_FEntryID", "FDocumentStatus", "FCancelStatus"},
	},
	{
		Info: connectors.StreamInfo{Name: "SAL_RETURNSTOCK", Title: "销售退货单 Sales returns", Entity: canonical.EntityFlow, Ledger: canonical.Sales, Key: []string{"FEntity_FEntryID"}, Cursor: modified, Deletes: "flag"},
		ID:   "FEntity_FEntryID", Document: true,
		Required:   []string{"FID", "FEntity_FEntryID", "FBillNo", "FDate", "FDocumentStatus", "FCancelStatus", created, modified, "FRetcustId.FNumber", "FRetcustId.FName", "FMaterialId.FNumber", "FMaterialId.FName", "FUnitID.FName", "FRealQty", "FLot_Text"},
		Optional:   []string{"FLot.FNumber", "FMaterialId.FSpecification", "FBaseunitQty", "FSrcBillNo", "FHeadNote", "FApproveDate"},
		KeyColumns: []string{"FEntity_FEntryID", "FDocumentStatus", "FCancelStatus"},
	},
	{
		Info: connectors.StreamInfo{Name: "STK_Inventory", Title: "即时库存 Stock", Entity: canonical.EntityFlow, Ledger: canonical.Stock, Key: []string{"snapshot_date", "FID"}, Deletes: "none"},
		ID:   "FID", Snapshot: true,
		Required:   []string{"FID", "FMaterialId.FNumber", "FMaterialId.FName", "FStockId.FNumber", "FLot.FNumber", "FBaseQty"},
		Optional:   []string{"FMaterialId.FSpecification", "FBaseUnitId.FName", "FStockOrgId.FNumber", "FStockStatusId.FName", "FUpdateTime"},
		KeyColumns: []string{"FID"},
	},
}
