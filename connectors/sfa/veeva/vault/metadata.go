package vault

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// described is an object as Vault's metadata states it.
type described struct {
	Fields []struct {
		Name     string `json:"name"`
		Label    string `json:"label"`
		Type     string `json:"type"`
		Multi    bool   `json:"multi_value"`
		Picklist string `json:"picklist"`
		Outbound string `json:"relationship_outbound_name"`
		Inbound  string `json:"relationship_inbound_name"`
	} `json:"fields"`
}

// single says of each field whether its values are lists of one: those of picklists that take a single value.
func (d described) single() map[string]bool {
	out := map[string]bool{}
	for _, f := range d.Fields {
		out[f.Name] = f.Type == "Picklist" && !f.Multi
	}
	return out
}

// picklists are the picklists by field, under the heads of columns.
func (d described) picklists(head string, into map[string]string) {
	for _, f := range d.Fields {
		if f.Picklist != "" {
			into[head+f.Name] = strings.TrimPrefix(f.Picklist, "Picklist.")
		}
	}
}

// shape is what a run has to know of an object beside its columns.
type shape struct {
	single   map[string]bool // columns with lists of one
	child    child
	relation string          // by which the children are asked for; "" = not at all
	fields   map[string]bool // of the children; true: a list of one
}

// Describe reads the object's fields, the labels of the picklists that are asked for, and how the children are reached.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	d, err := c.metadata(ctx, st.ObjectName())
	if err != nil {
		return objectsource.Metadata{}, err
	}
	sh, picklists := shape{single: d.single(), child: c.settings.childOf(st)}, map[string]string{}
	d.picklists("", picklists)
	var fields []connectors.Field
	for _, f := range d.Fields {
		fields = append(fields, connectors.Field{Name: f.Name, Type: f.Type, Title: f.Label})
		if f.Outbound != "" {
			fields = append(fields, connectors.Field{Name: f.Outbound, Type: "Object", Title: f.Label})
		}
	}
	if err := c.describeChildren(ctx, &sh, picklists); err != nil {
		return objectsource.Metadata{}, err
	}
	if sh.relation != "" {
		fields = append(fields, connectors.Field{Name: sh.child.alias})
	}
	c.mu.Lock()
	c.shapes[st.Info.Name] = sh
	c.mu.Unlock()
	out := objectsource.NewMetadata(fields, false)
	for column, picklist := range picklists {
		if !c.asked(st, column) {
			continue
		}
		if out.Labels[column], err = c.labels(ctx, picklist); err != nil {
			return objectsource.Metadata{}, err
		}
	}
	return out, nil
}

// describeChildren finds the relation by which the children name their row. An object that is not in use, or not to be seen, has
// no children.
func (c *connection) describeChildren(ctx context.Context, sh *shape, picklists map[string]string) error {
	d, err := c.metadata(ctx, sh.child.object)
	if class := httpsource.ClassOf(err); err != nil && (httpsource.Refused(err) || class == httpsource.Forbidden) {
		return nil
	}
	if err != nil {
		return err
	}
	sh.fields = d.single()
	d.picklists(sh.child.alias+".", picklists)
	for _, f := range d.Fields {
		if f.Name == sh.child.field {
			sh.relation = f.Inbound
		}
	}
	return nil
}

// asked reports whether a stream asks for a column, by itself or by a setting.
func (c *connection) asked(st objectsource.Stream, column string) bool {
	for name, own := range c.settings.Tenant {
		if stream, _, _ := strings.Cut(name, "."); stream == st.Info.Name && own == column {
			return true
		}
	}
	return slices.Contains(st.Required, column) || slices.Contains(st.Optional, column)
}

func (c *connection) metadata(ctx context.Context, object string) (described, error) {
	var answer struct {
		Object described `json:"object"`
	}
	err := c.get(ctx, "describe "+object, "/metadata/vobjects/"+url.PathEscape(object), nil, &answer, func() *httpsource.Error {
		if len(answer.Object.Fields) == 0 {
			return httpsource.UnknownShape("a description without fields")
		}
		return nil
	})
	return answer.Object, err
}

// labels are the words of a picklist; one that the user may not read has none.
func (c *connection) labels(ctx context.Context, picklist string) (map[string]string, error) {
	var answer struct {
		Values []struct {
			Name  string `json:"name"`
			Label string `json:"label"`
		} `json:"picklistValues"`
	}
	err := c.get(ctx, "read picklist "+picklist, "/objects/picklists/"+url.PathEscape(picklist), nil, &answer, nil)
	if err != nil && (httpsource.Refused(err) || httpsource.ClassOf(err) == httpsource.Forbidden) {
		return nil, nil
	}
	out := make(map[string]string, len(answer.Values))
	for _, v := range answer.Values {
		out[v.Name] = v.Label
	}
	return out, err
}

// get reads an answer into a struct; check, which may be nil, says whether it is whole.
func (c *connection) get(ctx context.Context, op, path string, query url.Values, into any, check func() *httpsource.Error) error {
	return c.do(ctx, httpsource.Request{Op: op, Method: http.MethodGet, Path: "/api/" + c.settings.Version + path, Query: query}, func(body []byte) *httpsource.Error {
		if err := httpsource.Decode(body, into); err != nil {
			return httpsource.UnknownShape("%v", err)
		}
		if check == nil {
			return nil
		}
		return check()
	})
}
