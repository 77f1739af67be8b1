package hub

import (
	"context"

	"tributary/events"
	"tributary/quality"
	"tributary/store"
)

// ReconcileReport is the JSON of `recall reconcile`.
type ReconcileReport struct {
	Number        string                   `json:"number"`
	State         quality.State            `json:"state"`
	Unit          string                   `json:"unit"`
	Lots          []quality.Reconciliation `json:"lots"`
	RecoveryRate  string                   `json:"recovery_rate"`  // per cent over all lots
	ExplainedRate string                   `json:"explained_rate"` // likewise
}

// ReconcileRecall balances every lot of a recall to its last unit, by the trace and the replies so far, and keeps the
// sheet with the case.
func (h *Hub) ReconcileRecall(ctx context.Context, number, lang string) (ReconcileReport, error) {
	view, err := h.changeRecall(ctx, number, lang, func(_ context.Context, _ *store.Tx, w *recallWork) error {
		if w.recall.State == quality.Closed {
			return errNothing // the sheet of a closed case stays as it was signed
		}
		w.recall.Reconciliation = w.balance()
		w.op, w.kind = events.Reconciled, "reconciled"
		recovery, explained := quality.Rates(w.recall.Reconciliation)
		w.detail.Change = map[string]any{"recovery_rate": recovery, "explained_rate": explained}
		w.told = func(v *events.RecallValue) {
			for _, r := range w.recall.Reconciliation {
				v.Balance = append(v.Balance, total(r))
			}
		}
		return nil
	})
	if err != nil {
		return ReconcileReport{}, err
	}
	out := ReconcileReport{Number: view.Number, State: view.State, Unit: view.Unit, Lots: view.Reconciliation}
	out.RecoveryRate, out.ExplainedRate = quality.Rates(view.Reconciliation)
	return out, nil
}

func (w *recallWork) balance() []quality.Reconciliation {
	out := make([]quality.Reconciliation, len(w.recall.Lots))
	for i, lot := range w.recall.Lots {
		out[i] = quality.Reconcile(lot, w.rows)
	}
	return out
}
