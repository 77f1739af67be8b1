package simyonyou

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	orderPath   = "/yonbip/sd/voucherorder/"
	creditLimit = 1_000_000 // units of an order above which its audit is refused
)

// OrderKeyField is a field of the tenant's own on sales orders, as answers name it.
const OrderKeyField = "headItem!define1"

// outcome is an answer to a write.
type outcome struct {
	code    any
	message string
	data    map[string]any
}

func failed(format string, args ...any) outcome {
	return outcome{code: 999, message: fmt.Sprintf(format, args...)}
}

// write saves, submits or audits. Only saving is kept from being done twice, by a key that the caller chooses.
func (s *Server) write(w http.ResponseWriter, r *http.Request, call string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	do := func() outcome {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch call {
		case "singleSave":
			return s.saveOnce(body)
		case "batchsubmit":
			return s.advance(body, "APPROVING")
		case "batchaudit":
			return s.advance(body, "DELIVERGOODS")
		}
		return outcome{code: "310404", message: "接口不存在"}
	}
	if s.opts.Faults.Unanswered(r, s.opts.Late, func() { do() }) {
		return
	}
	out := do()
	answer(w, out.code, out.message, out.data)
}

type line struct {
	Status   string      `json:"_status"`
	Product  string      `json:"productId"`
	Unit     string      `json:"masterUnitId"`
	Tax      string      `json:"taxId"`
	Quantity json.Number `json:"qty"`
	Sum      json.Number `json:"oriSum"`
	Net      json.Number `json:"orderDetailPrices!oriMoney"`
	TaxMoney json.Number `json:"orderDetailPrices!oriTax"`
}

func (s *Server) saveOnce(body []byte) outcome {
	var in struct {
		Data map[string]any
	}
	if json.Unmarshal(body, &in) != nil || in.Data == nil {
		return failed("参数不合法")
	}
	key, _ := in.Data["resubmitCheckKey"].(string)
	if len(key) > 32 {
		return failed("resubmitCheckKey 长度不能超过 32")
	}
	if first := s.results[key]; first != nil && key != "" && !s.opts.Forgets {
		return outcome{code: "200", message: "操作成功", data: first}
	}
	out := s.save(body, in.Data)
	if out.code == "200" {
		s.results[key] = out.data
	}
	return out
}

// save makes an order. Two with the same content are two orders, unless their number is given.
func (s *Server) save(body []byte, fields map[string]any) outcome {
	var in struct {
		Data struct {
			Status   string `json:"_status"`
			Org      string `json:"salesOrgId"`
			Type     string `json:"transactionTypeId"`
			Day      string `json:"vouchdate"`
			Customer string `json:"agentId"`
			Code     string
			Total    json.Number `json:"payMoney"`
			Lines    []line      `json:"orderDetails"`
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return failed("参数不合法: %v", err)
	}
	d := in.Data
	if _, err := time.Parse(time.DateTime, d.Day); err != nil || d.Status != "Insert" || d.Org == "" || d.Type == "" || len(d.Lines) == 0 {
		return failed("必填字段不能为空")
	}
	if !s.has("merchant", d.Customer) {
		return failed("客户%s不存在", d.Customer)
	}
	total, quantity := 0.0, 0.0
	for _, l := range d.Lines {
		n, sum, net, tax := value(l.Quantity), value(l.Sum), value(l.Net), value(l.TaxMoney)
		switch {
		case l.Status != "Insert" || l.Unit == "" || l.Tax == "" || n <= 0:
			return failed("明细必填字段不能为空")
		case !s.has("product", l.Product):
			return failed("物料%s不存在", l.Product)
		case math.Abs(net+tax-sum) > 1e-6:
			return failed("含税金额应等于无税金额加税额")
		}
		total, quantity = total+sum, quantity+n
	}
	if math.Abs(total-value(d.Total)) > 1e-6 {
		return failed("合计含税金额应等于明细含税金额合计")
	}
	code := d.Code
	if code == "" {
		code = fmt.Sprintf("UO-%08d", len(s.orders.rows)+1)
	}
	if slices.ContainsFunc(s.orders.rows, func(o map[string]any) bool { return o["code"] == code }) {
		return failed("单据编号%s已存在", code)
	}
	row := map[string]any{"id": 1_900_000_000_000_000_001 + int64(len(s.orders.rows)), "code": code, "nextStatus": "CONFIRMORDER", "agentId": d.Customer, "payMoney": total, "quantity": quantity}
	for name, v := range fields {
		if strings.Contains(name, "headItem!") || name == "purchaseNo" {
			row[name] = v
		}
	}
	s.orders.rows = append(s.orders.rows, row)
	return outcome{code: "200", message: "操作成功", data: map[string]any{"id": row["id"], "code": code, "resubmitCheckKey": "OPENAPI_" + fmt.Sprint(fields["resubmitCheckKey"])}}
}

func value(n json.Number) float64 {
	f, err := n.Float64()
	if err != nil {
		return math.NaN()
	}
	return f
}

// has reports whether master data has a code. Without its list everything exists.
func (s *Server) has(object, code string) bool {
	l := s.lists["/yonbip/digitalModel/"+object+"/list"]
	return l == nil && code != "" || l != nil && slices.ContainsFunc(l.all(), func(row map[string]any) bool { return row["code"] == code })
}

// advance submits or audits. Its success says only that the call was understood; what was done is counted.
func (s *Server) advance(body []byte, next string) outcome {
	var in struct {
		Data []struct{ ID json.Number }
	}
	if json.Unmarshal(body, &in) != nil || len(in.Data) != 1 {
		return failed("参数不合法")
	}
	at := slices.IndexFunc(s.orders.rows, func(o map[string]any) bool { return fmt.Sprint(o["id"]) == in.Data[0].ID.String() })
	counted := func(good int, messages ...string) outcome {
		return outcome{code: "200", message: "操作成功", data: map[string]any{"count": 1, "sucessCount": good, "failCount": 1 - good, "messages": messages, "infos": []any{}}}
	}
	if at < 0 {
		return counted(0, "单据不存在")
	}
	switch o := s.orders.rows[at]; {
	case o["nextStatus"] != "CONFIRMORDER" && (next == "APPROVING" || o["nextStatus"] != "APPROVING"):
		return counted(0, "单据状态不允许此操作")
	case next == "DELIVERGOODS" && o["quantity"].(float64) > creditLimit:
		return counted(0, "客户信用额度超限，不能审核")
	default:
		changed := maps.Clone(o)
		changed["nextStatus"] = next
		s.orders.rows[at] = changed
		return counted(1)
	}
}

// Orders are the sales orders as they are now, oldest first.
func (s *Server) Orders() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.orders.rows)
}

// ChangeOrders lets people there change orders by hand: f gets each, and returns what takes its place.
func (s *Server) ChangeOrders(f func(order map[string]any) []map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []map[string]any
	for _, order := range s.orders.rows {
		rows = append(rows, f(maps.Clone(order))...)
	}
	s.orders.rows = rows
}

// Withdraw takes an interface away from the application.
func (s *Server) Withdraw(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.lists, path)
}
