// Package simpharmacy simulates the REST API of a pharmacy chain as package pharmacy describes it: bearer token, pages by
// opaque links that grow old, windows of updated_at, and the usual failures. It shares no code with the connector.
package simpharmacy

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// Options describe the simulated chain.
type Options struct {
	Token  string
	Prefix string // path of the API
	Now    func() time.Time
	Faults *fault.Set
}

// Rows are the rows of a list in the order of the list. Updated is zero for lists without windows.
type Rows interface {
	Len() int
	Updated(i int) time.Time
	Row(i int) map[string]any
}

// List is a list held in memory.
type List []map[string]any

// Len is the number of rows.
func (l List) Len() int { return len(l) }

// Updated is the time of the last change of a row.
func (l List) Updated(i int) time.Time {
	t, _ := l[i]["updated_at"].(string)
	at, _ := time.Parse(time.RFC3339, t)
	return at
}

// Row is one row.
func (l List) Row(i int) map[string]any { return l[i] }

// Server is a chain's API.
type Server struct {
	opts   Options
	mu     sync.Mutex
	lists  map[string]Rows
	before func()
}

// New makes an API with the lists stores, sales, purchases, stock.
func New(o Options, lists map[string]Rows) *Server { return &Server{opts: o, lists: lists} }

// SetList replaces a list, as writers at the source do between two pages.
func (s *Server) SetList(name string, rows Rows) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists[name] = rows
}

// BeforeQuery sets a function called before each page is answered.
func (s *Server) BeforeQuery(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

// cursor is what an opaque link hides: the window and the place in the list behind the last row given.
type cursor struct {
	From, Before time.Time
	Place, Limit int
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.Trim(strings.TrimPrefix(r.URL.Path, s.opts.Prefix), "/")
	switch {
	case s.opts.Faults.Hit(fault.BadCredentials) || r.Header.Get("Authorization") != "Bearer "+s.opts.Token:
		problem(w, http.StatusUnauthorized, "the token is not valid")
		return
	case s.opts.Faults.Hit(fault.NoRights):
		problem(w, http.StatusForbidden, "the token may not read "+name)
		return
	case s.opts.Faults.Hit(fault.Throttle):
		w.Header().Set("Retry-After", "0")
		problem(w, http.StatusTooManyRequests, "too many calls")
		return
	}
	s.mu.Lock()
	before, rows := s.before, s.lists[name]
	s.mu.Unlock()
	if rows == nil {
		problem(w, http.StatusNotFound, "no list "+name)
		return
	}
	if before != nil {
		before()
		s.mu.Lock()
		rows = s.lists[name]
		s.mu.Unlock()
	}
	c, status := s.place(r.URL.Query())
	if status != 0 {
		problem(w, status, "the link cannot be used")
		return
	}
	s.page(w, name, rows, c)
}

func (s *Server) place(q url.Values) (cursor, int) {
	if hidden := q.Get("cursor"); hidden != "" {
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
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 {
		limit = 500
	}
	c := cursor{Limit: limit}
	for name, into := range map[string]*time.Time{"updated_from": &c.From, "updated_before": &c.Before} {
		if v := q.Get(name); v != "" {
			if *into, err = time.Parse(time.RFC3339, v); err != nil {
				return cursor{}, http.StatusBadRequest
			}
		}
	}
	return c, 0
}

func (s *Server) page(w http.ResponseWriter, name string, rows Rows, c cursor) {
	limit := c.Limit
	if s.opts.Faults.Hit(fault.ShortPage) && limit > 1 {
		limit /= 2
	}
	data, i := []map[string]any{}, c.Place
	for ; i < rows.Len() && len(data) < limit; i++ {
		if c.within(rows.Updated(i)) {
			data = append(data, rows.Row(i))
		}
	}
	if s.opts.Faults.Hit(fault.HiddenRows) {
		data = []map[string]any{}
	}
	var next any
	if s.opts.Faults.Hit(fault.SamePage) {
		i = c.Place
	}
	if i < rows.Len() {
		c.Place = i
		hidden, _ := json.Marshal(c)
		next = fmt.Sprintf("%s/%s?cursor=%s", s.opts.Prefix, name, base64.RawURLEncoding.EncodeToString(hidden))
	}
	b, err := json.Marshal(map[string]any{"data": data, "next": next})
	if err != nil {
		problem(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b)
}

func (c cursor) within(at time.Time) bool {
	return (c.From.IsZero() || !at.Before(c.From)) && (c.Before.IsZero() || at.Before(c.Before))
}

func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail})
}
