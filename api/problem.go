package api

import (
	"encoding/json"
	"net/http"
	"strings"

	"golang.org/x/text/language"

	"tributary/internal/errs"
)

// Problem is an RFC 9457 problem document of type about:blank.
type Problem struct {
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail"`
	Code   string         `json:"code"`           // stable code of the message catalogue
	Hint   string         `json:"hint,omitempty"` // what to do next
	Errors []ProblemError `json:"errors"`         // what is wrong with single parts of the request
}

// ProblemError is one thing wrong with a part of the request.
type ProblemError struct {
	Pointer string `json:"pointer"` // JSON Pointer; a parameter of the query is #/query/NAME
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// statusOf is the HTTP status of a kind of failure.
var statusOf = map[errs.Kind]int{
	errs.Invalid: http.StatusBadRequest, errs.NotFound: http.StatusNotFound, errs.Conflict: http.StatusConflict,
	errs.Denied: http.StatusForbidden, errs.Unavailable: http.StatusServiceUnavailable,
}

// retryAfter is how many seconds a client should leave a hub that cannot answer now.
const retryAfter = "5"

// fail answers with a problem document. What is not a catalogue message, and what names addresses of the hub's own parts,
// stays in the log.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the client has gone
	}
	status := statusOf[errs.KindOf(err)]
	switch {
	case status == 0 || errs.CodeOf(err) == "":
		s.log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "error", err)
		status, err = http.StatusInternalServerError, errs.New(errs.Internal, "api.internal", nil)
	case status == http.StatusServiceUnavailable:
		s.log.WarnContext(r.Context(), "request failed", "route", r.Pattern, "error", err)
		err = errs.New(errs.Unavailable, "api.unavailable", nil)
		w.Header().Set("Retry-After", retryAfter)
	}
	s.problem(w, r, status, err)
}

// problem writes a failure whose text may be shown.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, status int, err error) {
	lang := readersLanguage(r)
	p := Problem{Status: status, Title: http.StatusText(status), Code: errs.CodeOf(err), Errors: []ProblemError{}}
	p.Detail, p.Hint, _ = strings.Cut(errs.Render(err, lang), "\n  → ")
	if p.Code == "api.limit" {
		p.Errors = append(p.Errors, ProblemError{Pointer: "#/query/limit", Code: p.Code, Detail: p.Detail})
	}
	w.Header().Set("Content-Language", lang)
	s.write(w, "application/problem+json", status, p)
}

var languages = language.NewMatcher([]language.Tag{language.English, language.Chinese})

// readersLanguage is zh when Accept-Language prefers it, else en.
func readersLanguage(r *http.Request) string {
	if _, i := language.MatchStrings(languages, r.Header.Get("Accept-Language")); i == 1 {
		return "zh"
	}
	return "en"
}

func (s *Server) write(w http.ResponseWriter, contentType string, status int, v any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		s.log.Debug("answer not sent whole", "error", err) // the client may have gone
	}
}
