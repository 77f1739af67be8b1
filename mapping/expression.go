package mapping

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"tributary/canonical"
)

// expression is a compiled expr-lang expression over one row. It has no clock, no I/O and no unbounded loop.
type expression struct {
	source  string
	program *vm.Program
}

const maxNodes = 500

func compileExpression(source string) (*expression, error) {
	guard := &guard{}
	program, err := expr.Compile(source,
		expr.Env(map[string]any{}), expr.AllowUndefinedVariables(), expr.MaxNodes(maxNodes), expr.Patch(guard),
		expr.DisableBuiltin("now"), expr.DisableBuiltin("repeat"),
		decimalFunction("add", canonical.Quantity.Add),
		decimalFunction("sub", func(a, b canonical.Quantity) (canonical.Quantity, error) { return a.Add(-b) }),
		decimalFunction("mul", func(a, b canonical.Quantity) (canonical.Quantity, error) {
			return a.MulDiv(b, canonical.Units(1))
		}),
		decimalFunction("div", func(a, b canonical.Quantity) (canonical.Quantity, error) {
			return a.MulDiv(canonical.Units(1), b)
		}),
	)
	if err != nil {
		return nil, err
	}
	if guard.found != nil {
		return nil, guard.found
	}
	return &expression{source: source, program: program}, nil
}

// decimalFunction is exact arithmetic on decimal texts and numbers; the result is a decimal text.
func decimalFunction(name string, op func(a, b canonical.Quantity) (canonical.Quantity, error)) expr.Option {
	return expr.Function(name, func(args ...any) (any, error) {
		var q [2]canonical.Quantity
		for i := range q {
			v, empty, err := parseQuantity(textOf(args[i]))
			if err != nil {
				return nil, err
			}
			if empty {
				return "", nil
			}
			q[i] = v
		}
		out, err := op(q[0], q[1])
		return out.String(), err
	}, new(func(any, any) string))
}

// guard finds what the language allows and a map must not use. Ranges are the only way to loop over more than the row
// holds; a call of an unknown name would fail only when the first row comes.
type guard struct{ found error }

func (g *guard) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		if n.Operator == ".." {
			g.found = errors.New("ranges (..) are not allowed")
		}
	case *ast.CallNode:
		name, ok := n.Callee.(*ast.IdentifierNode)
		if ok && name.Value != "add" && name.Value != "sub" && name.Value != "mul" && name.Value != "div" {
			g.found = fmt.Errorf("there is no function %s", name.Value)
		}
	}
}

// rowEnv is a row as expressions see it, made when the first expression asks.
type rowEnv struct {
	row map[string]any
	env map[string]any
}

func (e *rowEnv) vars() map[string]any {
	if e.env == nil {
		row := make(map[string]any, len(e.row))
		for k, v := range e.row {
			row[k] = plain(v)
		}
		e.env = maps.Clone(row)
		e.env["row"] = row
	}
	return e.env
}

// plain makes whole json numbers comparable. Others stay text, so that no float comes between.
func plain(v any) any {
	n, ok := v.(json.Number)
	if !ok {
		return v
	}
	if i, err := strconv.Atoi(n.String()); err == nil {
		return i
	}
	return n.String()
}

func (e *expression) value(env *rowEnv, path string) (any, *canonical.Issue) {
	out, err := expr.Run(e.program, env.vars())
	if err != nil {
		i := issue("expression", path, e.source)
		return nil, i
	}
	return out, nil
}

func (e *expression) text(env *rowEnv, path string) (string, *canonical.Issue) {
	v, bad := e.value(env, path)
	return textOf(v), bad
}

// truth is the value as a condition. A nil expression is false.
func (e *expression) truth(env *rowEnv, path string) (bool, *canonical.Issue) {
	if e == nil {
		return false, nil
	}
	v, bad := e.value(env, path)
	if bad != nil {
		return false, bad
	}
	b, ok := v.(bool)
	if !ok && v != nil {
		return false, issue("expression", path, e.source)
	}
	return b, nil
}
