package epcis_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"tributary/epcis"
)

// What is read without a fault stands alone and reads back as the same event.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"testdata/good.txtar", "testdata/shapes.txtar", "testdata/bad.txtar"} {
		body, err := os.ReadFile(file)
		require.NoError(f, err)
		a := txtar.Parse(body)
		for i := 0; i < len(a.Files); i += 2 {
			f.Add(a.Files[i].Data)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		doc := epcis.Parse(body)
		for _, issue := range doc.Faults() {
			require.NotEmpty(t, issue.Text("zh"))
		}
		if len(doc.Issues) > 0 {
			return
		}
		for _, e := range doc.Events {
			if len(e.Issues) > 0 {
				continue
			}
			again := epcis.Parse(e.Body)
			require.Empty(t, again.Faults(), "%s", e.Body)
			require.Equal(t, e.ID, again.Events[0].ID)
			require.Equal(t, e.Hash, again.Events[0].Hash)
		}
	})
}

// The key of a code is found again from its own text.
func FuzzParseCode(f *testing.F) {
	for _, text := range []string{"81234567890123456789", "(01)09520001123467(17)270200(10)250301(21)A(B)1", "]d2010952000112346717270228\x1d10250301\x1d21S1",
		"https://id.gs1.org/01/09520001123467/10/250301?17=270331", "urn:epc:id:sgtin:9520001.012346.S1", "https://h/lot/A/%2F", "00123456789012345675"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := epcis.ParseCode(text)
		if err != nil {
			return
		}
		require.NotEmpty(t, c.Key)
		again, err := epcis.ParseCode(c.Text)
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}

func FuzzParseIdentifier(f *testing.F) {
	for _, uri := range []string{"urn:epc:id:sgtin:9520001.012346.S1", "urn:epc:idpat:sgtin:9520001.012346.*", "https://id.gs1.org/414/9520001000011/254/1", "urn:uuid:x", "a:%zz"} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		id, err := epcis.ParseIdentifier(uri)
		if err == nil {
			require.NotEmpty(t, id.Key)
		}
	})
}
