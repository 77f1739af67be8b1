package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"tributary/internal/errs"
	"tributary/internal/nearest"
)

// decoder fills a struct from a YAML tree and collects every problem with its place instead of stopping at the first.
type decoder struct {
	file     string
	refs     References
	problems Problems
	places   map[string][2]int // line and column of every value met
}

func (d *decoder) problem(n ast.Node, path, code string, args errs.Args) {
	p := Problem{File: d.file, Path: path, Code: code, Args: args}
	if t := n.GetToken(); t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	if p.Args == nil {
		p.Args = errs.Args{}
	}
	p.Args["path"] = path
	d.problems = append(d.problems, p)
}

// value decodes n into v, a settable value of struct, slice, map[string]any or scalar type.
func (d *decoder) value(n ast.Node, v reflect.Value, path string) {
	n = plain(n)
	if t := n.GetToken(); t != nil && t.Position != nil {
		d.places[path] = [2]int{t.Position.Line, t.Position.Column}
	}
	if _, null := n.(*ast.NullNode); null {
		return
	}
	switch {
	case v.Type() == reflect.TypeFor[Duration]():
		d.duration(n, v, path)
	case v.Kind() == reflect.Struct:
		d.structure(n, v, path)
	case v.Kind() == reflect.Slice:
		seq, ok := n.(*ast.SequenceNode)
		if !ok {
			d.problem(n, path, "config.type", errs.Args{"want": errs.Word("config.want_list"), "value": short(n)})
			return
		}
		for i, item := range seq.Values {
			el := reflect.New(v.Type().Elem()).Elem()
			d.value(item, el, fmt.Sprintf("%s[%d]", path, i))
			v.Set(reflect.Append(v, el))
		}
	case v.Kind() == reflect.Map:
		pairs, ok := mapping(n)
		if !ok {
			d.problem(n, path, "config.type", errs.Args{"want": errs.Word("config.want_mapping"), "value": short(n)})
			return
		}
		m := reflect.MakeMap(v.Type())
		for _, kv := range pairs {
			el := reflect.New(v.Type().Elem()).Elem()
			if v.Type().Elem().Kind() == reflect.Interface {
				if t := kv.Key.GetToken(); t != nil && t.Position != nil {
					d.places[join(path, key(kv))] = [2]int{t.Position.Line, t.Position.Column}
				}
				if val := d.any(kv.Value, join(path, key(kv))); val != nil {
					el.Set(reflect.ValueOf(val))
				}
			} else {
				d.value(kv.Value, el, join(path, key(kv)))
			}
			m.SetMapIndex(reflect.ValueOf(key(kv)), el)
		}
		v.Set(m)
	default:
		d.scalar(n, v, path)
	}
}

func (d *decoder) structure(n ast.Node, v reflect.Value, path string) {
	pairs, ok := mapping(n)
	if !ok {
		d.problem(n, path, "config.type", errs.Args{"want": errs.Word("config.want_mapping"), "value": short(n)})
		return
	}
	fields, names := map[string]int{}, []string{}
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("yaml")
		if name == "" {
			continue
		}
		fields[name] = i
		names = append(names, name)
	}
	seen := map[string]bool{}
	for _, kv := range pairs {
		k := key(kv)
		i, known := fields[k]
		switch {
		case !known:
			d.problem(kv.Key, join(path, k), "config.unknown_key", errs.Args{"key": k, "near": nearest.Or(k, names, strings.Join(names, ", "))})
		case seen[k]:
			d.problem(kv.Key, join(path, k), "config.twice", errs.Args{"key": k})
		default:
			d.value(kv.Value, v.Field(i), join(path, k))
		}
		seen[k] = true
	}
}

func (d *decoder) scalar(n ast.Node, v reflect.Value, path string) {
	text, isScalar := scalarText(n)
	if !isScalar {
		d.problem(n, path, "config.type", errs.Args{"want": wantOf(v.Kind()), "value": short(n)})
		return
	}
	text, ok := d.resolve(n, text, path)
	if !ok {
		return
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.SetBool(b)
	case reflect.Int:
		var i int64
		i, err = strconv.ParseInt(text, 10, 64)
		v.SetInt(i)
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		v.SetFloat(f)
	}
	if err != nil {
		d.problem(n, path, "config.type", errs.Args{"want": wantOf(v.Kind()), "value": text})
	}
}

