package neocrm

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// description is what a tenant's metadata says about an object.
type description struct {
	fields []connectors.Field
	known  map[string]bool
	labels map[string]map[string]string // field → code → label
	dates  map[string]bool
}

// has reports whether the object has the field that a dotted path starts from.
func (d description) has(path string) bool {
	head, _, _ := strings.Cut(path, ".")
	return d.known[head]
}

type option struct {
	Label string `json:"label"`
	Value any    `json:"value"`
}

type describedField struct {
	APIKey     string   `json:"apiKey"`
	Label      string   `json:"label"`
	Type       string   `json:"type"`
	SelectItem []option `json:"selectitem"`
	CheckItem  []option `json:"checkitem"`
}

func (c *connection) describe(ctx context.Context, object string) (description, error) {
	var out description
	_, err := c.api.Do(ctx, httpsource.Request{
		Op: "describe " + object, Method: http.MethodGet, Path: "/rest/data/v2.0/xobjects/" + url.PathEscape(object) + "/description",
		Judge: func(r *httpsource.Response) *httpsource.Error {
			e, bad := c.open(r.Body)
			if bad != nil {
				return bad
			}
			body := e.Data
			if len(body) == 0 {
				body = e.Result
			}
			var data struct {
				Fields []describedField `json:"fields"`
			}
			if len(body) == 0 || httpsource.Decode(body, &data) != nil || len(data.Fields) == 0 {
				return httpsource.UnknownShape("a description without fields")
			}
			out = newDescription(data.Fields)
			return nil
		},
	})
	return out, err
}

func newDescription(fields []describedField) description {
	out := description{known: map[string]bool{}, labels: map[string]map[string]string{}, dates: map[string]bool{}}
	for _, f := range fields {
		out.known[f.APIKey] = true
		out.fields = append(out.fields, connectors.Field{Name: f.APIKey, Type: f.Type, Title: f.Label})
		if f.Type == "date" {
			out.dates[f.APIKey] = true
		}
		for _, o := range append(f.SelectItem, f.CheckItem...) {
			if out.labels[f.APIKey] == nil {
				out.labels[f.APIKey] = map[string]string{}
			}
			out.labels[f.APIKey][codeText(o.Value)] = o.Label
		}
	}
	return out
}

// label is the text of a picklist value: a code, or a list of codes or of labels.
func (d description) label(field string, v any) any {
	labels := d.labels[field]
	if labels == nil || v == nil {
		return nil
	}
	values, many := v.([]any)
	if !many {
		values = []any{v}
	}
	var out []string
	for _, one := range values {
		code := codeText(one)
		if text, ok := labels[code]; ok {
			code = text
		}
		if code != "" {
			out = append(out, code)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return strings.Join(out, " / ")
}

// idText is an id as text, whatever JSON type it came in.
func idText(v any) string {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case string:
		return strings.TrimSpace(v)
	}
	return ""
}
