// Package simu8 simulates the open platform of 用友 U8+, which relays calls to the U8 server at an enterprise: the token call,
// lists in pages by number with limits on any field, single bills, sales orders that are saved and verified under numbers of the
// platform's, and the ways in which platform and relay fail: mostly inside HTTP 200, with an errcode that is text. It shares no code with the connector.
package simu8

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// Options describe the simulated enterprise.
type Options struct {
	FromAccount, ToAccount, AppKey, AppSecret string
	Deaf                                      bool          // lists take no notice of limits
	Forgets                                   bool          // a write under a number that was used before is made again
	Late                                      time.Duration // how long after its caller gave up a late write is done
	Now                                       func() time.Time
	Faults                                    *fault.Set
}

// List is a list with its data. Values are text; times have three digits behind the second and no zone. Fields without a
// value are left out of answers. Hidden are fields that only a bill's own answer shows.
type List struct {
	Object string
	Rows   func() []map[string]any
	Hidden []string
	rows   []map[string]any
}

// Bills says how single bills are made of a list of lines.
type Bills struct {
	Object string   // as it stands in the address
	Of     string   // the list of lines
	Head   []string // fields of the bill; the others are those of its lines
}

// Server is the platform with one enterprise.
type Server struct {
	opts   Options
	bills  Bills
	mu     sync.Mutex
	lists  map[string]*List
	tokens map[string]time.Time // until when each is good
	logins int
	before func()

	orders []map[string]any
	serial int
	trades map[string]bool           // numbers of writes that were given
	first  map[string]map[string]any // what a write under a number answered
}

// New makes the platform.
func New(o Options, bills Bills, lists ...*List) *Server {
	s := &Server{opts: o, bills: bills, lists: map[string]*List{}, tokens: map[string]time.Time{}, trades: map[string]bool{}, first: map[string]map[string]any{}, before: func() {}}
	for _, l := range lists {
		s.lists[l.Object] = l
	}
	return s
}

// SetRows replaces the rows of a list.
func (s *Server) SetRows(object string, rows []map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists[object].rows, s.lists[object].Rows = rows, nil
}

// BeforeQuery sets a function called before each page is answered.
func (s *Server) BeforeQuery(f func()) { s.mu.Lock(); defer s.mu.Unlock(); s.before = f }

// Logins counts calls for a token.
func (s *Server) Logins() int { s.mu.Lock(); defer s.mu.Unlock(); return s.logins }

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	object, verb := path.Base(path.Dir(r.URL.Path)), path.Base(r.URL.Path)
	write := object == orderBill && (verb == "add" || verb == "verify")
	if write != (r.Method == http.MethodPost) {
		refuse(w, "10003", "请求方式错误")
		return
	}
	switch {
	case object == "system" && verb == "token":
		s.token(w, r)
		return
	case object == "system" && verb == "tradeid":
		s.trade(w, r)
		return
	case !s.admit(w, r):
		return
	}
	s.mu.Lock()
	l, before := s.lists[object], s.before
	s.mu.Unlock()
	switch {
	case verb == "batch_get" && l != nil:
		before()
		s.list(w, r, l)
	case write:
		s.write(w, r, verb)
	case verb == "batch_get" && object == orderList:
		s.listOrders(w, r.URL.Query())
	case verb == "get" && object == s.bills.Object:
		s.bill(w, r.URL.Query().Get("id"))
	default:
		refuse(w, "10002", "API不存在")
	}
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins++
	q := r.URL.Query()
	if q.Get("from_account") != s.opts.FromAccount || q.Get("app_key") != s.opts.AppKey || q.Get("app_secret") != s.opts.AppSecret || s.opts.Faults.Hit(fault.BadCredentials) {
		refuse(w, "30002", "app_key或app_secret错误")
		return
	}
	token := fmt.Sprintf("%032x", s.logins)
	s.tokens[token] = s.opts.Now().Add(2 * time.Hour)
	say(w, map[string]any{"token": map[string]any{"id": token, "appKey": s.opts.AppKey, "expiresIn": "7200"}})
}

