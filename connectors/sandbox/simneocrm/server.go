// Package simneocrm simulates the open API of 销售易: password and refresh grants, XOQL by keyset and by scroll, object
// descriptions, changes of single records, and the ways in which the platform fails. It shares no code with the connector.
package simneocrm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// pageCap is the most rows of one answer; larger limits are cut silently.
const pageCap = 3000

// Options describe the simulated tenant.
type Options struct {
	ClientID, ClientSecret            string
	Username, Password, SecurityToken string
	APIBaseURL                        string // named in the token answer when set
	Now                               func() time.Time
	Faults                            *fault.Set
}

// Object is an object of the tenant with its data.
type Object struct {
	APIKey string
	Fields []Field
	Rows   Rows
}

// Field is a field of an object. Choices are the options of a picklist by code; Length is the most characters of a text.
type Field struct {
	Name, Label, Type string
	Choices           map[int]string
	Length            int
	ReadOnly          bool
}

// Rows are rows in ascending order of their id.
type Rows interface {
	Len() int
	ID(i int) int64
	Row(i int) map[string]any
}

// List is a table held in memory.
type List []map[string]any

// Len is the number of rows.
func (l List) Len() int { return len(l) }

// ID is the id of a row.
func (l List) ID(i int) int64 { return l[i]["id"].(int64) }

// Row is one row.
func (l List) Row(i int) map[string]any { return l[i] }

// Server is a tenant; login and API are served at one address.
type Server struct {
	opts    Options
	mu      sync.Mutex
	objects map[string]Object
	tokens  map[string]bool
	refresh map[string]bool
	scrolls map[string]scroll
	serial  int
	logins  int
	before  func()

	writes   int
	readOnly bool
}

type scroll struct {
	text  string
	after int64
}

// New makes a tenant with the objects.
func New(o Options, objects ...Object) *Server {
	s := &Server{opts: o, objects: map[string]Object{}, tokens: map[string]bool{}, refresh: map[string]bool{}, scrolls: map[string]scroll{}}
	for _, ob := range objects {
		s.objects[ob.APIKey] = ob
	}
	return s
}

// SetObject replaces an object's data, as writers at the source do between two pages.
func (s *Server) SetObject(o Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[o.APIKey] = o
}

