package rest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tributary/connectors/connectortest"
	"tributary/connectors/sandbox/fault"
)

var now = time.Date(2025, 3, 10, 12, 0, 0, 0, time.UTC)

// server is an API that can page and log in every way. Failures of its own stand inside HTTP 200.
type server struct {
	paging, auth string
	url          string
	faults       *fault.Set
	clock        atomic.Int64
	logins       atomic.Int64

	mu     sync.Mutex
	rows   []map[string]any
	token  string
	before func()
}

const secretToken = "planted-secret-token-77"

func (s *server) now() time.Time { return now.Add(time.Duration(s.clock.Load())) }

func start(t *testing.T, paging, auth string) *server {
	t.Helper()
	s := &server{paging: paging, auth: auth, faults: fault.New(), token: secretToken, before: func() {}}
	s.fill(3)
	srv := httptest.NewServer(fault.Transport{Faults: s.faults, Now: s.now, Delay: time.Hour}.Wrap(http.HandlerFunc(s.serve)))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func item(i int, at time.Time) map[string]any {
	return map[string]any{"id": fmt.Sprintf("N%06d", i), "name": fmt.Sprintf("项目%d", i), "updated": at.Format("2006-01-02 15:04:05"), "gone": 0}
}

func (s *server) fill(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = nil
	for i := range n {
		s.rows = append(s.rows, item(i, now.Add(-time.Hour)))
	}
}

func (s *server) touch(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[i] = item(i, s.now())
	s.rows[i]["name"] = fmt.Sprint(s.now().UnixNano())
}

func say(w http.ResponseWriter, code, msg string, data any) {
	_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "msg": msg, "data": data})
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
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
	case s.faults.Hit(fault.BadCredentials) || !s.allowed(r, token):
		say(w, "401", "token is not valid", nil)
	case s.faults.Hit(fault.SessionExpiry):
		s.mu.Lock()
		s.token = "planted-secret-token-" + strconv.FormatInt(s.logins.Load()+100, 10)
		s.mu.Unlock()
		say(w, "401", "token is not valid", nil)
	case s.faults.Hit(fault.NoRights):
		say(w, "403", "no right", nil)
	case s.faults.Hit(fault.Throttle):
		say(w, "9", "Too Many calls", nil)
	case s.faults.Hit(fault.TransientIn200):
		say(w, "7", "busy", nil)
	case s.faults.Hit(fault.ErrorIn200):
		say(w, "5", "bad query", nil)
	default:
		s.before()
		s.list(w, params)
	}
}

func (s *server) login(w http.ResponseWriter, p url.Values) {
	s.logins.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.Hit(fault.BadCredentials) || p.Get("pwd") != "planted-password-1" && p.Get("client_secret") != "planted-password-1" {
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

func (s *server) allowed(r *http.Request, token string) bool {
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

func (s *server) list(w http.ResponseWriter, p url.Values) {
	limit, err := strconv.Atoi(p.Get("limit"))
	if err != nil {
		say(w, "5", "no limit", nil)
		return
	}
	at := 0
	if token := p.Get("token"); token != "" {
		if s.faults.Hit(fault.DeadLocator) {
			say(w, "6", "page token expired", nil)
			return
		}
		parts := append(strings.Split(token, ";"), "", "")
		p.Set("after", parts[0]) // the place is the last row, whatever became of those before it
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
	if s.faults.Hit(fault.ShortPage) && limit > 2 && s.paging != "page" {
		limit /= 2
	}
	rows = rows[min(at, total):]
	rows = slices.Clone(rows[:min(limit, len(rows))])
	data := map[string]any{"list": rows, "total": total, "next": nil}
	if rows == nil {
		data["list"] = []any{}
	}
	if at+len(rows) < total {
		token := fmt.Sprintf("%s;%s;%s", rows[len(rows)-1]["id"], p.Get("from"), p.Get("to"))
		data["next"] = token
		if s.paging == "link" {
			data["next"] = s.url + "/items?" + url.Values{"token": {token}, "limit": {strconv.Itoa(limit)}}.Encode()
		}
	}
	say(w, "0", "", data)
}

// settings point the connector at the server.
func (s *server) settings() map[string]any {
	params := map[string]any{"from": "{from}", "to": "{to}", "limit": "{limit}"}
	paging := map[string]any{"kind": s.paging}
	switch s.paging {
	case "link", "token":
		paging["next"] = "data.next"
		if s.paging == "token" {
			params["token"] = "{token}"
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
		auth["username"], auth["password"] = "u", secretToken
	case "bearer":
		auth["token"] = secretToken
	case "header":
		auth["token"], auth["header"] = secretToken, "X-Key"
	case "query":
		auth["token"], auth["param"] = secretToken, "key"
	case "oauth2":
		auth["path"], auth["client_id"], auth["client_secret"] = "/oauth", "c", "planted-password-1"
	case "login":
		auth["path"], auth["username"], auth["password"], auth["params"] = "/login", "u", "planted-password-1", map[string]any{"usr": "{username}", "pwd": "{password}"}
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

func (s *server) system() *connectortest.System {
	out := &connectortest.System{
		Settings: s.settings(), Faults: s.faults, Now: s.now, Advance: func(d time.Duration) { s.clock.Add(int64(d)) },
		Fill: s.fill, Touch: s.touch, Before: func(f func()) { s.before = f },
	}
	if s.auth == "oauth2" || s.auth == "login" {
		out.Logins = func() int { return int(s.logins.Load()) }
	}
	return out
}
