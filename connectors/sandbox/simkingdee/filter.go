package simkingdee

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// filter is a parsed FilterString: comparisons joined by and, or and brackets, as SQL reads them. Comparisons with an
// empty value are false.
type filter struct {
	op          string // and, or, or a comparison; "" matches all
	left, right *filter
	column      string
	value       any // literal: text or number
	other       string
}

func (f *filter) match(row map[string]any) bool {
	switch f.op {
	case "":
		return true
	case "and":
		return f.left.match(row) && f.right.match(row)
	case "or":
		return f.left.match(row) || f.right.match(row)
	}
	have, want := row[f.column], f.value
	if f.other != "" {
		want = row[f.other]
	}
	if have == nil || want == nil {
		return false
	}
	c := compare(have, want)
	switch f.op {
	case "=":
		return c == 0
	case "<>":
		return c != 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	default: // >=
		return c >= 0
	}
}

// keyAfter finds a lower bound of the key that every match obeys.
func (f *filter) keyAfter(key string) (any, bool) {
	if f.op == ">" && strings.EqualFold(f.column, key) && f.other == "" {
		return f.value, true
	}
	if f.op == "and" {
		if v, ok := f.left.keyAfter(key); ok {
			return v, true
		}
		return f.right.keyAfter(key)
	}
	return nil, false
}

// compare orders numbers as numbers and all else as text; the T of a time counts as a space.
func compare(a, b any) int {
	if x, ok := number(a); ok {
		if y, ok := number(b); ok {
			return cmp.Compare(x, y)
		}
	}
	return strings.Compare(plain(a), plain(b))
}

func number(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case json.Number:
		n, err := v.Int64()
		return n, err == nil
	}
	return 0, false
}

func plain(v any) string {
	s := fmt.Sprint(v)
	if len(s) > 10 && s[10] == 'T' {
		s = s[:10] + " " + s[11:]
	}
	return s
}

type parser struct {
	tokens  []string
	columns []string
}

func parseFilter(text string, columns []string) (*filter, error) {
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	if len(tokens) == 0 {
		return &filter{}, nil
	}
	p := &parser{tokens: tokens, columns: columns}
	f, err := p.or()
	if err == nil && len(p.tokens) > 0 {
		err = fmt.Errorf("unexpected %s", p.tokens[0])
	}
	return f, err
}

func (p *parser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

func (p *parser) peek(word string) bool {
	return len(p.tokens) > 0 && strings.EqualFold(p.tokens[0], word)
}

func (p *parser) or() (*filter, error) { return p.chain("or", p.and) }

func (p *parser) and() (*filter, error) { return p.chain("and", p.term) }

func (p *parser) chain(op string, operand func() (*filter, error)) (*filter, error) {
	left, err := operand()
	for err == nil && p.peek(op) {
		p.next()
		var right *filter
		right, err = operand()
		left = &filter{op: op, left: left, right: right}
	}
	return left, err
}

func (p *parser) term() (*filter, error) {
	if p.peek("(") {
		p.next()
		f, err := p.or()
		if err == nil && p.next() != ")" {
			err = fmt.Errorf("a bracket is not closed")
		}
		return f, err
	}
	column, op, operand := p.next(), p.next(), p.next()
	name, ok := p.column(column)
	if !ok {
		return nil, fmt.Errorf("unknown field %q", column)
	}
	switch op {
	case "=", "<>", "<", "<=", ">", ">=":
	default:
		return nil, fmt.Errorf("unknown operator %q", op)
	}
	f := &filter{op: op, column: name}
	if text, quoted := strings.CutPrefix(operand, "'"); quoted {
		f.value = text
		return f, nil
	}
	if n, err := strconv.ParseInt(operand, 10, 64); err == nil {
		f.value = n
		return f, nil
	}
	if f.other, ok = p.column(operand); !ok {
		return nil, fmt.Errorf("neither value nor field: %q", operand)
	}
	return f, nil
}

func (p *parser) column(name string) (string, bool) {
	for _, c := range p.columns {
		if strings.EqualFold(c, name) {
			return c, true
		}
	}
	return "", false
}

// tokenize splits a filter; text literals keep a leading quote as their mark.
func tokenize(s string) ([]string, error) {
	var out []string
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\n' || c == '\t':
			i++
		case c == '(' || c == ')' || c == '=':
			out = append(out, s[i:i+1])
			i++
		case c == '<' || c == '>':
			n := 1
			if i+1 < len(s) && (s[i+1] == '=' || s[i+1] == '>') {
				n = 2
			}
			out = append(out, s[i:i+n])
			i += n
		case c == '\'':
			text, n, err := literal(s[i:])
			if err != nil {
				return nil, err
			}
			out = append(out, "'"+text)
			i += n
		default:
			n := strings.IndexAny(s[i:], " \n\t()=<>'")
			if n < 0 {
				n = len(s) - i
			}
			out = append(out, s[i:i+n])
			i += n
		}
	}
	return out, nil
}

func literal(s string) (string, int, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1, nil
	}
	return "", 0, fmt.Errorf("a text is not closed")
}
