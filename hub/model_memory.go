package hub

import (
	"context"

	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// memoryLimit bounds the records that a dry run, a training or a deep quality report holds in memory, unless asked
// otherwise: about 10 KB each with their keys and pairs.
const memoryLimit = 200_000

// inMemory reads the living records that wanted selects, made comparable by an engine. More than limit of them are
// refused (0 = memoryLimit).
func (h *Hub) inMemory(ctx context.Context, engine *dedupe.Engine, limit int, wanted func(*store.CustomerRecord) bool) ([]*dedupe.Record, error) {
	if limit <= 0 {
		limit = memoryLimit
	}
	aliases, err := h.DB.PartyAliases(ctx)
	if err != nil {
		return nil, err
	}
	var out []*dedupe.Record
	err = h.DB.EachCustomer(ctx, func(list []store.CustomerRecord) error {
		var inputs []dedupe.Input
		for i := range list {
			if list[i].Living() && wanted(&list[i]) {
				inputs = append(inputs, pipeline.MatchInput(&list[i], aliases))
			}
		}
		if len(out)+len(inputs) > limit {
			return errs.New(errs.Conflict, "model.too_many", errs.Args{"limit": limit})
		}
		ready, err := engine.PrepareAll(ctx, inputs)
		out = append(out, ready...)
		return err
	})
	return out, err
}

func everyRecord(*store.CustomerRecord) bool { return true }
