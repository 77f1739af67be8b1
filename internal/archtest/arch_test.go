// Package archtest keeps the import rules of docs/architecture.md true.
package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// layers lists which packages of this module each top folder may import, itself always included. What is not listed
// here may not exist.
var layers = map[string][]string{
	"canonical":  {"internal"},
	"migrations": {},
	"normalize":  {"canonical"},
	"mapping":    {"canonical", "normalize", "epcis", "internal"},
	"dedupe":     {"canonical", "normalize", "internal"},
	"trace":      {"canonical", "normalize", "internal"},
	"epcis":      {"canonical", "internal"},
	"quality":    {"canonical", "normalize", "trace", "epcis", "internal"},
	"events":     {"canonical", "internal"},
	"connectors": {"canonical", "normalize", "mapping", "internal"},
	"store":      {"canonical", "normalize", "mapping", "dedupe", "trace", "epcis", "events", "migrations", "internal"},
	"pipeline":   {"canonical", "normalize", "mapping", "dedupe", "trace", "epcis", "events", "connectors", "store", "internal"},
	"hub":        {"canonical", "normalize", "mapping", "dedupe", "trace", "epcis", "quality", "events", "connectors", "store", "pipeline", "internal"},
	"api":        {"canonical", "hub", "internal"},
	"web":        {},
	"cmd":        {"canonical", "trace", "quality", "hub", "api", "web", "connectors", "events", "store", "internal"},
	"internal":   {"canonical", "internal"},
	"test":       {"*"},
	"bench":      {"*"},
}

// owners lists the folders that alone may import a library.
var owners = map[string][]string{
	"github.com/jmoiron/sqlx":       {"store"},
	"github.com/segmentio/kafka-go": {"events/kafka"},
	"github.com/twmb/franz-go":      {"events/embedded"},
	"github.com/go-resty/resty":     {"connectors"},
	"modernc.org/sqlite":            {"store", "connectors/sandbox/simpostgres"},
	"github.com/jackc/pgx":          {"store", "test/servers", "connectors/distributor/database", "connectors/sandbox/simpostgres"},
	"github.com/sony/gobreaker":     {"connectors"},
}

// pure folders do no I/O and take no clock.
var pure = []string{"canonical", "normalize", "mapping", "dedupe", "trace", "epcis"}

var forbiddenInPure = []string{"os", "net", "net/http", "database/sql", "os/exec", "io/ioutil", "log", "log/slog", "math/rand"}

func TestImportsFollowTheArchitecture(t *testing.T) {
	root := "../.."
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(file, root+"/"))
		if d.IsDir() {
			if strings.HasPrefix(d.Name(), ".") && rel != ".." && file != root || d.Name() == "var" || d.Name() == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") {
			return nil
		}
		top, _, _ := strings.Cut(rel, "/")
		allowed, known := layers[top]
		require.True(t, known, "%s: the folder %s has no place in the architecture", rel, top)
		seen[top] = true
		isTest := strings.HasSuffix(rel, "_test.go") || strings.Contains(rel, "/storetest/") || strings.Contains(rel, "/connectortest/")
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if ours, ok := strings.CutPrefix(imported, "tributary/"); ok {
				target, _, _ := strings.Cut(ours, "/")
				if target != top && !isTest && !slices.Contains(allowed, "*") {
					require.Contains(t, allowed, target, "%s imports %s", rel, imported)
				}
				continue
			}
			if isTest || strings.HasPrefix(rel, "internal/deps/") { // deps only holds versions
				continue
			}
			for library, folders := range owners {
				if strings.HasPrefix(imported, library) && top != "bench" && top != "test" {
					require.True(t, slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(path.Dir(rel)+"/", f+"/") }),
						"%s imports %s, which only %v may", rel, imported, folders)
				}
			}
			if slices.Contains(pure, top) {
				require.NotContains(t, forbiddenInPure, imported, "%s is in a pure package", rel)
			}
		}
		return nil
	})
	require.NoError(t, err)
	for _, top := range []string{"canonical", "normalize", "store", "hub", "cmd"} {
		require.True(t, seen[top], "%s was not looked at", top)
	}
}

func TestEveryTopPackageSaysWhatItIsFor(t *testing.T) {
	for top := range layers {
		if slices.Contains([]string{"cmd", "internal", "test", "bench", "web", "quality"}, top) {
			continue
		}
		files, err := filepath.Glob("../../" + top + "/*.go")
		require.NoError(t, err)
		if len(files) == 0 {
			continue
		}
		documented := false
		for _, f := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.ParseComments|parser.PackageClauseOnly)
			require.NoError(t, err)
			documented = documented || parsed.Doc != nil && strings.Contains(parsed.Doc.Text(), "uarantee")
		}
		require.True(t, documented, "%s has no package comment that states purpose and guarantees", top)
	}
}
