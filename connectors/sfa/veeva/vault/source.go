package vault

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
	"tributary/connectors/sfa/veeva"
)

// connection is one vault.
type connection struct {
	client   *httpsource.Client
	others   []*httpsource.Client // of logins elsewhere
	settings Settings
	pace     veeva.Pace

	mu     sync.Mutex
	shapes map[string]shape // by stream, as described last
}

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Source, error) {
	client, err := httpsource.New(s.options(s.BaseURL, env))
	if err != nil {
		return nil, err
	}
	auth, others, err := credentials(client, s, env)
	if err != nil {
		return nil, err
	}
	client.SetAuth(auth)
	table := slices.Clone(streams)
	for i := range table {
		table[i].Object = map[string]string{"hco": s.Account, "hcp": s.Account, "call": s.Call}[table[i].Info.Name]
	}
	c := &connection{client: client, others: others, settings: s, pace: veeva.Pace{Reserve: s.Reserve}, shapes: map[string]shape{}}
	return objectsource.New(c, objectsource.Config{
		Name: "Veeva Vault", Streams: table, User: s.User, Tenant: s.Tenant, Overlap: s.Overlap, Unit: time.Millisecond, PageSize: s.PageSize,
	}), nil
}

// Connect does nothing: the first call logs in.
func (c *connection) Connect(context.Context) error { return nil }

func (c *connection) Client() *httpsource.Client { return c.client }

func (c *connection) Close() {
	for _, other := range c.others {
		other.Close()
	}
	c.client.Close()
}

// do makes a call at the pace that the vault's limits leave, and reads the answer when it is a success.
func (c *connection) do(ctx context.Context, req httpsource.Request, read func(body []byte) *httpsource.Error) error {
	if err := c.pace.Wait(ctx); err != nil {
		return err
	}
	req.Judge = func(r *httpsource.Response) *httpsource.Error {
		c.pace.Observe(r.Header)
		if e := veeva.Judge(r.Body); e != nil {
			return e
		}
		return read(r.Body)
	}
	req.JudgeStatus = veeva.JudgeStatus
	_, err := c.client.Do(ctx, req)
	return err
}

func (c *connection) fail(e *httpsource.Error, run *objectsource.Run) error {
	e.Op, e.Source, e.Host = "query "+run.Object(), "Veeva Vault", c.client.Host()
	return e
}

// Row makes a row. An entry of the log of deletes is a delete; a list of one, as picklists come, is that one.
func (c *connection) Row(run *objectsource.Run, in map[string]any) (connectors.Row, string, error) {
	id := objectsource.Text(in["id"])
	if id == "" {
		return connectors.Row{}, "", errors.New("a row without id")
	}
	if at := objectsource.Text(in["date_deleted"]); at != "" {
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return connectors.Row{}, "", errors.New("a deleted row without a time")
		}
		return connectors.Row{Key: id, Op: connectors.Delete, SourceTime: t.UTC(), Fields: map[string]any{"id": id}}, id, nil
	}
	sh := c.shape(run)
	flat := make(map[string]any, len(run.Columns))
	for _, column := range run.Columns {
		flat[column] = sh.value(in, column)
	}
	row := connectors.Row{Key: id, Fields: run.Fields(flat, nil)}
	t, err := time.Parse(time.RFC3339, objectsource.Text(in[changed]))
	if err != nil {
		return row, "", errors.New("row " + id + " without " + changed)
	}
	row.SourceTime = t.UTC()
	return row, id, nil
}

// value is what a row has for a column. Columns of related rows come flat, with dots in their names, or as objects.
func (sh shape) value(in map[string]any, column string) any {
	head, rest, dotted := strings.Cut(column, ".")
	v, flat := in[column]
	single := sh.single[column]
	switch {
	case head == sh.child.alias && dotted:
		v, single = objectsource.At(in, sh.relation+".data."+rest), sh.fields[rest]
	case dotted && !flat:
		v = objectsource.At(in, column)
	}
	if list, ok := v.([]any); ok && single && len(list) <= 1 {
		if len(list) == 0 {
			return nil
		}
		return list[0]
	}
	return v
}
