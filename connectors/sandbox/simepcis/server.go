// Package simepcis simulates an EPCIS 2.0 repository behind the standard's REST binding: queries by recordTime, pages by
// tokens in the header Link that grow old, version headers, problems as application/problem+json, OAuth 2 client
// credentials, bearer or basic. It shares no code with the connector.
package simepcis

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// Options describe the repository. Credentials that are empty are not taken.
type Options struct {
	Prefix         string // path of the repository; /oauth/token lies below it too
	Client, Secret string
	Token          string // a bearer token that never changes
	User, Password string
	MaxPage        int // 0 = 1000
	Now            func() time.Time
	Faults         *fault.Set
}

// Server is a repository. It is safe for concurrent use.
type Server struct {
	opts   Options
	mu     sync.Mutex
	events []map[string]any
	before func()
	logins int
	tokens map[string]time.Time // until when
}

// New makes a repository with events: each has a recordTime (RFC 3339).
func New(o Options, events []map[string]any) *Server {
	if o.MaxPage == 0 {
		o.MaxPage = 1000
	}
	return &Server{opts: o, events: events, tokens: map[string]time.Time{}}
}

// SetEvents replaces the events.
func (s *Server) SetEvents(events []map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = events
}

// BeforeQuery sets a function called before each query is answered.
func (s *Server) BeforeQuery(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

// Logins is how many tokens were given.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch strings.TrimPrefix(r.URL.Path, s.opts.Prefix) {
	case "/oauth/token":
		s.login(w, r)
	case "/events":
		s.query(w, r)
	default:
		problem(w, http.StatusNotFound, "NoSuchNameException", "no resource "+r.URL.Path)
	}
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	if r.ParseForm() != nil || r.PostForm.Get("grant_type") != "client_credentials" {
		answer(http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type"})
		return
	}
	if s.opts.Secret == "" || s.opts.Faults.Hit(fault.BadCredentials) || r.PostForm.Get("client_id") != s.opts.Client || r.PostForm.Get("client_secret") != s.opts.Secret {
		answer(http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	s.mu.Lock()
	s.logins++
	token := fmt.Sprintf("planted-secret-session-%d", s.logins)
	s.tokens[token] = s.opts.Now().Add(time.Hour)
	s.mu.Unlock()
	answer(http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600})
}

// admitted reports whether the call carries credentials.
func (s *Server) admitted(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user, password, ok := r.BasicAuth(); ok {
		return s.opts.User != "" && user == s.opts.User && password == s.opts.Password
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return false
	}
	if s.opts.Faults.Hit(fault.SessionExpiry) {
		delete(s.tokens, token)
	}
	until, known := s.tokens[token]
	return s.opts.Token != "" && token == s.opts.Token || known && s.opts.Now().Before(until)
}

// cursor is what a page token hides.
type cursor struct {
	From, To    time.Time
	Step        string
	Place, Size int
}

func (s *Server) query(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("GS1-EPCIS-Version", "2.0.0")
	w.Header().Set("GS1-CBV-Version", "2.0.0")
	switch {
	case !s.admitted(r):
		problem(w, http.StatusUnauthorized, "SecurityException", "the token is missing, wrong or expired")
		return
	case s.opts.Faults.Hit(fault.NoRights):
		problem(w, http.StatusForbidden, "SecurityException", "the client may not query events")
		return
	case s.opts.Faults.Hit(fault.Throttle):
		w.Header().Set("Retry-After", "0")
		problem(w, http.StatusTooManyRequests, "QueryTooComplexException", "too many calls")
		return
	case r.Method != http.MethodGet:
		problem(w, http.StatusMethodNotAllowed, "ImplementationException", "only GET is served")
		return
	case !strings.HasPrefix(or(r.Header.Get("GS1-EPCIS-Min"), "2"), "2") || strings.HasPrefix(r.Header.Get("GS1-EPCIS-Max"), "1"):
		problem(w, http.StatusNotAcceptable, "ImplementationException", "only EPCIS 2.0 is served")
		return
	}
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	if before != nil {
		before()
	}
	c, status := s.place(r.URL.Query())
	if status != 0 {
		problem(w, status, "QueryParameterException", "a parameter or the page token cannot be used")
		return
	}
	s.answer(w, c)
}

func (s *Server) place(q url.Values) (cursor, int) {
	if hidden := q.Get("nextPageToken"); hidden != "" {
		raw, err := base64.RawURLEncoding.DecodeString(hidden)
		var c cursor
		if err != nil || json.Unmarshal(raw, &c) != nil {
			return c, http.StatusBadRequest
		}
		if s.opts.Faults.Hit(fault.DeadLocator) {
			return c, http.StatusGone
		}
		return c, 0
	}
	c := cursor{Size: 30} // the standard's default
	for name, values := range q {
		var err error
		switch name {
		case "perPage":
			if c.Size, err = strconv.Atoi(values[0]); err == nil && c.Size < 1 {
				return c, http.StatusBadRequest
			}
		case "GE_recordTime":
			c.From, err = time.Parse(time.RFC3339Nano, values[0])
		case "LT_recordTime":
			c.To, err = time.Parse(time.RFC3339Nano, values[0])
		case "EQ_bizStep":
			c.Step = values[0]
		default:
			return c, http.StatusBadRequest
		}
		if err != nil {
			return c, http.StatusBadRequest
		}
	}
	c.Size = min(c.Size, s.opts.MaxPage)
	return c, 0
}

func (s *Server) answer(w http.ResponseWriter, c cursor) {
	s.mu.Lock()
	events := s.events
	s.mu.Unlock()
	size := c.Size
	if s.opts.Faults.Hit(fault.ShortPage) && size > 1 {
		size /= 2
	}
	list, i := []map[string]any{}, c.Place
	for ; i < len(events) && len(list) < size; i++ {
		if c.within(events[i]) {
			list = append(list, events[i])
		}
	}
	if s.opts.Faults.Hit(fault.HiddenRows) {
		list = []map[string]any{}
	}
	if s.opts.Faults.Hit(fault.SamePage) {
		i = c.Place
	}
	if slices.ContainsFunc(events[i:], c.within) {
		c.Place = i
		hidden, err := json.Marshal(c)
		if err != nil {
			problem(w, http.StatusInternalServerError, "ImplementationException", err.Error())
			return
		}
		w.Header().Set("Link", fmt.Sprintf(`<%s/events?nextPageToken=%s>; rel="next"`, s.opts.Prefix, base64.RawURLEncoding.EncodeToString(hidden)))
		w.Header().Set("GS1-Next-Page-Token-Expires", s.opts.Now().Add(10*time.Minute).UTC().Format(time.RFC3339))
	}
	body, err := json.Marshal(map[string]any{
		"@context": []any{"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", map[string]any{"dist": "https://distributor.example/epcis/"}},
		"type":     "EPCISQueryDocument", "schemaVersion": "2.0", "creationDate": s.opts.Now().UTC().Format(time.RFC3339),
		"epcisBody": map[string]any{"queryResults": map[string]any{"queryName": "events", "resultsBody": map[string]any{"eventList": list}}},
	})
	if err != nil {
		problem(w, http.StatusInternalServerError, "ImplementationException", err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/ld+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

func (c cursor) within(event map[string]any) bool {
	text, _ := event["recordTime"].(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	return err == nil && (c.From.IsZero() || !at.Before(c.From)) && (c.To.IsZero() || at.Before(c.To)) && (c.Step == "" || event["bizStep"] == c.Step)
}

func problem(w http.ResponseWriter, status int, kind, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "epcisException:" + kind, "title": http.StatusText(status), "status": status, "detail": detail})
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
