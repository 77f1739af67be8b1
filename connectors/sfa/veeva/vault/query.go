package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// literal is a date-time in VQL, in quotes.
const literal = "'2006-01-02T15:04:05.000Z'"

// Links behind the pages of a window: the rows whose children changed, by the child that was read last, and deleted rows, by how
// many were read.
const (
	movedLink   = "moved:"
	deletedLink = "deleted:"
)

const (
	movedPage  = 200 // children of one page: their rows are asked for by a list of ids
	logPage    = 1000
	logKept    = 30 * 24 * time.Hour
	mostLength = 50_000 // of a statement
)

// Query reads rows of an object in the order of their ids; only an answer without a next page ends that. A window that begins somewhere has
// changes of children and deletes behind its rows.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	var out objectsource.Page
	var err error
	switch {
	case strings.HasPrefix(q.Locator, movedLink):
		return c.moved(ctx, run, q, strings.TrimPrefix(q.Locator, movedLink))
	case strings.HasPrefix(q.Locator, deletedLink):
		return c.deleted(ctx, run, q, strings.TrimPrefix(q.Locator, deletedLink))
	case q.Locator != "":
		out, err = c.post(ctx, run, q.Locator, nil)
		var refused *httpsource.Error
		if errors.As(err, &refused) && httpsource.Refused(err) {
			refused.Class = httpsource.RestartCursor
		}
	default:
		out, err = c.vql(ctx, run, c.statement(run, q))
	}
	if err != nil || out.Next != "" {
		return out, err
	}
	return c.behind(run, q, out, c.shape(run).relation != "" && c.shape(run).child.moves), nil
}

// behind says what follows a page that is the last of its kind.
func (c *connection) behind(run *objectsource.Run, q objectsource.Query, p objectsource.Page, children bool) objectsource.Page {
	switch {
	case q.Window.From.IsZero(): // nothing is stored yet
		p.End = true
	case children && len(run.Columns) > len(common): // not for a list of keys
		p.Next = movedLink
	default:
		p.Next = deletedLink + "0"
	}
	return p
}

func (c *connection) shape(run *objectsource.Run) shape {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shapes[run.Stream.Info.Name]
}

// vql asks for the first page of a statement.
func (c *connection) vql(ctx context.Context, run *objectsource.Run, statement string) (objectsource.Page, error) {
	if len(statement) > mostLength {
		return objectsource.Page{}, c.fail(&httpsource.Error{Class: httpsource.Permanent, Message: "the statement is longer than 50,000 characters: name fewer tenant_fields"}, run)
	}
	return c.post(ctx, run, "/api/"+c.settings.Version+"/query", []byte(url.Values{"q": {statement}}.Encode()))
}

func (c *connection) post(ctx context.Context, run *objectsource.Run, path string, form []byte) (objectsource.Page, error) {
	req := httpsource.Request{Op: "query " + run.Object(), Method: http.MethodPost, Path: path, Body: form, Header: http.Header{"Accept": {"application/json"}}}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	var out objectsource.Page
	err := c.do(ctx, req, func(body []byte) (e *httpsource.Error) {
		out, e = readPage(body)
		return e
	})
	out.Next = httpsource.Below(c.settings.BaseURL, out.Next)
	return out, err
}

// readPage reads rows; without a next page they are the last ones.
func readPage(body []byte) (objectsource.Page, *httpsource.Error) {
	var answer struct {
		Details *struct {
			Next string `json:"next_page"`
		} `json:"responseDetails"`
		Data json.RawMessage `json:"data"`
	}
	if httpsource.Decode(body, &answer) != nil || answer.Details == nil || len(answer.Data) == 0 {
		return objectsource.Page{}, httpsource.UnknownShape("an answer needs responseDetails and data")
	}
	rows, err := httpsource.Elements(body, bytes.Index(body, answer.Data))
	if err != nil {
		return objectsource.Page{}, httpsource.UnknownShape("%v", err)
	}
	return objectsource.Page{Raw: body, Rows: rows, Next: answer.Details.Next}, nil
}

// statement asks for rows of a window behind a place.
func (c *connection) statement(run *objectsource.Run, q objectsource.Query) string {
	where := between(q.Window)
	if q.Window.After != "" {
		where = append(where, "id > '"+q.Window.After+"'")
	}
	return c.selects(run) + c.whose(run, where) + " ORDER BY id ASC PAGESIZE " + strconv.Itoa(q.Limit)
}

