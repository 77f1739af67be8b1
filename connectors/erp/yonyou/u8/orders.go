package u8

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/erp/yonyou"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
	"tributary/internal/errs"
)

// OrderSettings say how orders become sales orders.
type OrderSettings struct {
	KeyField   string            `cfg:"key_field" doc:"Self-defined text field of the sales order's head that holds the order's key, or code where numbers are given by hand. Setting it lets the hub write orders." doc_zh:"销售订单表头中存放订单键的文本自定义项，或手工编号时的 code。填写后本系统即可写入订单。" example:"define10" required:"true" enum:"define1,define2,define3,define8,define9,define10,define11,define12,define13,define14,code"`
	KeyLength  int               `cfg:"key_length" doc:"Most characters that the field holds; longer keys are refused." doc_zh:"该字段的最大长度；更长的订单键会被拒绝。" default:"60" min:"1" max:"255"`
	Business   string            `cfg:"business_type" doc:"Business type." doc_zh:"业务类型。" default:"普通销售"`
	Type       string            `cfg:"sale_type" doc:"Code of the sale type." doc_zh:"销售类型编码。" example:"01" required:"true"`
	Department string            `cfg:"department" doc:"Code of the department." doc_zh:"部门编码。" example:"0301" required:"true"`
	TaxRate    int               `cfg:"tax_rate" doc:"Rate of the tax in percent; prices of orders include it." doc_zh:"税率（百分比）；订单价格为含税价。" default:"13" min:"0" max:"100"`
	Through    string            `cfg:"through" doc:"How far the hub takes an order: save where people verify it or a flow does, verify where there is no flow." doc_zh:"本系统将订单推进到哪一步：保存（save，由人工或工作流审批）、审核（verify，无工作流）。" default:"verify" enum:"save,verify"`
	Verifier   string            `cfg:"verifier" doc:"Code of the person in whose name orders are verified; empty: the application's user." doc_zh:"审核人的人员编码；留空为应用的操作员。"`
	Units      map[string]string `cfg:"units" doc:"Unit as orders name it to the code of the main unit; the empty name is that of lines without a unit; others are sent as they are." doc_zh:"订单中的单位名称对应的主计量单位编码；空名称用于未写单位的明细；未列出的按原样发送。" example:"{盒: '0101'}"`
	Fields     map[string]string `cfg:"fields" doc:"Further fields of the head with a fixed value." doc_zh:"表头的其他固定取值。" example:"{personcode: '00001'}"`
	Settle     time.Duration     `cfg:"settle" doc:"How long platform and relay may still be at work on a call that was given up. An order that is not found after an attempt without an answer is sent again only after that." doc_zh:"调用超时放弃后平台与中继可能仍在处理的最长时间；未收到应答且未查到的订单须等待该时长后才会重发。" default:"5m" advanced:"true"`
}

// pusher is the way to write orders; nil when the settings do not ask for it.
func (c *connection) pusher() connectors.Pusher {
	if c.settings.Orders.KeyField == "" {
		return nil
	}
	return &orders{connection: c, trades: map[string]string{}}
}

// orders writes sales orders. Each write has a number of the platform's (tradeid), under which it gives the first answer
// again. A write whose end nobody saw keeps its number for the next attempt, so that one which is still at work is the same to
// the platform; that an order is looked for before does not depend on it, for the platform does not promise it.
type orders struct {
	*connection
	mu     sync.Mutex
	trades map[string]string // by step and key, of writes without an end
}

// Steps of an order.
const (
	stepSaved    = "saved"
	stepVerified = "verified"
)

// stepOf is the step behind a state, in either language of the platform.
var stepOf = map[string]string{"opening": stepSaved, "开立": stepSaved, "approved": stepVerified, "审核": stepVerified, "changing": stepVerified, "变更": stepVerified}

// Within is how long a step may take: a write asks for a number first.
func (o *orders) Within() (call, settle time.Duration) {
	return o.settings.Common.Within() + o.settings.Timeout, o.settings.Orders.Settle
}

func (o *orders) placed(number, step string) *connectors.Placed {
	return &connectors.Placed{ID: number, Number: number, Step: step, Done: step == stepVerified || o.settings.Orders.Through == "save"}
}

