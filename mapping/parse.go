package mapping

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"tributary/canonical"
	"tributary/internal/errs"
)

// Problem is one thing wrong with a map, at a place in its text.
type Problem struct {
	Line   int
	Column int
	Err    *errs.Error
}

// Parse reads a YAML map. The error names the first problem with line and column and says how many there are; Lint
// lists them all.
func Parse(name string, src []byte) (*Map, error) {
	m, problems := parse(name, src)
	if len(problems) > 0 {
		return nil, errs.Wrap(errs.Invalid, "mapping.map", problems[0].Err, errs.Args{"file": name, "count": len(problems)})
	}
	return m, nil
}

// Lint lists everything wrong with a map. fields are the stream's own fields, when known: a source field that is not
// among them is a problem too.
func Lint(name string, src []byte, fields []string) []Problem {
	m, problems := parse(name, src)
	if len(fields) == 0 || m == nil {
		return problems
	}
	for _, s := range m.Sources() {
		head, _, _ := strings.Cut(s, ".")
		if !slices.Contains(fields, s) && !slices.Contains(fields, head) {
			problems = append(problems, Problem{Err: errs.New(errs.Invalid, "mapping.unknown_source", errs.Args{"line": 0, "column": 0, "field": s, "found": strings.Join(fields, ", ")})})
		}
	}
	return problems
}

const maxMapSize = 1 << 20

func parse(name string, src []byte) (*Map, []Problem) {
	p := &mapParser{m: &Map{name: name, zone: shanghai}}
	if len(src) > maxMapSize {
		p.problem(nil, "mapping.yaml", errs.Args{"why": "larger than 1 MB"})
		return nil, p.problems
	}
	sum := sha256.Sum256(src)
	p.m.version = hex.EncodeToString(sum[:6])
	root := p.document(src)
	if root != nil {
		p.top(root)
	}
	slices.SortStableFunc(p.problems, func(a, b Problem) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	return p.m, p.problems
}

// mapParser walks the syntax tree, so that every complaint knows its place.
type mapParser struct {
	m        *Map
	problems []Problem
}

func (p *mapParser) problem(n ast.Node, code string, args errs.Args) {
	pos := Problem{Line: 1, Column: 1}
	if n != nil && n.GetToken() != nil && n.GetToken().Position != nil {
		pos.Line, pos.Column = n.GetToken().Position.Line, n.GetToken().Position.Column
	}
	if args == nil {
		args = errs.Args{}
	}
	args["line"], args["column"] = pos.Line, pos.Column
	pos.Err = errs.New(errs.Invalid, code, args)
	p.problems = append(p.problems, pos)
}

func (p *mapParser) document(src []byte) ast.Node {
	file, err := parser.ParseBytes(src, 0)
	if err != nil {
		p.syntax(err)
		return nil
	}
	var root ast.Node
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if root != nil {
			p.problem(d.Body, "mapping.yaml", errs.Args{"why": "a map is one YAML document"})
		}
		root = cmp.Or(root, d.Body)
	}
	if root == nil {
		p.problem(nil, "mapping.yaml", errs.Args{"why": "it is empty"})
	}
	return root
}

// pair is one entry of a YAML mapping.
type pair struct {
	key  string
	at   ast.Node
	node ast.Node
}

// pairs lists the entries of a mapping; anything else is a problem. The YAML reader has refused keys that stand twice.
func (p *mapParser) pairs(n ast.Node) []pair {
	var values []*ast.MappingValueNode
	switch x := n.(type) {
	case *ast.MappingNode:
		values = x.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{x}
	default:
		p.problem(n, "mapping.yaml", errs.Args{"why": "key: value lines are needed here"})
		return nil
	}
	var out []pair
	for _, v := range values {
		out = append(out, pair{key: v.Key.GetToken().Value, at: v.Key, node: v.Value})
	}
	return out
}

// scalar is the text of a scalar, as written.
func (p *mapParser) scalar(n ast.Node) string {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value
	case *ast.LiteralNode:
		return strings.TrimSpace(x.Value.Value)
	case *ast.NullNode:
		return ""
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value
	}
	p.problem(n, "mapping.yaml", errs.Args{"why": "one plain value is needed here"})
	return ""
}

// list is a scalar or a sequence of them.
func (p *mapParser) list(n ast.Node) []string {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		if s := p.scalar(n); s != "" {
			return []string{s}
		}
		return nil
	}
	var out []string
	for _, v := range seq.Values {
		out = append(out, p.scalar(v))
	}
	return out
}

