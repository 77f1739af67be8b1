package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCustomersAreSearchedByBody(t *testing.T) {
	s := serve(t)
	post := func(body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/v1/customers/search", strings.NewReader(body)))
		return w
	}
	w := post(`{"customer":{"kind":"hospital","name":"广州市第一人民医院"},"limit":3}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var found map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &found))
	require.Equal(t, map[string]any{"verdict": "none", "compared": 0.0, "candidates": []any{}}, found)
	for body, code := range map[string]string{
		``: "customers.bad_json", `{"customer":{"nmae":"x"}}`: "customers.bad_json", `{"customer":{}}`: "customers.nothing_to_find_by",
		`{"customer":{"name":"x","kind":"shop"}}`: "customers.unknown_kind", `{"customer":{"name":"x"},"min":7}`: "customers.probability",
	} {
		require.Equal(t, code, problem(t, post(body)).Code, body)
	}
	large := post(`{"customer":{"name":"` + strings.Repeat("x", 2<<20) + `"}}`)
	require.Equal(t, http.StatusRequestEntityTooLarge, problem(t, large).Status)
	require.Equal(t, http.StatusMethodNotAllowed, s.ask(http.MethodPut, "/api/v1/customers/search").Code)
}