// admit checks token, account and rights, and plays the faults of platform and relay.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, q := s.opts.Faults, r.URL.Query()
	if f.Hit(fault.SessionExpiry) {
		clear(s.tokens)
	}
	switch until, known := s.tokens[q.Get("token")]; {
	case !known || !s.opts.Now().Before(until):
		refuse(w, "30012", "token无效或已过期")
	case q.Get("from_account") != s.opts.FromAccount || q.Get("to_account") != s.opts.ToAccount || q.Get("app_key") != s.opts.AppKey || q.Get("ds_sequence") != "1":
		refuse(w, "30005", "企业账号或数据源不存在")
	case f.Hit(fault.Throttle):
		refuse(w, "10010", "接口调用频率超限")
	case f.Hit(fault.TransientIn200):
		s.offline(w)
	case f.Hit(fault.NoRights):
		refuse(w, "30020", "应用没有该接口的权限")
	case f.Hit(fault.ErrorIn200):
		refuse(w, "20006", "参数不合法")
	default:
		return true
	}
	return false
}

// offline is a U8 server that does not answer the relay, said in either way.
func (s *Server) offline(w http.ResponseWriter) {
	if s.opts.Faults.Hits(fault.TransientIn200)%2 == 0 {
		http.Error(w, "upstream request timeout", http.StatusGatewayTimeout)
		return
	}
	refuse(w, "10001", "企业端服务器不在线")
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, l *List) {
	q := r.URL.Query()
	page, err := strconv.Atoi(q.Get("page_index"))
	size, serr := strconv.Atoi(q.Get("rows_per_page"))
	if err != nil || serr != nil || page < 1 || size < 1 {
		refuse(w, "20006", "参数不合法")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, total := []map[string]any{}, 0
	for _, row := range l.all() {
		if !s.fits(row, q) {
			continue
		}
		if total >= (page-1)*size && len(rows) < size {
			rows = append(rows, shown(row, l.Hidden))
		}
		total++
	}
	if s.opts.Faults.Hit(fault.HiddenRows) {
		rows, total = nil, 0
	}
	if len(rows) == 0 {
		refuse(w, "20002", "没有符合条件的数据")
		return
	}
	say(w, map[string]any{
		"page_index": q.Get("page_index"), "page_count": strconv.Itoa((total + size - 1) / size), "rows_per_page": q.Get("rows_per_page"), "row_count": strconv.Itoa(total), l.Object: rows,
	})
}

// fits holds a row against the limits FIELD_begin and FIELD_end, as a database compares a time with text.
func (s *Server) fits(row map[string]any, q map[string][]string) bool {
	if s.opts.Deaf {
		return true
	}
	for name, v := range row {
		have := fmt.Sprint(v)
		for param, limits := range q {
			field, begin := strings.CutSuffix(strings.ToLower(param), "_begin")
			field, end := strings.CutSuffix(field, "_end")
			if field != strings.ToLower(name) {
				continue
			}
			if begin && have < limits[0] || end && have > limits[0] {
				return false
			}
		}
	}
	return true
}

func (s *Server) bill(w http.ResponseWriter, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bill, lines := map[string]any{}, []map[string]any{}
	for _, row := range s.lists[s.bills.Of].all() {
		if row["id"] != id {
			continue
		}
		for _, name := range s.bills.Head {
			if row[name] != nil {
				bill[name] = row[name]
			}
		}
		lines = append(lines, shown(row, s.bills.Head))
	}
	if len(lines) == 0 {
		refuse(w, "20002", "没有符合条件的数据")
		return
	}
	bill["entry"] = lines
	say(w, map[string]any{s.bills.Object: bill})
}

func (l *List) all() []map[string]any {
	if l.Rows != nil {
		l.rows, l.Rows = l.Rows(), nil
	}
	return l.rows
}

// shown is a row as answers have it.
func shown(row map[string]any, hidden []string) map[string]any {
	out := map[string]any{}
	for k, v := range row {
		if v != nil && v != "" {
			out[k] = v
		}
	}
	for _, name := range hidden {
		delete(out, name)
	}
	return out
}

func refuse(w http.ResponseWriter, code, message string) {
	write(w, map[string]any{"errcode": code, "errmsg": message})
}

func say(w http.ResponseWriter, answer map[string]any) {
	answer["errcode"], answer["errmsg"] = "0", ""
	write(w, answer)
}

func write(w http.ResponseWriter, answer map[string]any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_ = json.NewEncoder(w).Encode(answer)
}
