// Package simfhir simulates an HL7 FHIR R4 server of a hospital: SMART backend services with assertions that are checked and
// taken once, searches by time of change in pages with links of their own, included and contained medication, histories
// of types, and the ways in which such a server fails. It shares no code with the connector.
package simfhir

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// Options describe the simulated server.
type Options struct {
	Prefix    string // path of the base address, "/fhir"
	ClientID  string
	KeyID     string
	PublicKey crypto.PublicKey // RSA or EC
	TokenLife time.Duration    // 0 = five minutes
	PageCap   int              // 0 = pages as asked for
	LinkHost  string           // host that links name; "" = links are relative
	NoInclude bool             // _include is not known
	CutToo    bool             // _elements cut included resources too
	History   bool             // types tell their history

	ExportLooks  int           // how often an export is looked at before it is done; 0 = three times
	ExportPause  time.Duration // looks at an export that come sooner are refused
	ExportLag    time.Duration // how old an export is when it is begun
	ExportErrors []string      // what exports say they could not write
	FileHost     string        // host on which files of exports lie, to which no token is sent; "" = the server itself

	Now    func() time.Time
	Faults *fault.Set
}

// Type is a type of resource with its resources, in any order. Times are RFC 3339 in meta.lastUpdated.
type Type struct {
	Name string
	Rows func() []map[string]any // asked once
	rows []map[string]any
	gone map[string]time.Time // ids of resources that were deleted
}

// Server is a FHIR server with its authorisation server.
type Server struct {
	opts    Options
	mu      sync.Mutex
	types   map[string]*Type
	tokens  map[string]time.Time
	used    map[string]bool // ids of assertions
	pages   map[string]search
	serial  int
	logins  int
	changes int
	before  func()
	exports map[string]*exported
	begun   int
	early   int
}

// search is an answer kept at the server: what is changed meanwhile does not move it.
type search struct {
	typ      string
	rows     []map[string]any
	elements []string
	include  bool
	size     int
}

// New makes a server with the types.
func New(o Options, types ...*Type) *Server {
	s := &Server{opts: o, types: map[string]*Type{}, tokens: map[string]time.Time{}, used: map[string]bool{}, pages: map[string]search{}, exports: map[string]*exported{}, before: func() {}}
	for _, t := range types {
		s.types[t.Name] = t
	}
	return s
}

// SetRows replaces the resources of a type. Those that are missing were deleted now, unless all are: then it is other data.
func (s *Server) SetRows(name string, rows []map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.types[name]
	old := map[string]bool{}
	for _, row := range t.all() {
		old[fmt.Sprint(row["id"])] = true
	}
	met := 0
	for _, row := range rows {
		id := fmt.Sprint(row["id"])
		delete(t.gone, id)
		if old[id] {
			met++
			delete(old, id)
		}
	}
	if t.gone == nil || met == 0 {
		t.gone = map[string]time.Time{}
	}
	for id := range old {
		if met > 0 {
			t.gone[id] = s.opts.Now()
		}
	}
	t.rows, t.Rows, s.changes = rows, nil, s.changes+1
}

// BeforeQuery sets a function called before each page is answered.
func (s *Server) BeforeQuery(f func()) { s.mu.Lock(); defer s.mu.Unlock(); s.before = f }

// Logins counts calls of the token endpoint.
func (s *Server) Logins() int { s.mu.Lock(); defer s.mu.Unlock(); return s.logins }

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.Trim(strings.TrimPrefix(r.URL.Path, s.opts.Prefix), "/")
	switch path {
	case ".well-known/smart-configuration":
		write(w, http.StatusOK, map[string]any{
			"token_endpoint": s.endpoint(r), "grant_types_supported": []string{"client_credentials"}, "token_endpoint_auth_methods_supported": []string{"private_key_jwt"},
			"token_endpoint_auth_signing_alg_values_supported": []string{"RS384", "ES384"},
		})
		return
	case "auth/token":
		s.token(w, r)
		return
	}
	if rest, open := strings.CutPrefix(path, "open-files/"); open && r.Header.Get("Authorization") == "" {
		s.exportFile(w, r, rest)
		return
	}
	if !s.admitted(r) {
		s.refuse(w, http.StatusUnauthorized, "login", "the token is not valid")
		return
	}
	f := s.opts.Faults
	switch {
	case f.Hit(fault.NoRights):
		s.refuse(w, http.StatusForbidden, "forbidden", "the scope does not allow this")
	case f.Hit(fault.Throttle):
		w.Header().Set("Retry-After", "0")
		s.refuse(w, http.StatusTooManyRequests, "throttled", "slow down")
	case f.Hit(fault.TransientIn200):
		w.Header().Set("Retry-After", s.opts.Now().UTC().Format(http.TimeFormat))
		s.refuse(w, http.StatusServiceUnavailable, "transient", "maintenance")
	case f.Hit(fault.ErrorIn200):
		s.refuse(w, http.StatusOK, "invalid", "the search cannot be processed")
	case path == "metadata":
		s.metadata(w)
	case path == "$export":
		s.export(w, r)
	case strings.HasPrefix(path, "export-status/"):
		s.exportStatus(w, r, strings.TrimPrefix(path, "export-status/"))
	case strings.HasPrefix(path, "export-files/"):
		s.exportFile(w, r, strings.TrimPrefix(path, "export-files/"))
	case path == "":
		s.more(w, r)
	case strings.HasSuffix(path, "/_history") && s.opts.History:
		s.history(w, r, strings.TrimSuffix(path, "/_history"))
	default:
		s.find(w, r, path)
	}
}

