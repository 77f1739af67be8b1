package salesforce

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

func (c *connection) data(path string) string { return "/services/data/" + c.settings.Version + path }

// do makes a call; every call judges failures alike.
func (c *connection) do(ctx context.Context, op string, req httpsource.Request) error {
	req.Op, req.JudgeStatus = op, func(r *httpsource.Response) *httpsource.Error {
		c.observe(r.Header)
		return failure(r, c.api.SourceNow())
	}
	_, err := c.api.Do(ctx, req)
	return err
}

func (c *connection) fail(e *httpsource.Error, run *objectsource.Run) error {
	e.Op, e.Source, e.Host = "query "+run.Object(), "Salesforce", c.api.Host()
	return e
}

// observe notes how much of the daily calls is used: api-usage=18/5000.
func (c *connection) observe(h http.Header) {
	for _, part := range strings.Split(h.Get("Sforce-Limit-Info"), ";") {
		used, limit, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(part), "api-usage="), "/")
		n, err := strconv.ParseUint(used, 10, 32)
		of, err2 := strconv.ParseUint(limit, 10, 32)
		if ok && err == nil && err2 == nil && of > 0 {
			c.used.Store(n * 1000 / of)
		}
	}
}

// failure reads the list of errors that every refusal carries; nil leaves the status to the usual rules.
func failure(r *httpsource.Response, now time.Time) *httpsource.Error {
	var list []struct {
		ErrorCode string `json:"errorCode"`
		Message   string `json:"message"`
	}
	if json.Unmarshal(r.Body, &list) != nil || len(list) == 0 {
		return nil
	}
	e := &httpsource.Error{Class: httpsource.Permanent, Code: list[0].ErrorCode, Message: list[0].Message}
	switch code := list[0].ErrorCode; {
	case code == "INVALID_QUERY_LOCATOR":
		e.Class = httpsource.RestartCursor
	case code == "INVALID_SESSION_ID":
		e.Class = httpsource.ReauthOnce
	case code == "REQUEST_LIMIT_EXCEEDED":
		e.Class, e.Until = httpsource.StopUntil, now.Add(time.Hour)
	case code == "UNABLE_TO_LOCK_ROW", code == "QUERY_TIMEOUT", code == "SERVER_UNAVAILABLE", r.Status >= 500:
		e.Class = httpsource.Retry
	case r.Status == http.StatusUnauthorized:
		e.Class = httpsource.ReauthOnce
	case r.Status == http.StatusForbidden:
		e.Class = httpsource.Forbidden
	}
	return e
}

// readPage reads an answer of a query, and how many rows the whole question has.
func readPage(body []byte) (objectsource.Page, int, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return objectsource.Page{}, 0, e
	}
	var answer struct {
		Total   int             `json:"totalSize"`
		Done    *bool           `json:"done"`
		Next    string          `json:"nextRecordsUrl"`
		Records json.RawMessage `json:"records"`
	}
	if httpsource.Decode(body, &answer) != nil || answer.Done == nil || len(answer.Records) == 0 || *answer.Done == (answer.Next != "") {
		return objectsource.Page{}, 0, httpsource.UnknownShape("a query's answer needs records and either done or nextRecordsUrl")
	}
	rows, err := httpsource.Elements(body, bytes.Index(body, answer.Records))
	if err != nil {
		return objectsource.Page{}, 0, httpsource.UnknownShape("%v", err)
	}
	return objectsource.Page{Raw: body, Rows: rows, Next: answer.Next, End: *answer.Done}, answer.Total, nil
}

type describedField struct {
	Name           string   `json:"name"`
	Label          string   `json:"label"`
	Type           string   `json:"type"`
	Updateable     bool     `json:"updateable"`
	Relationship   string   `json:"relationshipName"`
	ReferenceTo    []string `json:"referenceTo"`
	PicklistValues []struct {
		Value string `json:"value"`
		Label string `json:"label"`
	} `json:"picklistValues"`
}

// Describe reads the fields that the user may see; those hidden from it look as if they did not exist.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	fields, err := c.describe(ctx, st.ObjectName())
	return metadataOf(fields), err
}

// describe reads the fields of an object, the relations to its children among them, and keeps them for the types of columns.
func (c *connection) describe(ctx context.Context, object string) ([]describedField, error) {
	var described []describedField
	err := c.do(ctx, "describe "+object, httpsource.Request{
		Method: http.MethodGet, Path: c.data("/sobjects/" + url.PathEscape(object) + "/describe"),
		Judge: func(r *httpsource.Response) *httpsource.Error {
			c.observe(r.Header)
			if e := httpsource.ExpectJSON(r.Body); e != nil {
				return e
			}
			var answer struct {
				Fields   []describedField `json:"fields"`
				Children []struct {
					Relationship string `json:"relationshipName"`
				} `json:"childRelationships"`
			}
			if httpsource.Decode(r.Body, &answer) != nil || len(answer.Fields) == 0 {
				return httpsource.UnknownShape("a description without fields")
			}
			described = answer.Fields
			for _, child := range answer.Children {
				if child.Relationship != "" {
					described = append(described, describedField{Name: child.Relationship, Type: "children"})
				}
			}
			return nil
		},
	})
	if err == nil || httpsource.Refused(err) {
		c.mu.Lock()
		c.described[object] = described
		c.mu.Unlock()
	}
	return described, err
}

func metadataOf(described []describedField) objectsource.Metadata {
	var fields []connectors.Field
	for _, f := range described {
		fields = append(fields, connectors.Field{Name: f.Name, Type: f.Type, Title: f.Label})
		if f.Relationship != "" {
			fields = append(fields, connectors.Field{Name: f.Relationship, Type: "reference", Title: f.Label})
		}
	}
	out := objectsource.NewMetadata(fields, true)
	for _, f := range described {
		for _, v := range f.PicklistValues {
			if out.Labels[f.Name] == nil {
				out.Labels[f.Name] = map[string]string{}
			}
			out.Labels[f.Name][v.Value] = v.Label
		}
	}
	return out
}
