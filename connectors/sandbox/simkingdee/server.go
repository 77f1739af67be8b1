// Package simkingdee simulates the WebAPI of 金蝶云星空: the three logins and the request signature, BillQuery and
// ExecuteBillQuery with filter, order and limit, form metadata, sales orders that are saved, submitted and audited, and
// the ways in which real sites fail.
//
// It shares no code with the connector, so that a misreading of the protocol cannot cancel itself out.
package simkingdee

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// Options describe the simulated site.
type Options struct {
	AcctID, User, Password string
	AppID, AppSecret       string
	PageCap                int                                 // rows of one answer at most; larger limits are cut silently; 0: 10000
	Late                   time.Duration                       // how long after its caller gave up a late write is done; 0: 1 s
	Orders                 []map[string]any                    // sales orders from before
	Keep                   func(orders []map[string]any) error // called with all sales orders before a write is answered; nil: they live as long as the server
	Now                    func() time.Time
	Faults                 *fault.Set
}

// Server is a site under /K3Cloud/. It is safe for concurrent use.
type Server struct {
	opts     Options
	mu       sync.Mutex
	tables   map[string]Table
	sessions map[string]bool
	serial   int
	logins   int
	queries  int
	before   func()
	numbers  map[string]map[string]bool // numbers in use, by form
}

// New makes a site with the tables.
func New(o Options, tables ...Table) *Server {
	if o.PageCap == 0 {
		o.PageCap = 10000
	}
	s := &Server{opts: o, tables: map[string]Table{}, sessions: map[string]bool{}}
	if o.Late == 0 {
		s.opts.Late = time.Second
	}
	s.tables[orderForm] = orderTable(o.Orders)
	for _, t := range tables {
		s.tables[t.Form] = t
	}
	return s
}

// SetTable replaces a table, as writers at the source do between two pages.
func (s *Server) SetTable(t Table) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables[t.Form] = t
	s.numbers = nil
}

