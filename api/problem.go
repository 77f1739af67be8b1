package api

import (
	"encoding/json"
	"net/http"
	"strings"

	"tributary/internal/errs"
)

// Problem is an RFC 9457 problem document.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`           // stable code of the message catalogue
	Hint   string `json:"hint,omitempty"` // what to do next
}

// fail answers with a problem document. What is not a catalogue message says nothing of its inside.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the client has gone
	}
	status := map[errs.Kind]int{
		errs.Invalid: http.StatusBadRequest, errs.NotFound: http.StatusNotFound, errs.Conflict: http.StatusConflict,
		errs.Denied: http.StatusForbidden, errs.Unavailable: http.StatusServiceUnavailable,
	}[errs.KindOf(err)]
	p := Problem{Code: errs.CodeOf(err)}
	if status == 0 || p.Code == "" {
		s.log.ErrorContext(r.Context(), "request failed", "path", r.Pattern, "error", err)
		status = http.StatusInternalServerError
		err = errs.New(errs.Internal, "api.internal", nil)
		p.Code = "api.internal"
	}
	p.Status, p.Title = status, http.StatusText(status)
	p.Detail, p.Hint, _ = strings.Cut(errs.Render(err, language(r)), "\n  → ")
	s.write(w, "application/problem+json", status, p)
}

// language is the reader's: zh when Accept-Language prefers it, else en.
func language(r *http.Request) string {
	if strings.HasPrefix(strings.ToLower(r.Header.Get("Accept-Language")), "zh") {
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