// wantOf describes what a key of a kind takes.
func wantOf(k reflect.Kind) errs.Word {
	switch k {
	case reflect.Bool:
		return errs.Word("config.want_yes_no")
	case reflect.Int:
		return errs.Word("config.want_integer")
	case reflect.Float64:
		return errs.Word("config.want_number")
	}
	return errs.Word("config.want_text")
}

func (d *decoder) duration(n ast.Node, v reflect.Value, path string) {
	text, ok := scalarText(n)
	if ok {
		if span, err := ParseDuration(text); err == nil {
			v.SetInt(int64(span))
			return
		}
	}
	d.problem(n, path, "config.type", errs.Args{"want": errs.Word("config.want_span"), "value": short(n)})
}

// any decodes free-form settings: text, numbers as json.Number with their text, booleans, lists and mappings.
func (d *decoder) any(n ast.Node, path string) any {
	n = plain(n)
	if text, ok := scalarText(n); ok {
		if b, isBool := n.(*ast.BoolNode); isBool {
			return b.Value
		}
		text, _ = d.resolve(n, text, path)
		switch n.(type) {
		case *ast.IntegerNode, *ast.FloatNode:
			if json.Valid([]byte(text)) {
				return json.Number(text)
			}
		}
		return text
	}
	if pairs, ok := mapping(n); ok {
		m := map[string]any{}
		for _, kv := range pairs {
			m[key(kv)] = d.any(kv.Value, join(path, key(kv)))
		}
		return m
	}
	if seq, ok := n.(*ast.SequenceNode); ok {
		list := make([]any, len(seq.Values))
		for i, item := range seq.Values {
			list[i] = d.any(item, fmt.Sprintf("%s[%d]", path, i))
		}
		return list
	}
	return nil
}

func (d *decoder) resolve(n ast.Node, text, path string) (string, bool) {
	out, err := d.refs.Resolve(text)
	if err != nil {
		d.problem(n, path, err.Code, err.Args)
		return "", false
	}
	return out, true
}

func mapping(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func plain(n ast.Node) ast.Node {
	for {
		switch v := n.(type) {
		case *ast.TagNode:
			n = v.Value
		case *ast.AnchorNode:
			n = v.Value
		default:
			return n
		}
	}
}

func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.MappingValueNode:
		return glued(n)
	case *ast.MappingNode:
		if len(n.Values) == 1 {
			return glued(n.Values[0])
		}
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// glued is the text of a plain scalar such as h:9092, which the YAML library takes for a pair inside [ ]: a colon
// without a space after it does not make a pair.
func glued(kv *ast.MappingValueNode) (string, bool) {
	k, v := kv.Key.GetToken(), kv.Value.GetToken()
	if k == nil || v == nil || k.Position.Line != v.Position.Line || v.Position.Column != k.Position.Column+len([]rune(k.Value))+1 {
		return "", false
	}
	return k.Value + ":" + v.Value, true
}

func key(kv *ast.MappingValueNode) string {
	if s, ok := scalarText(plain(kv.Key)); ok {
		return s
	}
	return kv.Key.String()
}

func join(path, k string) string {
	if path == "" {
		return k
	}
	return path + "." + k
}

func short(n ast.Node) string {
	s := strings.Join(strings.Fields(n.String()), " ")
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// ParseDuration reads Go's form and whole days: 7d.
func ParseDuration(s string) (Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 36500 {
			return 0, fmt.Errorf("%q is not a number of days", s)
		}
		return Duration(time.Duration(n) * 24 * time.Hour), nil
	}
	span, err := time.ParseDuration(s)
	if err == nil && span < 0 {
		err = fmt.Errorf("%q is negative", s)
	}
	return Duration(span), err
}
