// Package simyonyou simulates the open API of 用友 YonBIP: the question where a tenant lives, the signed token call, lists
// in pages by number with conditions on the time of change, single bills, and the ways in which the platform fails, inside
// HTTP 200. It shares no code with the connector.
package simyonyou

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// Options describe the simulated tenant.
type Options struct {
	TenantID, AppKey, AppSecret string
	PageCap                     int           // larger pages are cut silently; 0 = none
	CallsPerMinute              int           // of one interface; 0 = not counted
	Forgets                     bool          // keys that keep a call from being done twice are not kept
	Late                        time.Duration // how long after its caller gave up fault.WriteLate does its work
	Now                         func() time.Time
	Faults                      *fault.Set
}

// List is a list with its data. Rows hold pubts as text without a zone. Hidden are fields that only a bill's own answer
// shows.
type List struct {
	Path   string // behind the gateway's address
	Rows   func() []map[string]any
	Hidden []string
	rows   []map[string]any
}

// Server is a tenant; all its hosts are one.
type Server struct {
	opts    Options
	mu      sync.Mutex
	lists   map[string]*List
	bills   string // path of single bills, of the list whose lines they hold
	of      *List
	tokens  map[string]bool
	counted map[string]int
	orders  *List
	results map[string]map[string]any // of saves, by the key against doing them twice
	serial  int
	logins  int
	before  func()
}

// New makes a tenant with the lists. Bills are asked for at the path bills and made of the lines of the list of.
func New(o Options, bills, of string, lists ...*List) *Server {
	s := &Server{opts: o, lists: map[string]*List{}, bills: bills, tokens: map[string]bool{}, counted: map[string]int{}, results: map[string]map[string]any{}, orders: &List{Path: orderPath + "list", Hidden: []string{"quantity"}}, before: func() {}}
	s.lists[s.orders.Path] = s.orders
	for _, l := range lists {
		s.lists[l.Path] = l
	}
	s.of = s.lists[of]
	return s
}

// SetRows replaces the rows of a list.
func (s *Server) SetRows(path string, rows []map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists[path].rows, s.lists[path].Rows = rows, nil
}

// BeforeQuery sets a function called before each page is answered.
func (s *Server) BeforeQuery(f func()) { s.mu.Lock(); defer s.mu.Unlock(); s.before = f }

// Logins counts calls for a token.
func (s *Server) Logins() int { s.mu.Lock(); defer s.mu.Unlock(); return s.logins }

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, rest, gateway := strings.Cut(r.URL.Path, "/iuap-api-gateway")
	switch {
	case strings.HasSuffix(r.URL.Path, "/open-auth/dataCenter/getGatewayAddress"):
		if r.URL.Query().Get("tenantId") != s.opts.TenantID {
			answer(w, "50001", "租户不存在", nil)
			return
		}
		base := "http://" + r.Host + strings.TrimSuffix(host, "/open-auth/dataCenter/getGatewayAddress")
		answer(w, "00000", "成功！", map[string]any{"gatewayUrl": base + "/iuap-api-gateway", "tokenUrl": base + "/iuap-api-auth"})
	case strings.HasSuffix(r.URL.Path, "/iuap-api-auth/open-auth/selfAppAuth/base/v1/getAccessToken"), strings.HasSuffix(r.URL.Path, "/iuap-api-auth/open-auth/selfAppAuth/getAccessToken"):
		s.token(w, r)
	case !gateway:
		http.NotFound(w, r)
	default:
		if code, message := s.admit(r, rest); message != "" {
			answer(w, code, message, nil)
			return
		}
		s.serve(w, r, rest)
	}
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins++
	q := r.URL.Query()
	mac := hmac.New(sha256.New, []byte(s.opts.AppSecret))
	fmt.Fprintf(mac, "appKey%stimestamp%s", q.Get("appKey"), q.Get("timestamp"))
	ms, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
	old := s.opts.Now().Sub(time.UnixMilli(ms))
	switch {
	case q.Get("appKey") != s.opts.AppKey, q.Get("signature") != base64.StdEncoding.EncodeToString(mac.Sum(nil)), s.opts.Faults.Hit(fault.BadCredentials):
		answer(w, "50002", "签名验证失败", nil)
	case err != nil || old > 15*time.Minute || old < -15*time.Minute:
		answer(w, "50003", "时间戳不合法", nil)
	default:
		s.serial++
		token := fmt.Sprintf("planted-secret-session-%06d", s.serial)
		s.tokens[token] = true
		answer(w, "00000", "成功！", map[string]any{"access_token": token, "expire": 7200})
	}
}

