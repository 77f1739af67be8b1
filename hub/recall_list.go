package hub

import (
	"context"
	"encoding/json"
	"time"

	"tributary/quality"
	"tributary/store"
	"tributary/trace"
)

// RecallSummary is a line of `recall list`.
type RecallSummary struct {
	Number       string           `json:"number"`
	Kind         string           `json:"kind"`
	Class        string           `json:"class"`
	State        quality.State    `json:"state"`
	Product      trace.ProductRef `json:"product"`
	Lots         []string         `json:"lots"`
	ScopeVersion int              `json:"scope_version"`
	Reason       string           `json:"reason"`
	DueAt        *time.Time       `json:"due_at"`
	Overdue      bool             `json:"overdue"`
	OpenedAt     time.Time        `json:"opened_at"`
	RecoveryRate string           `json:"recovery_rate"`
}

// RecallList is the JSON of `recall list`.
type RecallList struct {
	Recalls []RecallSummary `json:"recalls"`
}

// ListRecalls lists recalls and drills, those with the earliest deadline first.
func (h *Hub) ListRecalls(ctx context.Context, f CaseFilter) (RecallList, error) {
	out := RecallList{Recalls: []RecallSummary{}}
	rows, err := h.cases(ctx, store.CaseRecall, f, quality.Draft, quality.Assessed, quality.Decided, quality.Noticed, quality.InProgress, quality.Recovered,
		quality.Disposed, quality.Reconciled, quality.Reported, quality.Closed)
	if err != nil {
		return out, err
	}
	for i := range rows {
		var r quality.Recall
		if err := json.Unmarshal(rows[i].Payload, &r); err != nil {
			return out, err
		}
		s := RecallSummary{Number: r.Number, Kind: r.Kind, Class: r.Class, State: r.State, Product: r.Product, Lots: r.LotNumbers(), ScopeVersion: r.ScopeVersion, Reason: r.Reason,
			DueAt: rows[i].DueAt, OpenedAt: rows[i].OpenedAt}
		s.Overdue = s.DueAt != nil && h.Now().After(*s.DueAt)
		s.RecoveryRate, _ = quality.Rates(r.Reconciliation)
		out.Recalls = append(out.Recalls, s)
	}
	return out, nil
}
