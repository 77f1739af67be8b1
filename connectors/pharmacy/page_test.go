package pharmacy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPagesAreStrict(t *testing.T) {
	t.Parallel()
	p, e := readPage([]byte(`{"data":[{"id":"1"}],"next":"/sales?cursor=x"}`))
	require.Nil(t, e)
	require.Len(t, p.rows, 1)
	require.Equal(t, "/sales?cursor=x", p.next)
	p, e = readPage([]byte(`{"data":[],"next":null}`))
	require.Nil(t, e)
	require.Empty(t, p.next)
	for _, body := range []string{``, `<html>`, `[]`, `{}`, `{"data":[]}`, `{"next":null}`, `{"data":null,"next":null}`, `{"data":{},"next":null}`, `{"data":[1],"next":null}`, `{"data":[],"next":""}`, `{"data":[],"next":7}`} {
		_, e := readPage([]byte(body))
		require.NotNil(t, e, body)
	}
}

func TestLinksAreKeptRelative(t *testing.T) {
	t.Parallel()
	s := &Source{settings: Settings{BaseURL: "https://chain.example/api/v1/"}}
	for link, want := range map[string]string{
		"":                       "",
		"/api/v1/sales?cursor=x": "/sales?cursor=x",
		"https://chain.example/api/v1/sales?cursor=x": "/sales?cursor=x",
		"https://evil.example/api/v1/sales?cursor=x":  "https://evil.example/api/v1/sales?cursor=x",
	} {
		require.Equal(t, want, s.relative(link))
	}
}

func FuzzReadPage(f *testing.F) {
	f.Add([]byte(`{"data":[{"id":"1"}],"next":"/sales?cursor=x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, e := readPage(body)
		if e != nil {
			return
		}
		for _, r := range p.rows {
			require.LessOrEqual(t, r.Off+r.Len, len(p.raw))
			require.Equal(t, byte('{'), p.raw[r.Off])
		}
	})
}
