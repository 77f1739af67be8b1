package fhir

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

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

func FuzzFilesOfExports(f *testing.F) {
	f.Add([]byte("{\"resourceType\":\"Organization\",\"id\":\"1\",\"meta\":{\"lastUpdated\":\"2025-01-01T00:00:00Z\"}}\n\n{}"), 1)
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{"request":{"method":"DELETE","url":"Organization/1/_history/2"}},{"request":{"method":"DELETE","url":"Patient/1"}}]}`), -1)
	f.Add([]byte("<html>"), 0)
	f.Fuzz(func(t *testing.T, body []byte, count int) {
		lines, e := readLines(body, file{Type: "Organization", Count: &count})
		if e != nil {
			return
		}
		require.Len(t, lines, count)
		window := httpsource.Window{To: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		page, err := pageOf(lines, "Organization", window)
		if err == nil {
			for _, r := range page.Rows {
				require.True(t, json.Valid(page.Raw[r.Off:r.Off+r.Len]))
			}
		}
		if gone, err := gone(lines, "Organization", window.To); err == nil {
			page, err := pageOf(gone, "Organization", window)
			require.NoError(t, err)
			require.Len(t, page.Rows, len(gone))
		}
	})
}

// A file that came in part is asked for again; a line of something else is no line.
func TestFilesThatAreDamaged(t *testing.T) {
	t.Parallel()
	two := 2
	for body, class := range map[string]httpsource.Class{
		`{"resourceType":"Organization"}`: httpsource.Retry, "{\"resourceType\":\"Organization\"}\n{\"resourceTy": httpsource.Retry, "<html>": httpsource.Retry, "": httpsource.Retry,
	} {
		_, e := readLines([]byte(body), file{Type: "Organization", Count: &two})
		require.NotNil(t, e, body)
		require.Equal(t, class, e.Class, body)
	}
	_, err := pageOf([][]byte{[]byte(`{"resourceType":"Patient"}`)}, "Organization", httpsource.Window{})
	require.Error(t, err)
	_, err = gone([][]byte{[]byte(`{"resourceType":"Bundle","entry":[{"request":{"method":"PUT","url":"Organization/1"}}]}`)}, "Organization", time.Time{})
	require.Error(t, err)
}
