package simu8

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/connectors/sandbox/fault"
)

const (
	orderBill   = "saleorder"
	orderList   = "saleorderlist"
	creditLimit = 1_000_000 // units of an order above which it is not verified
)

// Orders are the sales orders in the order in which they were saved.
func (s *Server) Orders() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]map[string]any{}, s.orders...)
}

// ChangeOrders lets f replace each order, as people do by hand.
func (s *Server) ChangeOrders(f func(o map[string]any) []map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []map[string]any
	for _, o := range s.orders {
		out = append(out, f(maps.Clone(o))...)
	}
	s.orders = out
}

// Forget makes every number of a write unknown, as time does.
func (s *Server) Forget() { s.mu.Lock(); defer s.mu.Unlock(); clear(s.trades) }

// trade gives the number of a write.
func (s *Server) trade(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	if until, known := s.tokens[q.Get("token")]; !known || !s.opts.Now().Before(until) {
		refuse(w, "30012", "token无效或已过期")
		return
	}
	s.serial++
	id := fmt.Sprintf("%032x", 1<<40+s.serial)
	s.trades[id] = true
	say(w, map[string]any{"trade": map[string]any{"id": id}})
}

// write saves or verifies an order. Under a number that was used before it gives the first answer again.
func (s *Server) write(w http.ResponseWriter, r *http.Request, verb string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	q := r.URL.Query()
	do := func() map[string]any {
		s.mu.Lock()
		defer s.mu.Unlock()
		number := q.Get("tradeid")
		if !s.trades[number] || q.Get("sync") != "1" {
			return no("30020", "tradeid无效")
		}
		if first := s.first[number]; first != nil && !s.opts.Forgets {
			return maps.Clone(first)
		}
		out := s.verify(body)
		if verb == "add" {
			out = s.add(body)
		}
		if out["errcode"] == "0" {
			out["tradeid"] = number
			s.first[number] = maps.Clone(out)
		}
		return out
	}
	switch {
	case s.opts.Faults.Hit(fault.WriteLate):
		<-r.Context().Done()
		time.AfterFunc(s.opts.Late, func() { do() })
	case s.opts.Faults.Hit(fault.WriteLost):
		do()
		panic(http.ErrAbortHandler)
	default:
		write(w, do())
	}
}

func no(code, format string, args ...any) map[string]any {
	return map[string]any{"errcode": code, "errmsg": fmt.Sprintf(format, args...)}
}

// add saves an order. Two with the same content are two orders, unless their number is given.
func (s *Server) add(body []byte) map[string]any {
	var in struct {
		Order map[string]any `json:"saleorder"`
	}
	if json.Unmarshal(body, &in) != nil {
		return no("20006", "参数不合法")
	}
	text := func(name string) string { v, _ := in.Order[name].(string); return v }
	for _, name := range []string{"businesstype", "typecode", "deptcode", "custcode"} {
		if text(name) == "" {
			return no("20006", "字段 %s 不能为空", name)
		}
	}
	entries, _ := in.Order["entry"].([]any)
	quantity := 0.0
	for i, e := range entries {
		line, _ := e.(map[string]any)
		if line["inventorycode"] == nil || line["bgift"] == nil || line["rowno"] == nil || line["quantity"] == nil {
			return no("20006", "第%d行缺少必填字段", i+1)
		}
		n, _ := line["quantity"].(float64)
		quantity += n
	}
	known := slices.ContainsFunc(s.lists["customer"].all(), func(c map[string]any) bool { return c["code"] == text("custcode") })
	code := text("code")
	switch {
	case len(entries) == 0:
		return no("20006", "表体不能为空")
	case !known:
		return no("20006", "客户%s不存在", text("custcode"))
	case code != "" && slices.ContainsFunc(s.orders, func(o map[string]any) bool { return o["code"] == code }):
		return no("20006", "单据号%s重复", code)
	case code == "":
		code = fmt.Sprintf("%010d", len(s.orders)+1)
	}
	row := map[string]any{"code": code, "date": text("date"), "custcode": text("custcode"), "state": "Opening", "quantity": quantity, "lines": len(entries)}
	for name, v := range in.Order {
		if strings.HasPrefix(name, "define") {
			row[name] = v
		}
	}
	s.orders = append(s.orders, row)
	return map[string]any{"errcode": "0", "errmsg": "", "id": code}
}

func (s *Server) verify(body []byte) map[string]any {
	var in struct {
		Order struct {
			Code string `json:"voucher_code"`
		} `json:"saleorder"`
	}
	if json.Unmarshal(body, &in) != nil {
		return no("20006", "参数不合法")
	}
	at := slices.IndexFunc(s.orders, func(o map[string]any) bool { return o["code"] == in.Order.Code })
	switch {
	case at < 0:
		return no("20006", "单据%s不存在", in.Order.Code)
	case s.orders[at]["state"] != "Opening":
		return no("20006", "单据%s已审核", in.Order.Code)
	case s.orders[at]["quantity"].(float64) > creditLimit:
		return no("20006", "客户信用额度超限")
	}
	row := maps.Clone(s.orders[at])
	row["state"], row["verifier"] = "Approved", "接口"
	s.orders[at] = row
	return map[string]any{"errcode": "0", "errmsg": ""}
}

// listOrders finds orders by a range of numbers or by words in a field of theirs.
func (s *Server) listOrders(w http.ResponseWriter, q url.Values) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page, err := strconv.Atoi(q.Get("page_index"))
	size, serr := strconv.Atoi(q.Get("rows_per_page"))
	if err != nil || serr != nil || page < 1 || size < 1 {
		refuse(w, "20006", "参数不合法")
		return
	}
	rows, total := []map[string]any{}, 0
	for _, o := range s.orders {
		code, _ := o["code"].(string)
		fits := (q.Get("code_begin") == "" || code >= q.Get("code_begin")) && (q.Get("code_end") == "" || code <= q.Get("code_end"))
		for name := range q {
			if have, _ := o[name].(string); strings.HasPrefix(name, "define") {
				fits = fits && strings.Contains(have, q.Get(name))
			}
		}
		if !fits && !s.opts.Deaf {
			continue
		}
		if total >= (page-1)*size && len(rows) < size {
			rows = append(rows, shown(o, nil))
		}
		total++
	}
	if s.opts.Faults.Hit(fault.HiddenRows) {
		rows = nil
	}
	if len(rows) == 0 {
		refuse(w, "20002", "没有符合条件的数据")
		return
	}
	say(w, map[string]any{
		"page_index": q.Get("page_index"), "page_count": strconv.Itoa((total + size - 1) / size), "rows_per_page": q.Get("rows_per_page"), "row_count": strconv.Itoa(total), orderList: rows,
	})
}
