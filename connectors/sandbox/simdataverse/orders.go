package simdataverse

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var orderPath = regexp.MustCompile(`^salesorders\(([0-9a-f-]{36})\)$`)

// Orders are the rows of salesorders, in the order in which they were created.
func (s *Server) Orders() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]map[string]any{}, s.orders...)
}

// CancelOrders cancels every order, as people do by hand.
func (s *Server) CancelOrders() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, o := range s.orders {
		s.orders[i] = map[string]any{"salesorderid": o["salesorderid"], "ordernumber": o["ordernumber"], "name": o["name"], "statecode": 2}
	}
}

// order reads or creates the order with an id that the caller chose.
func (s *Server) order(w http.ResponseWriter, r *http.Request, id string) {
	if r.Method == http.MethodGet {
		s.mu.Lock()
		defer s.mu.Unlock()
		if o := s.orderBy(id); o != nil {
			answer(w, http.StatusOK, o)
			return
		}
		refuse(w, http.StatusNotFound, "0x80040217", "Entity 'salesorder' With Id = "+id+" Does Not Exist")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPatch {
		refuse(w, http.StatusMethodNotAllowed, "0x80060888", "The method is not allowed.")
		return
	}
	do := func() (int, map[string]any) { return s.create(id, body, r.Header.Get("If-None-Match") == "*") }
	if s.opts.Faults.Unanswered(r, s.opts.Late, func() { do() }) {
		return
	}
	status, out := do()
	answer(w, status, out)
}

func (s *Server) orderBy(id string) map[string]any {
	for _, o := range s.orders {
		if o["salesorderid"] == id {
			return o
		}
	}
	return nil
}

func (s *Server) create(id string, body []byte, only bool) (int, map[string]any) {
	no := func(status int, code, message string) (int, map[string]any) {
		return status, map[string]any{"error": map[string]any{"code": code, "message": message}}
	}
	var in struct {
		Name     string `json:"name"`
		Customer string `json:"customerid_account@odata.bind"`
		Lines    []struct {
			Product  string      `json:"productid@odata.bind"`
			Quantity json.Number `json:"quantity"`
		} `json:"order_details"`
	}
	if json.Unmarshal(body, &in) != nil || len(in.Lines) == 0 {
		return no(http.StatusBadRequest, "0x80048d19", "Error identified in Payload provided by the user.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.orderBy(id) != nil && only {
		return no(http.StatusPreconditionFailed, "0x80060892", "A record with matching key values already exists.")
	}
	if !s.knows("accounts", in.Customer) {
		return no(http.StatusNotFound, "0x80040217", "account With Ids = "+in.Customer+" Do Not Exist")
	}
	row := map[string]any{"salesorderid": id, "ordernumber": fmt.Sprintf("ORD-%05d", len(s.orders)+1), "statecode": 0, "name": in.Name, "lines": len(in.Lines)}
	s.orders = append(s.orders, row)
	return http.StatusCreated, row
}

var bind = regexp.MustCompile(`^/(\w+)\((\w+)='(.*)'\)$`)

// knows reports whether a row is there that a binding by alternate key names.
func (s *Server) knows(set, binding string) bool {
	m := bind.FindStringSubmatch(binding)
	if m == nil || m[1] != set || s.tables[set] == nil {
		return false
	}
	value, err := url.PathUnescape(m[3])
	if err != nil {
		return false
	}
	t := s.tables[set]
	s.load(t)
	for _, row := range t.rows {
		if row[m[2]] == strings.ReplaceAll(value, "''", "'") {
			return true
		}
	}
	return false
}