// BeforeQuery sets a function called before each query is answered.
func (s *Server) BeforeQuery(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

// Logins counts login calls, Queries queries answered.
func (s *Server) Logins() int { s.mu.Lock(); defer s.mu.Unlock(); return s.logins }

// Queries counts the queries that were answered.
func (s *Server) Queries() int { s.mu.Lock(); defer s.mu.Unlock(); return s.queries }

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, service, found := strings.Cut(r.URL.Path, "/K3Cloud/")
	service, ok := strings.CutSuffix(service, ".common.kdsvc")
	if !found || !ok || r.Method != http.MethodPost {
		http.Error(w, "<html><body>404</body></html>", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err != nil {
		http.Error(w, "bad body", http.StatusBadRequest)
		return
	}
	method := service[strings.LastIndexByte(service, '.')+1:]
	if strings.Contains(service, ".AuthService.") {
		s.login(w, method, body)
		return
	}
	if !s.admit(w, r) {
		return
	}
	s.call(w, r, method, body)
}

func (s *Server) call(w http.ResponseWriter, r *http.Request, method string, body []byte) {
	switch {
	case s.opts.Faults.Hit(fault.NoRights):
		s.refuse(w, 2, "没有权限")
		return
	case s.opts.Faults.Hit(fault.Throttle):
		s.refuse(w, 14, "调用次数超限")
		return
	case s.opts.Faults.Hit(fault.ErrorIn200):
		s.refuse(w, 9, "字段不存在")
		return
	case s.opts.Faults.Hit(fault.TransientIn200):
		write(w, "response_error:"+`{"Message":"服务器忙","InnerExWrapper":null}`)
		return
	}
	if method == "Save" || method == "Submit" || method == "Audit" {
		s.write(w, r, method, body)
		return
	}
	data, err := readData(body)
	if err != nil {
		s.refuse(w, 8, "参数错误: "+err.Error())
		return
	}
	switch method {
	case "BillQuery", "ExecuteBillQuery":
		s.query(w, method, data)
	case "QueryBusinessInfo":
		s.metadata(w, data)
	default:
		s.refuse(w, 4, "未知服务 "+method)
	}
}

// request is the data part of a call.
type request struct {
	FormId, FieldKeys, FilterString, OrderString string
	TopRowCount, StartRow, Limit                 int
}

// readData accepts data as an object or as text holding one, named or as the only positional parameter.
func readData(body []byte) (request, error) {
	var envelope struct {
		Data       json.RawMessage
		Parameters []json.RawMessage
	}
	var out request
	if err := json.Unmarshal(body, &envelope); err != nil {
		return out, err
	}
	raw := envelope.Data
	if raw == nil && len(envelope.Parameters) == 1 {
		raw = envelope.Parameters[0]
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	return out, json.Unmarshal(raw, &out)
}

func (s *Server) query(w http.ResponseWriter, method string, q request) {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	if before != nil {
		before()
	}
	s.mu.Lock()
	table, ok := s.tables[q.FormId]
	s.queries++
	s.mu.Unlock()
	if !ok {
		s.refuse(w, 4, "业务对象不存在: "+q.FormId)
		return
	}
	if q.FieldKeys == "" {
		s.refuse(w, 8, "FieldKeys 为空")
		return
	}
	columns := strings.Split(q.FieldKeys, ",")
	for _, c := range columns {
		if !table.has(c) {
			s.refuse(w, 9, "元数据中标识为"+c+"的字段不存在")
			return
		}
	}
	limit := min(max(q.Limit, 0), s.opts.PageCap)
	if limit == 0 {
		limit = s.opts.PageCap
	}
	if s.opts.Faults.Hit(fault.ShortPage) && limit > 1 {
		limit /= 2
	}
	rows, err := table.run(q, limit)
	if err != nil {
		s.refuse(w, 4, "GetRealExpress error: "+err.Error())
		return
	}
	if s.opts.Faults.Hit(fault.HiddenRows) {
		rows = nil
	}
	s.writeRows(w, method, columns, rows)
}

func (s *Server) writeRows(w http.ResponseWriter, method string, columns []string, rows []map[string]any) {
	space := s.opts.Faults.Hit(fault.EmptyAsSpace)
	cell := func(row map[string]any, c string) any {
		v := row[c]
		if v == nil && space {
			return " "
		}
		return v
	}
	out := make([]any, len(rows))
	for i, row := range rows {
		if method == "BillQuery" {
			object := make(map[string]any, len(columns))
			for _, c := range columns {
				object[c] = cell(row, c)
			}
			out[i] = object
			continue
		}
		cells := make([]any, len(columns))
		for j, c := range columns {
			cells[j] = cell(row, c)
		}
		out[i] = cells
	}
	s.writeJSON(w, out)
}

func (s *Server) metadata(w http.ResponseWriter, q request) {
	s.mu.Lock()
	table, ok := s.tables[q.FormId]
	s.mu.Unlock()
	if !ok {
		s.refuse(w, 4, "业务对象不存在: "+q.FormId)
		return
	}
	var fields []any
	var seen []string
	for _, c := range table.Columns {
		head, _, _ := strings.Cut(c, ".")
		if head == table.Key || slices.Contains(seen, head) {
			continue
		}
		seen = append(seen, head)
		fields = append(fields, map[string]any{"Key": head, "Name": []any{map[string]any{"Key": 2052, "Value": head}}, "ElementType": 1})
	}
	s.writeJSON(w, map[string]any{"Result": map[string]any{
		"ResponseStatus": map[string]any{"IsSuccess": true},
		"NeedReturnData": map[string]any{"Id": q.FormId, "Entrys": []any{map[string]any{"Key": "FBillHead", "Fields": fields}}},
	}})
}

// refuse reports a failure the way Kingdee does: status 200, dressed as the only row.
func (s *Server) refuse(w http.ResponseWriter, code int, message string) {
	var success any = false
	if s.opts.Faults.Hit(fault.CodeAsText) {
		success = "false"
	}
	s.writeJSON(w, []any{[]any{map[string]any{"Result": map[string]any{"ResponseStatus": map[string]any{
		"ErrorCode": 500, "IsSuccess": success, "Errors": []any{map[string]any{"FieldName": nil, "Message": message, "DIndex": 0}},
		"SuccessEntitys": []any{}, "SuccessMessages": []any{}, "MsgCode": code,
	}}}}})
}

func (s *Server) writeJSON(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err == nil && s.opts.Faults.Hit(fault.StringBody) {
		b, err = json.Marshal(string(b))
	}
	if err != nil {
		http.Error(w, fmt.Sprint(err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	write(w, string(b))
}

func write(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(w, text)
}
