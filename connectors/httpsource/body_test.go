package httpsource_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/httpsource"
)

func TestDecodeIsStrict(t *testing.T) {
	t.Parallel()
	var v any
	require.NoError(t, httpsource.Decode([]byte(` {"id": 12345678901234567890, "q": 1.10} `), &v))
	require.Equal(t, json.Number("12345678901234567890"), v.(map[string]any)["id"])
	require.Equal(t, json.Number("1.10"), v.(map[string]any)["q"])
	for _, bad := range []string{"", "{", "{} {}", "{}x", "nul"} {
		require.Error(t, httpsource.Decode([]byte(bad), &v), bad)
	}
}

func TestElementsPointIntoTheBody(t *testing.T) {
	t.Parallel()
	body := []byte(`{"rows": [ {"a":1} , {"a":{"b":[1]}},{"a":"],{"}]}`)
	got, err := httpsource.Elements(body, 9)
	require.NoError(t, err)
	require.Len(t, got, 3)
	for i, want := range []string{`{"a":1}`, `{"a":{"b":[1]}}`, `{"a":"],{"}`} {
		require.Equal(t, want, string(body[got[i].Off:got[i].Off+got[i].Len]))
	}
	for _, bad := range []string{``, `{}`, `[1]`, `[null]`, `[{}`, `["x"]`, `[{},]`} {
		_, err := httpsource.Elements([]byte(bad), 0)
		require.Error(t, err, bad)
	}
}

func TestUnquote(t *testing.T) {
	t.Parallel()
	require.Equal(t, `[1]`, string(httpsource.Unquote([]byte(`"[1]"`))))
	require.Equal(t, `[1]`, string(httpsource.Unquote([]byte(`"\"[1]\""`))))
	require.Equal(t, `[1]`, string(httpsource.Unquote([]byte(`[1]`))))
	require.Equal(t, `"broken`, string(httpsource.Unquote([]byte(`"broken`))))
}

func FuzzElements(f *testing.F) {
	f.Add([]byte(`[{"a":1}, {"b":[{}]}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := httpsource.Elements(body, 0)
		if err != nil {
			return
		}
		for _, r := range rows {
			var v map[string]any
			require.NoError(t, json.Unmarshal(body[r.Off:r.Off+r.Len], &v))
		}
	})
}

func TestLinksAreKeptRelative(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		"":                       "",
		"/api/v1/sales?cursor=x": "/sales?cursor=x",
		"https://chain.example/api/v1/sales?cursor=x": "/sales?cursor=x",
		"https://chain.example/api/v1/sales":          "/sales",
		"https://chain.example/files/1?sig=x":         "https://chain.example/files/1?sig=x",
		"https://chain.example/api/v10/sales":         "https://chain.example/api/v10/sales",
		"https://evil.example/api/v1/sales?cursor=x":  "https://evil.example/api/v1/sales?cursor=x",
	} {
		require.Equal(t, want, httpsource.Below("https://chain.example/api/v1/", link))
	}
}
