// Package simfxiaoke simulates the open API of 纷享销客: both ways to log in, object descriptions, queries with the
// platform's bounds on limit and offset, changes of single records, its quotas, and the ways in which it fails. Whatever happens, the status is 200.
// It shares no code with the connector.
package simfxiaoke

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// pageCap is the most rows of one answer, deepest the largest offset.
const (
	pageCap = 100
	deepest = 10_000
)

// Options describe the simulated tenant. A quota of zero is not counted.
type Options struct {
	AppID, AppSecret, PermanentCode string
	Enterprise, User                string
	LoginsPerMinute                 int
	CallsPerWindow                  int // of one interface in 20 seconds
	CallsPerDay                     int
	LoneAsMap                       bool // a list of one row is sent as that row
	Now                             func() time.Time
	Faults                          *fault.Set
}

// Object is an object of the tenant with its data.
type Object struct {
	APIName string
	Fields  []Field
	Rows    Rows
}

// Field is a field of an object. Choices are the options of a code list by code; Length is the most characters of a text.
type Field struct {
	Name, Label, Type string
	Choices           map[string]string
	Length            int
}

// Rows are rows in ascending order of their _id. A row may hold FIELD__r beside a look-up FIELD.
type Rows interface {
	Len() int
	ID(i int) string
	Row(i int) map[string]any
}

// List is a table held in memory.
type List []map[string]any

// Len is the number of rows.
func (l List) Len() int { return len(l) }

// ID is the id of a row.
func (l List) ID(i int) string { return l[i]["_id"].(string) }

// Row is one row.
func (l List) Row(i int) map[string]any { return l[i] }

// Server is a tenant.
type Server struct {
	opts    Options
	mu      sync.Mutex
	objects map[string]Object
	tokens  map[string]time.Time // → end of life
	token   string               // the newest
	issued  time.Time
	serial  int
	logins  int
	counted map[string]int
	traces  map[string]bool
	strays  int
	before  func()

	writes   int
	readOnly bool
}

// New makes a tenant with the objects.
func New(o Options, objects ...Object) *Server {
	s := &Server{opts: o, objects: map[string]Object{}, tokens: map[string]time.Time{}, counted: map[string]int{}, traces: map[string]bool{}, before: func() {}}
	for _, ob := range objects {
		s.objects[ob.APIName] = ob
	}
	return s
}

// SetObject replaces an object's data, as writers at the source do between two pages.
func (s *Server) SetObject(o Object) { s.mu.Lock(); defer s.mu.Unlock(); s.objects[o.APIName] = o }

// BeforeQuery sets a function called before each query is answered.
func (s *Server) BeforeQuery(f func()) { s.mu.Lock(); defer s.mu.Unlock(); s.before = f }

// Logins counts calls of the token endpoints.
func (s *Server) Logins() int { s.mu.Lock(); defer s.mu.Unlock(); return s.logins }

// Untraced counts calls without a trace id, or with one that was used before.
func (s *Server) Untraced() int { s.mu.Lock(); defer s.mu.Unlock(); return s.strays }

// Expire ends the life of every token.
func (s *Server) Expire() { s.mu.Lock(); defer s.mu.Unlock(); clear(s.tokens); s.token = "" }

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if json.NewDecoder(r.Body).Decode(&body) != nil || r.Method != http.MethodPost {
		s.refuse(w, 10006, "缺少参数")
		return
	}
	s.noteTrace(r.URL.Query().Get("thirdTraceId"))
	switch {
	case strings.HasSuffix(r.URL.Path, "/oauth2.0/token"):
		s.login(w, body, false)
		return
	case strings.HasSuffix(r.URL.Path, "/cgi/corpAccessToken/get/V2"):
		s.login(w, body, true)
		return
	}
	if code, message := s.admit(r, body); code != 0 {
		s.refuse(w, code, message)
		return
	}
	data, _ := body["data"].(map[string]any)
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/cgi/crm/v2/object/describe"):
		s.describe(w, text(data["apiName"]))
	case strings.HasSuffix(path, "/cgi/crm/v2/data/query"), strings.HasSuffix(path, "/cgi/crm/custom/v2/data/query"):
		s.mu.Lock()
		before := s.before
		s.mu.Unlock()
		before()
		s.query(w, data, strings.Contains(path, "/custom/"))
	case strings.HasSuffix(path, "/cgi/crm/v2/data/update"), strings.HasSuffix(path, "/cgi/crm/custom/v2/data/update"):
		s.update(w, body, strings.Contains(path, "/custom/"))
	default:
		s.refuse(w, 10006, "缺少参数 scope") // what the gateway says of a path it does not know
	}
}

func (s *Server) noteTrace(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == "" || s.traces[id] {
		s.strays++
	}
	s.traces[id] = true
}

