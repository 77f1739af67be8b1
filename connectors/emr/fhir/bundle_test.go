package fhir

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/httpsource"
)

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for body, class := range map[string]httpsource.Class{
		`{}`: httpsource.Permanent, `{"resourceType":"Bundle","type":"history"}`: httpsource.Permanent, `{"resourceType":"Patient"}`: httpsource.Permanent, `[]`: httpsource.Permanent,
		`{"resourceType":"Bundle","type":"searchset","entry":{}}`:                                                                                                                       httpsource.Permanent,
		`{"resourceType":"Bundle","type":"searchset","entry":[{"fullUrl":"x"}]}`:                                                                                                        httpsource.Permanent,
		`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid"}]}`:                                                                                           httpsource.Permanent,
		`{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"fatal","code":"x"}]},"search":{"mode":"outcome"}}]}`: httpsource.Permanent,
		`<html>`: httpsource.Retry, ``: httpsource.Retry, `{"resourceType"`: httpsource.Retry,
	} {
		_, e := readBundle([]byte(body), "Organization")
		require.NotNil(t, e, body)
		require.Equal(t, class, e.Class, body)
	}
	got, e := readBundle([]byte(`{"resourceType":"Bundle","type":"searchset","total":99,"link":[{"relation":"next","url":"?p=2"}]}`), "Organization")
	require.Nil(t, e)
	require.Empty(t, got.matches)
	require.Equal(t, "?p=2", got.next, "an empty page may lead on")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	said := `{"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"a"},{"severity":"error","code":"b","details":{"text":"no"}}]}`
	for _, c := range []struct {
		status int
		link   bool
		class  httpsource.Class
	}{
		{http.StatusBadRequest, false, httpsource.Permanent}, {http.StatusBadRequest, true, httpsource.RestartCursor}, {http.StatusGone, true, httpsource.RestartCursor},
		{http.StatusForbidden, false, httpsource.Forbidden}, {http.StatusUnauthorized, false, ""}, {http.StatusTooManyRequests, true, ""}, {http.StatusServiceUnavailable, false, ""},
	} {
		e := refusal(c.link)(&httpsource.Response{Status: c.status, Body: []byte(said)})
		if c.class == "" {
			require.Nil(t, e, c)
			continue
		}
		require.NotNil(t, e, c)
		require.Equal(t, c.class, e.Class, c)
		if c.class != httpsource.RestartCursor {
			require.Equal(t, "no", e.Message)
		}
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Organization/1": "Organization/1", "https://h/fhir/Organization/1": "Organization/1", "https://h/fhir/Organization/1/_history/3": "Organization/1", "#med1": "#med1", "urn:uuid:0": "urn:uuid:0", "": "",
	} {
		require.Equal(t, want, referenceOf(in), in)
	}
}

func FuzzReadBundle(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Organization","id":"1"},"search":{"mode":"match"}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, e := readBundle(body, "Organization")
		if e != nil {
			return
		}
		for _, r := range got.matches {
			require.LessOrEqual(t, r.Off+r.Len, len(body))
			require.Equal(t, byte('{'), body[r.Off])
		}
	})
}
