package hub

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// AppliedModel is what came of applying a model.
type AppliedModel struct {
	Version string        `json:"version"`
	Former  string        `json:"former"`  // the version to go back to
	Applied bool          `json:"applied"` // false: it was in use already
	Settle  SettleReport  `json:"settled"`
	Notes   []*errs.Error `json:"-"`
}

// ApplyModel puts a model into use: a version, or a file. Every record is resolved again under it, in one run and under the
// resolver's lease; golden ids stay with their customers, and what stewards decided binds as before. The model before is
// kept, so that it can be applied again.
func (h *Hub) ApplyModel(ctx context.Context, text, reason string) (AppliedModel, error) {
	if err := h.mayDecide(Because{Reason: reason}); err != nil {
		return AppliedModel{}, err
	}
	model, err := h.model(ctx, text)
	if err != nil {
		return AppliedModel{}, err
	}
	if _, err := h.engineOf(model); err != nil {
		return AppliedModel{}, err
	}
	out := AppliedModel{Version: model.Version}
	if d, b := h.Config.Dedupe, dedupe.DefaultModel().Types[dedupe.Organisation]; d.Merge != b.Merge || d.Review != b.Review {
		out.Notes = append(out.Notes, errs.New(errs.Invalid, "model.thresholds_unused", errs.Args{"version": model.Version}))
	}
	out.Settle, err = h.settleWith(ctx, func(unit pipeline.Unit) error {
		former, err := h.modelInUse(ctx)
		if err != nil {
			return err
		}
		out.Former = former.Version
		if former.Version == model.Version {
			return nil
		}
		out.Applied = true
		return unit(func(tx *store.Tx) error {
			if err := keepModel(ctx, tx, former, store.MatchModel{}); err != nil {
				return err
			}
			if err := keepModel(ctx, tx, model, store.MatchModel{AppliedAt: tx.Now.Truncate(time.Second), AppliedBy: h.Actor.Name, Reason: strings.TrimSpace(reason)}); err != nil {
				return err
			}
			if err := tx.UseModel(ctx, model.Version); err != nil {
				return err
			}
			return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "model.applied", Subject: model.Version, Reason: strings.TrimSpace(reason), Body: map[string]string{"former": former.Version}})
		})
	})
	if err != nil {
		return out, fmt.Errorf("apply model %s: %w", model.Version, err)
	}
	return out, nil
}

// keepModel stores a model whole, with when, by whom and why it was applied.
func keepModel(ctx context.Context, tx *store.Tx, m *dedupe.Model, as store.MatchModel) error {
	body, err := m.YAML()
	if err != nil {
		return err
	}
	as.Version, as.Body = m.Version, string(body)
	return tx.PutMatchModel(ctx, as)
}
