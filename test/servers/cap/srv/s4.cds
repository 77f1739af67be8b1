// The sets that the connector sap reads, as services of their own like those of S/4HANA.

@path: '/odata/v4/api_business_partner' @requires: 'authenticated-user'
service API_BUSINESS_PARTNER {
	entity A_BusinessPartner {
		key BusinessPartner          : String(10);
		    Customer                 : String(10);
		    BusinessPartnerCategory  : String(1);
		    BusinessPartnerFullName  : String(81);
		    SearchTerm1              : String(20);
		    BusinessPartnerGrouping  : String(4);
		    YY1_Kind_bus             : String(40);
		    YY1_Province_bus         : String(40);
		    YY1_Phone_bus            : String(200);
		    BusinessPartnerIsBlocked : Boolean;
		    IsMarkedForArchiving     : Boolean;
		    CreationDate             : Date;
		    LastChangeDate           : Date;
		    LastChangeTime           : Time;
		    to_BusinessPartnerAddress : Composition of many {
			    key Number      : Integer;
			        Region      : String(3);
			        CityName    : String(40);
			        District    : String(40);
			        StreetName  : String(200);
			        HouseNumber : String(10);
		    };
		    to_BusinessPartnerTax : Composition of many {
			    key BPTaxType   : String(4);
			        BPTaxNumber : String(20);
		    };
		    to_BuPaIdentification : Composition of many {
			    key BPIdentificationType   : String(6);
			        BPIdentificationNumber : String(60);
		    };
	}
}

@path: '/odata/v4/api_product' @requires: 'authenticated-user'
service API_PRODUCT_SRV {
	entity A_Product {
		key Product                   : String(40);
		    ProductType               : String(4);
		    BaseUnit                  : String(10);
		    ProductStandardID         : String(18);
		    YY1_Spec_PRD              : String(100);
		    YY1_Approval_PRD          : String(40);
		    YY1_Case_PRD              : String(10);
		    YY1_Inner_PRD             : String(10);
		    IsBatchManagementRequired : Boolean;
		    IsMarkedForDeletion       : Boolean;
		    CreationDate              : Date;
		    LastChangeDate            : Date;
		    to_Description : Composition of many {
			    key Language           : String(2);
			        ProductDescription : String(100);
		    };
	}
}

@path: '/odata/v4/api_batch' @requires: 'authenticated-user'
service API_BATCH_SRV {
	entity Batch {
		key Material                    : String(40);
		key BatchIdentifyingPlant       : String(4);
		key Batch                       : String(20);
		    Supplier                    : String(10);
		    BatchBySupplier             : String(40);
		    CountryOfOrigin             : String(3);
		    MatlBatchIsInRstrcdUseStock : Boolean;
		    BatchIsMarkedForDeletion    : Boolean;
		    ManufactureDate             : Date;
		    ShelfLifeExpirationDate     : Date;
		    CreationDateTime            : Timestamp;
		    LastChangeDateTime          : Timestamp;
		    YY1_Released_BAT            : Decimal(23, 3);
	}
}

// Delivery is a document with items, outbound or returned.
aspect Delivery {
	key DeliveryDocument           : String(12);
	    DeliveryDocumentType       : String(4);
	    ShipToParty                : String(10);
	    SoldToParty                : String(10);
	    SalesOrganization          : String(4);
	    ShippingPoint              : String(4);
	    OverallGoodsMovementStatus : String(1);
	    ActualGoodsMovementDate    : Date;
	    CreationDate               : Date;
	    LastChangeDate             : Date;
	    to_DeliveryDocumentItem : Composition of many {
		    key DeliveryDocumentItem         : String(6);
		        Material                     : String(40);
		        Batch                        : String(20);
		        DeliveryQuantityUnit         : String(10);
		        BaseUnit                     : String(10);
		        GoodsMovementStatus          : String(1);
		        GoodsMovementType            : String(3);
		        HigherLvlItmOfBatSpltItm     : String(6);
		        DeliveryDocumentItemText     : String(100);
		        DeliveryDocumentItemCategory : String(4);
		        Plant                        : String(4);
		        StorageLocation              : String(4);
		        ReferenceSDDocument          : String(10);
		        InternationalArticleNumber   : String(18);
		        ActualDeliveryQuantity       : Decimal(13, 3);
		        ActualDeliveredQtyInBaseUnit : Decimal(13, 3);
		        ManufactureDate              : Date;
		        ShelfLifeExpirationDate      : Date;
	    };
}

@path: '/odata/v4/api_outbound_delivery' @requires: 'authenticated-user'
service API_OUTBOUND_DELIVERY_SRV {
	entity A_OutbDeliveryHeader : Delivery {}
}

@path: '/odata/v4/api_customer_returns_delivery' @requires: 'authenticated-user'
service API_CUSTOMER_RETURNS_DELIVERY_SRV {
	entity A_ReturnsDeliveryHeader : Delivery {}
}

@path: '/odata/v4/api_material_stock' @requires: 'authenticated-user'
service API_MATERIAL_STOCK_SRV {
	entity A_MatlStkInAcctMod {
		key Material                     : String(40);
		key Plant                        : String(4);
		key StorageLocation              : String(4);
		key Batch                        : String(20);
		key Supplier                     : String(10);
		key Customer                     : String(10);
		key WBSElementInternalID         : String(8);
		key SDDocument                   : String(10);
		key SDDocumentItem               : String(6);
		key InventorySpecialStockType    : String(1);
		key InventoryStockType           : String(2);
		    MaterialBaseUnit             : String(10);
		    MatlWrhsStkQtyInMatlBaseUnit : Decimal(31, 14);
	}
}