func between(w httpsource.Window) (out []string) {
	if !w.From.IsZero() {
		out = append(out, changed+" >= "+w.From.UTC().Format(literal))
	}
	if !w.To.IsZero() {
		out = append(out, changed+" < "+w.To.UTC().Format(literal))
	}
	return out
}

// selects is the columns to ask for; those of children go into a statement of their own.
func (c *connection) selects(run *objectsource.Run) string {
	sh := c.shape(run)
	var columns, of []string
	for _, column := range run.Columns {
		head, rest, _ := strings.Cut(column, ".")
		if head != sh.child.alias {
			columns = append(columns, column)
			continue
		}
		if _, has := sh.fields[rest]; has && sh.relation != "" {
			of = append(of, rest)
		}
	}
	if len(of) > 0 {
		inner := "(SELECT " + strings.Join(of, ", ") + " FROM " + sh.relation
		if sh.child.where != "" {
			inner += " WHERE " + sh.child.where
		}
		columns = append(columns, inner+")")
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + run.Object()
}

// whose adds the condition of the stream to others.
func (c *connection) whose(run *objectsource.Run, where []string) string {
	if own := map[string]string{"hco": c.settings.HCO, "hcp": c.settings.HCP}[run.Stream.Info.Name]; own != "" {
		where = slices.Insert(slices.Clone(where), 0, own)
	}
	if len(where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(where, " AND ")
}

// moved reads the rows whose children changed in the window, behind the child that was read last.
func (c *connection) moved(ctx context.Context, run *objectsource.Run, q objectsource.Query, after string) (objectsource.Page, error) {
	child := c.shape(run).child
	where := between(q.Window)
	if after != "" {
		where = append(where, "id > '"+after+"'")
	}
	found, err := c.vql(ctx, run, "SELECT id, "+child.field+" FROM "+child.object+" WHERE "+strings.Join(where, " AND ")+" ORDER BY id ASC PAGESIZE "+strconv.Itoa(movedPage))
	if err != nil {
		return objectsource.Page{}, err
	}
	var of []string
	for _, e := range found.Rows {
		after = objectsource.Text(e.Fields["id"])
		if id := objectsource.Text(e.Fields[child.field]); id != "" && !slices.Contains(of, "'"+id+"'") {
			of = append(of, "'"+id+"'")
		}
	}
	out := objectsource.Page{Raw: found.Raw}
	if len(of) > 0 {
		if out, err = c.vql(ctx, run, c.selects(run)+c.whose(run, []string{"id CONTAINS (" + strings.Join(of, ", ") + ")"})+" ORDER BY id ASC PAGESIZE "+strconv.Itoa(movedPage)); err != nil {
			return objectsource.Page{}, err
		}
		if out.Next != "" {
			return objectsource.Page{}, c.fail(httpsource.UnknownShape("a page that is smaller than asked for, though its rows were named"), run)
		}
	}
	out.Aside = true
	if found.Next == "" {
		return c.behind(run, q, out, false), nil
	}
	out.Next = movedLink + after
	return out, nil
}

// deleted reads the log of deletes, which Vault keeps for 30 days. Its bounds are whole seconds and shut out: the window is asked for with
// a second more on either side, for a delete told twice does no harm.
func (c *connection) deleted(ctx context.Context, run *objectsource.Run, q objectsource.Query, skip string) (objectsource.Page, error) {
	offset, err := strconv.Atoi(skip)
	if err != nil {
		return objectsource.Page{}, c.fail(&httpsource.Error{Class: httpsource.RestartCursor, Message: "a place of another window"}, run)
	}
	from, to := q.Window.From.Add(-time.Second), q.Window.To.Add(time.Second)
	if kept := c.client.SourceNow().Add(-logKept + time.Minute); from.Before(kept) {
		from = kept
	}
	if !from.Before(to) {
		return objectsource.Page{End: true}, nil // a window of long ago
	}
	query := url.Values{"start_date": {from.UTC().Format(time.RFC3339)}, "end_date": {to.UTC().Format(time.RFC3339)}, "limit": {strconv.Itoa(logPage)}, "offset": {skip}}
	req := httpsource.Request{Op: "read deletes of " + run.Object(), Method: http.MethodGet, Path: "/api/" + c.settings.Version + "/objects/deletions/vobjects/" + url.PathEscape(run.Object()), Query: query}
	var out objectsource.Page
	err = c.do(ctx, req, func(body []byte) (e *httpsource.Error) {
		out, e = readPage(body)
		return e
	})
	out.Aside = true
	if out.Next = ""; len(out.Rows) == 0 {
		out.End = true
	} else {
		out.Next = deletedLink + strconv.Itoa(offset+len(out.Rows))
	}
	return out, err
}
