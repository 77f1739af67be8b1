package fhir

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/httpsource"
)

func TestWhatAHistoryTells(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 3, 10, 0, 0, 0, 0, time.UTC)
	w := httpsource.Window{From: from, To: from.Add(time.Hour)}
	entry := func(method, url, at string) string {
		return `{"fullUrl":"https://h/fhir/` + url + `","request":{"method":"` + method + `","url":"` + url + `/_history/2"},"response":{"status":"204","lastModified":"` + at + `"}}`
	}
	const inside = "2025-03-10T08:30:00.5+08:00"
	for name, c := range map[string]struct {
		entries string
		want    []string
	}{
		"a delete":                     {entry("DELETE", "Organization/1", inside), []string{"1"}},
		"one that came back":           {entry("PUT", "Organization/1", inside) + "," + entry("DELETE", "Organization/1", inside), nil},
		"one deleted twice":            {entry("DELETE", "Organization/1", inside) + "," + entry("PUT", "Organization/1", inside) + "," + entry("DELETE", "Organization/1", inside), []string{"1"}},
		"another type":                 {entry("DELETE", "Patient/1", inside), nil},
		"before and behind the window": {entry("DELETE", "Organization/1", "2025-03-09T23:59:59Z") + "," + entry("DELETE", "Organization/2", "2025-03-10T01:00:00Z"), nil},
		"when, nobody knows":           {`{"request":{"method":"DELETE","url":"Organization/1"}}`, nil},
		"two":                          {entry("DELETE", "Organization/1", inside) + "," + entry("DELETE", "Organization/2", inside), []string{"1", "2"}},
	} {
		p, next, e := readHistory([]byte(`{"resourceType":"Bundle","type":"history","link":[{"relation":"next","url":"n"}],"entry":[`+c.entries+`]}`), "Organization", w)
		require.Nil(t, e, name)
		require.Equal(t, "n", next)
		var have []string
		for _, r := range p.Rows {
			var kept map[string]any
			require.NoError(t, json.Unmarshal(p.Raw[r.Off:r.Off+r.Len], &kept))
			require.Equal(t, r.Fields["id"], kept["id"])
			require.Equal(t, true, r.Fields[removed])
			have = append(have, kept["id"].(string))
		}
		require.Equal(t, c.want, have, name)
	}
	for _, body := range []string{`{}`, `[]`, `{"resourceType":"Bundle","type":"searchset"}`, `{"resourceType":"Bundle","type":"history","entry":[{}]}`, `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid"}]}`} {
		_, _, e := readHistory([]byte(body), "Organization", w)
		require.NotNil(t, e, body)
	}
}

func FuzzReadHistory(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Bundle","type":"history","entry":[{"request":{"method":"DELETE","url":"Organization/1"},"response":{"lastModified":"2025-03-10T00:00:00Z"}}]}`))
	w := httpsource.Window{From: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, _, e := readHistory(body, "Organization", w)
		if e != nil {
			return
		}
		for _, r := range p.Rows {
			require.True(t, json.Valid(p.Raw[r.Off:r.Off+r.Len]))
		}
	})
}
