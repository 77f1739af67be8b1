package hub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tributary/connectors"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/internal/nearest"
	"tributary/mapping"
	"tributary/pipeline"
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
	if len(names) == 0 {
		return config.Connection{}, errs.New(errs.NotFound, "connection.none", errs.Args{"name": name})
	}
	return config.Connection{}, errs.New(errs.NotFound, "connection.unknown", errs.Args{"name": name, "near": nearest.Or(name, names, strings.Join(names, ", "))})
}

// Source makes the source of a configured connection. The caller closes it. Settings that do not fit are config.Problems.
func (h *Hub) Source(c config.Connection) (connectors.Source, error) {
	src, err := h.Registry.New(c.Connector, settingsOf(c), c.Settings, h.env(c.Name))
	var wrong connectors.Problems
	if errors.As(err, &wrong) {
		return nil, h.settingProblems(c, wrong).AsError()
	}
	return src, err
}

// settingsOf names the settings of a connection in messages.
func settingsOf(c config.Connection) string { return "connections." + c.Name + ".settings" }

// settingProblems finds the places of what a connector says of its settings.
func (h *Hub) settingProblems(c config.Connection, wrong connectors.Problems) config.Problems {
	var out config.Problems
	for _, p := range wrong {
		out = append(out, h.problem(c, "settings"+strings.TrimPrefix(p.Path, settingsOf(c)), p.Err))
	}
	return out
}

// problem is something wrong with a part of a connection, at its place in the file.
func (h *Hub) problem(c config.Connection, part string, e *errs.Error) config.Problem {
	at := slices.IndexFunc(h.Config.Connections, func(o config.Connection) bool { return o.Name == c.Name })
	p := h.Config.Problem(fmt.Sprintf("connections[%d].%s", at, part), e.Code, e.Args)
	p.Path = "connections." + c.Name + "." + part
	return p
}

// checksAtOnce bounds how many connections are checked beside each other: they wait, mostly.
const checksAtOnce = 16

// CheckConnections checks connections beside each other, so that one that says nothing holds up no other, and returns a
// report of each, in order, or why it could not be checked at all. begun is told of each check as it begins, from its goroutine,
// and what it returns is called when the check is over; nil: nobody is told.
func (h *Hub) CheckConnections(ctx context.Context, names []string, begun func(name string) (over func())) (reports []CheckReport, failures []error) {
	reports, failures = make([]CheckReport, len(names)), make([]error, len(names))
	free := make(chan struct{}, checksAtOnce)
	var checks sync.WaitGroup
	for i, name := range names {
		free <- struct{}{}
		checks.Go(func() {
			defer func() { <-free }()
			if begun != nil {
				defer begun(name)()
			}
			reports[i], failures[i] = h.CheckConnection(ctx, name)
		})
	}
	checks.Wait()
	return reports, failures
}

