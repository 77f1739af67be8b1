package api

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"tributary/hub"
	"tributary/internal/errs"
)

// statusOfDelivery is the HTTP status of what can be wrong with a delivery.
var statusOfDelivery = map[string]int{
	"webhook.signature": http.StatusUnauthorized, "webhook.media_type": http.StatusUnsupportedMediaType, "webhook.no_stream": http.StatusUnprocessableEntity,
	"webhook.empty": http.StatusBadRequest, "webhook.body": http.StatusBadRequest, "webhook.too_large": http.StatusRequestEntityTooLarge, "webhook.full": http.StatusTooManyRequests,
}

// laterAfter is how many seconds a sender should leave a hub that is behind.
const laterAfter = "30"

// receive takes what a sender posts to a connection. It answers when the delivery is stored.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) {
	to, err := s.hub.Receiver(r.PathValue("connection"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer func() {
		if err := to.Close(); err != nil {
			s.log.WarnContext(r.Context(), "a receiver was not closed", "error", err)
		}
	}()
	terms := to.Terms()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(terms.MaxBody)))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		err = errs.New(errs.Invalid, "webhook.too_large", errs.Args{"max": terms.MaxBody})
	case err != nil: // the sender was cut off, or too slow
		err = errs.New(errs.Invalid, "webhook.body", errs.Args{"why": "it ended too early"})
	}
	kept := false
	if err == nil {
		kept, err = to.Take(r.Context(), hub.Posted{Path: strings.Trim(r.PathValue("rest"), "/"), Header: r.Header, Body: body, At: s.hub.Now()})
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	status := http.StatusOK
	if kept {
		status = terms.Status
	}
	text(w, status, terms.Answer)
}

// refuse answers a delivery that is not kept. Why a signature does not fit stays in the log: the sender has not proved who
// it is.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOfDelivery[errs.CodeOf(err)]
	if status == 0 {
		s.fail(w, r, err)
		return
	}
	if s.refusals.Allow() { // whoever reaches the address must not fill the log
		s.log.WarnContext(r.Context(), "delivery refused", "connection", r.PathValue("connection"), "status", status, "error", err)
	}
	switch status {
	case http.StatusUnauthorized:
		err = errs.New(errs.Denied, "webhook.signature", nil)
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", laterAfter)
	}
	s.problem(w, r, status, err)
}
