package hub

import (
	"context"
	"fmt"
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
	resolver, err := h.Resolver()
	if err != nil {
		return report, err
	}
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
func (h *Hub) Resolver() (*pipeline.Resolver, error) {
	engine, err := h.engine()
	if err != nil {
		return nil, err
	}
	return &pipeline.Resolver{DB: h.DB, Engine: engine, Policy: dedupe.DefaultPolicy(), Company: h.Config.Company.Source, Log: h.Log}, nil
}

// engine applies the default model with the configured thresholds, which become part of its version.
func (h *Hub) engine() (*dedupe.Engine, error) {
	model := dedupe.DefaultModel()
	d := h.Config.Dedupe
	for _, t := range model.Types {
		if d.Merge != 0 && d.Merge != t.Merge || d.Review != 0 && d.Review != t.Review {
			t.Merge, t.Review = d.Merge, d.Review
			model.Version = fmt.Sprintf("%s+%g/%g", dedupe.DefaultModel().Version, d.Merge, d.Review)
		}
	}
	return dedupe.New(model, dedupe.Options{Secret: h.DB.KeyRing().Hash("blocking keys"), CompanySource: h.Config.Company.Source})
}

// Joiner is the join stage as the configuration wants it.
func (h *Hub) Joiner() *pipeline.Joiner {
	return &pipeline.Joiner{DB: h.DB, Options: flow.Options{Window: h.Config.Trace.WindowDays, Tolerance: h.Config.Trace.ToleranceDays}}
}
