package kingdee

import (
	"slices"

	"tributary/canonical"
	"tributary/connectors"
)

// stream is how one form is read.
type stream struct {
	info     connectors.StreamInfo
	id       string   // unique internal id: order and place of paging
	required []string // fields without which the rows are of no use
	optional []string // fields asked for only when the tenant's metadata has them
	document bool     // bills: only approved ones that are not voided count
	snapshot bool     // no modification time
}

const (
	created  = "FCreateDate"
	modified = "FModifyDate"
)

var streams = []stream{
	{
		info:     connectors.StreamInfo{Name: "BD_Customer", Title: "客户 Customers", Entity: canonical.EntityCustomer, Key: []string{"FNumber"}, Cursor: modified, Deletes: "sweep"},
		id:       "FCUSTID",
		required: []string{"FCUSTID", "FNumber", "FName", "FCreateOrgId.FNumber", "FUseOrgId.FNumber", "FDocumentStatus", "FForbidStatus", created, modified},
		optional: []string{"FShortName", "FSOCIALCRECODE", "FADDRESS", "FTEL", "FCustTypeId.FName", "FGroup.FName"},
	},
	{
		info:     connectors.StreamInfo{Name: "BD_MATERIAL", Title: "物料 Materials", Entity: canonical.EntityProduct, Key: []string{"FNumber"}, Cursor: modified, Deletes: "sweep"},
		id:       "FMATERIALID",
		required: []string{"FMATERIALID", "FNumber", "FName", "FCreateOrgId.FNumber", "FUseOrgId.FNumber", "FDocumentStatus", "FForbidStatus", created, modified},
		optional: []string{"FSpecification", "FBaseUnitId.FName", "FMaterialGroup.FNumber", "FIsBatchManage", "FExpPeriod", "FExpUnit", "FBarCode"},
	},
	{
		info:     connectors.StreamInfo{Name: "BD_BatchMainFile", Title: "批号主档 Lots", Entity: canonical.EntityLot, Key: []string{"FMaterialId_FNumber", "FNumber"}, Cursor: modified, Deletes: "sweep"},
		id:       "FLOTID",
		required: []string{"FLOTID", "FNumber", "FMaterialId.FNumber", created, modified},
		optional: []string{"FName", "FUseOrgId.FNumber", "FProduceDate", "FExpiryDate"},
	},
	{
		info: connectors.StreamInfo{Name: "SAL_OUTSTOCK", Title: "销售出库单 Sales deliveries", Entity: canonical.EntityFlow, Ledger: canonical.Sales, Key: []string{"FEntity_FEntryID"}, Cursor: modified, Deletes: "flag"},
		id:   "FEntity_FEntryID", document: true,
		required: []string{"FID", "FEntity_FEntryID", "FBillNo", "FDate", "FDocumentStatus", "FCancelStatus", created, modified, "FCustomerID.FNumber", "FCustomerID.FName", "FMaterialID.FNumber", "FMaterialID.FName", "FUnitID.FName", "FRealQty", "FLot_Text"},
		optional: []string{"FLot.FNumber", "FMaterialID.FSpecification", "FReceiverID.FNumber", "FReceiverID.FName", "FReceiveAddress", "FBillTypeID.FNumber", "FProduceDate", "FExpiryDate", "FPrice", "FAllAmount", "FBaseUnitQty", "FApproveDate", "FNote"},
	},
	{
		info: connectors.StreamInfo{Name: "SAL_RETURNSTOCK", Title: "销售退货单 Sales returns", Entity: canonical.EntityFlow, Ledger: canonical.Sales, Key: []string{"FEntity_FEntryID"}, Cursor: modified, Deletes: "flag"},
		id:   "FEntity_FEntryID", document: true,
		required: []string{"FID", "FEntity_FEntryID", "FBillNo", "FDate", "FDocumentStatus", "FCancelStatus", created, modified, "FRetcustId.FNumber", "FRetcustId.FName", "FMaterialId.FNumber", "FMaterialId.FName", "FUnitID.FName", "FRealQty", "FLot_Text"},
		optional: []string{"FLot.FNumber", "FMaterialId.FSpecification", "FBaseunitQty", "FSrcBillNo", "FHeadNote", "FApproveDate"},
	},
	{
		info: connectors.StreamInfo{Name: "STK_Inventory", Title: "即时库存 Stock", Entity: canonical.EntityFlow, Ledger: canonical.Stock, Key: []string{"snapshot_date", "FID"}, Deletes: "none"},
		id:   "FID", snapshot: true,
		required: []string{"FID", "FMaterialId.FNumber", "FMaterialId.FName", "FStockId.FNumber", "FLot.FNumber", "FBaseQty"},
		optional: []string{"FMaterialId.FSpecification", "FBaseUnitId.FName", "FStockOrgId.FNumber", "FStockStatusId.FName", "FUpdateTime"},
	},
}

func streamOf(name string) (stream, bool) {
	i := slices.IndexFunc(streams, func(s stream) bool { return s.info.Name == name })
	if i < 0 {
		return stream{}, false
	}
	return streams[i], true
}

func streamNames() []string {
	out := make([]string, len(streams))
	for i, s := range streams {
		out[i] = s.info.Name
	}
	return out
}

func streamInfos() []connectors.StreamInfo {
	out := make([]connectors.StreamInfo, len(streams))
	for i, s := range streams {
		out[i] = s.info
	}
	return out
}