func (s *Server) endpoint(r *http.Request) string {
	return "http://" + r.Host + s.opts.Prefix + "/auth/token"
}

func (s *Server) admitted(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.Faults.Hit(fault.SessionExpiry) {
		clear(s.tokens)
	}
	end, known := s.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	return known && s.opts.Now().Before(end)
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins++
	if why := s.check(r); why != "" || s.opts.Faults.Hit(fault.BadCredentials) {
		write(w, http.StatusBadRequest, map[string]any{"error": "invalid_client", "error_description": why})
		return
	}
	life := s.opts.TokenLife
	if life == 0 {
		life = 5 * time.Minute
	}
	s.serial++
	token := fmt.Sprintf("planted-secret-session-%06d", s.serial)
	s.tokens[token] = s.opts.Now().Add(life)
	write(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "bearer", "expires_in": int(life.Seconds()), "scope": "system/Organization.rs"})
}

// check says what is wrong with an assertion.
func (s *Server) check(r *http.Request) string {
	parts := strings.Split(r.PostFormValue("client_assertion"), ".")
	if len(parts) != 3 || r.PostFormValue("grant_type") != "client_credentials" || r.PostFormValue("scope") == "" ||
		r.PostFormValue("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return "the form is not complete"
	}
	var head struct{ Alg, Kid, Typ string }
	var claims struct {
		Iss, Sub, Aud, Jti string
		Exp                int64
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || part(parts[0], &head) != nil || part(parts[1], &claims) != nil {
		return "the assertion cannot be read"
	}
	digest := sha512.Sum384([]byte(parts[0] + "." + parts[1]))
	good := false
	switch key := s.opts.PublicKey.(type) {
	case *rsa.PublicKey:
		good = head.Alg == "RS384" && rsa.VerifyPKCS1v15(key, crypto.SHA384, digest[:], signature) == nil
	case *ecdsa.PublicKey:
		good = head.Alg == "ES384" && len(signature) == 96 && ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:48]), new(big.Int).SetBytes(signature[48:]))
	}
	left := time.Unix(claims.Exp, 0).Sub(s.opts.Now())
	switch {
	case !good:
		return "the signature is wrong"
	case head.Kid != s.opts.KeyID:
		return "the key is not known"
	case claims.Iss != s.opts.ClientID, claims.Sub != s.opts.ClientID:
		return "the client is not known"
	case claims.Aud != s.endpoint(r):
		return "the audience is wrong"
	case left <= 0 || left > 5*time.Minute:
		return "the assertion has expired or lives too long"
	case claims.Jti == "" || s.used[claims.Jti]:
		return "the assertion was used before"
	}
	s.used[claims.Jti] = true
	return ""
}

