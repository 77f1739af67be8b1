package yonyou

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
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
	KeyField string            `cfg:"key_field" doc:"Field of the sales order's head that holds the order's key: headItem.define1 and so on, purchaseNo, or code where numbers are given by hand. Setting it lets the hub write orders." doc_zh:"销售订单表头中存放订单键的字段：headItem.define1 等自定义项、purchaseNo，或手工编号时的 code。填写后本系统即可写入订单。" example:"headItem.define1" required:"true"`
	Org      string            `cfg:"org" doc:"Code of the sales organisation; it also invoices." doc_zh:"销售组织编码，同时为开票组织。" example:"991" required:"true"`
	StockOrg string            `cfg:"stock_org" doc:"Code of the organisation whose stock is sold; empty: the sales organisation." doc_zh:"库存组织编码；留空为销售组织。"`
	Type     string            `cfg:"transaction_type" doc:"Code of the transaction type." doc_zh:"交易类型编码。" example:"SO01" required:"true"`
	Tax      string            `cfg:"tax" doc:"Code of the tax item." doc_zh:"税目编码。" example:"VAT13" required:"true"`
	TaxRate  int               `cfg:"tax_rate" doc:"Its rate in percent; prices of orders include it." doc_zh:"税率（百分比）；订单价格为含税价。" default:"13" min:"0" max:"100"`
	Currency string            `cfg:"currency" doc:"Code of the currency." doc_zh:"币种编码。" default:"CNY"`
	RateType string            `cfg:"exchange_rate_type" doc:"Code of the exchange rate type." doc_zh:"汇率类型编码。" default:"01"`
	Through  string            `cfg:"through" doc:"How far the hub takes an order: save, submit where people approve it in a flow, audit where there is no flow." doc_zh:"本系统将订单推进到哪一步：保存（save）、提交（submit，由审批流审批）、审核（audit，无审批流）。" default:"audit" enum:"save,submit,audit"`
	Units    map[string]string `cfg:"units" doc:"Unit as orders name it to the code of the main unit; the empty name is that of lines without a unit; others are sent as they are." doc_zh:"订单中的单位名称对应的主计量单位编码；空名称用于未写单位的明细；未列出的按原样发送。" example:"{盒: '001'}"`
	Fields   map[string]string `cfg:"fields" doc:"Further fields of the head with a fixed value." doc_zh:"表头的其他固定取值。" example:"{saleDepartmentId: BM01}"`
	Settle   time.Duration     `cfg:"settle" doc:"How long the platform may still be at work on a call that was given up. An order that is not found after an attempt without an answer is sent again only after that." doc_zh:"调用超时放弃后平台可能仍在处理的最长时间；未收到应答且未查到的订单须等待该时长后才会重发。" default:"3m" advanced:"true"`
}

// pusher is the way to write orders; nil when the settings do not ask for it.
func (c *connection) pusher() connectors.Pusher {
	if c.settings.Orders.KeyField == "" {
		return nil
	}
	return orders{c}
}

type orders struct{ *connection }

// Calls of sales orders; each is an interface of its own to the platform's quotas.
const (
	orderList   = "/yonbip/sd/voucherorder/list"
	orderSave   = "/yonbip/sd/voucherorder/singleSave"
	orderSubmit = "/yonbip/sd/voucherorder/batchsubmit"
	orderAudit  = "/yonbip/sd/voucherorder/batchaudit"
)

var orderCalls = []string{orderList, orderSave, orderSubmit, orderAudit}

// Steps of an order.
const (
	stepSaved     = "saved"
	stepSubmitted = "submitted"
	stepAudited   = "audited"
)

// stepOf is the step behind a status; what lies behind the audit is not ours.
var stepOf = map[string]string{
	"CONFIRMORDER": stepSaved, "APPROVING": stepSubmitted, "OPPOSE": stepSaved,
	"DELIVERGOODS": stepAudited, "DELIVERY_PART": stepAudited, "DELIVERY_TAKE_PART": stepAudited, "TAKEDELIVERY": stepAudited, "ENDORDER": stepAudited,
}

const cancelled = "OPPOSE"

func (o orders) Within() (call, settle time.Duration) {
	return o.settings.Timeout, o.settings.Orders.Settle
}

func (o orders) placed(id, number, step string) *connectors.Placed {
	last := map[string]string{"save": stepSaved, "submit": stepSubmitted}[o.settings.Orders.Through]
	return &connectors.Placed{ID: id, Number: number, Step: step, Done: step == stepAudited || step == last || last == stepSaved}
}