// FindOrder looks for the order by the field that holds the key.
func (o *orders) FindOrder(ctx context.Context, key string) (*connectors.Placed, error) {
	field, query := o.settings.Orders.KeyField, o.account()
	if query.Set(field, key); field == "code" {
		query = o.account()
		query.Set("code_begin", key)
		query.Set("code_end", key)
	}
	var found map[string]any
	for page, pages := 1, 1; page <= pages; page++ {
		query.Set("page_index", strconv.Itoa(page))
		query.Set("rows_per_page", strconv.Itoa(o.settings.PageSize))
		var list objectsource.NumberedPage
		_, err := o.api.Do(ctx, httpsource.Request{
			Op: "look for order " + key, Method: http.MethodGet, Path: "/api/" + orderList + "/batch_get", Query: query, JudgeStatus: o.judgeStatus,
			Judge: func(r *httpsource.Response) (e *httpsource.Error) {
				if list, e = o.readPage(r.Body, orderList); e == nil {
					e = shows(list.Rows, field, key)
				}
				return e
			},
		})
		if err != nil {
			return nil, httpsource.PushError(err)
		}
		for _, row := range list.Rows {
			order := renamed(row.Fields, nil)
			switch {
			case objectsource.Text(order[field]) != key:
			case found == nil || found["code"] == order["code"]: // else another line of it
				found = order
			default:
				return nil, errs.New(errs.Conflict, "connectors.order_twice", errs.Args{"source": "U8+", "key": key, "first": found["code"], "second": order["code"]})
			}
		}
		pages = list.Pages
	}
	if found == nil {
		return nil, nil
	}
	state, number := objectsource.Text(found["state"]), objectsource.Text(found["code"])
	step := stepOf[strings.ToLower(state)]
	if step == "" || number == "" {
		return nil, httpsource.PushError(httpsource.UnknownShape("a sales order with state %q", state))
	}
	out := o.placed(number, step)
	out.Void = objectsource.Text(found["closer"]) != "" && step == stepSaved
	return out, nil
}

// orderList and orderBill are the objects of sales orders.
const (
	orderList = "saleorderlist"
	orderBill = "saleorder"
)

// shows finds out lists that hide the field of the key, or take no notice of it: an order would never be found in them.
func shows(rows []httpsource.Element, field, key string) *httpsource.Error {
	for _, row := range rows {
		have, shown := renamed(row.Fields, nil)[field]
		if !shown {
			return httpsource.UnknownShape("sales orders without %s, by which they are looked for (setting orders.key_field)", field)
		}
		if !strings.Contains(objectsource.Text(have), key) {
			return httpsource.UnknownShape("the list of sales orders takes no notice of %s (setting orders.key_field)", field)
		}
	}
	return nil
}

// PushOrder saves or verifies, whatever is next.
func (o *orders) PushOrder(ctx context.Context, order *canonical.OrderRequest, at *connectors.Placed) (*connectors.Placed, error) {
	if at == nil {
		return o.save(ctx, order)
	}
	bill := map[string]any{"voucher_code": at.Number}
	if o.settings.Orders.Verifier != "" {
		bill["person_code"] = o.settings.Orders.Verifier
	}
	if err := o.write(ctx, "verify", order.Key, bill, func(map[string]json.RawMessage) *httpsource.Error { return nil }); err != nil {
		return nil, err
	}
	return o.placed(at.Number, stepVerified), nil
}

