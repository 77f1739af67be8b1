package mapping

import (
	"errors"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"tributary/internal/errs"
)

var ruleKeys = []string{"from", "const", "expr", "codes", "default", "normalise", "on_error"}

// fields reads the rules: a source field, or how to make the value.
func (p *mapParser) fields(n ast.Node) {
	for _, e := range p.pairs(n) {
		f, ok := p.m.schema.field(e.key)
		if !ok {
			p.problem(e.at, "mapping.unknown_field", errs.Args{"field": e.key, "entity": p.m.schema.entity, "known": strings.Join(p.m.schema.near(e.key), ", ")})
			continue
		}
		r := rule{field: f}
		if _, nested := e.node.(ast.MapNode); nested {
			p.rule(&r, e)
		} else if r.from = p.list(e.node); len(r.from) == 0 {
			p.problem(e.at, "mapping.no_origin", errs.Args{"field": e.key})
		}
		p.m.sources = append(p.m.sources, r.from...)
		p.m.rules = append(p.m.rules, r)
	}
}

func (p *mapParser) rule(r *rule, e pair) {
	origins := 0
	for _, k := range p.pairs(e.node) {
		switch k.key {
		case "from":
			r.from = p.list(k.node)
			origins++
		case "const":
			r.constant = p.scalar(k.node)
			origins++
		case "expr":
			r.expr = p.expression(k.node)
			origins++
		case "codes":
			r.codes = map[string]string{}
			for _, c := range p.pairs(k.node) {
				r.codes[c.key] = p.scalar(c.node)
			}
		case "default":
			r.fallback, r.hasDef = p.scalar(k.node), true
		case "normalise":
			name := p.scalar(k.node)
			if r.normalise = normalisers[name]; r.normalise == nil {
				p.problem(k.node, "mapping.unknown_normaliser", errs.Args{"name": name, "known": strings.Join(normaliserNames(), ", ")})
			}
		case "on_error":
			p.onError(r, k.node)
		default:
			p.problem(k.at, "mapping.unknown_key", errs.Args{"key": k.key, "known": strings.Join(ruleKeys, ", ")})
		}
	}
	if origins != 1 {
		p.problem(e.at, "mapping.no_origin", errs.Args{"field": e.key})
	}
	if r.onError == useDefault && !r.hasDef {
		p.problem(e.at, "mapping.yaml", errs.Args{"why": "on_error: default needs a default"})
	}
	if r.fallback != "" {
		p.try(r, r.fallback, e.at)
	}
	if r.constant != "" && r.codes == nil {
		p.try(r, r.constant, e.at)
	}
}

// try checks a value of the map itself against its field, before any row is read.
func (p *mapParser) try(r *rule, text string, at ast.Node) {
	if bad := r.field.set(p.m.schema.make(), text); bad != nil {
		p.problem(at, "mapping.bad_value", errs.Args{"field": r.field.path, "value": text})
	}
}

func (p *mapParser) onError(r *rule, n ast.Node) {
	if _, null := n.(*ast.NullNode); null { // `null` unquoted
		r.onError = leaveOut
		return
	}
	switch s := p.scalar(n); s {
	case "quarantine":
		r.onError = quarantine
	case "null":
		r.onError = leaveOut
	case "default":
		r.onError = useDefault
	default:
		p.problem(n, "mapping.unknown_key", errs.Args{"key": s, "known": "quarantine, null, default"})
	}
}

// near lists the paths to show for a path that does not exist: those that share its first part, else all.
func (s *schema) near(path string) []string {
	head, _, _ := strings.Cut(path, ".")
	var all, close []string
	for _, f := range s.fields {
		all = append(all, f.path)
		if strings.Contains(f.path, head) || strings.Contains(head, f.path) {
			close = append(close, f.path)
		}
	}
	if len(close) > 0 {
		all = close
	}
	slices.Sort(all)
	return all
}

// syntax reports what the YAML reader could not read.
func (p *mapParser) syntax(err error) {
	pos, why := Problem{Line: 1, Column: 1}, err.Error()
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		why = syntax.Message
		if syntax.Token != nil && syntax.Token.Position != nil {
			pos.Line, pos.Column = syntax.Token.Position.Line, syntax.Token.Position.Column
		}
	}
	first, _, _ := strings.Cut(why, "\n")
	pos.Err = errs.New(errs.Invalid, "mapping.yaml", errs.Args{"line": pos.Line, "column": pos.Column, "why": first})
	p.problems = append(p.problems, pos)
}
