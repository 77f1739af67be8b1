package fault

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// Transport plays the faults below the protocol.
type Transport struct {
	Faults     *Set
	Now        func() time.Time
	RetryAfter time.Duration // of 429
	Delay      time.Duration // of slow answers
}

const page502 = "<html><head><title>502 - Web server received an invalid response</title></head><body><h2>502</h2></body></html>"

// Wrap plays the faults in front of a handler.
func (t Transport) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", t.clock().UTC().Format(http.TimeFormat))
		switch {
		case t.Faults.Hit(Slow):
			// The server notices that the caller left only after the body is read.
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			timer := time.NewTimer(t.Delay)
			defer timer.Stop()
			select {
			case <-r.Context().Done():
				return
			case <-timer.C:
			}
		case t.Faults.Hit(HTTP502):
			answer(w, http.StatusBadGateway, "text/html", page502)
			return
		case t.Faults.Hit(HTTP500):
			answer(w, http.StatusInternalServerError, "text/plain", "internal error")
			return
		case t.Faults.Hit(HTTP429):
			w.Header().Set("Retry-After", strconv.Itoa(int(t.RetryAfter.Seconds())))
			answer(w, http.StatusTooManyRequests, "text/plain", "slow down")
			return
		case t.Faults.Hit(Redirect):
			http.Redirect(w, r, r.URL.String(), http.StatusFound)
			return
		case t.Faults.Hit(HTML200):
			answer(w, http.StatusOK, "text/html", "<!DOCTYPE html><html><body>login</body></html>")
			return
		case t.Faults.Hit(Shape):
			answer(w, http.StatusOK, "application/json", `{"surprise":true}`)
			return
		case t.Faults.Hit(HalfJSON):
			whole := record(next, r)
			copyHeader(w, whole)
			w.Header().Del("Content-Length")
			answer(w, whole.Code, "application/json", whole.Body.String()[:whole.Body.Len()/2])
			return
		case t.Faults.Hit(CutBody):
			if r.Method == http.MethodHead { // has no body: the whole answer is missing
				panic(http.ErrAbortHandler)
			}
			whole := record(next, r)
			copyHeader(w, whole)
			w.Header().Set("Content-Length", strconv.Itoa(whole.Body.Len()))
			w.WriteHeader(whole.Code)
			_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
			if f, ok := w.(http.Flusher); ok {
				f.Flush()
			}
			panic(http.ErrAbortHandler) // the documented way to cut a connection; the server stays quiet about it
		}
		next.ServeHTTP(w, r)
	})
}

// Unanswered plays the faults of a write: it is done, but late, after its caller gave up, or its answer never arrives. false
// is a write that none of them struck: it is still to be done.
func (s *Set) Unanswered(r *http.Request, late time.Duration, do func()) bool {
	switch {
	case s.Hit(WriteLate):
		<-r.Context().Done()
		time.AfterFunc(late, do)
		return true
	case s.Hit(WriteLost):
		do()
		panic(http.ErrAbortHandler)
	}
	return false
}

func (t Transport) clock() time.Time {
	now := t.Now()
	if t.Faults.Hit(ClockFast) {
		return now.Add(10 * time.Minute)
	}
	if t.Faults.Hit(ClockSlow) {
		return now.Add(-10 * time.Minute)
	}
	return now
}

func record(next http.Handler, r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	return rec
}

func copyHeader(w http.ResponseWriter, from *httptest.ResponseRecorder) {
	for k, v := range from.Header() {
		w.Header()[k] = v
	}
}

func answer(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}