func (s *Server) login(w http.ResponseWriter, body map[string]any, older bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins++
	now := s.opts.Now()
	switch {
	case s.over("login", now.Truncate(time.Minute), s.opts.LoginsPerMinute):
		s.refuse(w, 14001, "接口调用次数超限")
	case body["appId"] != s.opts.AppID, body["appSecret"] != s.opts.AppSecret:
		s.refuse(w, 20006, "appId 或 appSecret 错误")
	case body["permanentCode"] != s.opts.PermanentCode, s.opts.Faults.Hit(fault.BadCredentials):
		s.refuse(w, 20015, "永久授权码错误")
	case !older && body["grantType"] != "app_secret":
		s.refuse(w, 10002, "grantType 不合法")
	default:
		if s.token == "" || now.Sub(s.issued) >= 6600*time.Second { // before that the same token is given again
			s.serial++
			s.token, s.issued = fmt.Sprintf("planted-secret-session-%08d", s.serial), now
			s.tokens[s.token] = now.Add(2 * time.Hour)
		}
		left := int(s.tokens[s.token].Sub(now).Seconds())
		if older {
			s.write(w, map[string]any{"errorCode": 0, "errorMessage": "success", "corpAccessToken": s.token, "corpId": s.opts.Enterprise, "expiresIn": left})
			return
		}
		s.write(w, map[string]any{"errorCode": 0, "errorMessage": "OK", "accessToken": s.token, "ea": s.opts.Enterprise, "appId": s.opts.AppID, "openUserId": "FSUID_0", "expiresIn": left})
	}
}

// admit checks token, quotas and rights, in the order in which the gateway does.
func (s *Server) admit(r *http.Request, body map[string]any) (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, now := s.opts.Faults, s.opts.Now()
	if f.Hit(fault.SessionExpiry) {
		clear(s.tokens)
		s.token = ""
	}
	token, enterprise, user := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), r.Header.Get("X-Fs-Ea"), r.Header.Get("X-Fs-Userid")
	if token == "" {
		token, enterprise, user = text(body["corpAccessToken"]), text(body["corpId"]), text(body["currentOpenUserId"])
	}
	end, known := s.tokens[token]
	day := now.In(time.FixedZone("", 8*3600)).Truncate(24 * time.Hour)
	switch {
	case !known || !now.Before(end):
		return 20016, "the cropId,cropAccessToken or authorization is error"
	case enterprise != s.opts.Enterprise:
		return 20017, "corpId 不存在"
	case user != s.opts.User:
		return 20014, "没有员工权限"
	case s.over("day", day, s.opts.CallsPerDay):
		return 30002, "企业当日调用次数已用完"
	case s.over(r.URL.Path, now.Truncate(20*time.Second), s.opts.CallsPerWindow), f.Hit(fault.Throttle):
		return 14001, "接口调用次数超限"
	case f.Hit(fault.TransientIn200):
		return -1, "系统繁忙"
	case f.Hit(fault.NoRights):
		return 15003, "没有接口权限"
	case f.Hit(fault.ErrorIn200):
		return 15002, "参数错误"
	}
	return 0, ""
}

// over counts a call in a window of a quota.
func (s *Server) over(quota string, window time.Time, most int) bool {
	key := quota + window.String()
	s.counted[key]++
	return most > 0 && s.counted[key] > most
}

func (s *Server) describe(w http.ResponseWriter, object string) {
	s.mu.Lock()
	ob, ok := s.objects[object]
	s.mu.Unlock()
	if !ok {
		s.refuse(w, 11001, "对象不存在: "+object)
		return
	}
	fields := map[string]any{}
	for _, f := range ob.Fields {
		item := map[string]any{"api_name": f.Name, "label": f.Label, "type": f.Type}
		if f.Choices != nil {
			var options []any
			for code, label := range f.Choices {
				options = append(options, map[string]any{"value": code, "label": label})
			}
			item["options"] = options
		}
		fields[f.Name] = item
	}
	s.succeed(w, map[string]any{"describe": map[string]any{"api_name": object, "fields": fields}})
}

func (s *Server) succeed(w http.ResponseWriter, data map[string]any) {
	var code any = 0
	if s.opts.Faults.Hit(fault.CodeAsText) {
		code = "0"
	}
	s.write(w, map[string]any{"errorCode": code, "errorMessage": "OK", "errorDescription": "success", "traceId": "E-O.sim", "data": data})
}

func (s *Server) refuse(w http.ResponseWriter, code int, message string) {
	s.write(w, map[string]any{"errorCode": code, "errorMessage": message, "traceId": "E-O.sim"})
}

func (s *Server) write(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_, _ = w.Write(b)
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
