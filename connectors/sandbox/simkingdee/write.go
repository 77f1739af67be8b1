package simkingdee

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// orderForm is the one form that can be written: sales orders.
const orderForm = "SAL_SaleOrder"

// OrderKeyField is a text field of the tenant's own on sales orders. Nothing keeps two bills from having the same value in it.
const OrderKeyField = "F_TRB_ORDER_KEY"

// creditLimit is the quantity of an order above which its audit is refused.
const creditLimit = 1_000_000

func orderTable(orders []map[string]any) Table {
	return Table{Form: orderForm, Key: "FID", Rows: List{KeyColumn: "FID", Items: orders}, Columns: []string{
		"FID", "FBillNo", "FDate", "FDocumentStatus", "FCancelStatus", "FBillTypeID.FNumber", "FSaleOrgId.FNumber", "FCustId.FNumber", "FNote", "FCreateDate", "FModifyDate", OrderKeyField,
	}}
}

// Orders are the sales orders as they are now, oldest first.
func (s *Server) Orders() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.orders())
}

func (s *Server) orders() []map[string]any { return s.tables[orderForm].Rows.(List).Items }

// setOrders puts other sales orders in place of those that are there. What cannot be kept is not done.
func (s *Server) setOrders(rows []map[string]any) error {
	if s.opts.Keep != nil {
		if err := s.opts.Keep(rows); err != nil {
			return err
		}
	}
	s.tables[orderForm] = orderTable(rows)
	return nil
}

// written is the answer to a write: words of a refusal, or the bill.
type written struct {
	id     int64
	number string
	words  []string
}

// write saves, submits or audits. An answer that is lost, and work that goes on after the caller gave up, are what makes
// writing hard.
func (s *Server) write(w http.ResponseWriter, r *http.Request, method string, body []byte) {
	var call struct {
		Formid string
		Data   json.RawMessage
	}
	if err := json.Unmarshal(body, &call); err != nil {
		s.refuse(w, 8, "参数错误: "+err.Error())
		return
	}
	if call.Formid != orderForm {
		s.refuse(w, 4, "业务对象不存在: "+call.Formid)
		return
	}
	var text string
	if json.Unmarshal(call.Data, &text) == nil {
		call.Data = json.RawMessage(text)
	}
	do := func() written {
		if method == "Save" {
			return s.save(call.Data)
		}
		return s.advance(method, call.Data)
	}
	if s.opts.Faults.Unanswered(r, s.opts.Late, func() { do() }) {
		return
	}
	s.answerWrite(w, do())
}

func (s *Server) answerWrite(w http.ResponseWriter, done written) {
	if len(done.words) > 0 {
		var errors []any
		for _, words := range done.words {
			errors = append(errors, map[string]any{"FieldName": "", "Message": words, "DIndex": 0})
		}
		s.writeJSON(w, map[string]any{"Result": map[string]any{"ResponseStatus": map[string]any{
			"ErrorCode": 500, "IsSuccess": false, "Errors": errors, "SuccessEntitys": []any{}, "SuccessMessages": []any{}, "MsgCode": 11,
		}}})
		return
	}
	s.writeJSON(w, map[string]any{"Result": map[string]any{
		"ResponseStatus": map[string]any{"IsSuccess": true, "Errors": []any{}, "SuccessEntitys": []any{map[string]any{"Id": done.id, "Number": done.number, "DIndex": 0}}, "SuccessMessages": []any{}, "MsgCode": 0},
		"Id":             done.id, "Number": done.number, "NeedReturnData": []any{map[string]any{}},
	}})
}

type reference struct{ FNumber string }

