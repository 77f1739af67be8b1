package rest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

func TestAnswersThatAreNoPage(t *testing.T) {
	t.Parallel()
	st := Stream{Rows: "data", Paging: Paging{Kind: "link", Next: "next", Strict: true}}
	p, e := st.page([]byte(`{"data":[{"id":"1"}],"next":"/sales?cursor=x"}`), objectsource.Query{}, place{})
	require.Nil(t, e)
	require.Len(t, p.Rows, 1)
	require.Equal(t, "/sales?cursor=x", p.Next)
	require.Equal(t, `{"id":"1"}`, string(p.Raw[p.Rows[0].Off:p.Rows[0].Off+p.Rows[0].Len]))
	p, e = st.page([]byte(`{"data":[],"next":null}`), objectsource.Query{}, place{})
	require.Nil(t, e)
	require.True(t, p.End)
	for _, body := range []string{``, `<html>`, `[]`, `{}`, `{"data":[]}`, `{"next":null}`, `{"data":null,"next":null}`, `{"data":{},"next":null}`, `{"data":[1],"next":null}`, `{"data":[],"next":""}`, `{"data":[],"next":{}}`} {
		_, e := st.page([]byte(body), objectsource.Query{}, place{})
		require.NotNil(t, e, body)
	}
	st.NullRows = true
	_, e = st.page([]byte(`{"data":null,"next":null}`), objectsource.Query{}, place{})
	require.Nil(t, e)
}

// Rows that share one value of the order, more than a page holds, are an error and no endless loop.
func TestTiesThatNoPageHolds(t *testing.T) {
	t.Parallel()
	paging := Paging{Kind: "keyset", By: []string{"t"}}
	full := []byte(`[{"t":1},{"t":1}]`)
	first, e := Stream{Paging: paging}.page(full, objectsource.Query{Limit: 2}, place{})
	require.Nil(t, e)
	at, err := placeOf(paging, first.Next)
	require.NoError(t, err)
	_, e = Stream{Paging: paging}.page(full, objectsource.Query{Limit: 2}, at)
	require.ErrorContains(t, e, "share one t")
	last, e := Stream{Paging: paging}.page(full, objectsource.Query{Limit: 3}, at)
	require.Nil(t, e)
	require.True(t, last.End)
}

func TestParamsWithoutAValueFallAway(t *testing.T) {
	t.Parallel()
	got, _ := values{"from": "", "to": "T", "limit": 5}.fill(map[string]any{
		"a": "{from}", "b": "until {to}", "n": "{limit}", "deep": map[string]any{"x": "{from}"}, "list": []any{"{from}", "{to}"}, "fixed": true,
	})
	require.Equal(t, map[string]any{"b": "until T", "n": 5, "list": []any{"T"}, "fixed": true}, got)
}

func TestTimes(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("+08:00", 8*3600)
	at := time.Date(2025, 3, 1, 1, 2, 3, 0, time.UTC)
	for format, text := range map[string]string{"rfc3339": "2025-03-01T01:02:03Z", "epoch_s": "1740790923", "epoch_ms": "1740790923000", "yyyy-MM-dd HH:mm:ss": "2025-03-01 09:02:03", "yyyyMMddHHmmss": "20250301090203"} {
		c := connectors.TimeForm{Format: format, Zone: zone}
		require.Equal(t, text, connectors.Scalar(c.Write(at)), format)
		back, err := c.Read(text)
		require.NoError(t, err)
		require.Equal(t, at, back, format)
	}
	for _, text := range []string{"2025-03-01T09:02:03.000+0800", "2025-03-01 09:02:03.5", "2025-03-01T09:02:03"} {
		_, err := connectors.TimeForm{Format: "rfc3339", Zone: zone}.Read(text)
		require.NoError(t, err, text)
	}
	_, err := connectors.TimeForm{Format: "rfc3339", Zone: zone}.Read("01.03.2025")
	require.Error(t, err)
}

func TestFailuresInside200(t *testing.T) {
	t.Parallel()
	e := Errors{OK: "code", OKValues: []string{"0"}, Message: "msg", Throttle: []string{"~too many"}, Retry: []string{"-1"}}
	for body, class := range map[string]httpsource.Class{
		`{"code":0}`: "", `{"code":"0"}`: "", `{"code":-1}`: httpsource.Retry, `{"code":7,"msg":"Too Many calls"}`: httpsource.Throttle,
		`{"code":7}`: httpsource.Permanent, `{}`: httpsource.Permanent, `{"code":null}`: httpsource.Permanent, `<html>`: httpsource.Retry,
	} {
		got := e.judge(&httpsource.Response{Body: []byte(body)})
		if class == "" {
			require.Nil(t, got, body)
			continue
		}
		require.NotNil(t, got, body)
		require.Equal(t, class, got.Class, body)
	}
	bare := Errors{Code: "error.code"}
	require.Nil(t, bare.judge(&httpsource.Response{Body: []byte(`{"data":[]}`)}))
	require.NotNil(t, bare.judge(&httpsource.Response{Body: []byte(`{"error":{"code":5}}`)}))
}

func FuzzPage(f *testing.F) {
	for _, kind := range []string{"none", "link", "token", "page", "offset", "keyset"} {
		f.Add(kind, []byte(`{"data":[{"id":"1"}],"next":"x","total":1}`), `{"page":2,"total":"1"}`)
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte, locator string) {
		p := Paging{Kind: kind, Next: "next", Total: "total", By: []string{"id"}}
		at, err := placeOf(p, locator)
		if err != nil {
			return
		}
		page, e := Stream{Rows: "data", Paging: p}.page(body, objectsource.Query{Limit: 2}, at)
		if e != nil {
			return
		}
		require.True(t, page.End || page.Next != "")
		for _, r := range page.Rows {
			require.LessOrEqual(t, r.Off+r.Len, len(page.Raw))
			require.Equal(t, byte('{'), page.Raw[r.Off])
		}
	})
}
