package epcis_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"tributary/epcis"
)

var update = flag.Bool("update", false, "rewrite what is expected in testdata")

// TestDocuments compares what is read from documents of every kind with testdata.
func TestDocuments(t *testing.T) {
	for _, kind := range []string{"good", "shapes", "bad"} {
		file := "testdata/" + kind + ".txtar"
		a, err := txtar.ParseFile(file)
		require.NoError(t, err)
		require.NotEmpty(t, a.Files)
		for i := 0; i < len(a.Files); i += 2 {
			in, want := a.Files[i], &a.Files[i+1]
			require.Equal(t, strings.TrimSuffix(in.Name, ".json"), strings.TrimSuffix(want.Name, ".want"))
			doc := epcis.Parse(in.Data)
			got := describe(&doc)
			if *update {
				want.Data = []byte(got)
			}
			t.Run(kind+"/"+in.Name, func(t *testing.T) {
				require.Equal(t, string(want.Data), got)
				if kind == "bad" {
					require.NotEmpty(t, doc.Faults())
				} else {
					require.Empty(t, doc.Faults())
				}
				for _, issue := range doc.Faults() {
					for _, lang := range []string{"en", "zh"} {
						text := issue.Text(lang)
						require.NotContains(t, text, "epcis.", "a message of the catalogue")
						require.NotContains(t, text, "{value}")
					}
				}
			})
		}
		if *update {
			require.NoError(t, os.WriteFile(file, txtar.Format(a), 0o644))
		}
	}
}

func describe(d *epcis.Document) string {
	var out strings.Builder
	for i := range d.Events {
		e := &d.Events[i]
		if len(e.Issues) > 0 {
			continue
		}
		fmt.Fprintf(&out, "%s %s %s %s/%s %s\n", e.Type, e.Action, e.Time.UTC().Format("2006-01-02T15:04:05Z"), e.BizStep, e.Disposition, e.ID)
		for _, item := range e.Items {
			fmt.Fprintln(&out, " ", item.Role, item.ID.Scheme, item.ID.Key, strings.TrimSpace(item.Quantity+" "+item.Unit))
		}
		for _, p := range e.Partners {
			fmt.Fprintln(&out, " ", p.Type, p.URI, p.Destination)
		}
		if e.Error != nil {
			fmt.Fprintln(&out, "  wrong:", e.Error.Reason, e.Error.Corrective)
		}
	}
	for _, i := range d.Faults() {
		fmt.Fprintln(&out, i.Pointer, i.Code)
	}
	return out.String()
}

const s1 = `{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","type":"ObjectEvent","action":"OBSERVE","eventTime":"2025-03-10T09:30:00+08:00","eventTimeZoneOffset":"+08:00",
	"epcList":["urn:epc:id:sgtin:9520001.012346.S1","urn:epc:id:sgtin:9520001.012346.S2"],"bizStep":"shipping"}`

func parseOne(t *testing.T, text string) epcis.Event {
	t.Helper()
	d := epcis.Parse([]byte(text))
	require.Empty(t, d.Faults())
	require.Len(t, d.Events, 1)
	return d.Events[0]
}

func TestAnEventWithoutIDGetsOneFromItsContent(t *testing.T) {
	e := parseOne(t, s1)
	same := strings.NewReplacer(`"shipping"`, `"https://ref.gs1.org/cbv/BizStep-shipping","recordTime":"2025-03-10T10:00:00Z"`, "09:30:00+08:00", "01:30:00.000Z",
		"urn:epc:id:sgtin:9520001.012346.S1", "https://id.gs1.org/01/09520001123467/21/S2", "urn:epc:id:sgtin:9520001.012346.S2", "urn:epc:id:sgtin:9520001.012346.S1").Replace(s1)
	other := parseOne(t, same)
	require.Equal(t, e.ID, other.ID, "order, notation and record time do not make another event")
	require.Equal(t, e.Hash, other.Hash)
	require.NotEqual(t, e.ID, parseOne(t, strings.Replace(s1, "shipping", "receiving", 1)).ID)
	require.Regexp(t, `^urn:uuid:[0-9a-f-]{36}$`, e.ID)
}

func TestExtensionsCompareByNamespaceNotByPrefix(t *testing.T) {
	with := func(prefix string) epcis.Event {
		return parseOne(t, strings.Replace(strings.Replace(s1, `"https://ref`, `[{"`+prefix+`":"https://example.org/x/"},"https://ref`, 1),
			`jsonld"`, `jsonld"],"`+prefix+`:note":{"`+prefix+`:a":1}`, 1))
	}
	require.Equal(t, with("a").Hash, with("b").Hash)
	require.NotEqual(t, with("a").Hash, parseOne(t, s1).Hash)
}

func TestTheBodyOfAnEventStandsAlone(t *testing.T) {
	doc := `{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"ext":"https://example.org/x/"}],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2025-01-01T00:00:00Z",
		"epcisBody":{"eventList":[` + strings.Replace(s1, `"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"`, `{}`, 1) + `]}}`
	doc = strings.Replace(doc, `"bizStep"`, `"ext:n":"1","bizStep"`, 1)
	e := parseOne(t, doc)
	again := parseOne(t, string(e.Body))
	require.Equal(t, e.ID, again.ID)
	require.Equal(t, e.Hash, again.Hash)
	require.True(t, json.Valid(e.Body))
}

// A declaration may repeat an event that has no id of its own: the content tells which it is.
func TestAnErrorDeclarationWithoutIDHasTheIDOfItsEvent(t *testing.T) {
	wrong := parseOne(t, strings.Replace(s1, `"bizStep"`, `"errorDeclaration":{"declarationTime":"2025-03-11T00:00:00Z"},"bizStep"`, 1))
	require.True(t, wrong.Errs())
	require.Equal(t, parseOne(t, s1).ID, wrong.ID)
}
