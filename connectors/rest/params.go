package rest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"tributary/connectors"
	"tributary/internal/errs"
)

var placeholder = regexp.MustCompile(`\{([a-z_]+(?:\.[^{}]+)?)\}`)

// values fill placeholders. Numbers are json.Number; a missing or empty one makes its parameter fall away.
type values map[string]any

// used lists the placeholders of params.
func used(params map[string]any) []string {
	var out []string
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case string:
			for _, m := range placeholder.FindAllStringSubmatch(v, -1) {
				out = append(out, m[1])
			}
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				look(v[k])
			}
		case []any:
			for _, item := range v {
				look(item)
			}
		}
	}
	look(params)
	return out
}

// placeholders reports those that nothing fills.
func placeholders(setting string, params map[string]any, known ...string) connectors.Problems {
	var out connectors.Problems
	for _, name := range used(params) {
		if !slices.Contains(known, name) && !(strings.HasPrefix(name, "after.") && slices.Contains(known, "after.*")) {
			out = append(out, problem(setting, "rest.placeholder", errs.Args{"name": name, "known": strings.Join(known, ", ")}))
		}
	}
	return out
}

// fill makes params of a template. The second result is false when a placeholder in it has no value.
func (vs values) fill(template any) (any, bool) {
	switch t := template.(type) {
	case string:
		if m := placeholder.FindStringSubmatch(t); m != nil && m[0] == t {
			v, ok := vs[m[1]]
			return v, ok && v != ""
		}
		whole := true
		text := placeholder.ReplaceAllStringFunc(t, func(p string) string {
			v, ok := vs[p[1:len(p)-1]]
			whole = whole && ok && v != ""
			return fmt.Sprint(v)
		})
		return text, whole
	case map[string]any:
		out := map[string]any{}
		for k, v := range t {
			if filled, ok := vs.fill(v); ok {
				out[k] = filled
			}
		}
		return out, len(out) > 0 || len(t) == 0
	case []any:
		var out []any
		for _, v := range t {
			if filled, ok := vs.fill(v); ok {
				out = append(out, filled)
			}
		}
		return out, len(out) > 0 || len(t) == 0
	}
	return template, true
}

// flat writes params as parameters of a URL or a form. Nested values are JSON text.
func flat(params map[string]any) url.Values {
	out := url.Values{}
	for k, v := range params {
		switch v := v.(type) {
		case map[string]any, []any:
			if text, err := json.Marshal(v); err == nil {
				out.Set(k, string(text))
			}
		case nil:
		default:
			out.Set(k, fmt.Sprint(v))
		}
	}
	return out
}