// admit checks token, quota and rights. The code of a failure is a number where that of a success is text.
func (s *Server) admit(r *http.Request, path string) (any, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.opts.Faults
	if f.Hit(fault.SessionExpiry) {
		clear(s.tokens)
	}
	window := path + s.opts.Now().Truncate(time.Minute).String()
	s.counted[window]++
	switch {
	case !s.tokens[r.URL.Query().Get("access_token")]:
		return "310036", "access_token 已过期"
	case s.opts.CallsPerMinute > 0 && s.counted[window] > s.opts.CallsPerMinute, f.Hit(fault.Throttle):
		return "310046", "接口调用频率超限"
	case f.Hit(fault.TransientIn200):
		return 999, "服务繁忙，请稍后再试"
	case f.Hit(fault.NoRights):
		return "310008", "应用没有该接口的权限"
	case f.Hit(fault.ErrorIn200):
		return 999, "参数不合法"
	}
	return nil, ""
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, path string) {
	s.mu.Lock()
	l, before := s.lists[path], s.before
	s.mu.Unlock()
	switch {
	case strings.HasPrefix(path, orderPath) && l == nil && r.Method == http.MethodPost:
		s.write(w, r, strings.TrimPrefix(path, orderPath))
	case path == s.bills && r.Method == http.MethodGet:
		s.bill(w, r.URL.Query().Get("id"))
	case l == nil || r.Method != http.MethodPost:
		answer(w, "310404", "接口不存在", nil)
	default:
		before()
		s.list(w, r, l)
	}
}

// question is the part of a list's question that the simulator knows.
type question struct {
	Page       int `json:"pageIndex"`
	Size       int `json:"pageSize"`
	Conditions []struct {
		Field, Op, Value1 string
	} `json:"simpleVOs"`
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, l *List) {
	var q question
	if json.NewDecoder(r.Body).Decode(&q) != nil || q.Page < 1 || q.Size < 1 {
		answer(w, 999, "参数不合法", nil)
		return
	}
	if s.opts.PageCap > 0 {
		q.Size = min(q.Size, s.opts.PageCap)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, first := []map[string]any{}, (q.Page-1)*q.Size
	total := 0
	for _, row := range l.all() {
		fits := true
		for _, c := range q.Conditions {
			have := fmt.Sprint(row[strings.ReplaceAll(c.Field, ".", "!")])
			switch c.Op {
			case "eq":
				fits = fits && have == c.Value1
			case "egt":
				fits = fits && have >= c.Value1
			case "lt":
				fits = fits && have < c.Value1
			default:
				answer(w, 999, "不支持的条件: "+c.Op, nil)
				return
			}
		}
		if !fits {
			continue
		}
		if total >= first && len(rows) < q.Size {
			rows = append(rows, without(row, l.Hidden))
		}
		total++
	}
	if s.opts.Faults.Hit(fault.HiddenRows) {
		rows, total = []map[string]any{}, 0
	}
	answer(w, "200", "操作成功", map[string]any{"pageIndex": q.Page, "pageSize": q.Size, "recordCount": total, "pageCount": (total + q.Size - 1) / q.Size, "recordList": rows, "pubts": s.opts.Now().In(time.FixedZone("", 8*3600)).Format(time.DateTime)})
}

// bill is one bill with its lines, which have the key id there.
func (s *Server) bill(w http.ResponseWriter, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := []map[string]any{}
	for _, row := range s.of.all() {
		if fmt.Sprint(row["id"]) == id {
			line := without(row, nil)
			line["id"] = row["details_id"]
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		answer(w, 999, "单据不存在", nil)
		return
	}
	answer(w, "200", "操作成功", map[string]any{"id": json.Number(id), "details": lines})
}

func (l *List) all() []map[string]any {
	if l.Rows != nil {
		l.rows, l.Rows = l.Rows(), nil
	}
	return l.rows
}

func without(row map[string]any, hidden []string) map[string]any {
	out := map[string]any{}
	for k, v := range row {
		out[k] = v
	}
	for _, name := range hidden {
		delete(out, name)
	}
	return out
}

func answer(w http.ResponseWriter, code any, message string, data map[string]any) {
	out := map[string]any{"code": code, "message": message}
	if data != nil {
		out["data"] = data
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_ = json.NewEncoder(w).Encode(out)
}
