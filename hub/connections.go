package hub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tributary/connectors"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/internal/nearest"
)

// CheckReport is what the check of one connection found.
type CheckReport struct {
	Connection string               `json:"connection"`
	Connector  string               `json:"connector"`
	OK         bool                 `json:"ok"` // no fault
	Findings   []connectors.Finding `json:"findings"`
	Seconds    float64              `json:"seconds"`
}

// checkTimeout bounds a check: a source that hangs is a finding, not a hanging hub.
const checkTimeout = 30 * time.Second

// Connection finds a configured connection by name; the error names the nearest one.
func (h *Hub) Connection(name string) (config.Connection, error) {
	var names []string
	for _, c := range h.Config.Connections {
		if c.Name == name {
			return c, nil
		}
		names = append(names, c.Name)
	}
	return config.Connection{}, errs.New(errs.NotFound, "connection.unknown", errs.Args{"name": name, "near": nearest.Or(name, names, fmt.Sprint(names))})
}

// Source makes the source of a configured connection. The caller closes it.
func (h *Hub) Source(c config.Connection) (connectors.Source, error) {
	return h.Registry.New(c.Connector, "connections."+c.Name+".settings", c.Settings, connectors.Env{Now: h.Now})
}

// CheckConnection probes a connection and says what is wrong and how to mend it.
func (h *Hub) CheckConnection(ctx context.Context, name string) (report CheckReport, err error) {
	c, err := h.Connection(name)
	if err != nil {
		return CheckReport{}, err
	}
	src, err := h.Source(c)
	if err != nil {
		return CheckReport{}, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	began := h.Now()
	probe, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	findings, err := src.Check(probe)
	if err != nil && ctx.Err() == nil {
		findings = append(findings, connectors.Finding{Severity: connectors.Fault, Code: "connection.silent", Args: map[string]any{"seconds": int(checkTimeout.Seconds())}})
		err = nil
	}
	report = CheckReport{Connection: c.Name, Connector: c.Connector, OK: true, Findings: findings, Seconds: h.Now().Sub(began).Seconds()}
	for _, f := range findings {
		report.OK = report.OK && f.Severity != connectors.Fault
	}
	return report, err
}

// DiscoverConnection lists the streams a connection offers, from the source's own metadata.
func (h *Hub) DiscoverConnection(ctx context.Context, name string) (streams []connectors.StreamInfo, err error) {
	c, err := h.Connection(name)
	if err != nil {
		return nil, err
	}
	src, err := h.Source(c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	return src.Discover(ctx)
}

// LintConnections checks every connection against its connector: names, settings, streams.
func (h *Hub) LintConnections(file string) config.Problems {
	var out config.Problems
	add := func(path string, e *errs.Error) {
		out = append(out, config.Problem{File: file, Path: path, Code: e.Code, Args: e.Args})
	}
	for _, c := range h.Config.Connections {
		path := "connections." + c.Name
		driver, spec, err := h.Registry.Driver(c.Connector)
		if err != nil {
			var e *errs.Error
			if errors.As(err, &e) {
				add(path+".connector", e)
			}
			continue
		}
		_, problems := spec.Parse(path+".settings", c.Settings)
		for _, p := range problems {
			add(p.Path, p.Err)
		}
		for _, s := range c.Streams {
			known := make([]string, len(driver.Streams))
			for i, d := range driver.Streams {
				known[i] = d.Name
			}
			if _, ok := driver.Stream(s.Stream); !ok && s.Map == "" {
				add(path+".streams", errs.New(errs.Invalid, "connection.unknown_stream",
					errs.Args{"name": s.Stream, "connector": c.Connector, "near": nearest.Or(s.Stream, known, fmt.Sprint(known))}))
			}
		}
	}
	return out
}
