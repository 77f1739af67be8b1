package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"tributary/connectors/sandbox"
)

const helpPage = "../../docs/cli.md"

func TestDocsOfCommandsAreUpToDate(t *testing.T) {
	var page bytes.Buffer
	fmt.Fprint(&page, "# Commands\n\nMade from the program: `go test ./cmd/tributary -run Docs -update`.\n\n## Common to every command\n\n")
	root := (&app{}).root()
	writeFlags(&page, root.PersistentFlags())
	fmt.Fprint(&page, "\nExit codes: 0 done · 1 failed at run time · 2 wrong input or configuration · 3 environment (a port is taken, database or broker cannot be reached).\n")
	walk(root, func(c *cobra.Command) {
		if c == root {
			return
		}
		fmt.Fprintf(&page, "\n## %s\n\n%s.\n", c.CommandPath(), strings.TrimSuffix(c.Short, "."))
		if c.Long != "" && c.Long != c.Short && c.Parent().Name() != "completion" {
			fmt.Fprintf(&page, "\n%s\n", c.Long)
		}
		if c.HasAvailableSubCommands() {
			return
		}
		fmt.Fprintf(&page, "\n```\n%s\n```\n", c.UseLine())
		if c.LocalNonPersistentFlags().HasAvailableFlags() {
			fmt.Fprintln(&page)
			writeFlags(&page, c.LocalNonPersistentFlags())
		}
	})
	if *update {
		require.NoError(t, os.WriteFile(helpPage, page.Bytes(), 0o644))
	}
	want, err := os.ReadFile(helpPage)
	require.NoError(t, err)
	require.Equal(t, string(want), page.String(), "run: go test ./cmd/tributary -run Docs -update")
}

// The table of docs/demo.md lists the systems that the sandbox runs.
func TestDocsOfTheCast(t *testing.T) {
	const file, begin, end = "../../docs/demo.md", "<!-- cast -->\n", "<!-- /cast -->\n"
	var table strings.Builder
	table.WriteString("| name | connector | part | 角色 |\n| --- | --- | --- | --- |\n")
	for _, r := range sandbox.Cast() {
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", r.Name, r.Connector, r.EN, r.ZH)
	}
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	head, rest, ok := strings.Cut(string(page), begin)
	require.True(t, ok)
	have, tail, ok := strings.Cut(rest, end)
	require.True(t, ok)
	if *update {
		have = table.String()
		require.NoError(t, os.WriteFile(file, []byte(head+begin+have+end+tail), 0o644))
	}
	require.Equal(t, table.String(), have, "run: go test ./cmd/tributary -run Docs -update")
}

func writeFlags(w *bytes.Buffer, flags *pflag.FlagSet) {
	fmt.Fprint(w, "| flag | meaning |\n| --- | --- |\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := strings.TrimSpace("--" + f.Name + " " + kind)
		if d := f.DefValue; d != "" && d != "false" && d != "0" && d != "[]" {
			usage += " (default " + d + ")"
		}
		fmt.Fprintf(w, "| `%s` | %s |\n", name, strings.ReplaceAll(usage, "|", `\|`))
	})
}

// walk visits every command that people may use.
func walk(c *cobra.Command, visit func(*cobra.Command)) {
	if c.Hidden {
		return
	}
	visit(c)
	for _, sub := range c.Commands() {
		walk(sub, visit)
	}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	var paths [][]string
	walk((&app{}).root(), func(c *cobra.Command) {
		require.NotEmpty(t, c.Short, c.CommandPath())
		c.LocalFlags().VisitAll(func(f *pflag.Flag) { require.NotEmpty(t, f.Usage, "%s --%s", c.CommandPath(), f.Name) })
		paths = append(paths, strings.Fields(c.CommandPath())[1:])
	})
	require.Greater(t, len(paths), 30)
	here := newInstallation(t)
	for _, path := range paths {
		a := here.run(append(path, "--help")...)
		require.Zero(t, a.code, "%v", path)
		require.Contains(t, a.out, "Usage:", "%v", path)
		require.Empty(t, a.err, "%v", path)
		if len(path) > 0 && path[0] != "help" {
			b := here.run(append([]string{"help"}, path...)...)
			require.Equal(t, a.out, b.out, "help %v and %v --help say the same", path, path)
		}
	}
	require.NoDirExists(t, here.dir+"/data", "help touches nothing")
}
