package hub

import (
	"context"
	"time"

	"tributary/dedupe"
	"tributary/pipeline"
	"tributary/trace/flow"
)

// SettleReport says what resolving and joining did.
type SettleReport struct {
	Resolve pipeline.ResolveReport `json:"resolve"`
	Join    pipeline.JoinReport    `json:"join"`

	Complaints int64 `json:"complaints"` // of other systems that became cases

	joinTook time.Duration
}

// Settle works off everything that waits: dirty records become golden customers, then dirty flow becomes movements.
// Resolving may re-point mentions and so wake the join; the join never wakes the resolver.
func (h *Hub) Settle(ctx context.Context) (SettleReport, error) { return h.settle(ctx, false) }

// ResolveAll is Settle for every record, not only those that changed.
func (h *Hub) ResolveAll(ctx context.Context) (SettleReport, error) { return h.settle(ctx, true) }

func (h *Hub) settle(ctx context.Context, all bool) (report SettleReport, err error) {
	if err := h.EnsureCompany(ctx); err != nil {
		return report, err
	}
	resolver := h.Resolver()
	if all {
		report.Resolve, err = resolver.All(ctx)
	} else {
		report.Resolve, err = resolver.Run(ctx)
	}
	if err != nil {
		return report, err
	}
	began := h.Now()
	report.Join, err = h.Joiner().Run(ctx)
	report.joinTook = h.Now().Sub(began)
	if err != nil {
		return report, err
	}
	report.Complaints, err = h.TakeInComplaints(ctx)
	return report, err
}

// Resolver is the resolve stage as the configuration wants it.
func (h *Hub) Resolver() *pipeline.Resolver {
	return &pipeline.Resolver{DB: h.DB, Engine: h.engine, Policy: dedupe.DefaultPolicy(), Company: h.Config.Company.Source, Log: h.Log}
}

// Joiner is the join stage as the configuration wants it.
func (h *Hub) Joiner() *pipeline.Joiner {
	return &pipeline.Joiner{DB: h.DB, Options: flow.Options{Window: h.Config.Trace.WindowDays, Tolerance: h.Config.Trace.ToleranceDays}}
}
