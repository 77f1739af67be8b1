// Package simveeva simulates Veeva Vault (sessions, metadata, VQL, the log of deletes) and Veeva Network (sessions, search),
// with the ways in which they fail: inside status 200, by answering late, by sessions and pages that die. It shares no code with the
// connectors.
package simveeva

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// mostTries is how many wrong passwords lock a user.
const mostTries = 5

// Access says who may log in, and how.
type Access struct {
	User, Password  string
	APIToken        string        // taken as a Bearer token when set
	IdentityToken   string        // of an identity provider, exchanged for a session below Profile
	Profile         string        //
	LoginsPerMinute int           // 0: not counted
	Idle            time.Duration // after which a session dies; 0: never
	Now             func() time.Time
	Faults          *fault.Set
}

// sessions are the sessions of one system.
type sessions struct {
	Access
	mu     sync.Mutex
	used   map[string]time.Time // session → last use
	tries  int
	counts map[time.Time]int
	logins int
}

func newSessions(a Access) *sessions {
	return &sessions{Access: a, used: map[string]time.Time{}, counts: map[time.Time]int{}}
}

// Logins counts calls that ask for a session.
func (s *sessions) Logins() int { s.mu.Lock(); defer s.mu.Unlock(); return s.logins }

// Expire ends every session.
func (s *sessions) Expire() { s.mu.Lock(); defer s.mu.Unlock(); clear(s.used) }

// Unlock is what an administrator does for a user who was locked out.
func (s *sessions) Unlock() { s.mu.Lock(); defer s.mu.Unlock(); s.tries = 0 }

// logIn answers a session, or code and text of the refusal.
func (s *sessions) logIn(r *http.Request) (session, code, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins++
	minute := s.Now().Truncate(time.Minute)
	s.counts[minute]++
	_, profile, oauth := strings.Cut(r.URL.Path, "/auth/oauth/session/")
	switch {
	case r.Method != http.MethodPost:
		return "", "MALFORMED_URL", "The resource does not support this method"
	case !oauth && s.LoginsPerMinute > 0 && s.counts[minute] > s.LoginsPerMinute: // identity providers have limits of their own
		return "", "API_LIMIT_EXCEEDED", "The authentication burst limit is exceeded"
	case s.tries >= mostTries:
		return "", "USER_LOCKED_OUT", "The user is locked out"
	case s.Faults.Hit(fault.BadCredentials),
		oauth && (s.IdentityToken == "" || profile != s.Profile || r.Header.Get("Authorization") != "Bearer "+s.IdentityToken),
		!oauth && (r.PostFormValue("username") != s.User || r.PostFormValue("password") != s.Password):
		s.tries++
		return "", "USERNAME_OR_PASSWORD_INCORRECT", "Authentication failed"
	}
	s.tries = 0
	session = "planted-secret-session-" + strconv.Itoa(s.logins)
	s.used[session] = s.Now()
	return session, "", ""
}

// admits reports whether a call has a session: as it is, or as a Bearer token.
func (s *sessions) admits(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Faults.Hit(fault.SessionExpiry) {
		clear(s.used)
	}
	value := r.Header.Get("Authorization")
	token, bearer := strings.CutPrefix(value, "Bearer ")
	if bearer && s.APIToken != "" && token == s.APIToken {
		return true
	}
	last, known := s.used[token]
	if !known || s.Idle > 0 && s.Now().Sub(last) > s.Idle {
		delete(s.used, token)
		return false
	}
	s.used[token] = s.Now()
	return true
}

// troubled answers what goes wrong before any call is looked at; true: it did.
func (s *sessions) troubled(w http.ResponseWriter, r *http.Request) bool {
	switch f := s.Faults; {
	case !s.admits(r):
		refuse(w, "INVALID_SESSION_ID", "Invalid or expired session ID.")
	case f.Hit(fault.NoRights):
		refuse(w, "INSUFFICIENT_ACCESS", "The user has insufficient privileges")
	case f.Hit(fault.TransientIn200):
		refuse(w, "RACE_CONDITION", "A race condition occurred")
	case f.Hit(fault.ErrorIn200):
		refuse(w, "INVALID_DATA", "The request holds data that cannot be read")
	default:
		return false
	}
	return true
}

// refuse says what failed; the status stays 200.
func refuse(w http.ResponseWriter, code, message string) {
	write(w, map[string]any{"responseStatus": "FAILURE", "responseMessage": message, "errors": []any{map[string]any{"type": code, "message": message}}})
}

func write(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_, _ = w.Write(b)
}
