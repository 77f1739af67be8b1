package kingdee

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"tributary/connectors/httpsource"
)

const formService = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."

// query is one page of one form. Columns are sent as written and answered in this order.
type query struct {
	Form    string
	Columns []string
	Filter  string
	Order   string
	Limit   int
}

// page is an answer: rows with the columns' own names, and the text they were read from.
type page struct {
	raw  []byte
	rows []httpsource.Element
}

func (c *connection) query(ctx context.Context, q query) (page, error) {
	data := map[string]any{
		"FormId": q.Form, "FieldKeys": strings.Join(q.Columns, ","), "FilterString": q.Filter, "OrderString": q.Order,
		"TopRowCount": 0, "StartRow": 0, "Limit": q.Limit,
	}
	body, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		return page{}, err
	}
	check := judge(c.settings.Auth == "signature")
	var out page
	_, err = c.client.Do(ctx, httpsource.Request{
		Op: "query " + q.Form, Method: http.MethodPost, Path: formService + c.settings.Method + ".common.kdsvc",
		Body: body, Header: jsonHeader(), JudgeStatus: judgeStatus,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if e := check(r); e != nil {
				return e
			}
			var e *httpsource.Error
			out, e = readPage(r.Body, q.Columns)
			return e
		},
	})
	return out, err
}

// readPage reads rows in either form: objects named by the columns asked for (BillQuery), or bare cells in their order
// (ExecuteBillQuery). Every row must have every column.
func readPage(body []byte, columns []string) (page, *httpsource.Error) {
	body = httpsource.Unquote(body)
	if e := failure(body); e != nil && e.Code == msgEmpty {
		return page{raw: body}, nil
	}
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 || trimmed[0] != '[' {
		return page{}, httpsource.UnknownShape("rows are not a list")
	}
	if first := bytes.TrimSpace(trimmed[1:]); len(first) > 0 && first[0] == '[' {
		return readCells(body, columns)
	}
	rows, err := httpsource.Elements(body, 0)
	if err != nil {
		return page{}, httpsource.UnknownShape("%v", err)
	}
	for i, row := range rows {
		for _, col := range columns {
			if _, ok := row.Fields[col]; !ok {
				return page{}, httpsource.UnknownShape("row %d has no %s", i+1, col)
			}
		}
	}
	return page{raw: body, rows: rows}, nil
}

func readCells(body []byte, columns []string) (page, *httpsource.Error) {
	var cells [][]any
	if err := httpsource.Decode(body, &cells); err != nil {
		return page{}, httpsource.UnknownShape("%v", err)
	}
	out := page{raw: body}
	at := bytes.IndexByte(body, '[') + 1
	for i, row := range cells {
		if len(row) != len(columns) {
			return page{}, httpsource.UnknownShape("row %d has %d cells, %d were asked for", i+1, len(row), len(columns))
		}
		fields := make(map[string]any, len(columns))
		for j, col := range columns {
			fields[col] = row[j]
		}
		off, length := nextList(body, at)
		at = off + length
		out.rows = append(out.rows, httpsource.Element{Fields: fields, Off: off, Len: length})
	}
	return out, nil
}

// nextList finds the next JSON list at or after a place; the text is known to be valid.
func nextList(body []byte, from int) (off, length int) {
	off = from + bytes.IndexByte(body[from:], '[')
	var raw json.RawMessage
	if json.NewDecoder(bytes.NewReader(body[off:])).Decode(&raw) != nil {
		return off, 0
	}
	return off, len(raw)
}
