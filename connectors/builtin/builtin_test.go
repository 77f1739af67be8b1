package builtin_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/builtin"
	"tributary/connectors/connectortest"
	"tributary/mapping"
)

// updating reports whether the pages are to be written anew; the flag is that of the suite.
func updating() bool { return flag.Lookup("update").Value.String() == "true" }

// The pages of docs/connectors are what the settings and streams say.
func TestPagesAreCurrent(t *testing.T) {
	r, err := builtin.Registry()
	require.NoError(t, err)
	dir := filepath.Join("..", "..", "docs", "connectors")
	for _, name := range r.Names() {
		d, spec, err := r.Driver(name)
		require.NoError(t, err)
		path, want := filepath.Join(dir, name+".md"), connectors.Page(d, spec)
		if updating() {
			require.NoError(t, os.MkdirAll(dir, 0o755))
			require.NoError(t, os.WriteFile(path, want, 0o644))
		}
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "run go test ./connectors/builtin -update")
	}
}

// suites are the folders of the connectors that pass the acceptance suite.
var suites = map[string]string{
	"kingdee": "erp/kingdee", "neocrm": "sfa/neocrm", "salesforce": "sfa/salesforce", "dynamics365": "sfa/dynamics365", "fxiaoke": "sfa/fxiaoke", "fhir": "emr/fhir", "sap": "erp/sap", "yonyou": "erp/yonyou", "yonyou-u8": "erp/yonyou/u8", "pharmacy": "pharmacy", "rest": "rest",
}

// others say why a connector does not run the suite.
var others = map[string]string{
	"database": "reads a database, not an HTTP system; its own tests and those against real servers cover paging, limits and lost connections",
	"files":    "reads files, not an HTTP system; its own tests and those of filesource cover settling, naming, versions and archives",
}

// The page of the acceptance list is what the suites recorded.
func TestTheAcceptancePageIsCurrent(t *testing.T) {
	r, err := builtin.Registry()
	require.NoError(t, err)
	var names []string
	results := map[string]map[string]string{}
	for _, name := range r.Names() {
		dir, runs := suites[name]
		if !runs {
			require.NotEmpty(t, others[name], "%s neither passes the suite nor says why", name)
			continue
		}
		b, err := os.ReadFile(filepath.Join("..", dir, "testdata", "acceptance.json"))
		require.NoError(t, err)
		got := map[string]string{}
		require.NoError(t, json.Unmarshal(b, &got))
		results[name] = got
		names = append(names, name)
	}
	var page strings.Builder
	page.WriteString("# Acceptance of connectors\n\nMade from what the suite in connectors/connectortest recorded: `go test ./connectors/builtin -update`.\n\n")
	fmt.Fprintf(&page, "| item | what | %s |\n| --- | --- |%s\n", strings.Join(names, " | "), strings.Repeat(" --- |", len(names)))
	for _, item := range connectortest.Items() {
		fmt.Fprintf(&page, "| %d | %s |", item.Number, item.Text)
		for i, name := range names {
			cell := results[name][strconv.Itoa(item.Number)]
			if item.Shared != "" {
				cell = map[bool]string{true: item.Shared}[i == 0]
			} else {
				require.NotEmpty(t, cell, "%s says nothing about item %d", name, item.Number)
			}
			fmt.Fprintf(&page, " %s |", cell)
		}
		page.WriteString("\n")
	}
	page.WriteString("\nConnectors that do not run this suite:\n\n")
	for _, name := range r.Names() {
		if why := others[name]; why != "" {
			fmt.Fprintf(&page, "- %s: %s.\n", name, why)
		}
	}
	path := filepath.Join("..", "..", "docs", "connectors", "acceptance.md")
	if updating() {
		require.NoError(t, os.WriteFile(path, []byte(page.String()), 0o644))
	}
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, page.String(), string(kept), "run go test ./connectors/builtin -update")
}

func TestBuiltInMapsAreSound(t *testing.T) {
	r, err := builtin.Registry()
	require.NoError(t, err)
	for _, name := range r.Names() {
		d, _, err := r.Driver(name)
		require.NoError(t, err)
		for stream, src := range d.Maps {
			m, err := mapping.Parse(name+"/"+stream, src)
			require.NoError(t, err)
			info, ok := d.Stream(stream)
			require.True(t, ok)
			require.Equal(t, info.Entity, m.Entity(), "%s %s", name, stream)
			require.Equal(t, info.Ledger, m.Ledger(), "%s %s", name, stream)
		}
	}
}
