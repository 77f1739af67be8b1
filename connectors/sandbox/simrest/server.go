// Package simrest simulates an API that can page and log in in every way that the rest connector knows, and fail as such
// APIs do. Failures of its own stand inside HTTP 200. It shares no code with the connector.
package simrest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tributary/connectors/sandbox/fault"
)

// Server is an API with one list, items.
type Server struct {
	Faults       *fault.Set
	paging, auth string
	url          string
	begin        time.Time
	clock        atomic.Int64
	logins       atomic.Int64

	mu     sync.Mutex
	rows   []map[string]any
	token  string
	before func()
}

// numbers is paging by tokens that hide a row number: rows that move are lost, which no client can see.
const numbers = "numbers"

// Token opens every server at first.
const Token = "planted-secret-token-77"

// Now is the server's time.
func (s *Server) Now() time.Time { return s.begin.Add(time.Duration(s.clock.Load())) }

// New is a server that pages as link, token, page, offset, keyset or (badly) numbers, and logs in as none, basic, bearer, header, query,
// oauth2 or login. It is reached at the address given to At.
func New(paging, auth string, begin time.Time) *Server {
	s := &Server{paging: paging, auth: auth, begin: begin, Faults: fault.New(), token: Token, before: func() {}}
	s.Fill(3)
	return s
}

// At says under which address the server is reached.
func (s *Server) At(url string) { s.url = url }

// Advance moves the server's clock.
func (s *Server) Advance(d time.Duration) { s.clock.Add(int64(d)) }

// BeforeQuery sets a function called before each page is answered.
func (s *Server) BeforeQuery(f func()) { s.mu.Lock(); defer s.mu.Unlock(); s.before = f }

// Logins counts logins; ok is false when the server has none.
func (s *Server) Logins() (n int, ok bool) {
	return int(s.logins.Load()), s.auth == "oauth2" || s.auth == "login"
}

func item(i int, at time.Time) map[string]any {
	return map[string]any{"id": fmt.Sprintf("N%06d", i), "name": fmt.Sprintf("项目%d", i), "updated": at.Format("2006-01-02 15:04:05"), "gone": 0}
}

// Fill replaces the rows by n that share one time of change.
func (s *Server) Fill(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = nil
	for i := range n {
		s.rows = append(s.rows, item(i, s.begin.Add(-time.Hour)))
	}
}

// SetRows replaces the rows, which stand in the order of their ids. Each has a text id and a time of change, updated, as
// Fill's have.
func (s *Server) SetRows(rows []map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = rows
}

// Touch changes a row now.
func (s *Server) Touch(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[i] = item(i, s.Now())
	s.rows[i]["name"] = fmt.Sprint(s.Now().UnixNano())
}

func say(w http.ResponseWriter, code, msg string, data any) {
	_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "msg": msg, "data": data})
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	params := r.URL.Query()
	if r.Method == http.MethodPost {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(r.Header.Get("Content-Type"), "form") {
			params, _ = url.ParseQuery(string(body))
		} else {
			var tree map[string]any
			_ = json.Unmarshal(body, &tree)
			for k, v := range tree {
				params.Set(k, fmt.Sprint(v))
			}
		}
	}
	if r.URL.Path == "/login" || r.URL.Path == "/oauth" {
		s.login(w, params)
		return
	}
	s.mu.Lock()
	token := s.token
	s.mu.Unlock()
	switch {
	case s.Faults.Hit(fault.BadCredentials) || !s.allowed(r, token):
		say(w, "401", "token is not valid", nil)
	case s.Faults.Hit(fault.SessionExpiry):
		s.mu.Lock()
		s.token = "planted-secret-token-" + strconv.FormatInt(s.logins.Load()+100, 10)
		s.mu.Unlock()
		say(w, "401", "token is not valid", nil)
	case s.Faults.Hit(fault.NoRights):
		say(w, "403", "no right", nil)
	case s.Faults.Hit(fault.Throttle):
		say(w, "9", "Too Many calls", nil)
	case s.Faults.Hit(fault.TransientIn200):
		say(w, "7", "busy", nil)
	case s.Faults.Hit(fault.ErrorIn200):
		say(w, "5", "bad query", nil)
	default:
		s.mu.Lock()
		before := s.before
		s.mu.Unlock()
		before()
		s.list(w, params)
	}
}

func (s *Server) login(w http.ResponseWriter, p url.Values) {
	s.logins.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Faults.Hit(fault.BadCredentials) || p.Get("pwd") != "planted-secret-password-1" && p.Get("client_secret") != "planted-secret-password-1" {
		if s.auth == "oauth2" {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]any{"error": "invalid_client", "error_description": "wrong"})
			return
		}
		say(w, "401", "wrong password", nil)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"code": "0", "access_token": s.token, "expires_in": 3600})
}

