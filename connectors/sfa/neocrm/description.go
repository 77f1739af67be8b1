package neocrm

import (
	"context"
	"net/http"
	"net/url"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

type option struct {
	Label string `json:"label"`
	Value any    `json:"value"`
}

type describedField struct {
	APIKey     string   `json:"apiKey"`
	Label      string   `json:"label"`
	Type       string   `json:"type"`
	Updatable  *bool    `json:"updatable"` // not everybody's descriptions say it
	SelectItem []option `json:"selectitem"`
	CheckItem  []option `json:"checkitem"`
}

// Describe reads what the tenant's metadata says about an object.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	described, err := c.describe(ctx, st)
	return metadataOf(described), err
}

func (c *connection) describe(ctx context.Context, st objectsource.Stream) (out []describedField, err error) {
	object := st.ObjectName()
	_, err = c.api.Do(ctx, httpsource.Request{
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
			out = data.Fields
			return nil
		},
	})
	return out, err
}

func metadataOf(described []describedField) objectsource.Metadata {
	fields := make([]connectors.Field, len(described))
	for i, f := range described {
		fields[i] = connectors.Field{Name: f.APIKey, Type: f.Type, Title: f.Label}
	}
	out := objectsource.NewMetadata(fields, false)
	for _, f := range described {
		for _, o := range append(f.SelectItem, f.CheckItem...) {
			if out.Labels[f.APIKey] == nil {
				out.Labels[f.APIKey] = map[string]string{}
			}
			out.Labels[f.APIKey][objectsource.Text(o.Value)] = o.Label
		}
	}
	return out
}
