package httpsource_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// What may have done something is tried once; what surely did nothing is tried again.
func TestOnce(t *testing.T) {
	for status, want := range map[int]struct {
		calls   int
		outcome connectors.Outcome
	}{
		http.StatusBadGateway:      {1, connectors.Undecided},
		http.StatusRequestTimeout:  {1, connectors.Undecided},
		http.StatusTooManyRequests: {3, connectors.Unsent},
		http.StatusForbidden:       {1, connectors.Refused},
		http.StatusBadRequest:      {1, connectors.Refused},
		http.StatusUnauthorized:    {1, connectors.Stopped},
	} {
		calls := 0
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { calls++; w.WriteHeader(status) }))
		client, err := httpsource.New(httpsource.Options{Name: "ERP", BaseURL: srv.URL, Now: time.Now, Retry: httpsource.RetryPolicy{First: time.Millisecond, Tries: 3}})
		require.NoError(t, err)
		_, err = client.Do(t.Context(), httpsource.Request{Op: "write", Method: http.MethodPost, Path: "/x", Once: true})
		require.Equal(t, want.outcome, connectors.OutcomeOf(httpsource.PushError(err)), "%d: %v", status, err)
		require.Equal(t, want.calls, calls, "%d", status)
		client.Close()
		srv.Close()
	}
}

func TestOutcomesOfOtherErrors(t *testing.T) {
	require.NoError(t, httpsource.PushError(nil))
	for _, err := range []error{context.DeadlineExceeded, errors.New("?"), httpsource.UnknownShape("?"), httpsource.ExpectJSON([]byte("<html>"))} {
		require.Equal(t, connectors.Undecided, connectors.OutcomeOf(httpsource.PushError(err)))
	}
}
