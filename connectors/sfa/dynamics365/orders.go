package dynamics365

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// OrderSettings say how orders become rows of the table salesorders.
type OrderSettings struct {
	CustomerKey string            `cfg:"customer_key" doc:"Column of accounts that holds the customer's code; it must be an alternate key there. Setting it lets the hub write orders." doc_zh:"accounts 中存放客户编码的列，须设为备用键。填写后本系统即可写入订单。" example:"accountnumber" required:"true"`
	ProductKey  string            `cfg:"product_key" doc:"Column of products that holds the product's code; it must be an alternate key there." doc_zh:"products 中存放产品编码的列，须设为备用键。" default:"productnumber"`
	PriceList   string            `cfg:"price_list" doc:"Id of the price list of the orders." doc_zh:"订单所用价目表的 ID。" example:"00000000-0000-0000-0000-000000000000" required:"true"`
	Units       map[string]string `cfg:"units" doc:"Unit as orders name it to the id of the unit; the empty name is that of lines without a unit." doc_zh:"订单中的单位名称对应的单位 ID；空名称用于未写单位的明细。" example:"{盒: 00000000-0000-0000-0000-000000000000}"`
	Settle      time.Duration     `cfg:"settle" doc:"How long the system may still be at work on a call that was given up." doc_zh:"调用超时放弃后系统可能仍在处理的最长时间。" default:"3m" advanced:"true"`
}

// pusher is the way to write orders; nil when the settings do not ask for it.
func (c *connection) pusher() connectors.Pusher {
	if c.settings.Orders.CustomerKey == "" {
		return nil
	}
	return orders{c}
}

type orders struct{ *connection }

// stepCreated is the one step of an order: its lines are created with it.
const stepCreated = "created"

// orderID is the row's id, which follows from the key: the same order asks for the same row, however often it is sent.
func orderID(key string) string { return canonical.DeriveID("salesorder", key).String() }

func (o orders) Within() (call, settle time.Duration) {
	return o.settings.Timeout, o.settings.Orders.Settle
}

// FindOrder reads the row that the key leads to.
func (o orders) FindOrder(ctx context.Context, key string) (*connectors.Placed, error) {
	var row struct {
		ID     string      `json:"salesorderid"`
		Number string      `json:"ordernumber"`
		State  json.Number `json:"statecode"`
	}
	missing := false
	_, err := o.api.Do(ctx, httpsource.Request{
		Op: "look for order " + key, Method: http.MethodGet, Path: "/salesorders(" + orderID(key) + ")", Query: url.Values{"$select": {"salesorderid,ordernumber,statecode"}},
		Header: header(),
		JudgeStatus: func(r *httpsource.Response) *httpsource.Error {
			e := failure(r)
			missing = e != nil && r.Status == http.StatusNotFound && e.Code == notThere
			return e
		},
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if e := httpsource.ExpectJSON(r.Body); e != nil {
				return e
			}
			if httpsource.Decode(r.Body, &row) != nil || row.ID == "" || row.State == "" {
				return httpsource.UnknownShape("an order without salesorderid and statecode")
			}
			return nil
		},
	})
	if missing {
		return nil, nil
	}
	if err != nil {
		return nil, httpsource.PushError(err)
	}
	return &connectors.Placed{ID: row.ID, Number: row.Number, Step: stepCreated, Done: true, Void: row.State == canceled}, nil
}

const (
	notThere = "0x80040217" // of a row; a table that is not there has another code
	canceled = "2"
)

// PushOrder creates the row with its lines, unless it is there: then the system refuses, and the order is found.
func (o orders) PushOrder(ctx context.Context, order *canonical.OrderRequest, _ *connectors.Placed) (*connectors.Placed, error) {
	body, err := json.Marshal(o.row(order))
	if err != nil {
		return nil, &connectors.PushError{Outcome: connectors.Unsent, Err: err}
	}
	h := header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("If-None-Match", "*")
	h.Set("Prefer", "return=representation")
	out := connectors.Placed{Step: stepCreated, Done: true}
	_, err = o.api.Do(ctx, httpsource.Request{
		Op: "create order " + order.Key, Method: http.MethodPatch, Path: "/salesorders(" + orderID(order.Key) + ")", Query: url.Values{"$select": {"salesorderid,ordernumber"}},
		Body: body, Header: h, JudgeStatus: failure, Once: true,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if e := httpsource.ExpectJSON(r.Body); e != nil {
				return e
			}
			var row struct {
				ID     string `json:"salesorderid"`
				Number string `json:"ordernumber"`
			}
			if httpsource.Decode(r.Body, &row) != nil || !strings.EqualFold(row.ID, orderID(order.Key)) {
				return httpsource.UnknownShape("the answer does not name the order that was created")
			}
			out.ID, out.Number = row.ID, row.Number
			return nil
		},
	})
	if err != nil {
		return nil, httpsource.PushError(err)
	}
	return &out, nil
}

// row is the order with its lines, which are created in the same transaction.
func (o orders) row(r *canonical.OrderRequest) map[string]any {
	s := o.settings.Orders
	lines := make([]map[string]any, len(r.Lines))
	for i, l := range r.Lines {
		line := map[string]any{"productid@odata.bind": "/products(" + s.ProductKey + "=" + literal(l.Product) + ")", "quantity": json.Number(l.Quantity.String())}
		if unit := s.Units[l.Unit]; unit != "" {
			line["uomid@odata.bind"] = "/uoms(" + unit + ")"
		}
		if l.Free || l.Price != 0 {
			line["ispriceoverridden"], line["priceperunit"] = true, json.Number(l.Price.String())
		}
		lines[i] = line
	}
	out := map[string]any{
		"name": r.Key, "customerid_account@odata.bind": "/accounts(" + s.CustomerKey + "=" + literal(r.Customer) + ")",
		"pricelevelid@odata.bind": "/pricelevels(" + s.PriceList + ")", "order_details": lines,
	}
	if r.Note != "" {
		out["description"] = r.Note
	}
	if !r.Deliver.IsZero() {
		out["requestdeliveryby"] = r.Deliver.String()
	}
	return out
}

// literal is a text in an address of the Web API.
func literal(text string) string {
	return "'" + url.PathEscape(strings.ReplaceAll(text, "'", "''")) + "'"
}
