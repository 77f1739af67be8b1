package dedupe

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"tributary/internal/errs"
)

// maxModelFile bounds a model file: what is larger holds something else.
const maxModelFile = 64 << 20

// ParseModel reads a model file strictly: a field that is not known is as wrong as one that is missing. Every problem of
// the content is reported with its line. The version is that of the content; what the file says of it is not believed,
// for the file may have been edited since.
func ParseModel(data []byte) (*Model, error) {
	if len(data) > maxModelFile {
		return nil, Problems{{Err: errs.New(errs.Invalid, "model.yaml", errs.Args{"where": place{}, "why": fmt.Sprintf("%d MB", len(data)>>20)})}}
	}
	root, err := syntax(data)
	if err != nil {
		return nil, err
	}
	if err := ours(root); err != nil {
		return nil, err
	}
	m := &Model{}
	if err := decode(data, m); err != nil {
		return nil, err
	}
	if problems := m.problems(); len(problems) > 0 {
		for i := range problems {
			problems[i].locate(root)
		}
		slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
		return nil, problems
	}
	m.Sign()
	return m, nil
}

// syntax is the tree of a YAML document. The library panics on some broken ones: those cannot be read, like any other.
func syntax(data []byte) (root ast.Node, err error) {
	defer func() {
		if recover() != nil {
			root, err = nil, unreadable(errors.New("it is no YAML that can be read"))
		}
	}()
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, unreadable(err)
	}
	for _, d := range file.Docs {
		if d.Body != nil {
			return d.Body, nil
		}
	}
	return nil, unreadable(errors.New("it is empty"))
}

func decode(data []byte, into *Model) (err error) {
	defer func() {
		if recover() != nil {
			err = unreadable(errors.New("it is no YAML that can be read"))
		}
	}()
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(into); err != nil {
		return unreadable(err)
	}
	return nil
}

// unreadable turns an error of the YAML library into a problem with its line.
func unreadable(err error) Problems {
	p := Problem{}
	why := err.Error()
	var at yaml.Error
	if errors.As(err, &at) {
		why = at.GetMessage()
		if t := at.GetToken(); t != nil && t.Position != nil {
			p.Line = t.Position.Line
		}
	}
	why, _, _ = strings.Cut(why, "\n")
	p.Err = errs.New(errs.Invalid, "model.yaml", errs.Args{"where": place{p.Line, ""}, "why": why})
	return Problems{p}
}

// ours refuses a model that `tributary match` wrote: it is for the columns of a file, not for customers.
func ours(root ast.Node) error {
	if child(root, "comparisons") == nil || child(root, "types") != nil {
		return nil
	}
	var columns []string
	if list, ok := child(root, "comparisons").(*ast.SequenceNode); ok {
		for _, c := range list.Values {
			if names, ok := child(c, "columns").(*ast.SequenceNode); ok {
				for _, n := range names.Values {
					columns = append(columns, n.GetToken().Value)
				}
			}
		}
	}
	return Problems{{Line: lineOf(child(root, "comparisons")), Err: errs.New(errs.Invalid, "model.of_a_file", errs.Args{"columns": strings.Join(columns, ", ")})}}
}

// Problem is one thing wrong with a model.
type Problem struct {
	Line int // 0 where the file has no place for it, or there is no file
	Err  *errs.Error
	path []string
}

// locate finds the line of the problem: that of the deepest part of its path that stands in the file.
func (p *Problem) locate(root ast.Node) {
	for n := root; n != nil; {
		p.Line = lineOf(n)
		if len(p.path) == 0 {
			break
		}
		n = child(n, p.path[0])
		p.path = p.path[1:]
	}
	if at, ok := p.Err.Args["where"].(place); ok {
		p.Err.Args["where"] = place{p.Line, at.path}
	}
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

// child is the value of a key, or the item with a number; nil when there is none.
func child(n ast.Node, key string) ast.Node {
	switch x := n.(type) {
	case *ast.MappingNode:
		for _, v := range x.Values {
			if v.Key.GetToken().Value == key {
				return v.Value
			}
		}
	case *ast.MappingValueNode:
		if x.Key.GetToken().Value == key {
			return x.Value
		}
	case *ast.SequenceNode:
		if i, err := strconv.Atoi(key); err == nil && i < len(x.Values) {
			return x.Values[i]
		}
	}
	return nil
}

// place says where something stands, in the reader's language.
type place struct {
	line int
	path string
}

// In is the place in a language.
func (p place) In(lang string) string {
	switch {
	case p.line == 0:
		return p.path
	case lang == "zh":
		return strings.TrimSpace(fmt.Sprintf("第 %d 行 %s", p.line, p.path))
	case p.path == "":
		return fmt.Sprintf("line %d", p.line)
	}
	return fmt.Sprintf("line %d, %s", p.line, p.path)
}

// Problems is everything wrong with a model. It is never empty.
type Problems []Problem

const problemsShown = 10

// Error lists the problems in English.
func (p Problems) Error() string { return p.In("en") }

// In lists the problems in a language, one a line.
func (p Problems) In(lang string) string {
	var lines []string
	for _, one := range p[:min(len(p), problemsShown)] {
		lines = append(lines, one.Err.Text(lang))
	}
	if more := len(p) - problemsShown; more > 0 {
		lines = append(lines, fmt.Sprintf("… +%d", more))
	}
	return strings.Join(lines, "\n  ")
}
