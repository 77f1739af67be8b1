package dynamics365

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
	"tributary/internal/errs"
)

// failure reads the error that every refusal carries; nil leaves the status to the usual rules, which honour Retry-After.
func failure(r *httpsource.Response) *httpsource.Error {
	var answer struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(r.Body, &answer) != nil || answer.Error.Code == "" {
		return nil
	}
	e := &httpsource.Error{Class: httpsource.Permanent, Code: answer.Error.Code, Message: answer.Error.Message}
	words := strings.ToLower(answer.Error.Message)
	switch {
	case r.Status == http.StatusGone, strings.Contains(words, "delta") && strings.Contains(words, "token"), strings.Contains(words, "paging cookie"):
		e.Class = httpsource.RestartCursor // the log forgot, or the page's cookie died
	case r.Status == http.StatusForbidden:
		e.Class = httpsource.Forbidden
	case r.Status == http.StatusUnauthorized, r.Status == http.StatusTooManyRequests, r.Status >= 500:
		return nil
	}
	return e
}

// readPage reads an answer: rows, and the link of the next page or, at the end of the log, the one for the next run.
func readPage(body []byte, log bool) (objectsource.Page, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return objectsource.Page{}, e
	}
	var answer struct {
		Value json.RawMessage `json:"value"`
		Next  string          `json:"@odata.nextLink"`
		Delta string          `json:"@odata.deltaLink"`
	}
	if httpsource.Decode(body, &answer) != nil || len(answer.Value) == 0 {
		return objectsource.Page{}, httpsource.UnknownShape("an answer without value")
	}
	if log && (answer.Next == "") == (answer.Delta == "") {
		return objectsource.Page{}, httpsource.UnknownShape("a page of changes needs either nextLink or deltaLink")
	}
	rows, err := httpsource.Elements(body, bytes.Index(body, answer.Value))
	if err != nil {
		return objectsource.Page{}, httpsource.UnknownShape("%v", err)
	}
	return objectsource.Page{Raw: body, Rows: rows, Next: answer.Next + answer.Delta, End: answer.Next == ""}, nil
}

type attribute struct {
	LogicalName   string `json:"LogicalName"`
	AttributeType string `json:"AttributeType"`
	Updatable     bool   `json:"IsValidForUpdate"`
	DisplayName   struct {
		UserLocalizedLabel *struct {
			Label string `json:"Label"`
		} `json:"UserLocalizedLabel"`
	} `json:"DisplayName"`
}

// definition is what a table's definition says.
type definition struct {
	Tracked    *bool       `json:"ChangeTrackingEnabled"`
	Attributes []attribute `json:"Attributes"`
}

func (c *connection) define(ctx context.Context, st objectsource.Stream) (definition, error) {
	var answer definition
	_, err := c.api.Do(ctx, httpsource.Request{
		Op: "metadata of " + st.ObjectName(), Method: http.MethodGet, JudgeStatus: failure, Header: header(),
		Path:  "/EntityDefinitions(LogicalName='" + url.PathEscape(st.ObjectName()) + "')",
		Query: url.Values{"$select": {"LogicalName,ChangeTrackingEnabled"}, "$expand": {"Attributes($select=LogicalName,AttributeType,DisplayName,IsValidForUpdate)"}},
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if e := httpsource.ExpectJSON(r.Body); e != nil {
				return e
			}
			if httpsource.Decode(r.Body, &answer) != nil || answer.Tracked == nil || len(answer.Attributes) == 0 {
				return httpsource.UnknownShape("a table's definition without ChangeTrackingEnabled and Attributes")
			}
			return nil
		},
	})
	return answer, err
}

// Describe reads the columns of a table. A table without change tracking has no log to read.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	d, err := c.define(ctx, st)
	if err != nil {
		return objectsource.Metadata{}, err
	}
	if !*d.Tracked {
		return objectsource.Metadata{}, errs.New(errs.Invalid, "connectors.change_tracking", errs.Args{"stream": st.Info.Name, "object": st.ObjectName()})
	}
	return metadataOf(d.Attributes), nil
}

func metadataOf(attributes []attribute) objectsource.Metadata {
	var fields []connectors.Field
	lists := map[string]map[string]string{}
	for _, a := range attributes {
		f := connectors.Field{Name: a.LogicalName, Type: a.AttributeType}
		if l := a.DisplayName.UserLocalizedLabel; l != nil {
			f.Title = l.Label
		}
		switch a.AttributeType {
		case "Lookup", "Customer", "Owner":
			f.Name = "_" + a.LogicalName + "_value"
		case "Picklist", "State", "Status", "Boolean":
			lists[a.LogicalName] = map[string]string{} // every row brings its own label
		}
		fields = append(fields, f)
	}
	out := objectsource.NewMetadata(fields, false)
	out.Labels = lists
	return out
}