// save creates a bill. Two with the same content are two bills, unless the number is given or the caller asks for the
// comparison of the whole text.
func (s *Server) save(data json.RawMessage) written {
	var in struct {
		ValidateRepeatJson any
		Model              json.RawMessage
	}
	var m struct {
		FBillTypeID, FSaleOrgId, FCustId reference
		FBillNo, FDate, FNote            string
		FSaleOrderEntry                  []struct {
			FMaterialId, FUnitID reference
			FQty                 json.Number
		}
	}
	var fields map[string]any
	if json.Unmarshal(data, &in) != nil || json.Unmarshal(in.Model, &m) != nil || json.Unmarshal(in.Model, &fields) != nil {
		return written{words: []string{"Model 不是有效的 JSON"}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := written{}
	say := func(format string, args ...any) { out.words = append(out.words, fmt.Sprintf(format, args...)) }
	if m.FBillTypeID.FNumber == "" {
		say("字段“单据类型”是必填项")
	}
	if m.FSaleOrgId.FNumber == "" {
		say("字段“销售组织”是必填项")
	}
	if !s.exists("BD_Customer", "FNumber", m.FCustId.FNumber) {
		say("客户“%s”不存在或已禁用", m.FCustId.FNumber)
	}
	if len(m.FSaleOrderEntry) == 0 {
		say("分录“订单明细”是必填项")
	}
	total := 0.0
	for _, l := range m.FSaleOrderEntry {
		if !s.exists("BD_MATERIAL", "FNumber", l.FMaterialId.FNumber) {
			say("物料“%s”不存在或已禁用", l.FMaterialId.FNumber)
		}
		quantity, err := l.FQty.Float64()
		if err != nil || quantity <= 0 {
			say("销售数量必须大于零")
		}
		total += quantity
	}
	compact := &bytes.Buffer{}
	_ = json.Compact(compact, in.Model) // read above
	repeat := in.ValidateRepeatJson == true || in.ValidateRepeatJson == "true"
	for _, o := range s.orders() {
		if m.FBillNo != "" && o["FBillNo"] == m.FBillNo {
			say("单据编号“%s”已经存在", m.FBillNo)
		}
		if repeat && o["json"] == compact.String() {
			say("重复的 JSON 请求")
		}
	}
	if len(out.words) > 0 {
		return out
	}
	out.id = int64(700_000 + len(s.orders()))
	if out.number = m.FBillNo; out.number == "" {
		out.number = fmt.Sprintf("XSDD%06d", len(s.orders())+1)
	}
	now := s.opts.Now().In(time.FixedZone("", 8*3600)).Format("2006-01-02T15:04:05.000")
	key, _ := fields[OrderKeyField].(string)
	if err := s.setOrders(append(slices.Clip(s.orders()), map[string]any{
		"FID": out.id, "FBillNo": out.number, "FDate": m.FDate, "FDocumentStatus": "A", "FCancelStatus": "A", "FBillTypeID.FNumber": m.FBillTypeID.FNumber,
		"FSaleOrgId.FNumber": m.FSaleOrgId.FNumber, "FCustId.FNumber": m.FCustId.FNumber, "FNote": m.FNote, "FCreateDate": now, "FModifyDate": now, OrderKeyField: key,
		"json": compact.String(), "total": total,
	})); err != nil {
		out.words = []string{"保存失败: " + err.Error()}
	}
	return out
}

// exists reports whether master data has a living number. Without the table everything exists.
func (s *Server) exists(form, column, number string) bool {
	t, ok := s.tables[form]
	if !ok {
		return number != ""
	}
	if s.numbers == nil {
		s.numbers = map[string]map[string]bool{}
	}
	if s.numbers[form] == nil {
		s.numbers[form] = map[string]bool{}
		for i := range t.Rows.Len() {
			row := t.Rows.Row(i)
			s.numbers[form][fmt.Sprint(row[column])] = row["FForbidStatus"] != "B"
		}
	}
	return s.numbers[form][number]
}

// advance submits or audits a bill that is where it must be for that.
func (s *Server) advance(method string, data json.RawMessage) written {
	var in struct {
		Ids     string
		Numbers []string
	}
	if json.Unmarshal(data, &in) != nil {
		return written{words: []string{"参数错误"}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.orders(), func(o map[string]any) bool {
		return fmt.Sprint(o["FID"]) == in.Ids || len(in.Numbers) == 1 && o["FBillNo"] == in.Numbers[0]
	})
	if at < 0 {
		return written{words: []string{"单据不存在"}}
	}
	bill := s.orders()[at]
	number, _ := bill["FBillNo"].(string)
	need, next := "AZD", "B"
	if method == "Audit" {
		need, next = "B", "C"
	}
	switch status, _ := bill["FDocumentStatus"].(string); {
	case !strings.Contains(need, status):
		return written{words: []string{"单据“" + number + "”的状态不允许此操作"}}
	case method == "Audit" && bill["total"].(float64) > creditLimit:
		return written{words: []string{"客户信用额度不足，单据“" + number + "”不能审核"}}
	}
	rows, changed := slices.Clone(s.orders()), maps.Clone(bill)
	changed["FDocumentStatus"] = next
	rows[at] = changed
	if err := s.setOrders(rows); err != nil {
		return written{words: []string{"保存失败: " + err.Error()}}
	}
	id, _ := bill["FID"].(int64)
	return written{id: id, number: number}
}

// ChangeOrders lets people at the site change bills by hand: f gets each, and returns what takes its place.
func (s *Server) ChangeOrders(f func(bill map[string]any) []map[string]any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []map[string]any
	for _, bill := range s.orders() {
		rows = append(rows, f(maps.Clone(bill))...)
	}
	return s.setOrders(rows)
}
