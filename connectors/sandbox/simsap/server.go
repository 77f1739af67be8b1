// Package simsap simulates the OData services of SAP S/4HANA: V2 and V4 with their own ways of writing dates, decimals and
// errors, metadata documents, filters, expanded navigations, pages by $top and by the server with links that name a host
// nobody else knows, and the ways in which such a system fails. It shares no code with the connector.
package simsap

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// serverPage is the most rows of one page of a service that pages by itself.
const serverPage = 500

// Options describe the simulated system.
type Options struct {
	User, Password         string // of the communication user
	ClientID, ClientSecret string // of OAuth
	APIKey                 string
	Paging                 bool          // services page by themselves and give links
	Late                   time.Duration // how long after its caller gave up fault.WriteLate does its work
	Now                    func() time.Time
	Faults                 *fault.Set
}

// Set is an entity set with its data.
type Set struct {
	Service string // path of the service below the host, "/sap/opu/odata/sap/API_BATCH_SRV"
	Name    string
	V4      bool
	Keys    []string // in their order
	Fields  []Field
	Rows    func() []map[string]any // in ascending order of the keys; asked once
}

// Field is a property, or a navigation when Related is set: its value is then a []map[string]any.
type Field struct {
	Name    string
	Type    string // Edm.String and so on
	Related []Field
}

// Decimal is a number of exact decimals.
type Decimal string

// Date is a day as yyyy-MM-dd, Clock a time of day as HH:MM:SS.
type (
	Date  string
	Clock string
)

// state is a set as it is now.
type state struct {
	Set
	rows []map[string]any
}

// Server is a system.
type Server struct {
	opts   Options
	mu     sync.Mutex
	sets   map[string]*state // by path
	tokens map[string]bool
	forms  map[string]*form
	serial int
	logins int
	before func()
}

// New makes a system with the sets.
func New(o Options, sets ...Set) *Server {
	s := &Server{opts: o, sets: map[string]*state{}, tokens: map[string]bool{}, forms: map[string]*form{}, before: func() {}}
	for _, set := range append(sets, orderSet) {
		s.sets[set.Service+"/"+set.Name] = &state{Set: set}
	}
	return s
}

// SetRows replaces the rows of a set, which the path names.
func (s *Server) SetRows(path string, rows []map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets[path].rows, s.sets[path].Rows = rows, nil
}

// BeforeQuery sets a function called before each page is answered.
func (s *Server) BeforeQuery(f func()) { s.mu.Lock(); defer s.mu.Unlock(); s.before = f }

// Logins counts calls of the token endpoint.
func (s *Server) Logins() int { s.mu.Lock(); defer s.mu.Unlock(); return s.logins }

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/oauth/token") {
		s.token(w, r)
		return
	}
	v4 := strings.Contains(r.URL.Path, "/odata4/")
	if !s.admitted(r) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, "<html><head><title>Logon Error Message</title></head><body>Anmeldung fehlgeschlagen</body></html>")
		return
	}
	_, path, found := strings.Cut(r.URL.Path, "/sap/opu/")
	path = "/sap/opu/" + path
	f := s.opts.Faults
	if strings.EqualFold(r.Header.Get("X-Csrf-Token"), "Fetch") {
		s.giveForm(w)
	}
	switch {
	case !found:
		http.NotFound(w, r)
	case f.Hit(fault.NoRights):
		refuse(w, v4, http.StatusForbidden, "/IWFND/MED/022", "No authorization to access Service")
	case f.Hit(fault.Throttle):
		w.Header().Set("Retry-After", "0")
		refuse(w, v4, http.StatusTooManyRequests, "429", "Rate limit exceeded")
	case f.Hit(fault.TransientIn200):
		refuse(w, v4, http.StatusLocked, "/IWBEP/CM_MGW_RT/022", "Object is locked by user BATCH")
	case f.Hit(fault.ErrorIn200):
		refuse(w, v4, http.StatusOK, "/IWBEP/CM_MGW_RT/004", "Property not found")
	case r.Method != http.MethodGet:
		s.write(w, r, path)
	case strings.HasSuffix(path, "/$metadata"):
		s.metadata(w, strings.TrimSuffix(path, "/$metadata"))
	default:
		s.mu.Lock()
		before := s.before
		s.mu.Unlock()
		before()
		s.read(w, r, path)
	}
}

