package sap

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
	"tributary/internal/errs"
)

// OrderSettings say how orders become sales orders.
type OrderSettings struct {
	SalesOrg  string            `cfg:"sales_org" doc:"Sales organisation of the orders. Setting it lets the hub write orders." doc_zh:"订单的销售组织。填写后本系统即可写入订单。" example:"1000" required:"true"`
	Channel   string            `cfg:"distribution_channel" doc:"Distribution channel." doc_zh:"分销渠道。" default:"10"`
	Division  string            `cfg:"division" doc:"Division." doc_zh:"产品组。" default:"00"`
	OrderType string            `cfg:"order_type" doc:"Sales order type." doc_zh:"销售订单类型。" default:"OR"`
	KeyField  string            `cfg:"key_field" doc:"Property that holds the order's key: the customer's own number, of 35 characters, or a field of your own on the header." doc_zh:"存放订单键的属性：客户采购订单号（35 个字符）或抬头上的自定义字段。" default:"PurchaseOrderByCustomer"`
	Currency  string            `cfg:"currency" doc:"Currency of prices." doc_zh:"价格的币种。" default:"CNY"`
	Price     string            `cfg:"price_condition" doc:"Condition type that carries the price a line asks for: PMP0 in the cloud, often PR00 on premise." doc_zh:"承载明细价格的条件类型：云版为 PMP0，本地部署常为 PR00。" default:"PMP0"`
	FreeItem  string            `cfg:"free_item" doc:"Item category of free goods." doc_zh:"免费货物的项目类别。" default:"TANN"`
	NoteText  string            `cfg:"note_text" doc:"Id of the header text that takes the note." doc_zh:"承载备注的抬头文本 ID。" default:"TX01"`
	Units     map[string]string `cfg:"units" doc:"Unit as orders name it to SAP's; others are sent as they are." doc_zh:"订单中的单位名称对应的 SAP 单位；未列出的按原样发送。" example:"{盒: BOX}"`
	Fields    map[string]string `cfg:"fields" doc:"Further properties of the header with a fixed value." doc_zh:"抬头的其他固定取值。" example:"{SalesOffice: '110'}"`
	EntitySet string            `cfg:"entity_set" doc:"Path of the entity set, which speaks OData V2." doc_zh:"实体集路径（OData V2）。" default:"/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder" advanced:"true"`
	Settle    time.Duration     `cfg:"settle" doc:"How long SAP may still be at work on a call that was given up. An order that is not found after an attempt without an answer is sent again only after that." doc_zh:"调用超时放弃后 SAP 可能仍在处理的最长时间；未收到应答且未查到的订单须等待该时长后才会重发。" default:"3m" advanced:"true"`
}

// pusher is the way to write orders; nil when the settings do not ask for it.
func (c *connection) pusher() connectors.Pusher {
	if c.settings.Orders.SalesOrg == "" {
		return nil
	}
	return orders{c}
}

type orders struct{ *connection }

// Steps of an order. It is created in one call; a block of credit, delivery or billing that it gets with that is lifted by
// people.
const (
	stepBlocked = "blocked"
	stepCreated = "created"
)

// customersNumber is the standard field for the key, and numberLength what fits in.
const (
	customersNumber = "PurchaseOrderByCustomer"
	numberLength    = 35
)

func (o orders) Within() (call, settle time.Duration) {
	return o.settings.Timeout, o.settings.Orders.Settle
}

// fits reports whether the key goes into its field; one that does not is in no order.
func (o orders) fits(key string) bool {
	return o.settings.Orders.KeyField != customersNumber || len(key) <= numberLength
}

// FindOrder looks for the order by the field that holds the key.
func (o orders) FindOrder(ctx context.Context, key string) (*connectors.Placed, error) {
	if !o.fits(key) {
		return nil, nil
	}
	field := o.settings.Orders.KeyField
	var rows []httpsource.Element
	_, err := o.client.Do(ctx, httpsource.Request{
		Op: "look for order " + key, Method: http.MethodGet, Path: o.settings.Orders.EntitySet, Header: o.header("application/json"), JudgeStatus: failure,
		Query: url.Values{"$filter": {field + " eq '" + strings.ReplaceAll(key, "'", "''") + "'"}, "$orderby": {"SalesOrder"}, "$top": {"2"}},
		Judge: func(r *httpsource.Response) *httpsource.Error {
			got, e := readAnswer(r.Body, false)
			rows = got.rows
			return e
		},
	})
	if err != nil || len(rows) == 0 {
		return nil, httpsource.PushError(err)
	}
	for _, row := range rows {
		if have, ok := row.Fields[field]; ok && objectsource.Text(have) != key {
			return nil, httpsource.PushError(httpsource.UnknownShape("an order with another %s than the one asked for", field))
		}
	}
	if len(rows) > 1 {
		return nil, errs.New(errs.Conflict, "connectors.order_twice", errs.Args{"source": "SAP", "key": key, "first": rows[0].Fields["SalesOrder"], "second": rows[1].Fields["SalesOrder"]})
	}
	at, e := placed(rows[0].Fields)
	if e != nil {
		return nil, httpsource.PushError(e)
	}
	return at, nil
}

// placed says where an order stands.
func placed(row map[string]any) (*connectors.Placed, *httpsource.Error) {
	number := objectsource.Text(row["SalesOrder"])
	if number == "" {
		return nil, httpsource.UnknownShape("an order without SalesOrder")
	}
	out := &connectors.Placed{ID: number, Number: number, Step: stepCreated, Done: true, Void: objectsource.Text(row["OverallSDDocumentRejectionSts"]) == allRejected}
	if block(row) != "" {
		out.Step, out.Done = stepBlocked, false
	}
	return out, nil
}

