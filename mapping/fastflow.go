package mapping

import (
	"tributary/canonical"
	"tributary/internal/errs"
)

// FlowFunc maps the cells of a ledger row, one per header. It overwrites *line and returns everything that is wrong.
// It keeps scratch space: one per goroutine.
type FlowFunc func(cells []string, line *canonical.FlowLine) []canonical.Issue

// CompileFlow is FromHeaders for ledgers of many rows: no map and no allocation per row. Results equal those of Apply.
func CompileFlow(k Kind, headers []string) (FlowFunc, Report, error) {
	if k.Ledger() == "" {
		return nil, Report{}, errs.New(errs.Invalid, "mapping.kind", errs.Args{"kind": k, "kinds": "sales, purchases, stock, usage"})
	}
	assigned, report := assign(k, headers)
	if len(report.Missing) > 0 {
		return nil, report, missingColumns(k, report, headers)
	}
	s, _ := schemaOf(canonical.EntityFlow)
	c := &flowCompiler{ledger: k.Ledger()}
	for _, a := range assigned {
		if f, ok := s.field(a.path); ok {
			c.steps = append(c.steps, flowStep{column: a.index, set: c.cached(a.path, f.set)})
		}
	}
	return c.run, report, nil
}

// flowStep takes one cell to one field.
type flowStep struct {
	column int
	set    func(target any, text string) *canonical.Issue
}

type flowCompiler struct {
	ledger canonical.Ledger
	steps  []flowStep
	draft  flowDraft
}

func (c *flowCompiler) run(cells []string, line *canonical.FlowLine) []canonical.Issue {
	c.draft = flowDraft{noQuantity: true}
	var issues []canonical.Issue
	for i := range c.steps {
		step := &c.steps[i]
		if step.column >= len(cells) || cells[step.column] == "" {
			continue
		}
		if bad := step.set(&c.draft, cells[step.column]); bad != nil {
			issues = append(issues, *bad)
		}
	}
	if more := c.draft.finish(c.ledger); len(more) > 0 || len(issues) > 0 {
		issues = joinIssues(issues, more)
	}
	*line = c.draft.line
	return issues
}

// cached wraps the setters whose texts repeat from row to row, lots and dates, so that each is normalised once.
func (c *flowCompiler) cached(path string, set func(any, string) *canonical.Issue) func(any, string) *canonical.Issue {
	switch path {
	case "lot":
		return memo(set, func(d *flowDraft) lotParts { return lotParts{d.line.Lot, d.line.LotRaw, d.line.LotDoubt} },
			func(d *flowDraft, p lotParts) { d.line.Lot, d.line.LotRaw, d.line.LotDoubt = p.lot, p.raw, p.doubt })
	case "date":
		return memo(set, func(d *flowDraft) canonical.Date { return d.line.Date }, func(d *flowDraft, v canonical.Date) { d.line.Date = v })
	case "mfg_date":
		return memo(set, func(d *flowDraft) canonical.Date { return d.line.MfgDate }, func(d *flowDraft, v canonical.Date) { d.line.MfgDate = v })
	case "exp_date":
		return memo(set, func(d *flowDraft) canonical.Date { return d.line.ExpDate }, func(d *flowDraft, v canonical.Date) { d.line.ExpDate = v })
	}
	return set
}

type lotParts struct{ lot, raw, doubt string }

// memoSize bounds a memo. A ledger has far fewer dates and lots than rows.
const memoSize = 4096

// memo remembers what set did for a text. get and put carry the result out of the draft and back.
func memo[V any](set func(any, string) *canonical.Issue, get func(*flowDraft) V, put func(*flowDraft, V)) func(any, string) *canonical.Issue {
	known := make(map[string]V)
	return func(target any, text string) *canonical.Issue {
		d := target.(*flowDraft)
		if v, ok := known[text]; ok {
			put(d, v)
			return nil
		}
		if bad := set(target, text); bad != nil {
			return bad
		}
		if len(known) >= memoSize {
			clear(known)
		}
		known[string([]byte(text))] = get(d) // a copy: the cell may hold a whole row alive
		return nil
	}
}
