package simsap

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// orderSet is the one set that can be written.
var orderSet = Set{Service: "/sap/opu/odata/sap/API_SALES_ORDER_SRV", Name: "A_SalesOrder", Keys: []string{"SalesOrder"}, Fields: []Field{
	{Name: "SalesOrder", Type: "Edm.String"}, {Name: "SalesOrderType", Type: "Edm.String"}, {Name: "SalesOrganization", Type: "Edm.String"}, {Name: "SoldToParty", Type: "Edm.String"},
	{Name: "PurchaseOrderByCustomer", Type: "Edm.String"}, {Name: OrderKeyField, Type: "Edm.String"}, {Name: "TotalCreditCheckStatus", Type: "Edm.String"}, {Name: "DeliveryBlockReason", Type: "Edm.String"},
	{Name: "HeaderBillingBlockReason", Type: "Edm.String"}, {Name: "OverallSDProcessStatus", Type: "Edm.String"}, {Name: "OverallSDDocumentRejectionSts", Type: "Edm.String"},
	{Name: "to_Item", Related: []Field{{Name: "SalesOrderItem", Type: "Edm.String"}, {Name: "Material", Type: "Edm.String"}, {Name: "RequestedQuantity", Type: "Edm.Decimal"}}},
}}

// OrderKeyField is a field of the company's own on sales orders.
const OrderKeyField = "YY1_OrderKey_SDH"

const (
	customersNumber = 35        // characters of PurchaseOrderByCustomer
	creditLimit     = 1_000_000 // units of an order above which it fails its credit check
	formWrites      = 20        // writes that one CSRF token is good for
)

// form is what a CSRF token is bound to: all the cookies that came with it.
type form struct {
	cookies map[string]string
	left    int
}

// giveForm puts a token and its cookies into an answer, whatever else the answer says.
func (s *Server) giveForm(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	n := strconv.Itoa(s.serial)
	f := &form{left: formWrites, cookies: map[string]string{"SAP_SESSIONID_SIM_100": "session" + n, "sap-XSRF_SIM_100": "xsrf" + n, "sap-usercontext": "sap-client=100"}}
	s.forms["token"+n+"=="] = f
	for name, value := range f.cookies {
		http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true})
	}
	w.Header().Set("X-Csrf-Token", "token"+n+"==")
}

// formHeld reports whether a write comes with a living token and every cookie of it.
func (s *Server) formHeld(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := r.Header.Get("X-Csrf-Token")
	f := s.forms[token]
	if f == nil {
		return false
	}
	for name, value := range f.cookies {
		c, err := r.Cookie(name)
		if err != nil || c.Value != value {
			return false
		}
	}
	if f.left--; f.left <= 0 {
		delete(s.forms, token)
	}
	return true
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, path string) {
	if !s.formHeld(r) {
		w.Header().Set("X-Csrf-Token", "Required")
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "CSRF token validation failed")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || path != orderSet.Service+"/"+orderSet.Name {
		refuse(w, false, http.StatusMethodNotAllowed, "/IWBEP/CM_MGW_RT/027", "Method not implemented")
		return
	}
	do := func() (map[string]any, string) { return s.create(body) }
	if s.opts.Faults.Unanswered(r, s.opts.Late, func() { do() }) {
		return
	}
	order, words := do()
	if words != "" {
		refuse(w, false, http.StatusBadRequest, "SDOC/000", words)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Sap-Message", `{"code":"V1/155","message":"Order has been saved","severity":"info"}`)
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{"d": order})
}

// create makes an order with its items, or says why not. Nothing keeps two from having the same number of the customer.
func (s *Server) create(body []byte) (map[string]any, string) {
	var in struct {
		SalesOrderType, SalesOrganization, DistributionChannel, OrganizationDivision, SoldToParty string
		PurchaseOrderByCustomer, DeliveryBlockReason                                              string
		Key                                                                                       string `json:"YY1_OrderKey_SDH"`
		Items                                                                                     []struct {
			Material, RequestedQuantity string // decimals are text
		} `json:"to_Item"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, "Malformed payload: " + err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case in.SalesOrderType == "" || in.SalesOrganization == "" || in.DistributionChannel == "" || in.OrganizationDivision == "":
		return nil, "Enter a sales document type and a sales area"
	case len(in.PurchaseOrderByCustomer) > customersNumber:
		return nil, "Property PurchaseOrderByCustomer has an invalid length"
	case !s.has("A_BusinessPartner", "Customer", in.SoldToParty):
		return nil, "Sold-to party " + in.SoldToParty + " not maintained for sales area"
	case len(in.Items) == 0:
		return nil, "The document has no items"
	}
	total := 0.0
	items := []map[string]any{}
	for i, item := range in.Items {
		n, err := strconv.ParseFloat(item.RequestedQuantity, 64)
		if err != nil || n <= 0 {
			return nil, "Enter a quantity"
		}
		if !s.has("A_Product", "Product", item.Material) {
			return nil, "Material " + item.Material + " is not defined for the sales organisation"
		}
		total += n
		items = append(items, map[string]any{"SalesOrderItem": fmt.Sprint(10 * (i + 1)), "Material": item.Material, "RequestedQuantity": Decimal(item.RequestedQuantity)})
	}
	set := s.sets[orderSet.Service+"/"+orderSet.Name]
	row := map[string]any{
		"SalesOrder": fmt.Sprint(1_000_000 + len(set.rows)), "SalesOrderType": in.SalesOrderType, "SalesOrganization": in.SalesOrganization, "SoldToParty": in.SoldToParty, "PurchaseOrderByCustomer": in.PurchaseOrderByCustomer,
		OrderKeyField: in.Key, "TotalCreditCheckStatus": "A", "DeliveryBlockReason": in.DeliveryBlockReason, "HeaderBillingBlockReason": "", "OverallSDProcessStatus": "A", "OverallSDDocumentRejectionSts": "A", "to_Item": items,
	}
	if total > creditLimit {
		row["TotalCreditCheckStatus"] = "B"
	}
	set.rows = append(set.rows, row)
	return set.write(row, set.Fields, selection{expand: []string{"to_Item"}}), ""
}

// has reports whether master data has a value. Without rows everything exists.
func (s *Server) has(name, field, value string) bool {
	known := false
	for _, set := range s.sets {
		if set.Name != name {
			continue
		}
		if set.Rows != nil {
			set.rows, set.Rows = set.Rows(), nil
		}
		known = known || len(set.rows) > 0
		if slices.ContainsFunc(set.rows, func(row map[string]any) bool { return row[field] == value }) {
			return true
		}
	}
	return !known && value != ""
}

func (s *Server) readOrder(w http.ResponseWriter, number string) {
	set := s.sets[orderSet.Service+"/"+orderSet.Name]
	for _, row := range set.rows {
		if row["SalesOrder"] == strings.Trim(number, "'") {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"d": set.write(row, set.Fields, selection{})})
			return
		}
	}
	refuse(w, false, http.StatusNotFound, "/IWBEP/CM_MGW_RT/020", "Resource not found for segment 'A_SalesOrderType'")
}

// Orders are the sales orders as they are now, oldest first.
func (s *Server) Orders() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sets[orderSet.Service+"/"+orderSet.Name].rows)
}

// ChangeOrders lets people there change orders by hand: f gets each, and returns what takes its place.
func (s *Server) ChangeOrders(f func(order map[string]any) []map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.sets[orderSet.Service+"/"+orderSet.Name]
	var rows []map[string]any
	for _, order := range set.rows {
		rows = append(rows, f(maps.Clone(order))...)
	}
	set.rows = rows
}
