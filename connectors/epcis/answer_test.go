package epcis

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/httpsource"
)

func TestAnswersOfOtherForms(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `[]`, `{"@context":"x","epcisBody":{}}`, `{"@context":"x","epcisBody":{"queryResults":{"resultsBody":{"eventList":{}}}}}`,
		`{"@context":"x","epcisBody":{"eventList":[1]}}`, `{"epcisBody":{"eventList":[]}}`} {
		_, e := readPage([]byte(body))
		require.Equal(t, httpsource.Shape, e.Kind, body)
	}
	p, e := readPage([]byte(`{"@context":"x","epcisBody":{"eventList":[{"a":1,"@context":{"p":"urn:p:"}}]}}`))
	require.Nil(t, e)
	require.Equal(t, []any{"x", map[string]any{"p": "urn:p:"}}, p.Rows[0].Fields["@context"])
}

func FuzzReadPage(f *testing.F) {
	f.Add([]byte(`{"@context":["x"],"epcisBody":{"queryResults":{"resultsBody":{"eventList":[{"eventID":"urn:x:1"}]}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, e := readPage(body)
		if e != nil {
			return
		}
		for _, r := range p.Rows {
			require.LessOrEqual(t, r.Off+r.Len, len(body))
		}
	})
}