var topKeys = []string{"entity", "ledger", "key", "fields", "custom", "skip", "source_time", "zone", "deleted", "merged_into"}

func (p *mapParser) top(root ast.Node) {
	entries := map[string]pair{}
	for _, e := range p.pairs(root) {
		if !slices.Contains(topKeys, e.key) {
			p.problem(e.at, "mapping.unknown_key", errs.Args{"key": e.key, "known": strings.Join(topKeys, ", ")})
			continue
		}
		entries[e.key] = e
	}
	p.entity(root, entries)
	if e, ok := entries["key"]; ok {
		p.m.keyFields = p.list(e.node)
		p.m.sources = append(p.m.sources, p.m.keyFields...)
	}
	if p.m.schema == nil {
		return
	}
	if len(p.m.keyFields) == 0 && p.m.Entity() != canonical.EntityFlow {
		p.problem(root, "mapping.need_key", errs.Args{"key": "key"})
	}
	if e, ok := entries["fields"]; ok {
		p.fields(e.node)
	} else {
		p.problem(root, "mapping.need_key", errs.Args{"key": "fields"})
	}
	if e, ok := entries["custom"]; ok {
		p.custom(e)
	}
	if e, ok := entries["skip"]; ok {
		p.m.skip = p.expression(e.node)
	}
	if e, ok := entries["deleted"]; ok {
		p.m.deleted = p.expression(e.node)
	}
	if e, ok := entries["merged_into"]; ok {
		p.m.mergedInto = p.origin(e.node)
	}
	if e, ok := entries["source_time"]; ok {
		p.m.sourceTime = p.origin(e.node)
	}
	if e, ok := entries["zone"]; ok {
		t, err := time.Parse("-07:00", p.scalar(e.node))
		if err != nil {
			p.problem(e.node, "mapping.yaml", errs.Args{"why": "a zone is written +08:00"})
		} else {
			p.m.zone = t.Location()
		}
	}
}

func (p *mapParser) entity(root ast.Node, entries map[string]pair) {
	e, ok := entries["entity"]
	if !ok {
		p.problem(root, "mapping.need_key", errs.Args{"key": "entity"})
		return
	}
	name := canonical.Entity(p.scalar(e.node))
	s, ok := schemaOf(name)
	if !ok {
		var known []string
		for k := range maps.Keys(schemas()) {
			known = append(known, string(k))
		}
		slices.Sort(known)
		p.problem(e.node, "mapping.unknown_entity", errs.Args{"entity": name, "known": strings.Join(known, ", ")})
		return
	}
	p.m.schema = s
	l, ok := entries["ledger"]
	switch {
	case name != canonical.EntityFlow && ok:
		p.problem(l.at, "mapping.yaml", errs.Args{"why": "only flow maps have a ledger"})
	case name == canonical.EntityFlow && !ok:
		p.problem(root, "mapping.need_key", errs.Args{"key": "ledger"})
	case ok:
		p.m.ledger = canonical.Ledger(p.scalar(l.node))
		if _, known := kindOf(canonical.EntityFlow, p.m.ledger); !known || p.m.ledger == "" {
			p.problem(l.node, "mapping.unknown_entity", errs.Args{"entity": p.m.ledger, "known": "purchases, sales, stock, usage"})
		}
	}
}

func (p *mapParser) custom(e pair) {
	if p.m.Entity() != canonical.EntityCustomer {
		p.problem(e.at, "mapping.yaml", errs.Args{"why": "only customers keep custom fields"})
		return
	}
	p.m.custom = p.list(e.node)
	if slices.Equal(p.m.custom, []string{"*"}) {
		p.m.custom, p.m.customAll = nil, true
		return
	}
	p.m.sources = append(p.m.sources, p.m.custom...)
}

func (p *mapParser) expression(n ast.Node) *expression {
	src := p.scalar(n)
	x, err := compileExpression(src)
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		p.problem(n, "mapping.bad_expression", errs.Args{"expression": src, "why": first})
		return nil
	}
	return x
}

func (p *mapParser) origin(n ast.Node) *origin {
	if _, nested := n.(ast.MapNode); !nested {
		from := p.scalar(n)
		p.m.sources = append(p.m.sources, from)
		return &origin{from: from}
	}
	o := &origin{}
	for _, e := range p.pairs(n) {
		switch e.key {
		case "from":
			o.from = p.scalar(e.node)
			p.m.sources = append(p.m.sources, o.from)
		case "expr":
			o.expr = p.expression(e.node)
		default:
			p.problem(e.at, "mapping.unknown_key", errs.Args{"key": e.key, "known": "from, expr"})
		}
	}
	return o
}
