// Package simsalesforce simulates the REST API of Salesforce: both logins, describe, SOQL by query and queryAll with
// server-side cursors, bulk queries, the recycle bin, and the ways in which the platform fails. It shares no code with the connector.
package simsalesforce

import (
	"crypto"
	"crypto/rsa"
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

// Options describe the simulated organisation.
type Options struct {
	ClientID, ClientSecret, Username string
	PublicKey                        *rsa.PublicKey // of the certificate registered for JWT; nil: none
	InstanceURL                      string         // named in the token answer when set
	Batch                            int            // rows of one page; 0: as asked for
	Now                              func() time.Time
	Faults                           *fault.Set
}

// Object is an object with its data. Rows hold flat names; Account.Name is sent as a nested relation.
type Object struct {
	Name     string
	Fields   []Field
	Rows     Rows
	Children []Child
}

// Field is a field as describe tells it.
type Field struct {
	Name, Label, Type, Relationship string
	ReferenceTo                     string            // object behind the relationship
	Picklist                        map[string]string // value → label
	ReadOnly                        bool              // for the integration user
	Length                          int               // most characters; 0 = not counted
}

// Rows are rows in ascending order of their Id.
type Rows interface {
	Len() int
	Row(i int) map[string]any
}

// List is a table held in memory.
type List []map[string]any

// Len is the number of rows.
func (l List) Len() int { return len(l) }

// Row is one row.
func (l List) Row(i int) map[string]any { return l[i] }

// Server is an organisation.
type Server struct {
	opts    Options
	mu      sync.Mutex
	objects map[string]Object
	tokens  map[string]bool
	cursors map[string]cursor
	jobs    map[string]*job
	failure string // of every job
	started int
	looks   int
	aborted int
	serial  int
	logins  int
	calls   int
	writes  int
	before  func()
}

// cursor is an answer kept at the server: what is changed meanwhile does not move it.
type cursor struct {
	rows []map[string]any
	size int
}

// New makes an organisation with the objects.
func New(o Options, objects ...Object) *Server {
	s := &Server{opts: o, objects: map[string]Object{}, tokens: map[string]bool{}, cursors: map[string]cursor{}, jobs: map[string]*job{}, before: func() {}}
	for _, ob := range objects {
		s.objects[ob.Name] = ob
	}
	return s
}

// SetObject replaces an object's data.
func (s *Server) SetObject(o Object) { s.mu.Lock(); defer s.mu.Unlock(); s.objects[o.Name] = o }

// BeforeQuery sets a function called before each query is answered.
func (s *Server) BeforeQuery(f func()) { s.mu.Lock(); defer s.mu.Unlock(); s.before = f }

// Logins counts calls of the token endpoint.
func (s *Server) Logins() int { s.mu.Lock(); defer s.mu.Unlock(); return s.logins }

// FailJobs has every bulk job fail with a message.
func (s *Server) FailJobs(why string) { s.mu.Lock(); defer s.mu.Unlock(); s.failure = why }

// Jobs counts bulk jobs: those that were started, those that were aborted, and those that are still there.
func (s *Server) Jobs() (started, aborted, left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started, s.aborted, len(s.jobs)
}

// Looks counts how often the state of a bulk job was asked for.
func (s *Server) Looks() int { s.mu.Lock(); defer s.mu.Unlock(); return s.looks }

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/services/oauth2/token") {
		s.token(w, r)
		return
	}
	_, path, data := strings.Cut(r.URL.Path, "/services/data/v")
	number, path, version := strings.Cut(path, "/")
	s.mu.Lock()
	known := s.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	s.calls++
	calls := s.calls
	s.mu.Unlock()
	w.Header().Set("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/100000", calls))
	switch {
	case !data || !version:
		refuse(w, http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
	case !known || s.opts.Faults.Hit(fault.SessionExpiry):
		s.mu.Lock()
		clear(s.tokens)
		s.mu.Unlock()
		refuse(w, http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid")
	case s.opts.Faults.Hit(fault.NoRights):
		refuse(w, http.StatusForbidden, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this user")
	case s.opts.Faults.Hit(fault.Throttle):
		refuse(w, http.StatusForbidden, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
	case s.opts.Faults.Hit(fault.TransientIn200):
		refuse(w, http.StatusServiceUnavailable, "SERVER_UNAVAILABLE", "try again")
	case strings.HasPrefix(path, "sobjects/") && strings.HasSuffix(path, "/describe"):
		s.describe(w, strings.TrimSuffix(strings.TrimPrefix(path, "sobjects/"), "/describe"))
	case strings.HasPrefix(path, "sobjects/"):
		s.record(w, r, strings.TrimPrefix(path, "sobjects/"))
	case path == "query", path == "queryAll":
		s.query(w, r, path == "queryAll")
	case strings.HasPrefix(path, "query/"):
		s.more(w, r, strings.TrimPrefix(path, "query/"))
	case path == "jobs/query", strings.HasPrefix(path, "jobs/query/"):
		s.jobCall(w, r, number, strings.TrimPrefix(path, "jobs/query"))
	default:
		refuse(w, http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
	}
}

// refuse says what failed as the platform does: a list, even for one error.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode([]map[string]any{{"message": message, "errorCode": code, "fields": []string{}}})
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins++
	why := "invalid_grant"
	good := false
	switch r.PostFormValue("grant_type") {
	case "client_credentials":
		why, good = "invalid_client", r.PostFormValue("client_id") == s.opts.ClientID && r.PostFormValue("client_secret") == s.opts.ClientSecret
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		good = s.assertion(r.PostFormValue("assertion"))
	}
	w.Header().Set("Content-Type", "application/json")
	if !good || s.opts.Faults.Hit(fault.BadCredentials) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": why, "error_description": "authentication failure"})
		return
	}
	s.serial++
	token := "00Dplanted-secret-session-" + strconv.Itoa(s.serial)
	s.tokens[token] = true
	answer := map[string]any{"access_token": token, "token_type": "Bearer", "scope": "api", "id": "https://login.example/id/00D/005"} // no expires_in
	if s.opts.InstanceURL != "" {
		answer["instance_url"] = s.opts.InstanceURL
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// assertion checks signature, issuer, subject and the five minutes of a JWT.
func (s *Server) assertion(text string) bool {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || s.opts.PublicKey == nil {
		return false
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	signature, err2 := base64.RawURLEncoding.DecodeString(parts[2])
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || err2 != nil || rsa.VerifyPKCS1v15(s.opts.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		return false
	}
	var claims struct {
		Iss, Sub, Aud string
		Exp           int64
	}
	if json.Unmarshal(body, &claims) != nil {
		return false
	}
	left := time.Unix(claims.Exp, 0).Sub(s.opts.Now())
	return claims.Iss == s.opts.ClientID && claims.Sub == s.opts.Username && claims.Aud != "" && left > 0 && left <= 5*time.Minute
}

func (s *Server) describe(w http.ResponseWriter, name string) {
	s.mu.Lock()
	o, ok := s.objects[name]
	s.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
		return
	}
	fields := []map[string]any{}
	for _, f := range o.Fields {
		picklist := []map[string]any{}
		for v, l := range f.Picklist {
			picklist = append(picklist, map[string]any{"value": v, "label": l, "active": true})
		}
		item := map[string]any{"name": f.Name, "label": f.Label, "type": f.Type, "updateable": !f.ReadOnly, "picklistValues": picklist, "relationshipName": nil, "referenceTo": []string{}}
		if f.Relationship != "" {
			item["relationshipName"], item["referenceTo"] = f.Relationship, []string{f.ReferenceTo}
		}
		fields = append(fields, item)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"name": name, "queryable": true, "fields": fields, "childRelationships": o.childRelationships()})
}
