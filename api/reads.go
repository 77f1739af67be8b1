package api

import (
	"net/http"
	"strconv"

	"tributary/internal/errs"
)

// routes lists every read. Answers have the JSON of the commands of the same name.
func (s *Server) routes() {
	s.get("/api/v1/runs", func(r *http.Request) (any, error) {
		limit, err := limitOf(r)
		if err != nil {
			return nil, err
		}
		return s.hub.Runs(r.Context(), limit, language(r))
	})
}

// get serves what read returns as JSON.
func (s *Server) get(pattern string, read func(*http.Request) (any, error)) {
	s.mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) {
		v, err := read(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.write(w, "application/json", http.StatusOK, v)
	})
}

// maxLimit bounds the rows of one answer.
const maxLimit = 1000

func limitOf(r *http.Request) (int, error) {
	v := r.URL.Query().Get("limit")
	if v == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxLimit {
		return 0, errs.New(errs.Invalid, "api.limit", errs.Args{"value": v, "max": maxLimit})
	}
	return n, nil
}
