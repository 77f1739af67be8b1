package objectsource

import (
	"maps"
	"slices"
	"strings"

	"tributary/connectors"
	"tributary/internal/errs"
)

// Stream is how one object is read.
type Stream struct {
	Info       connectors.StreamInfo
	Object     string   // the system's word for it; "" = Info.Name
	ID         string   // the field that rows are paged by, for systems where streams differ in it
	Required   []string // columns without which the rows are of no use
	Optional   []string // columns asked for only when the system's metadata has them
	KeyColumns []string // columns that are enough to know a row's key; nil = all
	Dates      []string // columns that hold business dates whatever the metadata says of their type
	Document   bool     // bills: only those that are in force count
	Snapshot   bool     // no time of change: every run reads the whole list
	Whole      bool     // rows carry every field of the metadata, whether it is asked for or not
	Log        bool     // the system keeps a log of changes and gives a link into it
	ByLink     bool     // the place in a window is the system's link to the next page, not a row's key
}

// Table is the streams of a system.
type Table []Stream

// snapshotDate is the field that tells apart the lists of several days.
const snapshotDate = "snapshot_date"

// Of finds a stream by name; the error names those that exist.
func (t Table) Of(name string) (Stream, error) {
	i := slices.IndexFunc(t, func(s Stream) bool { return s.Info.Name == name })
	if i < 0 {
		return Stream{}, errs.New(errs.Invalid, "connectors.stream_unknown", errs.Args{"stream": name, "known": strings.Join(t.names(), ", ")})
	}
	return t[i], nil
}

// Infos describes the streams for a driver.
func (t Table) Infos() []connectors.StreamInfo {
	out := make([]connectors.StreamInfo, len(t))
	for i, s := range t {
		out[i] = s.Info
	}
	return out
}

func (t Table) names() []string {
	out := make([]string, len(t))
	for i, s := range t {
		out[i] = s.Info.Name
	}
	return out
}

// CheckTenant reports fields of the tenant's own, STREAM.name → column, whose stream does not exist.
func (t Table) CheckTenant(setting string, tenant map[string]string) connectors.Problems {
	var out connectors.Problems
	for _, name := range slices.Sorted(maps.Keys(tenant)) {
		stream, field, ok := strings.Cut(name, ".")
		if !ok || field == "" || !slices.Contains(t.names(), stream) {
			out = append(out, connectors.Problem{Path: setting, Err: errs.New(errs.Invalid, "connectors.tenant_field",
				errs.Args{"name": name, "known": strings.Join(t.names(), ", ")})})
		}
	}
	return out
}

// ObjectName is the system's word for the stream.
func (s Stream) ObjectName() string {
	if s.Object == "" {
		return s.Info.Name
	}
	return s.Object
}

// tenantColumns are the tenant's own columns of this stream, by the name that rows give them.
func (s Stream) tenantColumns(tenant map[string]string) map[string]string {
	out := map[string]string{}
	for name, column := range tenant {
		if owner, own, _ := strings.Cut(name, "."); owner == s.Info.Name {
			out[own] = column
		}
	}
	return out
}
