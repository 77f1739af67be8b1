package vault

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/httpsource"
	"tributary/connectors/sfa/veeva"
)

func TestFailuresInsideStatus200(t *testing.T) {
	t.Parallel()
	failure := func(code string) string {
		return `{"responseStatus":"FAILURE","errors":[{"type":"` + code + `","message":"why"}]}`
	}
	for body, class := range map[string]httpsource.Class{
		`{"responseStatus":"SUCCESS"}`:                                               "",
		`{"responseStatus":"WARNING","data":[]}`:                                     "",
		failure("INVALID_SESSION_ID"):                                                httpsource.ReauthOnce,
		failure("API_LIMIT_EXCEEDED"):                                                httpsource.Throttle,
		failure("CONFIGURATION_MODE_ENABLED"):                                        httpsource.Throttle,
		failure("RACE_CONDITION"):                                                    httpsource.Retry,
		failure("OPERATION_IN_PROGRESS"):                                             httpsource.Retry,
		failure("UNEXPECTED_ERROR"):                                                  httpsource.Retry,
		failure("USERNAME_OR_PASSWORD_INCORRECT"):                                    httpsource.ConfigStop,
		failure("USER_LOCKED_OUT"):                                                   httpsource.ConfigStop,
		failure("INSUFFICIENT_ACCESS"):                                               httpsource.Forbidden,
		failure("INCORRECT_QUERY_SYNTAX_ERROR"):                                      httpsource.Permanent,
		failure("NEVER_HEARD_OF"):                                                    httpsource.Permanent,
		`{"responseStatus":"FAILURE","responseMessage":"no"}`:                        httpsource.Permanent,
		`{"responseStatus":"EXCEPTION"}`:                                             httpsource.Retry,
		`{"responseStatus":"PARTIAL_SUCCESS","data":[{"responseStatus":"FAILURE"}]}`: httpsource.Retry,
		`{"responseStatus":"PERHAPS"}`:                                               httpsource.Permanent,
		`{"surprise":true}`:                                                          httpsource.Permanent,
		`[]`:                                                                         httpsource.Permanent,
		`{"responseStatus":"SUCCESS"`:                                                httpsource.Retry,
		`<html>`:                                                                     httpsource.Retry,
		``:                                                                           httpsource.Retry,
	} {
		e := veeva.Judge([]byte(body))
		if class == "" {
			require.Nil(t, e, body)
			continue
		}
		require.NotNil(t, e, body)
		require.Equal(t, class, e.Class, body)
	}
	require.Equal(t, 30*time.Minute, veeva.Judge([]byte(failure("CONFIGURATION_MODE_ENABLED"))).Wait)
	require.Nil(t, veeva.JudgeStatus(&httpsource.Response{Status: 500, Body: []byte("<html>")}))
	require.Equal(t, httpsource.Throttle, veeva.JudgeStatus(&httpsource.Response{Status: 429, Body: []byte(failure("API_LIMIT_EXCEEDED"))}).Class)
}

func TestAnswersThatHoldNoRows(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"responseStatus":"SUCCESS"}`, `{"responseDetails":{}}`, `{"data":[]}`, `{"responseDetails":{},"data":null}`, `{"responseDetails":{},"data":{}}`, `{"responseDetails":{},"data":[1]}`} {
		_, e := readPage([]byte(body))
		require.NotNil(t, e, body)
		require.Equal(t, httpsource.Shape, e.Kind, body)
	}
}

func FuzzReadPage(f *testing.F) {
	f.Add([]byte(`{"responseStatus":"SUCCESS","responseDetails":{"next_page":"/api/v25.1/query/1"},"data":[{"id":"1"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, e := readPage(body)
		if e != nil {
			return
		}
		for _, r := range p.Rows {
			require.LessOrEqual(t, r.Off+r.Len, len(p.Raw))
			require.Equal(t, byte('{'), p.Raw[r.Off])
		}
	})
}

// Pauses follow what the last answer said, and never outgrow half a minute.
func TestThePaceOfCalls(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		limit, left, delay string
		within             time.Duration
	}{{"2000", "1999", "", 0}, {"2000", "500", "", 0}, {"", "", "", 0}, {"x", "0", "", 0}, {"0", "0", "", 0}, {"100000", "0", "", 3 * time.Millisecond}, {"2000", "1999", "7", 7 * time.Millisecond}} {
		p := veeva.Pace{Reserve: 0.2}
		h := http.Header{}
		h.Set("X-VaultAPI-BurstLimit", c.limit)
		h.Set("X-VaultAPI-BurstLimitRemaining", c.left)
		h.Set("X-VaultAPI-ResponseDelay", c.delay)
		p.Observe(h)
		began := time.Now()
		require.NoError(t, p.Wait(t.Context()))
		require.GreaterOrEqual(t, time.Since(began), c.within)
		require.Less(t, time.Since(began), c.within+2*time.Second)
	}
}
