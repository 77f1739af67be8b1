package hub

import (
	"context"
	"fmt"
	"sync"

	"tributary/dedupe"
	"tributary/store"
)

// parsedModels are the stored models of databases. What a version names never changes, so it is read once.
var parsedModels sync.Map // modelKey → *dedupe.Model

type modelKey struct {
	db      *store.DB
	version string
}

// engine applies the model in use.
func (h *Hub) engine(ctx context.Context) (*dedupe.Engine, error) {
	model, err := h.modelInUse(ctx)
	if err != nil {
		return nil, err
	}
	return h.engineOf(model)
}

func (h *Hub) engineOf(model *dedupe.Model) (*dedupe.Engine, error) {
	return dedupe.New(model, dedupe.Options{Secret: h.DB.KeyRing().Hash("blocking keys"), CompanySource: h.Config.Company.Source})
}

// modelInUse is the model that was applied last, else the one that is part of the program.
func (h *Hub) modelInUse(ctx context.Context) (*dedupe.Model, error) {
	version, err := h.DB.ActiveModel(ctx)
	if err != nil || version == "" {
		return h.builtInModel(), err
	}
	model, found, err := h.storedModel(ctx, version)
	if err == nil && !found {
		err = fmt.Errorf("the model in use, %s, is not in the store", version)
	}
	return model, err
}

// storedModel reads a model that is, or was, in use.
func (h *Hub) storedModel(ctx context.Context, version string) (*dedupe.Model, bool, error) {
	if m, ok := parsedModels.Load(modelKey{h.DB, version}); ok {
		return m.(*dedupe.Model), true, nil
	}
	kept, found, err := h.DB.MatchModel(ctx, version)
	if err != nil || !found {
		return nil, false, err
	}
	m, err := dedupe.ParseModel([]byte(kept.Body))
	if err != nil {
		return nil, false, fmt.Errorf("read the stored model %s: %w", version, err)
	}
	m.Version = version // decisions name it, whatever a later release makes of the content
	parsedModels.Store(modelKey{h.DB, version}, m)
	return m, true, nil
}

// builtInModel is the model of the program with the configured thresholds, which become part of its version. A model
// that was applied has thresholds of its own.
func (h *Hub) builtInModel() *dedupe.Model {
	model := dedupe.DefaultModel()
	d := h.Config.Dedupe
	for _, t := range model.Types {
		if d.Merge != 0 && d.Review != 0 {
			t.Merge, t.Review = d.Merge, d.Review
		}
	}
	model.Sign()
	return model
}
