package fxiaoke

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=utf-8"}}
}

// classes of errorCode; a code that is not listed is permanent.
var classes = map[string]httpsource.Class{
	"-1": httpsource.Retry, "-2": httpsource.Retry, "50009": httpsource.Retry,
	"30004": httpsource.Throttle, "14001": httpsource.Throttle, // no answer says how long; the pauses outgrow the window of 20 s
	"30002": httpsource.StopUntil,
	"20005": httpsource.ReauthOnce, "20016": httpsource.ReauthOnce,
	"20006": httpsource.ConfigStop, "20010": httpsource.ConfigStop, "20015": httpsource.ConfigStop, "20017": httpsource.ConfigStop,
	"20021": httpsource.ConfigStop, "20022": httpsource.ConfigStop,
	"20014": httpsource.Forbidden, "20020": httpsource.Forbidden, "15003": httpsource.Forbidden,
}

// open checks an answer and gives its data; the second result says why it is no success.
func open(body []byte, now time.Time) (json.RawMessage, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return nil, e
	}
	var answer struct {
		ErrorCode        any             `json:"errorCode"`
		ErrorMessage     string          `json:"errorMessage"`
		ErrorDescription string          `json:"errorDescription"`
		Data             json.RawMessage `json:"data"`
	}
	if err := httpsource.Decode(body, &answer); err != nil {
		return nil, httpsource.UnknownShape("%v", err)
	}
	switch code := objectsource.Text(answer.ErrorCode); code {
	case "0":
		return answer.Data, nil
	case "":
		return nil, httpsource.UnknownShape("an answer without errorCode")
	default:
		e := &httpsource.Error{Class: classes[code], Code: code, Message: answer.ErrorMessage}
		if e.Message == "" {
			e.Message = answer.ErrorDescription
		}
		switch e.Class {
		case "":
			e.Class = httpsource.Permanent
		case httpsource.StopUntil: // the day's calls are used up
			e.Until = midnight(now)
		}
		return nil, e
	}
}

// midnight is when the platform counts anew.
func midnight(now time.Time) time.Time {
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, zone)
}

// readPage reads the rows of a query. A list of one is sometimes sent as the one itself.
func readPage(body []byte, data json.RawMessage) (objectsource.Page, *httpsource.Error) {
	var answer struct {
		List json.RawMessage `json:"dataList"`
	}
	if len(data) == 0 || httpsource.Decode(data, &answer) != nil || len(answer.List) == 0 {
		return objectsource.Page{}, httpsource.UnknownShape("a query's answer without data.dataList")
	}
	at := bytes.Index(body, answer.List) // a part of body, copied
	if answer.List[0] == '{' {
		one := httpsource.Element{Off: at, Len: len(answer.List)}
		if err := httpsource.Decode(answer.List, &one.Fields); err != nil {
			return objectsource.Page{}, httpsource.UnknownShape("%v", err)
		}
		return objectsource.Page{Raw: body, Rows: []httpsource.Element{one}}, nil
	}
	rows, err := httpsource.Elements(body, at)
	if err != nil {
		return objectsource.Page{}, httpsource.UnknownShape("%v", err)
	}
	return objectsource.Page{Raw: body, Rows: rows, End: len(rows) == 0}, nil
}

type describedField struct {
	APIName string `json:"api_name"`
	Label   string `json:"label"`
	Type    string `json:"type"`
	Options []struct {
		Label   string `json:"label"`
		Value   any    `json:"value"`
		APIName string `json:"api_name"` // of a record type
	} `json:"options"`
}

func readDescription(data json.RawMessage) (map[string]describedField, *httpsource.Error) {
	var answer struct {
		Describe struct {
			Fields map[string]describedField `json:"fields"`
		} `json:"describe"`
	}
	if len(data) == 0 || httpsource.Decode(data, &answer) != nil || len(answer.Describe.Fields) == 0 {
		return nil, httpsource.UnknownShape("a description without data.describe.fields")
	}
	return answer.Describe.Fields, nil
}

func metadataOf(described map[string]describedField) objectsource.Metadata {
	var fields []connectors.Field
	for _, name := range common {
		fields = append(fields, connectors.Field{Name: name})
	}
	labels := map[string]map[string]string{}
	for name, f := range described {
		fields = append(fields, connectors.Field{Name: name, Type: f.Type, Title: f.Label})
		for _, o := range f.Options {
			if labels[name] == nil {
				labels[name] = map[string]string{}
			}
			labels[name][objectsource.Text(o.Value)+o.APIName] = o.Label
		}
	}
	out := objectsource.NewMetadata(fields, false)
	out.Labels = labels
	return out
}
