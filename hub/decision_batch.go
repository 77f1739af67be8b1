package hub

import (
	"context"
	"errors"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// Batch says what became of the decisions of a batch.
type Batch struct {
	ID     string       `json:"batch_id"`
	Done   int          `json:"done"` // by this command
	Left   int          `json:"left"` // not concerned: undone already, or not waiting
	Errors []string     `json:"errors,omitempty"`
	Settle SettleReport `json:"settled"`
}

// IsBatch reports whether an id is one of a batch of decisions.
func (h *Hub) IsBatch(ctx context.Context, text string) (bool, error) {
	if id, err := canonical.ParseID(text); err == nil {
		list, err := h.DB.DecisionsOfBatch(ctx, id)
		return len(list) > 0, err
	}
	return false, nil
}

// UndoBatch takes every decision of a batch back that still stands.
func (h *Hub) UndoBatch(ctx context.Context, text, reason, lang string) (Batch, error) {
	if err := h.mayDecide(Because{Reason: reason}); err != nil {
		return Batch{}, err
	}
	return h.eachOfBatch(ctx, text, lang, func(unit pipeline.Unit, d *store.Decision) (bool, error) {
		if d.State == store.DecisionUndone {
			return false, nil
		}
		return true, h.takeBack(ctx, unit, d, reason)
	})
}

// ConfirmBatch puts every decision of a batch into force that waits for a second person.
func (h *Hub) ConfirmBatch(ctx context.Context, text, lang string) (Batch, error) {
	if !h.Actor.Role.MayDecide() {
		return Batch{}, errs.New(errs.Denied, "steward.denied", errs.Args{"role": string(h.Actor.Role)})
	}
	return h.eachOfBatch(ctx, text, lang, func(unit pipeline.Unit, d *store.Decision) (bool, error) {
		if d.State != store.DecisionPending {
			return false, nil
		}
		return true, h.confirm(ctx, unit, d)
	})
}

// eachOfBatch works through the decisions of a batch under one lease. What refuses one is told and stops no other.
func (h *Hub) eachOfBatch(ctx context.Context, text, lang string, do func(pipeline.Unit, *store.Decision) (bool, error)) (Batch, error) {
	out := Batch{ID: text}
	id, err := canonical.ParseID(text)
	if err != nil {
		return out, errs.New(errs.NotFound, "steward.unknown_decision", errs.Args{"decision": text})
	}
	out.Settle, err = h.settleWith(ctx, func(unit pipeline.Unit) error {
		list, err := h.DB.DecisionsOfBatch(ctx, id)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return errs.New(errs.NotFound, "steward.unknown_decision", errs.Args{"decision": text})
		}
		for i := range list {
			done, err := do(unit, &list[i])
			var refused *errs.Error
			switch {
			case errors.As(err, &refused) && refused.Kind != errs.Unavailable && refused.Kind != errs.Internal:
				out.Errors = append(out.Errors, refused.Text(lang))
			case err != nil:
				return err
			case done:
				out.Done++
			default:
				out.Left++
			}
		}
		return nil
	})
	return out, err
}
