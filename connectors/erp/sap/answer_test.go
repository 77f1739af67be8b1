package sap

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/connectors/httpsource"
)

func TestRefusalsOfBothProtocols(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status  int
		body    string
		class   httpsource.Class
		message string
	}{
		{http.StatusBadRequest, `{"error":{"code":"/IWBEP/CM_MGW_RT/004","message":{"lang":"en","value":"no such property"}}}`, httpsource.Permanent, "no such property"},
		{http.StatusBadRequest, `{"error":{"code":"X","message":"no such property"}}`, httpsource.Permanent, "no such property"},
		{http.StatusBadRequest, `{"error":{"code":"X","message":"Object is locked by user A"}}`, httpsource.Retry, "Object is locked by user A"},
		{http.StatusLocked, `{"error":{"code":"X","message":"m"}}`, httpsource.Retry, "m"},
		{http.StatusGone, `{"error":{"code":"X","message":"m"}}`, httpsource.RestartCursor, "m"},
		{http.StatusForbidden, `{"error":{"code":"X","message":"m"}}`, httpsource.Forbidden, "m"},
		{http.StatusInternalServerError, `{"error":{"code":"X","message":"m"}}`, httpsource.Retry, "m"},
	} {
		e := failure(&httpsource.Response{Status: c.status, Body: []byte(c.body)})
		require.NotNil(t, e, c.body)
		require.Equal(t, c.class, e.Class, c.body)
		require.Equal(t, c.message, e.Message)
	}
	for _, body := range []string{`<html>`, `{}`, ``} {
		require.Nil(t, failure(&httpsource.Response{Status: http.StatusUnauthorized, Body: []byte(body)}))
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `{"d":{}}`, `{"d":{"results":{}}}`, `{"d":{"results":[1]}}`, `{"value":[]}`, `{"d":[]}`, `{"d":{"results":[],"__next":"https://x/y"}}`} {
		_, e := readAnswer([]byte(body), false)
		require.NotNil(t, e, body)
		require.Equal(t, httpsource.Shape, e.Kind, body)
	}
	for _, body := range []string{`{}`, `{"value":null}`, `{"d":{"results":[]}}`, `{"value":{}}`} {
		_, e := readAnswer([]byte(body), true)
		require.NotNil(t, e, body)
	}
	got, e := readAnswer([]byte(`{"value":[{"a":1}],"@odata.nextLink":"Set?$skiptoken=7%2C8"}`), true)
	require.Nil(t, e)
	require.Equal(t, "$skiptoken=7%2C8", got.next)
}

func TestValuesOfV2(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/Date(1735603200000)/": "2024-12-31", "/Date(1735603201000)/": "2024-12-31T00:00:01Z", "/Date(1735603200000+0000)/": "2024-12-31T00:00:00Z",
		"/Date(-86400000)/": "1969-12-31", "PT13H20M05S": "13:20:05", "PT1H2M3S": "01:02:03", "/Date(x)/": "/Date(x)/", "plain": "plain",
		"/Date(1735603201250+0000)/": "2024-12-31T00:00:01.25Z", "2024-12-31T00:00:01.250Z": "2024-12-31T00:00:01.25Z", "2024-12-31T00:00:00.000Z": "2024-12-31T00:00:00Z", "2024-12-31T08:00:00+08:00": "2024-12-31T00:00:00Z", "2024-13-31T00:00:00Z": "2024-13-31T00:00:00Z",
	} {
		require.Equal(t, want, value(in), in)
	}
	require.Nil(t, value(nil))
}

// Whatever the keys are, a question behind a key holds for exactly the keys that come after it in their order.
func TestBehindIsTheOrderOfKeys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "parts")
		part := rapid.StringMatching(`[ab']{0,2}`)
		key := func(name string) []string {
			out := make([]string, n)
			for i := range out {
				out[i] = part.Draw(t, name)
			}
			return out
		}
		row, after := key("row"), key("after")
		s := service{text: map[string]bool{}}
		for i := range n {
			s.keys = append(s.keys, string(rune('A'+i)))
			s.text[s.keys[i]] = true
		}
		want := false
		for i := range n {
			if row[i] != after[i] {
				want = row[i] > after[i]
				break
			}
		}
		require.Equal(t, want, holds(t, s.behind(s.keys, after), s.keys, row))
	})
}

// holds evaluates the conditions that behind makes.
func holds(t *rapid.T, text string, keys, row []string) bool {
	value := map[string]string{}
	for i, k := range keys {
		value[k] = row[i]
	}
	at := 0
	literal := func() string {
		at++ // the opening quote
		out := ""
		for {
			if text[at] == '\'' {
				if at+1 < len(text) && text[at+1] == '\'' {
					at++
				} else {
					at++
					return out
				}
			}
			out += string(text[at])
			at++
		}
	}
	var or func() bool
	single := func() bool {
		if text[at] == '(' {
			at++
			out := or()
			at++
			return out
		}
		field, op := text[at:at+1], text[at+2:at+4]
		at += 5
		want := literal()
		return op == "gt" && value[field] > want || op == "eq" && value[field] == want
	}
	join := func(word string, inner func() bool, both func(a, b bool) bool) bool {
		out := inner()
		for at+len(word) <= len(text) && text[at:at+len(word)] == word {
			at += len(word)
			out = both(out, inner())
		}
		return out
	}
	and := func() bool { return join(" and ", single, func(a, b bool) bool { return a && b }) }
	or = func() bool { return join(" or ", and, func(a, b bool) bool { return a || b }) }
	out := or()
	require.Equal(t, len(text), at, text)
	return out
}

func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte(`{"d":{"results":[{"A":"1"}],"__next":"https://h/x?$skiptoken=1"}}`), false)
	f.Add([]byte(`{"value":[{"A":1}]}`), true)
	f.Fuzz(func(t *testing.T, body []byte, v4 bool) {
		got, e := readAnswer(body, v4)
		if e != nil {
			return
		}
		for _, r := range got.rows {
			require.LessOrEqual(t, r.Off+r.Len, len(body))
			require.Equal(t, byte('{'), body[r.Off])
		}
		_, _ = split(got.rows)
	})
}

func FuzzReadMetadata(f *testing.F) {
	f.Add([]byte(`<Edmx Version="4.0"><DataServices><Schema Namespace="S"><EntityType Name="T"><Key><PropertyRef Name="A"/></Key><Property Name="A" Type="Edm.String"/></EntityType><EntityContainer><EntitySet Name="X" EntityType="S.T"/></EntityContainer></Schema></DataServices></Edmx>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		about, _, e := readMetadata(body, "X")
		require.Equal(t, e == nil, len(about.keys) > 0)
	})
}

func FuzzValue(f *testing.F) {
	f.Add("/Date(1735603200000)/")
	f.Add("PT1H2M3S")
	f.Fuzz(func(t *testing.T, text string) {
		out, ok := value(text).(string)
		require.True(t, ok)
		require.Equal(t, out, value(out), "what is written alike stays so")
		sourceTime(map[string]any{changedDate: out}, time.UTC)
	})
}
