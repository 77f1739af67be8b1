package api

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"tributary/hub"
	"tributary/internal/errs"
)

// routes lists every read, and the one address that takes something in. Answers have the JSON of the commands of the same name.
func (s *Server) routes() {
	s.get("/api/v1/runs", func(r *http.Request) (any, error) {
		limit, err := limitOf(r)
		if err != nil {
			return nil, err
		}
		return s.hub.Runs(r.Context(), limit, readersLanguage(r))
	})
	s.get("/api/v1/customers", s.listCustomers)
	s.get("/api/v1/customers/{id}", func(r *http.Request) (any, error) {
		return s.hub.ShowCustomer(r.Context(), r.PathValue("id"), hub.Unmask{})
	})
	s.post("/api/v1/customers/search", func(r *http.Request, body []byte) (any, error) {
		req, err := hub.ParseFind(body, "the body")
		if err != nil {
			return nil, err
		}
		req.Lang = readersLanguage(r)
		return s.hub.FindCustomers(r.Context(), req)
	})
	s.get("/api/v1/trace/lots/{product}/{lot}", s.traceLot)
	s.get("/api/v1/trace/codes", func(r *http.Request) (any, error) { // codes have slashes and other signs: they stand in the query
		return s.hub.TraceCode(r.Context(), hub.TraceCodeRequest{Code: r.URL.Query().Get("code"), Lang: readersLanguage(r)})
	})
	s.get("/api/v1/trace/customers/{id}", s.traceCustomer)
	s.get("/api/v1/balance/{product}", s.balance)
	s.mux.HandleFunc("POST "+hub.InboxPath+"{connection}", s.receive)
	s.mux.HandleFunc("POST "+hub.InboxPath+"{connection}/{rest...}", s.receive)
}

// listCustomers lists customers by kind, or searches when q is given.
func (s *Server) listCustomers(r *http.Request) (any, error) {
	limit, err := limitOf(r)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	if text := q.Get("q"); text != "" {
		return s.hub.SearchCustomers(r.Context(), text, limit, hub.Unmask{})
	}
	return s.hub.ListCustomers(r.Context(), hub.ListCustomersRequest{Kind: q.Get("kind"), After: q.Get("after"), Limit: limit})
}

func (s *Server) traceLot(r *http.Request) (any, error) {
	q := r.URL.Query()
	return s.hub.TraceLot(r.Context(), hub.TraceLotRequest{Product: r.PathValue("product"), Lot: r.PathValue("lot"),
		AsOf: q.Get("as-of"), KnownAt: q.Get("known-at"), Lang: readersLanguage(r)})
}

func (s *Server) traceCustomer(r *http.Request) (any, error) {
	q := r.URL.Query()
	return s.hub.TraceCustomer(r.Context(), hub.TraceCustomerRequest{Customer: r.PathValue("id"), From: q.Get("from"), To: q.Get("to"), Lang: readersLanguage(r)})
}

func (s *Server) balance(r *http.Request) (any, error) {
	q := r.URL.Query()
	return s.hub.Balance(r.Context(), hub.BalanceRequest{Product: r.PathValue("product"), Lot: q.Get("lot"), Party: q.Get("party"),
		From: q.Get("from"), To: q.Get("to"), Lang: readersLanguage(r)})
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

// maxBody bounds what a client may send.
const maxBody = 1 << 20

// post serves what a read returns as JSON whose question does not fit into an address, or must not stand in one.
func (s *Server) post(pattern string, read func(r *http.Request, body []byte) (any, error)) {
	s.mux.HandleFunc("POST "+pattern, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			s.problem(w, r, http.StatusRequestEntityTooLarge, errs.New(errs.Invalid, "api.body_large", errs.Args{"max": maxBody}))
			return
		}
		var v any
		if err == nil {
			v, err = read(r, body)
		}
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