func part(text string, into any) error {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

func (s *Server) metadata(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var offered []any
	for name := range s.types {
		interactions := []any{map[string]any{"code": "search-type"}}
		if s.opts.History {
			interactions = append(interactions, map[string]any{"code": "history-type"})
		}
		offered = append(offered, map[string]any{"type": name, "interaction": interactions})
	}
	write(w, http.StatusOK, map[string]any{"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": []any{map[string]any{"mode": "server", "resource": offered, "operation": []any{map[string]any{"name": "export"}}}}})
}

// find answers a search of a type, or the read of one resource.
func (s *Server) find(w http.ResponseWriter, r *http.Request, path string) {
	name, id, one := strings.Cut(path, "/")
	s.mu.Lock()
	t, before := s.types[name], s.before
	s.mu.Unlock()
	if t == nil {
		s.refuse(w, http.StatusNotFound, "not-supported", "unknown resource type "+name)
		return
	}
	if !one {
		before()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if one {
		for _, row := range t.all() {
			if row["id"] == id {
				write(w, http.StatusOK, row)
				return
			}
		}
		s.refuse(w, http.StatusGone, "deleted", "the resource is gone")
		return
	}
	q := search{typ: name, size: 10}
	for param, values := range r.URL.Query() {
		switch {
		case param == "_lastUpdated", param == "_count", param == "_elements", param == "_summary":
		case param == "_include" && !s.opts.NoInclude:
			q.include = values[0] == "MedicationDispense:medication"
		case strings.Contains(r.Header.Get("Prefer"), "handling=strict"):
			s.refuse(w, http.StatusBadRequest, "not-supported", "unknown parameter "+param)
			return
		}
	}
	if n, err := strconv.Atoi(r.URL.Query().Get("_count")); err == nil {
		q.size = n
	}
	if s.opts.PageCap > 0 {
		q.size = min(q.size, s.opts.PageCap)
	}
	if list := r.URL.Query().Get("_elements"); list != "" {
		q.elements = append(strings.Split(list, ","), "resourceType", "id", "meta")
	}
	for _, row := range t.all() {
		fits := true
		for _, bound := range r.URL.Query()["_lastUpdated"] {
			at, err := time.Parse(time.RFC3339, bound[2:])
			if err != nil {
				s.refuse(w, http.StatusBadRequest, "invalid", "not an instant: "+bound)
				return
			}
			have := updated(row)
			fits = fits && (bound[:2] == "ge" && !have.Before(at) || bound[:2] == "lt" && have.Before(at))
		}
		if fits {
			q.rows = append(q.rows, row)
		}
	}
	if r.URL.Query().Get("_summary") == "count" {
		write(w, http.StatusOK, map[string]any{"resourceType": "Bundle", "type": "searchset", "total": len(q.rows)})
		return
	}
	same := fnv.New64() // the same question about the same data is the same search
	fmt.Fprint(same, s.changes, name, r.URL.RawQuery)
	s.page(w, fmt.Sprintf("%x", same.Sum64()), q, 0)
}

func (t *Type) all() []map[string]any {
	if t.Rows != nil {
		t.rows, t.Rows = t.Rows(), nil
	}
	return t.rows
}

func updated(row map[string]any) time.Time {
	meta, _ := row["meta"].(map[string]any)
	at, err := time.Parse(time.RFC3339, fmt.Sprint(meta["lastUpdated"]))
	if err != nil {
		return time.Time{}
	}
	return at
}

// more answers a link to a further page.
func (s *Server) more(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	before()
	s.mu.Lock()
	defer s.mu.Unlock()
	name := r.URL.Query().Get("_getpages")
	at, err := strconv.Atoi(r.URL.Query().Get("_offset"))
	q, known := s.pages[name]
	if !known || err != nil || s.opts.Faults.Hit(fault.DeadLocator) {
		s.refuse(w, http.StatusGone, "not-found", "the search is not known any more")
		return
	}
	s.page(w, name, q, at)
}

func (s *Server) page(w http.ResponseWriter, name string, q search, at int) {
	size := q.size
	if s.opts.Faults.Hit(fault.ShortPage) && size > 1 {
		size /= 2
	}
	end := min(at+size, len(q.rows))
	entries := []any{}
	included := map[string]bool{}
	for _, row := range q.rows[at:end] {
		if s.opts.Faults.Hit(fault.HiddenRows) {
			continue
		}
		entries = append(entries, map[string]any{"fullUrl": fmt.Sprint("urn:sim:", row["id"]), "resource": project(row, q.elements), "search": map[string]any{"mode": "match"}})
		if m := s.medication(row); q.include && m != nil && !included[fmt.Sprint(m["id"])] {
			included[fmt.Sprint(m["id"])] = true
			if s.opts.CutToo && q.elements != nil {
				m = project(m, q.elements)
				m["meta"] = map[string]any{"tag": []any{map[string]any{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}}}
			}
			entries = append(entries, map[string]any{"resource": m, "search": map[string]any{"mode": "include"}})
		}
	}
	warning := map[string]any{"resourceType": "OperationOutcome", "issue": []any{map[string]any{"severity": "warning", "code": "informational", "diagnostics": "served from a replica"}}}
	entries = append(entries, map[string]any{"resource": warning, "search": map[string]any{"mode": "outcome"}})
	links := []any{map[string]any{"relation": "self", "url": q.typ}}
	if s.opts.Faults.Hit(fault.SamePage) {
		end = at
	}
	if end < len(q.rows) {
		s.pages[name] = q
		next := "?" + url.Values{"_getpages": {name}, "_offset": {strconv.Itoa(end)}}.Encode()
		if s.opts.LinkHost != "" {
			next = s.opts.LinkHost + s.opts.Prefix + next
		}
		links = append(links, map[string]any{"relation": "next", "url": next})
	}
	write(w, http.StatusOK, map[string]any{"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries})
}

// medication is the resource that a dispense refers to.
func (s *Server) medication(row map[string]any) map[string]any {
	reference, _ := row["medicationReference"].(map[string]any)
	_, id, ok := strings.Cut(fmt.Sprint(reference["reference"]), "Medication/")
	if t := s.types["Medication"]; ok && t != nil {
		for _, m := range t.all() {
			if m["id"] == id {
				return m
			}
		}
	}
	return nil
}

func project(row map[string]any, elements []string) map[string]any {
	if elements == nil {
		return row
	}
	out := map[string]any{}
	for k, v := range row {
		if slices.Contains(elements, k) || k == "subject" { // a server that does not quite obey
			out[k] = v
		}
	}
	return out
}

func (s *Server) refuse(w http.ResponseWriter, status int, code, text string) {
	write(w, status, map[string]any{"resourceType": "OperationOutcome", "issue": []any{map[string]any{"severity": "error", "code": code, "diagnostics": text}}})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/fhir+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
