package pharmacy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPagesAreStrict(t *testing.T) {
	t.Parallel()
	p, e := readPage([]byte(`{"data":[{"id":"1"}],"next":"/sales?cursor=x"}`))
	require.Nil(t, e)
	require.Len(t, p.Rows, 1)
	require.Equal(t, "/sales?cursor=x", p.Next)
	p, e = readPage([]byte(`{"data":[],"next":null}`))
	require.Nil(t, e)
	require.Empty(t, p.Next)
	for _, body := range []string{``, `<html>`, `[]`, `{}`, `{"data":[]}`, `{"next":null}`, `{"data":null,"next":null}`, `{"data":{},"next":null}`, `{"data":[1],"next":null}`, `{"data":[],"next":""}`, `{"data":[],"next":7}`} {
		_, e := readPage([]byte(body))
		require.NotNil(t, e, body)
	}
}

func FuzzReadPage(f *testing.F) {
	f.Add([]byte(`{"data":[{"id":"1"}],"next":"/sales?cursor=x"}`))
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
