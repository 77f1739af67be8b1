// Package simdataverse simulates the Dataverse Web API of Dynamics 365: the token endpoint, table definitions, reads in
// pages, change tracking with links that lead from one state of a table to the next, deletes included, single rows
// read and changed, sales orders created under an id of the caller's, and the ways in which the platform fails. It shares no code with the connector.
package simdataverse

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// Options describe the simulated environment.
type Options struct {
	TenantID, ClientID, ClientSecret string
	Late                             time.Duration // how long after its caller gave up a late write is done
	Now                              func() time.Time
	Faults                           *fault.Set
}

// Table is a table with its data.
type Table struct {
	Set, Logical, ID string
	Attributes       []Attribute
	Untracked        bool
	Rows             func() []map[string]any // asked once
}

// Attribute is a column. Labels are those of a code list, by code; Length is the most characters of a text.
type Attribute struct {
	Name, Type string
	Labels     map[int]string
	Length     int
	ReadOnly   bool
}

// state is a table as it is now, with the version of every row.
type state struct {
	Table
	rows     []map[string]any
	versions map[string]int
	deleted  map[string]int
}

// Server is an environment.
type Server struct {
	opts    Options
	mu      sync.Mutex
	tables  map[string]*state
	tokens  map[string]bool
	version int
	serial  int
	logins  int
	before  func()
	orders  []map[string]any

	writes   int
	readOnly bool
}

// New makes an environment with the tables.
func New(o Options, tables ...Table) *Server {
	s := &Server{opts: o, tables: map[string]*state{}, tokens: map[string]bool{}, before: func() {}}
	for _, t := range tables {
		s.tables[t.Set] = &state{Table: t, versions: map[string]int{}, deleted: map[string]int{}}
	}
	return s
}

// SetRows replaces a table's rows: those that changed get a new version, those that are missing are deleted.
func (s *Server) SetRows(set string, rows []map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[set]
	s.load(t)
	old := map[string]map[string]any{}
	for _, r := range t.rows {
		old[fmt.Sprint(r[t.ID])] = r
	}
	for _, r := range rows {
		id := fmt.Sprint(r[t.ID])
		if !reflect.DeepEqual(old[id], r) {
			s.version++
			t.versions[id] = s.version
		}
		delete(old, id)
		delete(t.deleted, id)
	}
	for id := range old {
		s.version++
		t.deleted[id] = s.version
		delete(t.versions, id)
	}
	t.set(rows)
}

// set keeps rows in the order of their keys.
func (t *state) set(rows []map[string]any) {
	t.rows = slices.Clone(rows)
	slices.SortFunc(t.rows, func(a, b map[string]any) int { return strings.Compare(fmt.Sprint(a[t.ID]), fmt.Sprint(b[t.ID])) })
}

func (s *Server) load(t *state) {
	if t.Rows == nil {
		return
	}
	t.set(t.Rows())
	t.Rows = nil
	s.version++
	for _, r := range t.rows {
		t.versions[fmt.Sprint(r[t.ID])] = s.version
	}
}

// BeforeQuery sets a function called before each page is answered.
func (s *Server) BeforeQuery(f func()) { s.mu.Lock(); defer s.mu.Unlock(); s.before = f }

// Logins counts calls of the token endpoint.
func (s *Server) Logins() int { s.mu.Lock(); defer s.mu.Unlock(); return s.logins }

var definition = regexp.MustCompile(`EntityDefinitions\(LogicalName='(\w+)'\)$`)

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token") {
		s.token(w, r)
		return
	}
	_, path, _ := strings.Cut(r.URL.Path, "/api/data/v9.2/")
	s.mu.Lock()
	known, before := s.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")], s.before
	s.mu.Unlock()
	switch {
	case !known || s.opts.Faults.Hit(fault.SessionExpiry):
		s.mu.Lock()
		clear(s.tokens)
		s.mu.Unlock()
		refuse(w, http.StatusUnauthorized, "0x80041d45", "The token is not valid.")
	case s.opts.Faults.Hit(fault.NoRights):
		refuse(w, http.StatusForbidden, "0x80040220", "Principal user is missing prvRead privilege.")
	case s.opts.Faults.Hit(fault.Throttle):
		w.Header().Set("Retry-After", "0")
		refuse(w, http.StatusTooManyRequests, "0x80072322", "Number of requests exceeded the limit of 6000 over time window of 300 seconds.")
	case s.opts.Faults.Hit(fault.TransientIn200):
		refuse(w, http.StatusServiceUnavailable, "0x80040216", "An unexpected error occurred.")
	case definition.MatchString(path):
		s.define(w, definition.FindStringSubmatch(path)[1])
	case orderPath.MatchString(path):
		s.order(w, r, orderPath.FindStringSubmatch(path)[1])
	case recordPath.MatchString(path):
		m := recordPath.FindStringSubmatch(path)
		s.record(w, r, m[1], m[2])
	default:
		before()
		s.read(w, r, path)
	}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": map[string]any{"code": code, "message": message}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; odata.metadata=minimal")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins++
	if s.opts.Faults.Hit(fault.BadCredentials) || !strings.Contains(r.URL.Path, s.opts.TenantID) || r.PostFormValue("client_id") != s.opts.ClientID || r.PostFormValue("client_secret") != s.opts.ClientSecret ||
		!strings.HasSuffix(r.PostFormValue("scope"), "/.default") {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."})
		return
	}
	s.serial++
	token := "planted-secret-session-" + strconv.Itoa(s.serial)
	s.tokens[token] = true
	answer(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 3599, "access_token": token})
}

func (s *Server) define(w http.ResponseWriter, logical string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tables {
		if t.Logical != logical {
			continue
		}
		attributes := []map[string]any{}
		for _, a := range t.Attributes {
			attributes = append(attributes, map[string]any{"LogicalName": a.Name, "AttributeType": a.Type, "IsValidForUpdate": !a.ReadOnly, "DisplayName": map[string]any{"UserLocalizedLabel": map[string]any{"Label": a.Name}}})
		}
		answer(w, http.StatusOK, map[string]any{"LogicalName": logical, "ChangeTrackingEnabled": !t.Untracked, "Attributes": attributes})
		return
	}
	refuse(w, http.StatusNotFound, "0x80060888", "Could not find an entity with name "+logical)
}
