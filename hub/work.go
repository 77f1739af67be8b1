package hub

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tributary/events/outbox"
	"tributary/internal/config"
	"tributary/internal/errs"
)

// Timing of the service's loops.
const (
	defaultEvery = 15 * time.Minute
	settleLook   = time.Second      // how often the stages look for work of other processes
	settlePause  = 30 * time.Second // after a failure, or when what waits cannot be worked off yet
	pruneEvery   = time.Hour
	inboxLook    = 2 * time.Second // how often a connection that receives looks for deliveries
)

// Work runs the service until ctx ends: pulls on schedule, resolving, joining, orders, write-back, the relay, pruning,
// signing the audit log, reminders of recalls, checks of the flow, the look for silent feeds, and giving memory back. It
// returns when all of them have stopped. A failing source or broker is logged and tried again; it does not stop the others.
func (h *Hub) Work(ctx context.Context, relay *outbox.Relay, m *Metrics) error {
	if err := h.EnsureCompany(ctx); err != nil {
		return err
	}
	if err := m.remember(ctx); err != nil {
		return err
	}
	wake := make(chan struct{}, 1)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return relay.Run(ctx) })
	g.Go(func() error { h.settleLoop(ctx, wake, relay, m); return nil })
	g.Go(func() error { h.pruneLoop(ctx); return nil })
	g.Go(func() error { h.sealLoop(ctx); return nil })
	g.Go(func() error { h.remindLoop(ctx); return nil })
	g.Go(func() error { h.findingsLoop(ctx); return nil })
	g.Go(func() error { h.ordersLoop(ctx, relay.Wake); return nil })
	g.Go(func() error { h.writeBackLoop(ctx); return nil })
	g.Go(func() error { h.watchLoop(ctx); return nil })
	g.Go(func() error { h.restLoop(ctx); return nil })
	for _, c := range h.Config.Connections {
		g.Go(func() error { h.pullLoop(ctx, c, wake, m); return nil })
	}
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// settleLoop works off dirty records and flow as they appear.
func (h *Hub) settleLoop(ctx context.Context, wake <-chan struct{}, relay *outbox.Relay, m *Metrics) {
	pause := settleLook
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-time.After(pause):
		}
		pause = settleLook
		waits, err := h.DB.Unsettled(ctx)
		if err == nil && !waits {
			continue
		}
		var report SettleReport
		if err == nil {
			report, err = h.Settle(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			h.Log.ErrorContext(ctx, "resolve and join failed; they are tried again", "error", err, "after", settlePause)
			pause = settlePause
		case report.Resolve.Records == 0 && report.Resolve.Activities == 0 && report.Join.Groups == 0 && report.Join.Mentions == 0 && report.Complaints == 0:
			pause = settlePause // what waits needs something that has not come yet
		default:
			m.settled(report)
			h.Log.InfoContext(ctx, "settled", "records", report.Resolve.Records, "created", report.Resolve.Created, "merged", report.Resolve.Merged,
				"flow_lines", report.Join.Lines, "movements", report.Join.Opened)
			relay.Wake()
		}
	}
}

// pullLoop runs the streams of one connection, one at a time, each when it is due.
func (h *Hub) pullLoop(ctx context.Context, c config.Connection, wake chan<- struct{}, m *Metrics) {
	type turn struct {
		schedule
		name     string
		due      time.Time
		failures int
	}
	streams, err := h.streamsOf(c)
	if err != nil || len(streams) == 0 {
		h.Log.ErrorContext(ctx, "the connection cannot run: no stream to pull", "connection", c.Name, "error", err)
		return
	}
	receives := h.receives(c)
	var turns []*turn
	for _, s := range streams {
		plan, err := scheduleOf(c, s.Name)
		if err != nil {
			h.Log.ErrorContext(ctx, "the connection cannot run: its schedule cannot be read", "connection", c.Name, "error", err)
			return
		}
		turns = append(turns, &turn{schedule: plan, name: s.Name, due: plan.first(time.Now())})
	}
	for ctx.Err() == nil {
		next := slices.MinFunc(turns, func(a, b *turn) int { return a.due.Compare(b.due) })
		pause := time.Until(next.due)
		if receives {
			pause = min(pause, inboxLook)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if receives {
			waiting := h.delivered(ctx, c)
			for _, t := range turns {
				if now := time.Now(); waiting[t.name] > 0 && t.failures == 0 && t.open(now).Before(t.due) {
					t.due = t.open(now)
				}
			}
			if next = slices.MinFunc(turns, func(a, b *turn) int { return a.due.Compare(b.due) }); time.Now().Before(next.due) {
				continue
			}
		}
		began := time.Now()
		report, err := h.Pull(ctx, PullRequest{Targets: []string{c.Name + "/" + next.name}, Scheduled: true})
		m.pulled(c.Name, next.name, began, report, err)
		if next.failures++; err == nil {
			next.failures = 0
		}
		next.due = next.next(time.Now(), next.failures, err, rand.Float64())
		if err != nil && ctx.Err() == nil {
			what := "pull failed; it is tried again"
			if errs.CodeOf(err) == "connection.refused" {
				what = "the connection was not asked: its credentials were refused"
			}
			h.Log.WarnContext(ctx, what, "connection", c.Name, "stream", next.name, "error", err, "failures", next.failures, "at", next.due)
		}
		for _, r := range report.Runs {
			for _, w := range r.Warnings {
				h.Log.WarnContext(ctx, "pull needs a look", "connection", c.Name, "stream", next.name, "run", r.RunID, "warning", w)
			}
		}
		if report.Totals.Canonical > 0 {
			select {
			case wake <- struct{}{}:
			default:
			}
		}
	}
}

func (h *Hub) pruneLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pruneEvery):
		}
		if n, err := h.OutboxPrune(ctx); err != nil && ctx.Err() == nil {
			h.Log.WarnContext(ctx, "pruning the outbox failed", "error", err)
		} else if n > 0 {
			h.Log.InfoContext(ctx, "outbox pruned", "events", n)
		}
		if err := h.forgetDeliveries(ctx); err != nil && ctx.Err() == nil {
			h.Log.WarnContext(ctx, "forgetting old deliveries failed", "error", err)
		}
	}
}
