package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"tributary/connectors"
	"tributary/connectors/builtin"
	"tributary/hub"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/store"
)

func (a *app) connectorsCmd() *cobra.Command {
	c := &cobra.Command{Use: "connectors", Short: "See what can be connected, and check connections"}
	c.AddCommand(
		&cobra.Command{Use: "list", Short: "List the connectors", Args: args(cobra.NoArgs), RunE: func(*cobra.Command, []string) error { return a.connectorsList() }},
		&cobra.Command{Use: "show NAME", Short: "Show settings and streams of a connector", Args: args(cobra.ExactArgs(1)), RunE: func(_ *cobra.Command, argv []string) error { return a.connectorsShow(argv[0]) }},
		&cobra.Command{Use: "check [CONNECTION…]", Short: "Probe configured connections and say what to mend", RunE: a.connectorsCheck},
		&cobra.Command{Use: "discover CONNECTION", Short: "List the streams a connection offers", Args: args(cobra.ExactArgs(1)), RunE: a.connectorsDiscover},
		a.connectorsInitCmd(), a.connectorsPauseCmd(true), a.connectorsPauseCmd(false), a.connectorsWriteBackCmd(),
	)
	return c
}

// offline makes the hub without its store, for use cases that need only the configuration.
func (a *app) offline() (*hub.Hub, error) {
	conf, err := a.load()
	if err != nil {
		return nil, err
	}
	return a.hubWith(conf)
}

// storePatience is how long a check, which works without a store, waits for one.
const storePatience = 2 * time.Second

// withStore opens the store, if there is one: it knows which credentials were refused. A connection that receives needs
// it, for what has come lies there; the others are checked without it when it cannot be opened as it is: a check changes
// no schema.
func (a *app) withStore(ctx context.Context, h *hub.Hub, connections ...string) (*hub.Hub, func(), error) {
	if h.Receives(connections) {
		return a.openWith(ctx, h.Config, "connectors")
	}
	if !store.Exists(store.Config{URL: h.Config.Store.URL, DataDir: h.Config.DataDir}) {
		return h, func() {}, nil
	}
	opening, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	if stored, done, err := a.openReady(opening, h.Config, "connectors", (*store.DB).Current); err == nil {
		return stored, done, nil
	}
	return h, func() {}, ctx.Err()
}

func (a *app) connectorsList() error {
	reg, err := builtin.Registry()
	if err != nil {
		return err
	}
	type item struct {
		Name    string   `json:"name"`
		Title   string   `json:"title"`
		Streams []string `json:"streams"`
	}
	items := []item{}
	for _, name := range reg.Names() {
		d, _, err := reg.Driver(name)
		if err != nil {
			return err
		}
		it := item{Name: name, Title: d.Title[a.language()], Streams: []string{}}
		for _, s := range d.Streams {
			it.Streams = append(it.Streams, s.Name)
		}
		items = append(items, it)
	}
	return a.print(map[string]any{"connectors": items}, func(w io.Writer) error {
		var rows [][]string
		for _, it := range items {
			rows = append(rows, []string{it.Name, it.Title, strings.Join(it.Streams, " ")})
		}
		return table(w, []string{a.say("NAME", "名称"), a.say("SYSTEM", "系统"), a.say("STREAMS", "流")}, rows)
	})
}

func (a *app) connectorsShow(name string) error {
	reg, err := builtin.Registry()
	if err != nil {
		return err
	}
	d, spec, err := reg.Driver(name)
	if err != nil {
		return err
	}
	return a.print(map[string]any{"name": name, "title": d.Title, "settings": spec.Schema(), "streams": d.Streams}, func(w io.Writer) error {
		_, err := w.Write(connectors.Page(d, spec))
		return err
	})
}