func (o *orders) save(ctx context.Context, order *canonical.OrderRequest) (*connectors.Placed, error) {
	bill, err := o.bill(order)
	if err != nil {
		return nil, &connectors.PushError{Outcome: connectors.Refused, Err: err}
	}
	number := ""
	err = o.write(ctx, "add", order.Key, bill, func(answer map[string]json.RawMessage) *httpsource.Error {
		if number = member(answer, "id"); number == "" {
			return &httpsource.Error{Class: httpsource.Retry, Message: "the platform took the order and has not said what became of it"}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return o.placed(number, stepSaved), nil
}

// write makes one write and gives its answer to read.
func (o *orders) write(ctx context.Context, verb, key string, bill map[string]any, read func(answer map[string]json.RawMessage) *httpsource.Error) error {
	body, err := json.Marshal(map[string]any{orderBill: bill})
	if err != nil {
		return &connectors.PushError{Outcome: connectors.Unsent, Err: err}
	}
	name := verb + " " + key
	trade, fresh, err := o.trade(ctx, name)
	if err != nil {
		return httpsource.PushError(httpsource.NotBegun(err))
	}
	query := o.account()
	query.Set("tradeid", trade)
	query.Set("sync", "1")
	_, err = o.api.Do(ctx, httpsource.Request{
		Op: verb + " order " + key, Method: http.MethodPost, Path: "/api/" + orderBill + "/" + verb, Query: query, Body: body, Once: true, JudgeStatus: o.judgeStatus,
		Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		Judge: func(r *httpsource.Response) *httpsource.Error {
			answer, e := o.open(r.Body)
			if e != nil {
				return ofOrders(e)
			}
			return read(answer)
		},
	})
	err = httpsource.PushError(err)
	if err == nil || connectors.OutcomeOf(err) == connectors.Refused {
		o.keep(name, "")
	}
	if err != nil && !fresh && strings.Contains(strings.ToLower(err.Error()), "tradeid") { // it is not known any more
		return &connectors.PushError{Outcome: connectors.Unsent, Err: err}
	}
	return err
}

// ofOrders reads a refusal once more: in the words of U8, limits are those of credit; the platform's are those of interfaces.
func ofOrders(e *httpsource.Error) *httpsource.Error {
	if e.Class == httpsource.Throttle && !strings.Contains(e.Message, "接口") && !strings.Contains(e.Message, "频") && !strings.Contains(e.Message, "调用") {
		e.Class = httpsource.Permanent
	}
	return e
}

// trade is the number of a write: that of the last attempt without an end, else a new one.
func (o *orders) trade(ctx context.Context, name string) (trade string, fresh bool, err error) {
	o.mu.Lock()
	trade = o.trades[name]
	o.mu.Unlock()
	if trade != "" {
		return trade, false, nil
	}
	_, err = o.api.Do(ctx, httpsource.Request{
		Op: "number of a write", Method: http.MethodGet, Path: "/system/tradeid", JudgeStatus: o.judgeStatus,
		Query: url.Values{"from_account": {o.settings.FromAccount}, "app_key": {o.settings.AppKey}},
		Judge: func(r *httpsource.Response) *httpsource.Error {
			answer, e := o.open(r.Body)
			if e != nil {
				return e
			}
			var got struct {
				ID any `json:"id"`
			}
			if httpsource.Decode(answer["trade"], &got) == nil {
				trade = objectsource.Text(got.ID)
			}
			if trade == "" {
				return httpsource.UnknownShape("an answer that needs trade with id")
			}
			return nil
		},
	})
	if err == nil {
		o.keep(name, trade)
	}
	return trade, true, err
}

// mostTrades bounds what is kept: with more writes without an end the system is away.
const mostTrades = 10_000

func (o *orders) keep(name, trade string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.trades, name)
	if trade != "" && len(o.trades) < mostTrades {
		o.trades[name] = trade
	}
}

// bill is the order as it is saved, with the sums that the platform wants to be told.
func (o *orders) bill(r *canonical.OrderRequest) (map[string]any, error) {
	s := o.settings.Orders
	if utf8.RuneCountInString(r.Key) > s.KeyLength {
		return nil, errs.New(errs.Invalid, "connectors.order_key_long", errs.Args{"source": "U8+", "key": r.Key, "field": s.KeyField, "most": s.KeyLength})
	}
	lines := make([]map[string]any, len(r.Lines))
	for i, l := range r.Lines {
		unit, listed := s.Units[l.Unit]
		if !listed {
			unit = l.Unit
		}
		if unit == "" || l.Price == 0 && !l.Free {
			return nil, errs.New(errs.Invalid, "connectors.order_line", errs.Args{"source": "U8+", "key": r.Key, "line": i + 1})
		}
		m, err := yonyou.MoneyOf(l, s.TaxRate)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		gift := 0
		if l.Free {
			gift = 1
		}
		line := map[string]any{"rowno": i + 1, "inventorycode": l.Product, "unitcode": unit, "quantity": yonyou.Number(l.Quantity), "taxunitprice": yonyou.Number(l.Price), "taxrate": s.TaxRate, "bgift": gift}
		for name, v := range map[string]canonical.Quantity{"unitprice": m.Price, "money": m.Net, "tax": m.Tax, "sum": m.Sum} {
			line[name], line["nat"+name] = yonyou.Number(v), yonyou.Number(v)
		}
		lines[i] = line
	}
	out := map[string]any{"date": r.Date.String(), "businesstype": s.Business, "typecode": s.Type, "deptcode": s.Department, "custcode": r.Customer, "taxrate": s.TaxRate, "entry": lines}
	for name, v := range s.Fields {
		out[name] = v
	}
	if out[s.KeyField] = r.Key; r.Note != "" {
		out["memo"] = r.Note
	}
	if !r.Deliver.IsZero() {
		out["dpredatebt"] = r.Deliver.String()
	}
	return out, nil
}
