package errs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/internal/errs"
)

// code is what a message code looks like.
var code = regexp.MustCompile(`^[a-z]+(\.[a-z][a-z0-9_]*)+$`)

// start is what the beginning of one looks like, to which code adds the rest.
var start = regexp.MustCompile(`^[a-z]+\.[a-z0-9_.]*$`)

// source is what the product's code says about message codes.
type source struct {
	literals map[string]bool     // every text that looks like a code
	prefixes map[string]bool     // texts that something is added to, as in "mapping." + rule
	codes    map[string][]string // texts that must be codes, with where they stand
}

// readSource looks at every file of the module that is not a test.
func readSource(t *testing.T) source {
	t.Helper()
	const root = "../.."
	s := source{literals: map[string]bool{}, prefixes: map[string]bool{}, codes: map[string][]string{}}
	files := token.NewFileSet()
	require.NoError(t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != root && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"var", "testdata", "bench", "test", "storetest", "connectortest"}, d.Name())) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			s.look(files, n)
			return true
		})
		return nil
	}))
	return s
}

func (s source) look(files *token.FileSet, n ast.Node) {
	must := func(e ast.Expr) {
		if text, ok := text(e); ok && code.MatchString(text) {
			s.codes[text] = append(s.codes[text], files.Position(e.Pos()).String())
		}
	}
	switch n := n.(type) {
	case *ast.BasicLit:
		if text, ok := text(n); ok && code.MatchString(text) {
			s.literals[text] = true
		}
	case *ast.BinaryExpr:
		if text, ok := text(n.X); ok && n.Op == token.ADD && start.MatchString(text) {
			s.prefixes[text] = true
		}
	case *ast.KeyValueExpr: // Issue{Code: "…"}, Finding{Code: "…"}
		if key, ok := n.Key.(*ast.Ident); ok && strings.EqualFold(key.Name, "code") {
			must(n.Value)
		}
	case *ast.CompositeLit: // reason{"…", errs.Args{…}}
		if len(n.Elts) == 2 {
			if args, ok := n.Elts[1].(*ast.CompositeLit); ok && selected(args.Type) {
				must(n.Elts[0])
			}
		}
	case *ast.CallExpr:
		for i, arg := range n.Args { // errs.New(errs.Invalid, "…"), and helpers that take kind and code alike
			if i+1 < len(n.Args) && selected(arg) {
				must(n.Args[i+1])
			}
		}
		if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Word" && len(n.Args) == 1 {
			must(n.Args[0])
		}
	}
}

// selected says that an expression names something of package errs.
func selected(e ast.Expr) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "errs"
}

func text(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

func TestEveryCodeInUseHasItsText(t *testing.T) {
	all, err := errs.Catalog()
	require.NoError(t, err)
	used := readSource(t).codes
	require.Greater(t, len(used), 50, "the search found the code")
	for code, places := range used {
		require.Contains(t, all, code, "%v", places)
	}
}

func TestEveryTextOfTheCatalogueIsUsed(t *testing.T) {
	all, err := errs.Catalog()
	require.NoError(t, err)
	s := readSource(t)
	var silent []string
	for code := range all {
		made := s.literals[code]
		for prefix := range s.prefixes {
			made = made || strings.HasPrefix(code, prefix)
		}
		if !made {
			silent = append(silent, code)
		}
	}
	require.Empty(t, silent, "nothing says these: remove them from the catalogue, or say them")
}