const allRejected = "C"

// block names what holds an order up: B and C are credit checks that failed, whole or in part.
func block(row map[string]any) string {
	var out []string
	if s := objectsource.Text(row["TotalCreditCheckStatus"]); s == "B" || s == "C" {
		out = append(out, "TotalCreditCheckStatus "+s)
	}
	for _, name := range []string{"DeliveryBlockReason", "HeaderBillingBlockReason"} {
		if s := objectsource.Text(row[name]); s != "" {
			out = append(out, name+" "+s)
		}
	}
	return strings.Join(out, ", ")
}

// PushOrder creates the order with its items. One that is blocked is read again: nothing else can be done from here.
func (o orders) PushOrder(ctx context.Context, order *canonical.OrderRequest, at *connectors.Placed) (*connectors.Placed, error) {
	req := httpsource.Request{Op: "read order " + order.Key, Method: http.MethodGet, Path: o.settings.Orders.EntitySet}
	if at != nil {
		req.Path += "('" + url.PathEscape(at.ID) + "')"
	} else {
		if !o.fits(order.Key) {
			return nil, &connectors.PushError{Outcome: connectors.Refused, Err: errs.New(errs.Invalid, "connectors.order_key_long", errs.Args{"source": "SAP", "key": order.Key, "field": customersNumber, "most": numberLength})}
		}
		body, err := json.Marshal(o.document(order))
		if err != nil {
			return nil, &connectors.PushError{Outcome: connectors.Unsent, Err: err}
		}
		req = httpsource.Request{Op: "create order " + order.Key, Method: http.MethodPost, Path: o.settings.Orders.EntitySet, Body: body, Once: true}
	}
	var row map[string]any
	req.Judge = func(r *httpsource.Response) (e *httpsource.Error) {
		row, e = readOne(r.Body)
		return e
	}
	var err error
	if at == nil {
		err = o.write(ctx, req)
	} else {
		req.Header, req.JudgeStatus = o.header("application/json"), failure
		_, err = o.client.Do(ctx, req)
	}
	if err != nil {
		return nil, httpsource.PushError(err)
	}
	out, e := placed(row)
	if e != nil {
		return nil, httpsource.PushError(e)
	}
	if at != nil && !out.Done && !out.Void {
		return nil, &connectors.PushError{Outcome: connectors.Refused, Err: errs.New(errs.Conflict, "connectors.order_blocked", errs.Args{"source": "SAP", "number": out.Number, "block": block(row)})}
	}
	return out, nil
}

// readOne reads the answer that holds one order.
func readOne(body []byte) (map[string]any, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return nil, e
	}
	var answer struct {
		Error refusal
		D     map[string]any `json:"d"`
	}
	if err := httpsource.Decode(body, &answer); err != nil {
		return nil, httpsource.UnknownShape("%v", err)
	}
	if answer.Error.Code != "" {
		return nil, &httpsource.Error{Class: httpsource.Permanent, Code: answer.Error.Code, Message: answer.Error.text()}
	}
	if _, e := placed(answer.D); e != nil {
		return nil, e
	}
	return answer.D, nil
}

// document is the order with its items, which are created with it or not at all.
func (o orders) document(r *canonical.OrderRequest) map[string]any {
	s := o.settings.Orders
	items := make([]map[string]any, len(r.Lines))
	for i, l := range r.Lines {
		item := map[string]any{"Material": l.Product, "RequestedQuantity": l.Quantity.String()}
		if l.Unit != "" {
			item["RequestedQuantityUnit"] = l.Unit
			if known, ok := s.Units[l.Unit]; ok {
				item["RequestedQuantityUnit"] = known
			}
		}
		if l.Free {
			item["SalesOrderItemCategory"] = s.FreeItem
		} else if l.Price != 0 {
			rate, per := perHundreds(l.Price)
			item["to_PricingElement"] = []map[string]any{{"ConditionType": s.Price, "ConditionRateValue": rate, "ConditionCurrency": s.Currency, "ConditionQuantity": per}}
		}
		items[i] = item
	}
	out := map[string]any{
		"SalesOrderType": s.OrderType, "SalesOrganization": s.SalesOrg, "DistributionChannel": s.Channel, "OrganizationDivision": s.Division,
		"SoldToParty": r.Customer, "CustomerPurchaseOrderDate": v2Date(r.Date), "to_Item": items,
	}
	for name, v := range s.Fields {
		out[name] = v
	}
	out[s.KeyField] = r.Key
	if !r.Deliver.IsZero() {
		out["RequestedDeliveryDate"] = v2Date(r.Deliver)
	}
	if r.Note != "" {
		out["to_Text"] = []map[string]any{{"Language": strings.ToUpper(o.settings.Language), "LongTextID": s.NoteText, "LongText": r.Note}}
	}
	return out
}

// perHundreds is a price as SAP keeps it: an amount with two decimals for a number of units.
func perHundreds(price canonical.Quantity) (rate, per string) {
	units, cent := 1, int64(10_000)
	for int64(price)%cent != 0 { // ends at 10^4 units: a price has six decimals
		units, cent = units*10, cent/10
	}
	cents := int64(price) / cent
	return fmt.Sprintf("%d.%02d", cents/100, cents%100), fmt.Sprint(units)
}

func v2Date(d canonical.Date) string { return fmt.Sprintf("/Date(%d)/", d.Time().UnixMilli()) }
