package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/distributor/files"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/internal/nearest"
	"tributary/mapping"
	"tributary/pipeline"
	"tributary/store"
)

// PullRequest is `tributary pull` (CLI §3).
type PullRequest struct {
	Targets       []string // CONNECTION or CONNECTION/STREAM; none = everything that is configured
	From, To      time.Time
	DryRun        bool
	AcceptDeletes bool // believe a full list however much is missing from it
	Scheduled     bool // called by the scheduler: paused streams are left out
	AcceptDrift   bool // take the fields as they come now
	Lang          string
}

// Pull runs streams of configured connections once. A stream that fails does not stop the others. The report is filled
// also when an error comes with it.
func (h *Hub) Pull(ctx context.Context, req PullRequest) (IngestReport, error) {
	report := IngestReport{Runs: []RunReport{}}
	if !req.From.IsZero() || !req.To.IsZero() {
		if !req.From.Before(req.To) {
			return report, errs.New(errs.Invalid, "ingest.window", errs.Args{"from": req.From.Format(time.DateOnly), "to": req.To.Format(time.DateOnly)})
		}
	}
	targets, err := h.pullTargets(req.Targets)
	if err != nil {
		return report, err
	}
	if err := h.EnsureCompany(ctx); err != nil {
		return report, err
	}
	var failures []error
	for _, t := range targets {
		if err := h.pullOne(ctx, t, &req, &report); err != nil {
			failures = append(failures, fmt.Errorf("%s/%s: %w", t.connection.Name, t.stream.Name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return report, errors.Join(failures...)
}

// pullTarget is one stream of one connection.
type pullTarget struct {
	connection config.Connection
	stream     connectors.StreamInfo
}

// pullTargets names the streams: those that are configured, else every stream of the connector that has a map.
func (h *Hub) pullTargets(names []string) ([]pullTarget, error) {
	if len(names) == 0 {
		for _, c := range h.Config.Connections {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return nil, errs.New(errs.Invalid, "ingest.no_connections", nil)
	}
	var out []pullTarget
	for _, name := range names {
		connection, stream, one := strings.Cut(name, "/")
		c, err := h.Connection(connection)
		if err != nil {
			return nil, err
		}
		all, err := h.streamsOf(c)
		if err != nil {
			return nil, err
		}
		found := false
		var near []string
		for _, info := range all {
			near = append(near, info.Name)
			if !one || info.Name == stream {
				out = append(out, pullTarget{c, info})
				found = true
			}
		}
		if !found && one {
			return nil, errs.New(errs.NotFound, "ingest.no_stream", errs.Args{"connection": c.Name, "stream": stream, "near": nearest.Or(stream, near, strings.Join(near, ", "))})
		}
	}
	return out, nil
}

func (h *Hub) streamsOf(c config.Connection) ([]connectors.StreamInfo, error) {
	driver, _, err := h.Registry.Configured(c.Connector, c.Settings)
	if err != nil {
		return nil, err
	}
	if len(c.Streams) == 0 {
		return slices.DeleteFunc(slices.Clone(driver.Streams), func(s connectors.StreamInfo) bool {
			return driver.Maps[s.Name] == nil && s.Name != files.Stream
		}), nil
	}
	var out []connectors.StreamInfo
	for _, s := range c.Streams {
		info, ok := driver.Stream(s.Stream)
		if !ok {
			info = connectors.StreamInfo{Name: s.Stream}
		}
		out = append(out, info)
	}
	return out, nil
}

func (h *Hub) pullOne(ctx context.Context, t pullTarget, req *PullRequest, report *IngestReport) (err error) {
	refused := func(err error) error {
		report.refuse(store.Run{Connection: t.connection.Name, Source: t.connection.Name, Stream: t.stream.Name}, err, h.Now(), req.Lang)
		return err
	}
	if req.Scheduled {
		state, err := h.DB.Stream(ctx, t.connection.Name, t.stream.Name)
		if err != nil || state.Paused {
			report.paused = state.Paused
			return err
		}
	}
	login, err := h.logIn(ctx, t.connection)
	if err != nil {
		return refused(err)
	}
	defer func() { err = login.leave(ctx, err) }()
	t.connection = login.Connection
	src, err := h.Source(t.connection)
	if err != nil {
		return refused(err)
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if feed, ok := src.(files.Feed); ok {
		return h.pullFeed(ctx, t, feed, login.answered, req, report)
	}
	info, m, text, err := h.streamMap(t.connection, t.stream)
	if err != nil {
		return refused(err)
	}
	plan := pipeline.Pull{Connection: t.connection.Name, Stream: info, Map: m, MapText: text, Trust: h.rank(t.connection.Name), Actor: h.Actor.Name,
		AcceptDeletes: req.AcceptDeletes, DryRun: req.DryRun, Answered: login.answered}
	bound(&plan, t, req.Scheduled)
	plan.Drift.Accept = req.AcceptDrift
	if plan.Window, err = window(src, t, req); err != nil {
		return refused(err)
	}
	if info.Ledger != "" {
		if plan.Party, err = h.DB.FindParty(ctx, or(t.connection.Party, "self")); err != nil {
			return refused(err)
		}
	}
	siblings, err := h.streamsOf(t.connection)
	if err != nil {
		return refused(err)
	}
	for _, s := range siblings {
		plan.Siblings = append(plan.Siblings, s.Name)
	}
	run, err := h.ingest().Pull(ctx, src, plan)
	report.add(run, req.Lang)
	return err
}

// defaultMaxBad is the share of bad rows above which something is wrong with the map or the source, not with rows.
const defaultMaxBad = 0.5

// defaultSweep keeps a comparison of all keys, which costs as many calls as a first read, from using up a day's quota.
const defaultSweep = 24 * time.Hour

// bound sets what the stream's configuration says about bad rows, silence, changes of fields and, when the scheduler
// pulls, comparisons of keys.
func bound(plan *pipeline.Pull, t pullTarget, scheduled bool) {
	plan.MaxBad = defaultMaxBad
	if scheduled {
		plan.SweepEvery = defaultSweep
	}
	for _, s := range t.connection.Streams {
		if s.Stream != t.stream.Name {
			continue
		}
		plan.SilentAfter = time.Duration(s.Silent)
		if s.Sweep > 0 && scheduled {
			plan.SweepEvery = time.Duration(s.Sweep)
		}
		if s.MaxBad > 0 {
			plan.MaxBad = s.MaxBad
		}
		plan.MaxBadRows = s.MaxBadRows
		plan.Drift.Default = pipeline.DriftPolicy(s.Drift)
		plan.Drift.Fields = map[string]pipeline.DriftPolicy{}
		for field, policy := range s.DriftFields {
			plan.Drift.Fields[field] = pipeline.DriftPolicy(policy)
		}
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func window(src connectors.Source, t pullTarget, req *PullRequest) (json.RawMessage, error) {
	if req.From.IsZero() && req.To.IsZero() {
		return nil, nil
	}
	b, ok := src.(connectors.Backfiller)
	if !ok {
		return nil, errs.New(errs.Invalid, "ingest.no_window", errs.Args{"connector": t.connection.Connector, "stream": t.stream.Name})
	}
	return b.Backfill(t.stream.Name, req.From, req.To)
}

// streamMap is the map of a stream: the file that the configuration names, else the connector's own. What the map makes
// completes what is known of the stream.
func (h *Hub) streamMap(c config.Connection, info connectors.StreamInfo) (connectors.StreamInfo, *mapping.Map, string, error) {
	driver, _, err := h.Registry.Configured(c.Connector, c.Settings)
	if err != nil {
		return info, nil, "", err
	}
	if known, ok := driver.Stream(info.Name); ok {
		info = known
	}
	text, name := driver.Maps[info.Name], c.Connector+"/"+info.Name
	for _, s := range c.Streams {
		if s.Stream == info.Name && s.Map != "" {
			name = s.Map
			if text, err = readMap(s.Map); err != nil {
				return info, nil, "", err
			}
		}
	}
	if text == nil {
		return info, nil, "", errs.New(errs.Invalid, "ingest.no_map", errs.Args{"connection": c.Name, "stream": info.Name})
	}
	m, err := mapping.Parse(name, text)
	if err != nil {
		return info, nil, "", errs.Wrap(errs.Invalid, "ingest.map_broken", err, errs.Args{"connection": c.Name, "stream": info.Name})
	}
	info.Entity, info.Ledger = m.Entity(), m.Ledger()
	return info, m, string(text), nil
}
