package connectors

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Spec describes the settings of a connector, in the order of the settings struct.
type Spec struct {
	Options []Option
	typ     reflect.Type
}

// Option is one setting.
type Option struct {
	Name     string
	Type     OptionType
	Doc      map[string]string // by language: en, zh
	Example  string
	Default  string
	Enum     []string
	Min, Max int // bounds of an integer; 0 = none
	Required bool
	Secret   bool
	Advanced bool
	Group    *Spec // the settings in a group, or in each group of a named set
	index    []int
}

// OptionType is the kind of value a setting takes.
type OptionType string

// Types of settings.
const (
	TypeText     OptionType = "text"
	TypeSecret   OptionType = "secret"
	TypeBool     OptionType = "bool"
	TypeInteger  OptionType = "integer"
	TypeNumber   OptionType = "number"
	TypeDuration OptionType = "duration" // 30s, 5m, 1h30m
	TypeList     OptionType = "list"     // of text
	TypeTable    OptionType = "table"    // text → text
	TypeTree     OptionType = "tree"     // name → anything YAML can say
	TypeGroup    OptionType = "group"    // settings that belong together: a struct with cfg tags
	TypeGroups   OptionType = "groups"   // groups by name
)

var optionTypes = map[reflect.Type]OptionType{
	reflect.TypeFor[string]():            TypeText,
	reflect.TypeFor[Secret]():            TypeSecret,
	reflect.TypeFor[bool]():              TypeBool,
	reflect.TypeFor[int]():               TypeInteger,
	reflect.TypeFor[float64]():           TypeNumber,
	reflect.TypeFor[time.Duration]():     TypeDuration,
	reflect.TypeFor[[]string]():          TypeList,
	reflect.TypeFor[map[string]string](): TypeTable,
	reflect.TypeFor[map[string]any]():    TypeTree,
}

// typeOf is the kind of setting that a field of a type is, and the settings in it when it is a group.
func typeOf(t reflect.Type) (OptionType, *Spec, error) {
	if known, ok := optionTypes[t]; ok {
		return known, nil, nil
	}
	kind := OptionType("")
	switch {
	case t.Kind() == reflect.Struct:
		kind = TypeGroup
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String && t.Elem().Kind() == reflect.Struct:
		kind, t = TypeGroups, t.Elem()
	default:
		return "", nil, nil
	}
	inner, err := SpecOf(reflect.Zero(t).Interface())
	return kind, &inner, err
}

// SpecOf reads the tags of a settings struct:
//
//	BaseURL string `cfg:"base_url" doc:"…" doc_zh:"…" example:"https://…" default:"…" required:"true" advanced:"true" enum:"a,b" min:"1" max:"9"`
//
// Fields without a cfg tag are not settings; embedded structs lend theirs. A field of type Secret is a secret. A tag that contradicts itself, or a
// setting without documentation in both languages, is an error.
func SpecOf(config any) (Spec, error) {
	t := reflect.TypeOf(config)
	if t == nil || t.Kind() != reflect.Struct {
		return Spec{}, fmt.Errorf("settings of type %v: not a struct", t)
	}
	spec := Spec{typ: t}
	seen := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		name, ok := f.Tag.Lookup("cfg")
		if !ok {
			continue
		}
		opt := Option{
			Name:    name,
			Doc:     map[string]string{"en": f.Tag.Get("doc"), "zh": f.Tag.Get("doc_zh")},
			Example: f.Tag.Get("example"), Default: f.Tag.Get("default"),
			Required: f.Tag.Get("required") == "true", Advanced: f.Tag.Get("advanced") == "true",
			index: f.Index,
		}
		var err error
		if opt.Type, opt.Group, err = typeOf(f.Type); err != nil {
			return Spec{}, err
		}
		opt.Secret = opt.Type == TypeSecret
		if opt.Min, err = bound(f, "min"); err != nil {
			return Spec{}, err
		}
		if opt.Max, err = bound(f, "max"); err != nil {
			return Spec{}, err
		}
		if e := f.Tag.Get("enum"); e != "" {
			opt.Enum = strings.Split(e, ",")
		}
		if err := opt.check(f, seen); err != nil {
			return Spec{}, fmt.Errorf("settings %v: field %s: %w", t, f.Name, err)
		}
		seen[name] = true
		spec.Options = append(spec.Options, opt)
	}
	return spec, nil
}

func bound(f reflect.StructField, tag string) (int, error) {
	text, ok := f.Tag.Lookup(tag)
	if !ok {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || f.Type.Kind() != reflect.Int {
		return 0, fmt.Errorf("field %s: %s:%q is no bound of an integer", f.Name, tag, text)
	}
	return n, nil
}

func (o Option) check(f reflect.StructField, seen map[string]bool) error {
	switch {
	case o.Name == "":
		return fmt.Errorf("empty cfg name")
	case seen[o.Name]:
		return fmt.Errorf("cfg name %s stands twice", o.Name)
	case o.Type == "":
		return fmt.Errorf("type %v cannot be configured", f.Type)
	case !f.IsExported():
		return fmt.Errorf("not exported")
	case o.Doc["en"] == "" || o.Doc["zh"] == "":
		return fmt.Errorf("doc or doc_zh is missing")
	case o.Secret && o.Default != "":
		return fmt.Errorf("a secret has no default")
	case o.Required && o.Default != "":
		return fmt.Errorf("required and default exclude each other")
	}
	if o.Default != "" {
		if _, problem := o.parse(o.Default); problem != "" {
			return fmt.Errorf("default %s: %s", o.Default, problem)
		}
	}
	return nil
}

// Option finds a setting by name.
func (s Spec) Option(name string) (Option, bool) {
	for _, o := range s.Options {
		if o.Name == name {
			return o, true
		}
	}
	return Option{}, false
}

// Walk visits every setting, those in groups behind their group, with its path: auth.token, streams.*.path.
func (s Spec) Walk(visit func(path string, o Option)) {
	for _, o := range s.Options {
		visit(o.Name, o)
		if o.Group == nil {
			continue
		}
		under := o.Name + "."
		if o.Type == TypeGroups {
			under += "*."
		}
		o.Group.Walk(func(path string, inner Option) { visit(under+path, inner) })
	}
}

// Redact copies raw settings with the values of secrets replaced by a mark. Unknown keys are marked too: a mistyped
// secret is still a secret.
func (s Spec) Redact(in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		o, ok := s.Option(k)
		inner, nested := v.(map[string]any)
		switch {
		case !ok || o.Secret || o.Group != nil && !nested:
			v = secretMark
		case o.Type == TypeGroup:
			v = o.Group.Redact(inner)
		case o.Type == TypeGroups:
			named := make(map[string]any, len(inner))
			for name, group := range inner {
				named[name] = secretMark
				if g, ok := group.(map[string]any); ok {
					named[name] = o.Group.Redact(g)
				}
			}
			v = named
		}
		out[k] = v
	}
	return out
}