// CheckConnection probes a connection and says what is wrong and how to mend it. What the configuration of this one
// connection lacks is a finding too, so that one connection does not hide what the others have.
func (h *Hub) CheckConnection(ctx context.Context, name string) (report CheckReport, err error) {
	c, err := h.Connection(name)
	if err != nil {
		return CheckReport{}, err
	}
	began := h.Now()
	report = CheckReport{Connection: c.Name, Connector: c.Connector, Findings: []connectors.Finding{}}
	defer func() {
		report.OK = !slices.ContainsFunc(report.Findings, func(f connectors.Finding) bool { return f.Severity == connectors.Fault })
		report.Seconds = h.Now().Sub(began).Seconds()
	}()
	src, err := h.Source(c)
	if err != nil {
		report.Findings = faultsOf(err)
		if len(report.Findings) > 0 {
			err = nil
		}
		return report, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	probe, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	findings, err := src.Check(probe)
	report.Findings = append(report.Findings, findings...)
	if err != nil && ctx.Err() == nil && probe.Err() != nil {
		report.Findings = append(report.Findings, connectors.Finding{Severity: connectors.Fault, Code: "connection.silent", Args: map[string]any{"seconds": int(checkTimeout.Seconds())}})
		err = nil
	}
	if err != nil || h.DB == nil {
		return report, err
	}
	refused, err := h.checked(ctx, c, report.Findings)
	if err != nil || refused {
		return report, err
	}
	findings, err = h.ordersSeen(probe, c.Name, src)
	report.Findings = append(report.Findings, findings...)
	return report, err
}

// ordersSeen warns of a system that shows none of the orders that were written into it. That it cannot be asked, its own check
// has said.
func (h *Hub) ordersSeen(ctx context.Context, name string, src connectors.Source) ([]connectors.Finding, error) {
	taker, ok := src.(connectors.OrderTaker)
	if !ok || taker.Orders() == nil {
		return nil, nil
	}
	known, seen, err := pipeline.Orders{DB: h.DB, Connection: name, Pusher: taker.Orders()}.Sees(ctx, "")
	switch {
	case len(known) == 0: // none was written, or our own store fails
		return nil, err
	case seen, err != nil:
		return nil, nil
	}
	return []connectors.Finding{{Severity: connectors.Warn, Code: "order.blind", Args: map[string]any{"connection": name, "known": strings.Join(known, " ")}}}, nil
}

// faultsOf shows an error as findings, one for each thing that is wrong; none when it is not about the configuration.
func faultsOf(err error) []connectors.Finding {
	var all config.Problems
	var one *errs.Error
	switch {
	case errors.As(err, &all):
		var out []connectors.Finding
		for _, p := range all {
			out = append(out, connectors.Finding{Severity: connectors.Fault, Code: p.Code, Args: p.Args})
		}
		return out
	case errors.As(err, &one):
		return []connectors.Finding{{Severity: connectors.Fault, Code: one.Code, Args: one.Args}}
	}
	return nil
}

// DiscoverConnection lists the streams a connection offers, from the source's own metadata.
func (h *Hub) DiscoverConnection(ctx context.Context, name string) (streams []connectors.StreamInfo, err error) {
	c, err := h.Connection(name)
	if err != nil {
		return nil, err
	}
	login, err := h.logIn(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = login.leave(ctx, err) }()
	src, err := h.Source(login.Connection)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	probe, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	streams, err = src.Discover(probe)
	if err != nil && ctx.Err() == nil && errors.Is(probe.Err(), context.DeadlineExceeded) {
		err = errs.New(errs.Unavailable, "connection.silent", errs.Args{"seconds": int(checkTimeout.Seconds())})
	}
	return streams, err
}

// LintConnections checks every connection against its connector: names, settings, streams, maps.
func (h *Hub) LintConnections() config.Problems {
	var out config.Problems
	for _, c := range h.Config.Connections {
		driver, spec, err := h.Registry.Configured(c.Connector, c.Settings)
		if err != nil {
			var e *errs.Error
			if errors.As(err, &e) {
				out = append(out, h.problem(c, "connector", e))
			}
			continue
		}
		_, wrong := spec.Parse(settingsOf(c), c.Settings)
		out = append(out, h.settingProblems(c, wrong)...)
		var known []string
		for _, d := range driver.Streams {
			known = append(known, d.Name)
		}
		for i, s := range c.Streams {
			if _, ok := driver.Stream(s.Stream); !ok && (s.Map == "" || driver.Declared != nil) {
				out = append(out, h.problem(c, fmt.Sprintf("streams[%d]", i), errs.New(errs.Invalid, "connection.unknown_stream",
					errs.Args{"name": s.Stream, "connector": c.Connector, "near": nearest.Or(s.Stream, known, strings.Join(known, ", "))})))
			}
			if err := checkMap(s.Map); err != nil {
				out = append(out, h.problem(c, fmt.Sprintf("streams[%d].map", i), err))
			}
		}
	}
	return out
}

// checkMap says what is wrong with a map file; "" is none.
func checkMap(file string) *errs.Error {
	if file == "" {
		return nil
	}
	src, err := readMap(file)
	if err == nil {
		_, err = mapping.Parse(file, src)
	}
	var e *errs.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}
