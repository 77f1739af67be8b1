package httpsource_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
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

// Rows are those that encoding/json reads, and what it refuses is refused.
func FuzzElements(f *testing.F) {
	for _, seed := range []string{
		`{"a":1}, {"b":[{}]}`, `{"a":"\u767e\ud83d\ude00\n","a":-0.5e+7}`, `{"":null,"t":true,"f":false,"l":[],"o":{ }}`, "{\"a\":\"\xff\xe7\"}", `{"a":01}`,
		`{"a":1.}`, `{"a":-}`, `{"a":1e}`, `{"a":"\x"}`, "{\"a\":\"\t\"}", `{"a" 1}`, `{"a":1,}`, `{"a":tru}`, `{"a":[1 2]}`, `{"a":"`, `{"a\u0062":{"c":"d"}} `, `[{}]`, `{}]{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, rows []byte) {
		body := slices.Concat([]byte(" ["), rows, []byte("]"))
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.UseNumber()
		var want []map[string]any
		refused := dec.Decode(&want) != nil || slices.ContainsFunc(want, func(row map[string]any) bool { return row == nil })
		got, err := httpsource.Elements(body, 0)
		require.Equal(t, refused, err != nil, "%s: %v", body, err)
		if refused {
			return
		}
		require.Len(t, got, len(want))
		for i, r := range got {
			require.Equal(t, want[i], r.Fields)
			var again map[string]any
			require.NoError(t, httpsource.Decode(body[r.Off:r.Off+r.Len], &again))
			require.Equal(t, want[i], again)
		}
	})
}

func TestLocate(t *testing.T) {
	t.Parallel()
	body := []byte(` {"data": {"rows": [{"a":"]"}, {}] , "next" : null, "n": 1.50}, "a.b": 1, "x\u0079": "}", "twice": 1, "twice": {} } `)
	for path, want := range map[string]string{"data.rows": `[{"a":"]"}, {}]`, "data.next": "null", "data.n": "1.50", "xy": `"}"`, "twice": "{}"} {
		got, found := httpsource.Locate(body, path)
		require.True(t, found, path)
		require.Equal(t, want, string(got), path)
	}
	for _, path := range []string{"rows", "data.rows.a", "a.b", "data.n.x"} {
		_, found := httpsource.Locate(body, path)
		require.False(t, found, path)
	}
}

func FuzzLocate(f *testing.F) {
	f.Add([]byte(`{"a": {"b": [1, "x"]}, "a": 2 , "\u00e9": "\\"}`))
	f.Add([]byte(`{"a":{`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var want map[string]json.RawMessage
		if json.Unmarshal(body, &want) != nil {
			_, _ = httpsource.Locate(body, "a") // whatever it says, it ends
			return
		}
		for name, value := range want {
			if got, found := httpsource.Locate(body, name); !strings.Contains(name, ".") && name != "" {
				require.True(t, found)
				require.Equal(t, string(value), string(got))
			}
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
