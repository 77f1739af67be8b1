package sap

import (
	"bytes"
	"context"
	"encoding/xml"
	"net/http"
	"strings"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// service is what the metadata of an entity set say that a question must know.
type service struct {
	v4   bool
	keys []string
	text map[string]bool // keys that are text
}

// edmx is the part of a metadata document that counts; both protocols write it alike.
type edmx struct {
	XMLName xml.Name `xml:"Edmx"`
	Version string   `xml:"Version,attr"`
	Schemas []struct {
		Namespace string `xml:"Namespace,attr"`
		Alias     string `xml:"Alias,attr"`
		Types     []struct {
			Name string `xml:"Name,attr"`
			Keys []struct {
				Name string `xml:"Name,attr"`
			} `xml:"Key>PropertyRef"`
			Properties []struct {
				Name  string `xml:"Name,attr"`
				Type  string `xml:"Type,attr"`
				Label string `xml:"label,attr"`
			} `xml:"Property"`
			Navigations []struct {
				Name string `xml:"Name,attr"`
			} `xml:"NavigationProperty"`
		} `xml:"EntityType"`
		Sets []struct {
			Name string `xml:"Name,attr"`
			Type string `xml:"EntityType,attr"`
		} `xml:"EntityContainer>EntitySet"`
	} `xml:"DataServices>Schema"`
}

// cut parts the path of an entity set from that of its service.
func cut(path string) (service, set string) {
	i := strings.LastIndexByte(path, '/')
	return path[:i], path[i+1:]
}

// Describe reads the metadata document of a set's service. A set that is not in it is refused like a service that is not
// active.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	root, set := cut(st.ObjectName())
	var fields []connectors.Field
	var about service
	_, err := c.client.Do(ctx, httpsource.Request{
		Op: "metadata of " + set, Method: http.MethodGet, Path: root + "/$metadata", Header: c.header("application/xml"), JudgeStatus: failure,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			var e *httpsource.Error
			about, fields, e = readMetadata(r.Body, set)
			return e
		},
	})
	if err != nil {
		return objectsource.Metadata{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.services[st.Info.Name] = about
	return objectsource.NewMetadata(fields, false), nil
}

func readMetadata(body []byte, set string) (service, []connectors.Field, *httpsource.Error) {
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] != '<' {
		return service{}, nil, httpsource.UnknownShape("metadata that is not XML")
	}
	var doc edmx
	if err := xml.Unmarshal(body, &doc); err != nil || len(doc.Schemas) == 0 {
		return service{}, nil, &httpsource.Error{Class: httpsource.Retry, Kind: httpsource.NotJSON, Message: "something else than a whole metadata document"}
	}
	typ, found := "", false
	for _, schema := range doc.Schemas {
		for _, s := range schema.Sets {
			if s.Name == set {
				typ, found = s.Type, true
			}
		}
	}
	if !found {
		return service{}, nil, &httpsource.Error{Class: httpsource.Permanent, Message: "the service has no entity set " + set}
	}
	out := service{v4: doc.Version == "4.0", text: map[string]bool{}}
	for _, schema := range doc.Schemas {
		for _, t := range schema.Types {
			if typ != schema.Namespace+"."+t.Name && (schema.Alias == "" || typ != schema.Alias+"."+t.Name) {
				continue
			}
			var fields []connectors.Field
			for _, k := range t.Keys {
				out.keys = append(out.keys, k.Name)
			}
			for _, p := range t.Properties {
				fields = append(fields, connectors.Field{Name: p.Name, Type: p.Type, Title: p.Label})
				out.text[p.Name] = p.Type == "Edm.String"
			}
			for _, n := range t.Navigations {
				fields = append(fields, connectors.Field{Name: n.Name, Type: "navigation"})
				if n.Name == items {
					fields = append(fields, connectors.Field{Name: "item"})
				}
			}
			if len(out.keys) > 0 {
				return out, fields, nil
			}
		}
	}
	return service{}, nil, httpsource.UnknownShape("metadata that say nothing about the keys of %s", set)
}
