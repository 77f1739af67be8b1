package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// EraseCustomer carries out a person's right to be erased (rule 6.7), for good: the data keys of all records of the
// customer are destroyed, those its sources have deleted too; the golden record is blanked and its key gets a tombstone;
// rows of these records that sources send later are filtered; it is gone from the complaints that it reported. Ids, counts and decisions stay. Organisations have no such
// right and are refused.
func (h *Hub) EraseCustomer(ctx context.Context, text, reason string) (Decided, error) {
	if err := h.mayDecide(Because{Reason: reason}); err != nil {
		return Decided{}, err
	}
	d := store.Decision{Verb: verbErase, State: store.DecisionDone, Actor: h.Actor.Name, Reason: strings.TrimSpace(reason)}
	report, err := h.settleWith(ctx, func(unit pipeline.Unit) error {
		id, keys, before, err := h.erasable(ctx, text)
		if err != nil {
			return err
		}
		body, err := json.Marshal(DecisionRequest{Customers: []canonical.ID{id}})
		if err != nil {
			return fmt.Errorf("render decision: %w", err)
		}
		d.Request = string(body)
		return unit(func(tx *store.Tx) error {
			if d.ID, err = tx.NewID(); err != nil {
				return err
			}
			d.CreatedAt = tx.Now
			if err := tx.Erase(ctx, keys); err != nil {
				return err
			}
			if err := tx.BlankGoldens(ctx, before); err != nil {
				return err
			}
			if err := h.eraseReports(ctx, tx, append([]canonical.ID{id}, before...), d.Reason); err != nil {
				return err
			}
			return h.record(ctx, tx, &d, "decided")
		})
	})
	return h.decided(ctx, &d, report, err)
}

// erasable finds a person, the keys of all records it ever had last, and the ids that were merged into it.
func (h *Hub) erasable(ctx context.Context, text string) (id canonical.ID, keys []canonical.RecordKey, before []canonical.ID, err error) {
	if id, err = h.customer(ctx, text); err != nil {
		if errs.Is(err, errs.NotFound) {
			err = errs.New(errs.NotFound, "customers.unknown", errs.Args{"customer": text})
		}
		return id, nil, nil, err
	}
	g, err := h.DB.Golden(ctx, id)
	switch {
	case err != nil:
		return id, nil, nil, err
	case g.Status == store.GoldenErased:
		return id, nil, nil, errs.New(errs.NotFound, "customers.erased", errs.Args{"customer": text})
	case !g.Kind.Person():
		return id, nil, nil, errs.New(errs.Invalid, "customers.not_a_person", errs.Args{"customer": text, "kind": string(g.Kind)})
	}
	if before, err = h.DB.MergedInto(ctx, id); err != nil {
		return id, nil, nil, err
	}
	links, err := h.DB.LastMembersOf(ctx, append([]canonical.ID{id}, before...))
	if err != nil {
		return id, nil, nil, err
	}
	numbers := map[int64]bool{}
	for _, l := range links {
		numbers[l.Record] = true
	}
	records, err := h.DB.CustomerRecords(ctx, slices.Sorted(maps.Keys(numbers)))
	if err != nil {
		return id, nil, nil, err
	}
	for _, r := range records {
		keys = append(keys, r.Key)
	}
	requests, err := h.DB.RequestsAbout(ctx, append([]canonical.ID{id}, before...))
	return id, append(keys, requests...), before, err
}