// call asks one interface of sales orders and gives its data.
func (o orders) call(ctx context.Context, op, path string, body any, once bool, read func(data json.RawMessage) *httpsource.Error) error {
	text, err := json.Marshal(body)
	if err != nil {
		return &connectors.PushError{Outcome: connectors.Unsent, Err: err}
	}
	if err := o.Connect(ctx); err != nil { // which finds the host
		return httpsource.PushError(httpsource.NotBegun(err))
	}
	_, err = o.api.Do(ctx, httpsource.Request{
		Op: op, Method: http.MethodPost, Path: path, Body: text, Scope: path, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Once: once,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			data, e := o.open(r.Body, "200")
			if e != nil {
				return ofOrders(e)
			}
			return read(data)
		},
	})
	return httpsource.PushError(err)
}

// Codes of answers about orders.
const (
	underWay = "202" // the same call is still at work there
	platform = "310" // begins the codes of the platform; the others are the application's own
)

// ofOrders reads a refusal once more: in the words of an application, limits and rights are those of credit and approval.
func ofOrders(e *httpsource.Error) *httpsource.Error {
	switch {
	case e.Code == underWay:
		e.Class = httpsource.Retry
	case e.Code != "" && !strings.HasPrefix(e.Code, platform) && e.Class != httpsource.Retry:
		e.Class = httpsource.Permanent
	}
	return e
}

// FindOrder looks for the order by the field that holds the key.
func (o orders) FindOrder(ctx context.Context, key string) (*connectors.Placed, error) {
	field := o.settings.Orders.KeyField
	var rows []map[string]any
	err := o.call(ctx, "look for order "+key, orderList, map[string]any{
		"pageIndex": 1, "pageSize": o.settings.PageSize, "isSum": true, "simpleVOs": []any{map[string]any{"field": field, "op": "eq", "value1": key}},
	}, false, func(data json.RawMessage) *httpsource.Error {
		var answer struct {
			List *[]map[string]any `json:"recordList"`
		}
		if len(data) == 0 || httpsource.Decode(data, &answer) != nil || answer.List == nil {
			return httpsource.UnknownShape("a list's answer needs data with recordList")
		}
		rows = *answer.List
		return nil
	})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	for _, row := range rows {
		if have, shown := row[flat(field)]; shown && objectsource.Text(have) != key {
			return nil, httpsource.PushError(httpsource.UnknownShape("an order with another %s than the one asked for", field))
		}
		if other := objectsource.Text(row["id"]); other != objectsource.Text(rows[0]["id"]) { // else another line of it
			return nil, errs.New(errs.Conflict, "connectors.order_twice", errs.Args{"source": "YonBIP", "key": key, "first": rows[0]["code"], "second": row["code"]})
		}
	}
	status := objectsource.Text(rows[0]["nextStatus"])
	step, known := stepOf[status]
	id := objectsource.Text(rows[0]["id"])
	if !known || id == "" {
		return nil, httpsource.PushError(httpsource.UnknownShape("a sales order with nextStatus %q", status))
	}
	out := o.placed(id, objectsource.Text(rows[0]["code"]), step)
	out.Void = status == cancelled
	return out, nil
}

// flat is a field's name in answers and in what is saved: dots belong to conditions only.
func flat(field string) string { return strings.ReplaceAll(field, ".", "!") }

// PushOrder saves, submits or audits, whatever is next.
func (o orders) PushOrder(ctx context.Context, order *canonical.OrderRequest, at *connectors.Placed) (*connectors.Placed, error) {
	if at == nil {
		return o.save(ctx, order)
	}
	op, path, next := "audit order ", orderAudit, stepAudited
	if o.settings.Orders.Through == "submit" {
		op, path, next = "submit order ", orderSubmit, stepSubmitted
	}
	err := o.call(ctx, op+order.Key, path, map[string]any{"data": []any{map[string]any{"id": json.Number(at.ID)}}}, true, readAdvanced)
	if err != nil {
		return nil, err
	}
	return o.placed(at.ID, at.Number, next), nil
}

// readAdvanced reads the answer of a call over several orders: its success says nothing of the one that was asked for.
func readAdvanced(data json.RawMessage) *httpsource.Error {
	var answer struct {
		Good     json.Number `json:"sucessCount"` // spelt so
		Bad      json.Number `json:"failCount"`
		Messages any         `json:"messages"`
	}
	if len(data) == 0 || httpsource.Decode(data, &answer) != nil {
		return httpsource.UnknownShape("an answer that does not count what was done")
	}
	switch {
	case answer.Bad != "" && answer.Bad != "0":
		return &httpsource.Error{Class: httpsource.Permanent, Message: words(answer.Messages)}
	case answer.Good != "1":
		return httpsource.UnknownShape("an answer that counts %s orders instead of one", answer.Good)
	}
	return nil
}