func (a *app) connectorsCheck(cmd *cobra.Command, names []string) error {
	h, err := a.offline()
	if err != nil {
		return err
	}
	if len(names) == 0 {
		for _, c := range h.Config.Connections {
			names = append(names, c.Name)
		}
	}
	h, closeHub, err := a.withStore(cmd.Context(), h, names...)
	if err != nil {
		return err
	}
	defer closeHub()
	reports, failures := h.CheckConnections(cmd.Context(), names, a.tellOfWaiting(new(sync.Mutex)))
	checks := []checkJSON{}
	var bad error
	for i, r := range reports {
		if failures[i] != nil {
			return failures[i]
		}
		checks = append(checks, a.checkJSON(r))
		if !r.OK {
			bad = said(checkVerdict(r))
		}
	}
	return errors.Join(a.print(map[string]any{"checks": checks}, func(w io.Writer) error {
		if len(reports) == 0 {
			fmt.Fprintln(w, a.say("No connection is configured.", "尚未配置任何连接。"))
		}
		for _, r := range reports {
			verdict := a.say("good", "正常")
			if !r.OK {
				verdict = a.say("does not work", "无法使用")
			}
			fmt.Fprintf(w, "%s (%s): %s\n", r.Connection, r.Connector, verdict)
			for _, f := range r.Findings {
				fmt.Fprintf(w, "  %s %s\n", marks[f.Severity], strings.ReplaceAll(a.findingText(f), "\n", "\n  "))
			}
		}
		return nil
	}), bad)
}

// silence is how long a check may take before it says what it waits for.
const silence = 3 * time.Second

// tellOfWaiting is told of checks that begin beside each other, and says of each that it has no answer yet unless answered is
// called before long. One at a time speaks.
func (a *app) tellOfWaiting(speaks *sync.Mutex) func(connection string) (answered func()) {
	return func(connection string) func() {
		stop, gone := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(gone)
			select {
			case <-stop:
			case <-time.After(silence):
				speaks.Lock()
				defer speaks.Unlock()
				a.note(a.say("waiting for an answer from %s", "正在等待 %s 的应答"), connection)
			}
		}()
		return func() {
			close(stop)
			<-gone
		}
	}
}

// marks show at a glance how a finding stands.
var marks = map[connectors.Severity]string{connectors.OK: "✓", connectors.Warn: "!", connectors.Fault: "✗"}

func (a *app) findingText(f connectors.Finding) string {
	return errs.New(errs.Invalid, f.Code, errs.Args(f.Args)).Text(a.language())
}

// checkJSON is a report with the texts of its findings.
type checkJSON struct {
	hub.CheckReport
	Findings []findingJSON `json:"findings"`
}

type findingJSON struct {
	connectors.Finding
	Text string `json:"text"`
}

func (a *app) checkJSON(r hub.CheckReport) checkJSON {
	out := checkJSON{CheckReport: r, Findings: []findingJSON{}}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, findingJSON{f, a.findingText(f)})
	}
	return out
}

// checkVerdict decides the exit code of a failed check: a system that cannot be reached is the environment, anything else
// is the configuration.
func checkVerdict(r hub.CheckReport) error {
	for _, f := range r.Findings {
		if f.Severity == connectors.Fault && (f.Code == "connectors.unreachable" || f.Code == "connection.silent") {
			return errs.New(errs.Unavailable, f.Code, errs.Args(f.Args))
		}
	}
	return errs.New(errs.Invalid, "connection.faults", errs.Args{"name": r.Connection})
}

func (a *app) connectorsDiscover(cmd *cobra.Command, argv []string) error {
	h, err := a.offline()
	if err != nil {
		return err
	}
	h, closeHub, err := a.withStore(cmd.Context(), h, argv[0])
	if err != nil {
		return err
	}
	defer closeHub()
	streams, err := h.DiscoverConnection(cmd.Context(), argv[0])
	if err != nil {
		return err
	}
	return a.print(map[string]any{"streams": streams}, func(w io.Writer) error {
		var rows [][]string
		for _, s := range streams {
			rows = append(rows, []string{s.Name, s.Title, string(s.Entity), strings.Join(s.Key, " "), s.Cursor, s.Deletes, fmt.Sprint(len(s.Fields))})
		}
		return table(w, []string{a.say("STREAM", "流"), a.say("TITLE", "名称"), a.say("BECOMES", "转为"), a.say("KEY", "主键"), a.say("CURSOR", "游标"), a.say("DELETES", "删除"), ">" + a.say("FIELDS", "字段数")}, rows)
	})
}

// lintConnections checks the connections of a configuration that reads well.
func (a *app) lintConnections(c *config.Config) (config.Problems, error) {
	h, err := a.hubWith(c)
	if err != nil {
		return nil, err
	}
	problems := h.LintConnections()
	return problems, problems.AsError()
}
