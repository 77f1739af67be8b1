package connectors

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/internal/errs"
)

// Problem is one thing wrong with one setting. Path names it as written in the configuration.
type Problem struct {
	Path string
	Err  *errs.Error
}

// Problems is everything wrong with the settings of one connection; it is an error when it is not empty.
type Problems []Problem

// Error lists the problems in English, one a line.
func (p Problems) Error() string { return p.Text("en") }

// Text lists the problems in a language, one a line.
func (p Problems) Text(lang string) string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Err.Text(lang)
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the single problems, so that errors.As finds the first with its code.
func (p Problems) Unwrap() []error {
	out := make([]error, len(p))
	for i, one := range p {
		out[i] = one.Err
	}
	return out
}

// Parse makes the settings struct from raw settings as YAML or JSON gives them. It reports every problem at once:
// unknown keys, wrong types, values out of the list, missing required ones. The struct is usable only without problems.
func (s Spec) Parse(path string, in map[string]any) (any, Problems) {
	out := reflect.New(s.typ).Elem()
	var problems Problems
	report := func(name, code string, args errs.Args) {
		p := path + "." + name
		args["path"] = p
		problems = append(problems, Problem{Path: p, Err: errs.New(errs.Invalid, code, args)})
	}
	for _, o := range s.Options {
		raw, given := in[o.Name]
		if o.Group != nil && (given && raw != nil || !o.Required) {
			v, wrong := o.parseGroups(path+"."+o.Name, raw)
			problems = append(problems, wrong...)
			out.FieldByIndex(o.index).Set(v)
			continue
		}
		if !given || raw == nil {
			switch {
			case o.Required:
				report(o.Name, "connectors.setting_missing", errs.Args{"doc": o.Doc["en"], "doc_zh": o.Doc["zh"], "example": o.example()})
			case o.Default != "":
				v, _ := o.parse(o.Default)
				out.FieldByIndex(o.index).Set(reflect.ValueOf(v))
			}
			continue
		}
		v, why := o.parse(raw)
		if why == "" && len(o.Enum) > 0 && !slices.Contains(o.Enum, fmt.Sprint(v)) {
			report(o.Name, "connectors.setting_choice", errs.Args{"choices": strings.Join(o.Enum, ", ")})
			continue
		}
		if why != "" {
			report(o.Name, "connectors.setting_type", errs.Args{"type": string(o.Type), "why": why, "example": o.example()})
			continue
		}
		if o.Required && reflect.ValueOf(v).IsZero() {
			report(o.Name, "connectors.setting_missing", errs.Args{"doc": o.Doc["en"], "doc_zh": o.Doc["zh"], "example": o.example()})
			continue
		}
		out.FieldByIndex(o.index).Set(reflect.ValueOf(v))
	}
	for _, name := range sortedKeys(in) {
		if _, known := s.Option(name); !known {
			report(name, "connectors.setting_unknown", errs.Args{"known": strings.Join(s.names(), ", ")})
		}
	}
	if c, ok := out.Interface().(Checker); ok && len(problems) == 0 {
		for _, p := range c.CheckSettings() {
			report(p.Path, p.Err.Code, merge(p.Err.Args))
		}
	}
	return out.Interface(), problems
}

// parseGroups reads a group or a set of named groups. One that is not given has its defaults and asks for nothing.
func (o Option) parseGroups(path string, raw any) (reflect.Value, Problems) {
	mistake := func(at string) Problems {
		return Problems{{Path: at, Err: errs.New(errs.Invalid, "connectors.setting_type", errs.Args{"path": at, "type": string(TypeGroup), "why": "not a group of settings", "example": "{…}"})}}
	}
	given, isMap := raw.(map[string]any)
	if o.Type == TypeGroup {
		v, wrong := o.Group.Parse(path, given)
		switch {
		case raw == nil:
			wrong = nil
		case !isMap:
			wrong = mistake(path)
		}
		return reflect.ValueOf(v), wrong
	}
	out := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), o.Group.typ))
	if raw != nil && !isMap {
		return out, mistake(path)
	}
	var problems Problems
	for _, name := range sortedKeys(given) {
		inner, ok := given[name].(map[string]any)
		if !ok {
			problems = append(problems, mistake(path+"."+name)...)
			continue
		}
		v, wrong := o.Group.Parse(path+"."+name, inner)
		problems = append(problems, wrong...)
		out.SetMapIndex(reflect.ValueOf(name), reflect.ValueOf(v))
	}
	return out, problems
}

