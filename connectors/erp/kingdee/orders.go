package kingdee

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/internal/errs"
)

// orderForm is the sales order.
const orderForm = "SAL_SaleOrder"

// OrderSettings say how orders become bills.
type OrderSettings struct {
	KeyField string            `cfg:"key_field" doc:"Field of the sales order that holds the order's key: FBillNo, or a text field of your own. Setting it lets the hub write orders." doc_zh:"销售订单中存放订单键的字段：FBillNo 或自定义文本字段。填写后本系统即可写入订单。" example:"F_TRB_ORDER_KEY" required:"true"`
	Org      string            `cfg:"org" doc:"Number of the sales organisation." doc_zh:"销售组织编码。" example:"100" required:"true"`
	BillType string            `cfg:"bill_type" doc:"Number of the bill type." doc_zh:"单据类型编码。" default:"XSDD01_SYS"`
	Currency string            `cfg:"currency" doc:"Number of the settlement currency." doc_zh:"结算币别编码。" default:"PRE001"`
	Through  string            `cfg:"through" doc:"How far the hub takes a bill; people do the rest." doc_zh:"本系统将单据推进到哪一步，其余由人工处理。" default:"audit" enum:"save,submit,audit"`
	Units    map[string]string `cfg:"units" doc:"Unit as orders name it to the unit's number; others are sent as they are." doc_zh:"订单中的单位名称对应的单位编码；未列出的按原样发送。" example:"{盒: he}"`
	Fields   map[string]string `cfg:"fields" doc:"Further fields of the bill's head with a fixed value; those that refer to master data end in .FNumber." doc_zh:"单据头的其他固定取值；引用基础资料的以 .FNumber 结尾。" example:"{FSaleDeptId.FNumber: BM01}"`
	Settle   time.Duration     `cfg:"settle" doc:"How long Kingdee may still be at work on a call that was given up. An order that is not found after an attempt without an answer is sent again only after that." doc_zh:"调用超时放弃后金蝶可能仍在处理的最长时间；未收到应答且未查到的订单须等待该时长后才会重发。" default:"2m" advanced:"true"`
}

// pusher is the way to write orders; nil when the settings do not ask for it.
func (c *connection) pusher() connectors.Pusher {
	if c.settings.Orders.KeyField == "" {
		return nil
	}
	return orders{c}
}

type orders struct{ *connection }

// Steps of a bill. A bill is created, submitted and audited by three calls.
const (
	stepSaved     = "saved"
	stepSubmitted = "submitted"
	stepAudited   = "audited"
)

// stepOf is the step behind which a document status stands: Z draft, A created, B in approval, C approved, D sent back.
var stepOf = map[string]string{"Z": stepSaved, "A": stepSaved, "D": stepSaved, "B": stepSubmitted, "C": stepAudited}

func (o orders) Within() (call, settle time.Duration) {
	return o.settings.Timeout, o.settings.Orders.Settle
}

func (o orders) placed(id, number, step string) *connectors.Placed {
	last := map[string]string{"save": stepSaved, "submit": stepSubmitted}[o.settings.Orders.Through]
	return &connectors.Placed{ID: id, Number: number, Step: step, Done: step == stepAudited || step == last || last == stepSaved}
}

// FindOrder looks for the bill by the field that holds the key.
func (o orders) FindOrder(ctx context.Context, key string) (*connectors.Placed, error) {
	p, err := o.query(ctx, query{
		Form: orderForm, Columns: []string{"FID", "FBillNo", "FDocumentStatus", "FCancelStatus"},
		Filter: o.settings.Orders.KeyField + " = " + quote(key), Order: "FID asc", Limit: 2,
	})
	if err != nil || len(p.rows) == 0 {
		return nil, httpsource.PushError(err)
	}
	f := p.rows[0].Fields
	if len(p.rows) > 1 {
		return nil, errs.New(errs.Conflict, "connectors.order_twice", errs.Args{"source": "Kingdee", "key": key, "first": f["FBillNo"], "second": p.rows[1].Fields["FBillNo"]})
	}
	state, _ := f["FDocumentStatus"].(string)
	step, known := stepOf[strings.TrimSpace(state)]
	if !known {
		return nil, httpsource.PushError(httpsource.UnknownShape("a bill with document status %q", state))
	}
	out := o.placed(cellText(f["FID"]), cellText(f["FBillNo"]), step)
	out.Void = cellText(f["FCancelStatus"]) != "A"
	return out, nil
}