// BeforeQuery sets a function called before each query is answered.
func (s *Server) BeforeQuery(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

// Logins counts calls of the token endpoint.
func (s *Server) Logins() int { s.mu.Lock(); defer s.mu.Unlock(); return s.logins }

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if strings.HasSuffix(path, "/auc/oauth2/token") {
		s.token(w, r)
		return
	}
	if !s.admit(r) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch {
	case s.opts.Faults.Hit(fault.NoRights):
		s.refuse(w, 1003, "没有权限访问")
	case s.opts.Faults.Hit(fault.Throttle):
		s.refuse(w, 1004, "请求过于频繁，请稍后再试")
	case s.opts.Faults.Hit(fault.ErrorIn200):
		s.refuse(w, 1001, "参数错误")
	case strings.HasSuffix(path, "/rest/data/v2.0/query/xoql"):
		s.query(w, r)
	case strings.HasSuffix(path, "/rest/data/v2.0/query/xoqlScroll"):
		s.scroll(w, r)
	case strings.HasSuffix(path, "/description"):
		parts := strings.Split(strings.Trim(path, "/"), "/")
		s.describe(w, parts[len(parts)-2])
	case recordPath.MatchString(path):
		m := recordPath.FindStringSubmatch(path)
		s.change(w, r, m[1], m[2])
	default:
		http.NotFound(w, r)
	}
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	_ = r.ParseForm()
	f := r.Form
	good := f.Get("client_id") == s.opts.ClientID && f.Get("client_secret") == s.opts.ClientSecret
	switch f.Get("grant_type") {
	case "password":
		good = good && f.Get("username") == s.opts.Username && f.Get("password") == s.opts.Password+s.opts.SecurityToken
	case "refresh_token":
		s.mu.Lock()
		good = good && s.refresh[f.Get("refresh_token")]
		delete(s.refresh, f.Get("refresh_token")) // works once
		s.mu.Unlock()
	default:
		good = false
	}
	if !good || s.opts.Faults.Hit(fault.BadCredentials) {
		if !s.opts.Faults.Hit(fault.CodeAsText) {
			w.WriteHeader(http.StatusBadRequest)
		}
		writeJSON(w, map[string]any{"error": "invalid_grant", "error_description": "authentication failure"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	access, refresh := fmt.Sprintf("planted-secret-access-%06d", s.serial), fmt.Sprintf("planted-secret-refresh-%06d", s.serial)
	s.tokens[access], s.refresh[refresh] = true, true
	answer := map[string]any{"access_token": access, "refresh_token": refresh, "expires_in": 86400, "token_type": "bearer", "tenant_id": "1", "instance_uri": "https://example"}
	if s.opts.APIBaseURL != "" {
		answer["api_base_url"] = s.opts.APIBaseURL
	}
	writeJSON(w, answer)
}

func (s *Server) admit(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.Faults.Hit(fault.SessionExpiry) {
		clear(s.tokens)
	}
	return s.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
}

func (s *Server) query(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	q, err := parse(r.Form.Get("xoql"))
	if err != nil {
		s.refuse(w, 1001, "XOQL 语法错误: "+err.Error())
		return
	}
	rows, err := s.run(q)
	if err != nil {
		s.refuse(w, 1001, err.Error())
		return
	}
	s.answer(w, rows, nil)
}

func (s *Server) scroll(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	text, locator := r.Form.Get("xoql"), r.Form.Get("queryLocator")
	batch, err := strconv.Atoi(r.Form.Get("batchCount"))
	q, perr := parse(text)
	if err != nil || perr != nil {
		s.refuse(w, 1001, fmt.Sprint("参数错误: ", err, perr))
		return
	}
	after := int64(0)
	if locator != "" {
		s.mu.Lock()
		sc, known := s.scrolls[locator]
		delete(s.scrolls, locator)
		s.mu.Unlock()
		if !known || sc.text != text || s.opts.Faults.Hit(fault.DeadLocator) {
			s.refuse(w, 1005, "queryLocator 已失效")
			return
		}
		after = sc.after
		q.conditions = append(q.conditions, condition{"id", ">", after})
	}
	q.limit = min(batch, pageCap)
	rows, err := s.run(q)
	if err != nil {
		s.refuse(w, 1001, err.Error())
		return
	}
	next := ""
	if len(rows) > 0 && len(rows) == q.limit {
		s.mu.Lock()
		s.serial++
		next = fmt.Sprintf("locator-%06d", s.serial)
		if !s.opts.Faults.Hit(fault.SamePage) {
			after = rows[len(rows)-1]["id"].(int64)
		}
		s.scrolls[next] = scroll{text: text, after: after}
		s.mu.Unlock()
	}
	s.answer(w, rows, &next)
}

func (s *Server) answer(w http.ResponseWriter, rows []map[string]any, locator *string) {
	if s.opts.Faults.Hit(fault.HiddenRows) {
		rows = []map[string]any{}
	}
	var code any = 200
	if s.opts.Faults.Hit(fault.CodeAsText) {
		code = "200"
	}
	out := map[string]any{"code": code, "msg": "OK", "data": map[string]any{"count": len(rows), "records": rows}}
	if locator != nil {
		out["queryLocator"] = *locator
	}
	writeJSON(w, out)
}

func (s *Server) describe(w http.ResponseWriter, object string) {
	s.mu.Lock()
	ob, ok := s.objects[object]
	s.mu.Unlock()
	if !ok {
		s.refuse(w, 1002, "对象不存在: "+object)
		return
	}
	var fields []any
	for _, f := range ob.Fields {
		item := map[string]any{"apiKey": f.Name, "label": f.Label, "type": f.Type}
		if f.ReadOnly {
			item["updatable"] = false
		}
		if f.Choices != nil {
			var options []any
			for code, label := range f.Choices {
				options = append(options, map[string]any{"value": code, "label": label})
			}
			slices.SortFunc(options, func(a, b any) int {
				return a.(map[string]any)["value"].(int) - b.(map[string]any)["value"].(int)
			})
			item["selectitem"] = options
		}
		fields = append(fields, item)
	}
	writeJSON(w, map[string]any{"code": 200, "msg": "OK", "data": map[string]any{"apiKey": object, "fields": fields}})
}

func (s *Server) refuse(w http.ResponseWriter, code int, msg string) {
	writeJSON(w, map[string]any{"code": code, "msg": msg})
}

func writeJSON(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b)
}