func (s *Server) admitted(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.Faults.Hit(fault.SessionExpiry) {
		clear(s.tokens)
		clear(s.forms)
	}
	if s.opts.APIKey != "" && r.Header.Get("APIKey") == s.opts.APIKey {
		return true
	}
	kind, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if kind == "Bearer" {
		return s.tokens[given]
	}
	want := base64.StdEncoding.EncodeToString([]byte(s.opts.User + ":" + s.opts.Password))
	return kind == "Basic" && given == want && !s.opts.Faults.Hit(fault.BadCredentials)
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins++
	id, secret, _ := r.BasicAuth()
	w.Header().Set("Content-Type", "application/json")
	if id != s.opts.ClientID || secret != s.opts.ClientSecret || r.PostFormValue("grant_type") != "client_credentials" || s.opts.Faults.Hit(fault.BadCredentials) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"invalid_client","error_description":"Bad credentials"}`)
		return
	}
	s.serial++
	token := fmt.Sprintf("planted-secret-session-%d", s.serial)
	s.tokens[token] = true
	fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":43199}`, token)
}

// refuse answers with an error in the protocol's own form: its message is an object in V2 and text in V4.
func refuse(w http.ResponseWriter, v4 bool, status int, code, message string) {
	var text any = map[string]any{"lang": "en", "value": message}
	if v4 {
		text = message
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": code, "message": text}})
}

// metadata writes the document of a service with all its sets.
func (s *Server) metadata(w http.ResponseWriter, service string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var types, container strings.Builder
	v4, found := false, false
	for _, set := range s.sets {
		if set.Service != service {
			continue
		}
		found, v4 = true, set.V4
		writeType(&types, set.Name+"Type", set.Keys, set.Fields)
		fmt.Fprintf(&container, `<EntitySet Name=%q EntityType="SIM.%sType"/>`, set.Name, set.Name)
	}
	if !found {
		refuse(w, strings.Contains(service, "/odata4/"), http.StatusNotFound, "/IWFND/MED/170", "No service found for namespace")
		return
	}
	version, edmx, edm := "1.0", "http://schemas.microsoft.com/ado/2007/06/edmx", "http://schemas.microsoft.com/ado/2008/09/edm"
	if v4 {
		version, edmx, edm = "4.0", "http://docs.oasis-open.org/odata/ns/edmx", "http://docs.oasis-open.org/odata/ns/edm"
	}
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprintf(w, `<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version=%q xmlns:edmx=%q xmlns:sap="http://www.sap.com/Protocols/SAPData"><edmx:DataServices><Schema Namespace="SIM" xmlns=%q>%s<EntityContainer Name="Entities">%s</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>`,
		version, edmx, edm, types.String(), container.String())
}

func writeType(b *strings.Builder, name string, keys []string, fields []Field) {
	fmt.Fprintf(b, `<EntityType Name=%q>`, name)
	if len(keys) > 0 {
		b.WriteString("<Key>")
		for _, k := range keys {
			fmt.Fprintf(b, `<PropertyRef Name=%q/>`, k)
		}
		b.WriteString("</Key>")
	}
	for _, f := range fields {
		if f.Related == nil {
			fmt.Fprintf(b, `<Property Name=%q Type=%q sap:label=%q/>`, f.Name, f.Type, f.Name)
		}
	}
	for _, f := range fields {
		if f.Related != nil {
			fmt.Fprintf(b, `<NavigationProperty Name=%q/>`, f.Name)
		}
	}
	b.WriteString(`</EntityType>`)
}
