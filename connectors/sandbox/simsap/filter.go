package simsap

import (
	"fmt"
	"regexp"
	"strings"
)

// condition is a parsed $filter: comparisons joined by and, or and brackets. A comparison with an empty value is false.
type condition struct {
	op          string // and, or, or a comparison; "" fits all
	left, right *condition
	field       string
	value       string
}

func (c *condition) fits(row map[string]any) bool {
	switch c.op {
	case "":
		return true
	case "and":
		return c.left.fits(row) && c.right.fits(row)
	case "or":
		return c.left.fits(row) || c.right.fits(row)
	}
	have, ok := plain(row[c.field])
	if !ok {
		return false
	}
	order := strings.Compare(have, c.value)
	return map[string]bool{"eq": order == 0, "ne": order != 0, "lt": order < 0, "le": order <= 0, "gt": order > 0, "ge": order >= 0}[c.op]
}

var (
	word   = regexp.MustCompile(`^\s*(\(|\)|datetimeoffset'[^']*'|datetime'[^']*'|'(?:[^']|'')*'|[\w:.+-]+)`)
	prefix = regexp.MustCompile(`^(datetimeoffset|datetime)'(.*)'$`)
)

type parser struct {
	rest string
	set  Set
}

func parse(text string, set Set) (*condition, error) {
	if text == "" {
		return &condition{}, nil
	}
	p := &parser{rest: text, set: set}
	c, err := p.or()
	if err == nil && strings.TrimSpace(p.rest) != "" {
		err = fmt.Errorf("unexpected %s", p.rest)
	}
	return c, err
}

func (p *parser) peek() string {
	m := word.FindStringSubmatch(p.rest)
	if m == nil {
		return ""
	}
	return m[1]
}

func (p *parser) next() string {
	m := word.FindStringSubmatch(p.rest)
	if m == nil {
		return ""
	}
	p.rest = p.rest[len(m[0]):]
	return m[1]
}

func (p *parser) or() (*condition, error)  { return p.chain("or", p.and) }
func (p *parser) and() (*condition, error) { return p.chain("and", p.single) }

func (p *parser) chain(op string, inner func() (*condition, error)) (*condition, error) {
	left, err := inner()
	for err == nil && p.peek() == op {
		p.next()
		var right *condition
		if right, err = inner(); err == nil {
			left = &condition{op: op, left: left, right: right}
		}
	}
	return left, err
}

func (p *parser) single() (*condition, error) {
	if p.peek() == "(" {
		p.next()
		c, err := p.or()
		if err == nil && p.next() != ")" {
			err = fmt.Errorf("a bracket is not closed")
		}
		return c, err
	}
	c := &condition{field: p.next(), op: p.next()}
	f, known := p.set.field(c.field)
	if !known || f.Related != nil {
		return nil, fmt.Errorf("property %s not found", c.field)
	}
	if !strings.Contains(" eq ne lt le gt ge ", " "+c.op+" ") {
		return nil, fmt.Errorf("unknown operator %s", c.op)
	}
	literal := p.next()
	wanted := map[string]string{"Edm.DateTime": "datetime", "Edm.DateTimeOffset": "datetimeoffset"}[f.Type]
	m := prefix.FindStringSubmatch(literal)
	switch {
	case m != nil && !p.set.V4 && m[1] == wanted:
		c.value = m[2]
	case m != nil, !p.set.V4 && wanted != "":
		return nil, fmt.Errorf("literal %s does not fit %s", literal, f.Type)
	case strings.HasPrefix(literal, "'"):
		c.value = strings.ReplaceAll(literal[1:len(literal)-1], "''", "'")
	default:
		c.value = literal
	}
	if f.Type == "Edm.DateTime" {
		c.value, _, _ = strings.Cut(c.value, "T")
	}
	return c, nil
}

func (s Set) field(name string) (Field, bool) {
	for _, f := range s.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}