func words(messages any) string {
	list, ok := messages.([]any)
	if !ok {
		return objectsource.Text(messages)
	}
	var out []string
	for _, m := range list {
		out = append(out, objectsource.Text(m))
	}
	return strings.Join(out, "; ")
}

func (o orders) save(ctx context.Context, order *canonical.OrderRequest) (*connectors.Placed, error) {
	document, err := o.document(order)
	if err != nil {
		return nil, &connectors.PushError{Outcome: connectors.Refused, Err: err}
	}
	var out *connectors.Placed
	err = o.call(ctx, "save order "+order.Key, orderSave, map[string]any{"data": document}, true, func(data json.RawMessage) *httpsource.Error {
		var answer struct{ ID, Code any }
		if len(data) == 0 || httpsource.Decode(data, &answer) != nil || objectsource.Text(answer.ID) == "" {
			return httpsource.UnknownShape("the answer does not name the order that was saved")
		}
		out = o.placed(objectsource.Text(answer.ID), objectsource.Text(answer.Code), stepSaved)
		return nil
	})
	return out, err
}

// document is the order as it is saved, with the sums that the platform wants to be told.
func (o orders) document(r *canonical.OrderRequest) (map[string]any, error) {
	s := o.settings.Orders
	stock := s.StockOrg
	if stock == "" {
		stock = s.Org
	}
	total := canonical.Quantity(0)
	lines := make([]map[string]any, len(r.Lines))
	for i, l := range r.Lines {
		unit, listed := s.Units[l.Unit]
		if !listed {
			unit = l.Unit
		}
		if unit == "" || l.Price == 0 && !l.Free {
			return nil, errs.New(errs.Invalid, "connectors.order_line", errs.Args{"source": "YonBIP", "key": r.Key, "line": i + 1})
		}
		m, err := MoneyOf(l, s.TaxRate)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if total, err = total.Add(m.Sum); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		kind := "SALE"
		if l.Free {
			kind = "GIFT"
		}
		quantity := Number(l.Quantity)
		line := map[string]any{
			"_status": "Insert", "productId": l.Product, "orderProductType": kind, "stockOrgId": stock, "settlementOrgId": s.Org, "taxId": s.Tax,
			"masterUnitId": unit, "iProductAuxUnitId": unit, "iProductUnitId": unit, "qty": quantity, "subQty": quantity, "priceQty": quantity,
			"invExchRate": 1, "invPriceExchRate": 1, "unitExchangeType": 0, "unitExchangeTypePrice": 0, "oriTaxUnitPrice": Number(l.Price), "oriSum": Number(m.Sum),
			"orderDetailPrices!natTaxUnitPrice": Number(l.Price), "orderDetailPrices!natSum": Number(m.Sum),
		}
		for name, v := range map[string]canonical.Quantity{"UnitPrice": m.Price, "Money": m.Net, "Tax": m.Tax} {
			line["orderDetailPrices!ori"+name], line["orderDetailPrices!nat"+name] = Number(v), Number(v)
		}
		lines[i] = line
	}
	out := map[string]any{
		// Another attempt that is still at work there is the same one to the platform.
		"resubmitCheckKey": strings.ReplaceAll(canonical.DeriveID("yonyou-order", r.Key).String(), "-", ""),
		"_status":          "Insert", "salesOrgId": s.Org, "settlementOrgId": s.Org, "transactionTypeId": s.Type, "vouchdate": r.Date.String() + " 00:00:00",
		"agentId": r.Customer, "invoiceAgentId": r.Customer, "payMoney": Number(total), "orderDetails": lines,
		"orderPrices!currency": s.Currency, "orderPrices!natCurrency": s.Currency, "orderPrices!exchRate": 1, "orderPrices!exchangeRateType": s.RateType, "orderPrices!taxInclusive": true,
	}
	for name, v := range s.Fields {
		out[flat(name)] = v
	}
	out[flat(s.KeyField)] = r.Key
	if r.Note != "" {
		out["memo"] = r.Note
	}
	if !r.Deliver.IsZero() {
		out["hopeReceiveDate"] = r.Deliver.String() + " 00:00:00"
	}
	return out, nil
}
