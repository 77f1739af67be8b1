package connectors

import (
	"fmt"
	"slices"
	"strings"

	"tributary/internal/errs"
)

// Registry is the set of connectors a hub knows. It is immutable.
type Registry struct {
	byName map[string]entry
	names  []string
}

type entry struct {
	driver Driver
	spec   Spec
}

// NewRegistry makes a registry of the drivers. A name that stands twice, tags that contradict each other and built-in
// maps of streams that do not exist are errors.
func NewRegistry(drivers ...Driver) (*Registry, error) {
	r := &Registry{byName: make(map[string]entry, len(drivers))}
	for _, d := range drivers {
		if d.Name == "" || d.New == nil {
			return nil, fmt.Errorf("connector %q: name or constructor is missing", d.Name)
		}
		if _, twice := r.byName[d.Name]; twice {
			return nil, fmt.Errorf("connector %s is registered twice", d.Name)
		}
		spec, err := SpecOf(d.Config)
		if err != nil {
			return nil, fmt.Errorf("connector %s: %w", d.Name, err)
		}
		for stream := range d.Maps {
			if _, ok := d.Stream(stream); !ok {
				return nil, fmt.Errorf("connector %s: a map for the unknown stream %s", d.Name, stream)
			}
		}
		r.byName[d.Name] = entry{driver: d, spec: spec}
		r.names = append(r.names, d.Name)
	}
	slices.Sort(r.names)
	return r, nil
}

// Names lists the connectors in order.
func (r *Registry) Names() []string { return slices.Clone(r.names) }

// Driver finds a connector and its settings; the error of an unknown name lists the known ones.
func (r *Registry) Driver(name string) (Driver, Spec, error) {
	e, ok := r.byName[name]
	if !ok {
		return Driver{}, Spec{}, errs.New(errs.Invalid, "connectors.unknown", errs.Args{"name": name, "known": strings.Join(r.names, ", ")})
	}
	return e.driver, e.spec, nil
}

// Configured is the driver of a connection with the streams that its settings declare. Settings that do not fit declare
// none.
func (r *Registry) Configured(name string, settings map[string]any) (Driver, Spec, error) {
	d, spec, err := r.Driver(name)
	if err != nil || d.Declared == nil {
		return d, spec, err
	}
	if parsed, problems := spec.Parse("settings", settings); len(problems) == 0 {
		d.Streams = d.Declared(parsed)
	}
	return d, spec, nil
}

// New makes the source of one connection. path names the settings in messages, as connections.erp.settings.
func (r *Registry) New(name, path string, settings map[string]any, env Env) (Source, error) {
	d, spec, err := r.Driver(name)
	if err != nil {
		return nil, err
	}
	parsed, problems := spec.Parse(path, settings)
	if len(problems) > 0 {
		return nil, problems
	}
	return d.New(parsed, env)
}

// Stream finds a stream the driver knows without discovery.
func (d Driver) Stream(name string) (StreamInfo, bool) {
	i := slices.IndexFunc(d.Streams, func(s StreamInfo) bool { return s.Name == name })
	if i < 0 {
		return StreamInfo{}, false
	}
	return d.Streams[i], true
}
