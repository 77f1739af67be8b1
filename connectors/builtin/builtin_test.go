package builtin_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

// suites are the folders of the connectors with their results of the acceptance suite.
var suites = map[string]string{
	"database":      "distributor/database",
	"dynamics365":   "sfa/dynamics365",
	"fhir":          "emr/fhir",
	"epcis":         "epcis",
	"msfx":          "tracecode/msfx",
	"files":         "distributor/files",
	"fxiaoke":       "sfa/fxiaoke",
	"kingdee":       "erp/kingdee",
	"neocrm":        "sfa/neocrm",
	"pharmacy":      "pharmacy",
	"rest":          "rest",
	"salesforce":    "sfa/salesforce",
	"sap":           "erp/sap",
	"veeva-network": "sfa/veeva/network",
	"veeva-vault":   "sfa/veeva/vault",
	"webhook":       "webhook",
	"yonyou":        "erp/yonyou",
	"yonyou-u8":     "erp/yonyou/u8",
}

// The page of the acceptance list is what the suites recorded.
func TestTheAcceptancePageIsCurrent(t *testing.T) {
	r, err := builtin.Registry()
	require.NoError(t, err)
	results := map[string]map[string]string{}
	for _, name := range r.Names() {
		require.NotEmpty(t, suites[name], "%s does not pass the suite", name)
		b, err := os.ReadFile(filepath.Join("..", suites[name], "testdata", "acceptance.json"))
		require.NoError(t, err)
		got := map[string]string{}
		require.NoError(t, json.Unmarshal(b, &got))
		results[name] = got
	}
	path, page := filepath.Join("..", "..", "docs", "connectors", "acceptance.md"), acceptancePage(t, r.Names(), results)
	if updating() {
		require.NoError(t, os.WriteFile(path, []byte(page), 0o644))
	}
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, page, string(kept), "run go test ./connectors/builtin -update")
}

// acceptancePage is a table of connectors and items, and below it the tests that prove an item once for all.
func acceptancePage(t *testing.T, names []string, results map[string]map[string]string) string {
	var page, once strings.Builder
	page.WriteString("# Acceptance of connectors\n\nMade from what the suite in connectors/connectortest recorded: `go test ./connectors/builtin -update`.\n" +
		"A cell is a pass, or the reason why the item cannot apply. \"pass, once\" is proved once for all connectors, by the tests below the table.\n" +
		"Behind each pass stands at least one seeded fault, a mistake put into a connector or the hub on purpose, under which the proof fails; the third column names them. " +
		"connectors/connectortest seeds them and fails when one is not noticed.\n\n")
	fmt.Fprintf(&page, "| item | what | fails when | %s |\n| --- | --- | --- |%s\n", strings.Join(names, " | "), strings.Repeat(" --- |", len(names)))
	for _, item := range connectortest.Items() {
		fmt.Fprintf(&page, "| %d | %s | %s |", item.Number, item.Text, strings.Join(seeded(item.Number), "; "))
		for _, name := range names {
			cell := results[name][strconv.Itoa(item.Number)]
			switch {
			case cell == "" && len(item.Tests) > 0:
				cell = "pass, once"
			case cell == "":
				cell = item.Else
			}
			require.NotEmpty(t, cell, "%s says nothing about item %d", name, item.Number)
			fmt.Fprintf(&page, " %s |", cell)
		}
		page.WriteString("\n")
		if len(item.Tests) > 0 {
			fmt.Fprintf(&once, "| %d | `%s` |\n", item.Number, strings.Join(item.Tests, "`, `"))
		}
	}
	return page.String() + "\n## Proved once for all\n\n| item | tests, as folder and name |\n| --- | --- |\n" + once.String()
}

// seeded are the faults under which the proof of an item was seen to fail.
func seeded(item int) (out []string) {
	for _, f := range connectortest.Faults() {
		if f.Item == item {
			out = append(out, f.Name)
		}
	}
	return out
}

// The tests that the page names exist.
func TestTheTestsThatThePageNamesExist(t *testing.T) {
	for _, item := range connectortest.Items() {
		for _, ref := range item.Tests {
			folder, name, ok := strings.Cut(ref, ".")
			require.True(t, ok, ref)
			sources, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(folder), "*_test.go"))
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(sources, func(file string) bool {
				text, err := os.ReadFile(file)
				require.NoError(t, err)
				return strings.Contains(string(text), "\nfunc "+name+"(")
			}), "item %d: there is no %s", item.Number, ref)
		}
	}
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