func cellText(v any) string {
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	s, _ := v.(string)
	return strings.TrimSpace(s)
}

// PushOrder saves, submits or audits, whatever is next.
func (o orders) PushOrder(ctx context.Context, order *canonical.OrderRequest, at *connectors.Placed) (*connectors.Placed, error) {
	service, next := "Save", stepSaved
	var data any = map[string]any{"IsDeleteEntry": false, "NeedReturnFields": []string{}, "Model": o.model(order)}
	if at != nil {
		service, next = "Submit", stepSubmitted
		if at.Step == stepSubmitted {
			service, next = "Audit", stepAudited
		}
		data = map[string]any{"Ids": at.ID}
	}
	body, err := json.Marshal(map[string]any{"formid": orderForm, "data": data})
	if err != nil {
		return nil, &connectors.PushError{Outcome: connectors.Unsent, Err: err}
	}
	check := judge(o.settings.Auth == "signature")
	var id, number string
	_, err = o.client.Do(ctx, httpsource.Request{
		Op: strings.ToLower(service) + " order " + order.Key, Method: http.MethodPost, Path: formService + service + ".common.kdsvc",
		Body: body, Header: jsonHeader(), JudgeStatus: judgeStatus, Once: true,
		Judge: func(r *httpsource.Response) (e *httpsource.Error) {
			if e = check(r); e == nil {
				id, number, e = readWritten(httpsource.Unquote(r.Body))
			}
			return e
		},
	})
	if err != nil {
		return nil, httpsource.PushError(err)
	}
	return o.placed(id, number, next), nil
}

// readWritten reads the answer of a service that writes one bill.
func readWritten(body []byte) (id, number string, _ *httpsource.Error) {
	var answer struct {
		Result *struct {
			ResponseStatus *struct {
				IsSuccess      any
				SuccessEntitys []struct{ Id, Number any }
			}
		}
	}
	if err := httpsource.Decode(body, &answer); err != nil {
		return "", "", httpsource.UnknownShape("%v", err)
	}
	if answer.Result == nil || answer.Result.ResponseStatus == nil || len(answer.Result.ResponseStatus.SuccessEntitys) != 1 {
		return "", "", httpsource.UnknownShape("the answer does not name the bill that was written")
	}
	bill := answer.Result.ResponseStatus.SuccessEntitys[0]
	if id = cellText(bill.Id); id == "" {
		return "", "", httpsource.UnknownShape("the answer names a bill without an id")
	}
	return id, cellText(bill.Number), nil
}

// model is the bill. Kingdee fills fields in the order in which they come, so those that others depend on come first.
func (o orders) model(r *canonical.OrderRequest) object {
	s := o.settings.Orders
	out := object{{"FBillTypeID", number(s.BillType)}, {"FDate", r.Date.String()}, {"FSaleOrgId", number(s.Org)}, {"FCustId", number(r.Customer)}}
	for _, name := range slices.Sorted(maps.Keys(s.Fields)) {
		if head, reference := strings.CutSuffix(name, ".FNumber"); reference {
			out = append(out, field{head, number(s.Fields[name])})
			continue
		}
		out = append(out, field{name, s.Fields[name]})
	}
	out = append(out, field{s.KeyField, r.Key})
	if r.Note != "" {
		out = append(out, field{"FNote", r.Note})
	}
	lines := make([]object, len(r.Lines))
	for i, l := range r.Lines {
		line := object{{"FMaterialId", number(l.Product)}}
		if l.Unit != "" {
			unit := l.Unit
			if known, ok := s.Units[unit]; ok {
				unit = known
			}
			line = append(line, field{"FUnitID", number(unit)})
		}
		line = append(line, field{"FQty", json.Number(l.Quantity.String())})
		if l.Free {
			line = append(line, field{"FIsFree", true})
		} else if l.Price != 0 {
			line = append(line, field{"FTaxPrice", json.Number(l.Price.String())})
		}
		if !r.Deliver.IsZero() {
			line = append(line, field{"FDeliveryDate", r.Deliver.String()})
		}
		lines[i] = line
	}
	return append(out, field{"FSaleOrderFinance", object{{"FSettleCurrId", number(s.Currency)}}}, field{"FSaleOrderEntry", lines})
}

func number(code string) map[string]string { return map[string]string{"FNumber": code} }

// object is a JSON object that keeps the order of its fields.
type object []field

type field struct {
	name  string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