func (s *Server) allowed(r *http.Request, token string) bool {
	switch s.auth {
	case "basic":
		return r.Header.Get("Authorization") == "Basic "+base64.StdEncoding.EncodeToString([]byte("u:"+token))
	case "header":
		return r.Header.Get("X-Key") == token
	case "query":
		return r.URL.Query().Get("key") == token
	}
	return r.Header.Get("Authorization") == "Bearer "+token
}

func (s *Server) list(w http.ResponseWriter, p url.Values) {
	limit, err := strconv.Atoi(p.Get("limit"))
	if err != nil {
		say(w, "5", "no limit", nil)
		return
	}
	at := 0
	if token := p.Get("token"); token != "" {
		if s.Faults.Hit(fault.DeadLocator) {
			say(w, "6", "page token expired", nil)
			return
		}
		parts := append(strings.Split(token, ";"), "", "")
		if s.paging == numbers {
			at, _ = strconv.Atoi(parts[0])
		} else {
			p.Set("after", parts[0]) // the place is the last row, whatever became of those before it
		}
		p.Set("from", parts[1])
		p.Set("to", parts[2])
	}
	s.mu.Lock()
	var rows []map[string]any
	for _, r := range s.rows {
		t := r["updated"].(string)
		if (p.Get("from") == "" || t >= p.Get("from")) && (p.Get("to") == "" || t < p.Get("to")) && (p.Get("after") == "" || r["id"].(string) > p.Get("after")) {
			rows = append(rows, r)
		}
	}
	s.mu.Unlock()
	total := len(rows)
	switch s.paging {
	case "offset":
		at, _ = strconv.Atoi(p.Get("offset"))
	case "page":
		page, _ := strconv.Atoi(p.Get("page"))
		at = (page - 1) * limit
	}
	if s.Faults.Hit(fault.ShortPage) && limit > 2 && s.paging != "page" {
		limit /= 2
	}
	rows = rows[min(at, total):]
	rows = slices.Clone(rows[:min(limit, len(rows))])
	data := map[string]any{"list": rows, "total": total, "next": nil}
	if rows == nil {
		data["list"] = []any{}
	}
	same := s.Faults.Hit(fault.SamePage)
	if at+len(rows) < total || same && len(rows) > 0 {
		place := rows[len(rows)-1]["id"]
		switch {
		case same:
			place = p.Get("after")
		case s.paging == numbers:
			place = at + len(rows)
		}
		token := fmt.Sprintf("%v;%s;%s", place, p.Get("from"), p.Get("to"))
		data["next"] = token
		if s.paging == "link" {
			data["next"] = s.url + "/items?" + url.Values{"token": {token}, "limit": {strconv.Itoa(limit)}}.Encode()
		}
	}
	say(w, "0", "", data)
}

// Settings point the connector at the server.
func (s *Server) Settings() map[string]any {
	params := map[string]any{"from": "{from}", "to": "{to}", "limit": "{limit}"}
	paging := map[string]any{"kind": s.paging}
	switch s.paging {
	case "link", "token", numbers:
		paging["next"] = "data.next"
		if s.paging != "link" {
			params["token"], paging["kind"] = "{token}", "token"
		}
	case "page":
		params["page"], paging["total"] = "{page}", "data.total"
	case "offset":
		params["offset"] = "{offset}"
	case "keyset":
		params["after"], paging["by"] = "{after.id}", []any{"id"}
	}
	auth := map[string]any{"kind": s.auth}
	switch s.auth {
	case "basic":
		auth["username"], auth["password"] = "u", Token
	case "bearer":
		auth["token"] = Token
	case "header":
		auth["token"], auth["header"] = Token, "X-Key"
	case "query":
		auth["token"], auth["param"] = Token, "key"
	case "oauth2":
		auth["path"], auth["client_id"], auth["client_secret"] = "/oauth", "c", "planted-secret-password-1"
	case "login":
		auth["path"], auth["username"], auth["password"], auth["params"] = "/login", "u", "planted-secret-password-1", map[string]any{"usr": "{username}", "pwd": "{password}"}
	}
	stream := map[string]any{"path": "/items", "params": params, "rows": "data.list", "key": []any{"id"}, "time": "updated", "time_format": "yyyy-MM-dd HH:mm:ss", "deleted": "gone", "paging": paging}
	if s.paging == "token" || s.paging == "offset" {
		stream["method"] = "POST"
	}
	if s.paging == "keyset" {
		stream["method"], stream["send"] = "POST", "form"
	}
	return map[string]any{
		"base_url": s.url, "auth": auth, "zone": "UTC", "streams": map[string]any{"items": stream},
		"errors": map[string]any{"ok": "code", "ok_values": []any{"0"}, "message": "msg", "retry": []any{"7"}, "throttle": []any{"~too many"}, "reauth": []any{"401"}, "forbidden": []any{"403"}, "restart": []any{"6"}},
	}
}

// Remove takes a row back.
func (s *Server) Remove(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := item(i, s.Now())
	row["gone"] = 1
	s.rows[i] = row
}

// Write gives a row another name.
func (s *Server) Write(i int, text string) {
	s.Touch(i)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[i]["name"] = text
}