// Checker is implemented by settings that must agree with each other. Paths in its problems are setting names.
type Checker interface{ CheckSettings() Problems }

// Need is the problem of a setting that another one makes necessary.
func Need(name, because string) Problem {
	return Problem{Path: name, Err: errs.New(errs.Invalid, "connectors.setting_needed", errs.Args{"because": because})}
}

func (s Spec) names() []string {
	out := make([]string, len(s.Options))
	for i, o := range s.Options {
		out[i] = o.Name
	}
	return out
}

func (o Option) example() string {
	switch {
	case o.Secret:
		return "${env:" + strings.ToUpper(o.Name) + "}"
	case o.Example != "":
		return o.Example
	case len(o.Enum) > 0:
		return o.Enum[0]
	}
	return map[OptionType]string{TypeBool: "true", TypeInteger: "1", TypeNumber: "1.5", TypeDuration: "30s", TypeList: "[a, b]", TypeTable: "{a: b}", TypeTree: "{a: b}", TypeGroup: "{…}", TypeGroups: "{name: {…}}"}[o.Type]
}

// parse turns a raw value into the field's type. The second result says what is wrong, never the value of a secret.
func (o Option) parse(raw any) (any, string) {
	switch o.Type {
	case TypeText, TypeSecret:
		text, ok := scalarText(raw)
		if !ok {
			return nil, "not a single value"
		}
		if o.Type == TypeSecret {
			return NewSecret(text), ""
		}
		return text, ""
	case TypeBool:
		switch v := raw.(type) {
		case bool:
			return v, ""
		case string:
			if b, err := strconv.ParseBool(v); err == nil {
				return b, ""
			}
		}
		return nil, "not true or false"
	case TypeInteger:
		text, ok := scalarText(raw)
		n, err := strconv.Atoi(text)
		switch {
		case !ok || err != nil:
			return nil, "not a whole number"
		case o.Min != 0 && n < o.Min:
			return nil, "less than " + strconv.Itoa(o.Min)
		case o.Max != 0 && n > o.Max:
			return nil, "more than " + strconv.Itoa(o.Max)
		}
		return n, ""
	case TypeNumber:
		text, ok := scalarText(raw)
		if f, err := strconv.ParseFloat(text, 64); ok && err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f, ""
		}
		return nil, "not a number"
	case TypeDuration:
		text, _ := raw.(string)
		if d, err := time.ParseDuration(text); err == nil && d >= 0 {
			return d, ""
		}
		return nil, "not a time span such as 30s, 5m or 1h"
	case TypeList:
		return parseList(raw)
	case TypeTable:
		return parseTable(raw)
	case TypeTree:
		if tree, ok := raw.(map[string]any); ok {
			return tree, ""
		}
		return nil, "not a table"
	}
	return nil, "not a setting"
}

func parseList(raw any) (any, string) {
	switch v := raw.(type) {
	case string: // a default in a tag, or one value where a list is due
		return strings.Split(v, ","), ""
	case []string:
		return slices.Clone(v), ""
	case []any:
		out := make([]string, len(v))
		for i, item := range v {
			text, ok := scalarText(item)
			if !ok {
				return nil, "item " + strconv.Itoa(i+1) + " is not a single value"
			}
			out[i] = text
		}
		return out, ""
	}
	return nil, "not a list"
}

func parseTable(raw any) (any, string) {
	out := map[string]string{}
	switch v := raw.(type) {
	case map[string]string:
		for k, item := range v {
			out[k] = item
		}
	case map[string]any:
		for k, item := range v {
			text, ok := scalarText(item)
			if !ok {
				return nil, "the value of " + k + " is not a single value"
			}
			out[k] = text
		}
	default:
		return nil, "not a table"
	}
	return out, ""
}

func scalarText(raw any) (string, bool) {
	switch v := raw.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool, int, int64, uint64, int32, uint32, uint:
		return fmt.Sprint(v), true
	}
	return "", false
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func merge(in errs.Args) errs.Args {
	out := errs.Args{}
	for k, v := range in {
		out[k] = v
	}
	return out
}
