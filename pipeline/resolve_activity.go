package pipeline

import (
	"context"
	"maps"
	"slices"

	"tributary/canonical"
	"tributary/events"
	"tributary/store"
)

// activities writes the events of activities whose customers are known by now. The others wait for their customers.
func (r *resolveRun) activities(ctx context.Context) error {
	for after := int64(0); ; {
		list, err := r.DB.WaitingActivities(ctx, after, resolveUnit)
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1].ID
		parties, err := r.activityParties(ctx, list)
		if err != nil {
			return err
		}
		err = r.unit(ctx, func(tx *store.Tx) error {
			var evs []events.Event
			var done []store.RecordVersion
			for _, a := range list {
				who, known := parties[canonical.RecordKey{Source: a.Key.Source, ID: a.Value.Customer}]
				if !known && !a.Deleted {
					continue
				}
				done = append(done, store.RecordVersion{ID: a.ID, Version: a.Version})
				evs = append(evs, activityEvent(&a, who, events.Meta{Version: a.Version, Time: tx.Now}))
			}
			r.report.Activities += int64(len(evs))
			if err := tx.AppendEvents(ctx, evs); err != nil {
				return err
			}
			return tx.ClearDirty(ctx, done)
		})
		if err != nil {
			return err
		}
	}
}

// activityParty is the customer of an activity; owner is its golden id when it is a person, else zero.
type activityParty struct {
	events.Party
	owner canonical.ID
}

func activityEvent(a *store.ActivityRecord, who activityParty, m events.Meta) events.Event {
	switch {
	case a.Deleted:
		m.Op, who = events.Deleted, activityParty{Party: events.Party{Source: a.Key.Source}}
	case a.Version == 1:
		m.Op = events.Created
	default:
		m.Op = events.Updated
	}
	v := &a.Value
	return events.Activity(m, events.ActivityValue{
		Source: a.Key.Source, SourceID: a.Key.ID, Customer: who.Party, Kind: v.Kind, Date: v.Date, Subject: v.Subject, Owner: v.Owner,
		Minutes: v.Minutes, Value: v.Value, Result: v.Result,
	}, who.owner)
}

// activityParties finds the golden records of the customers that activities name.
func (r *resolveRun) activityParties(ctx context.Context, list []store.ActivityRecord) (map[canonical.RecordKey]activityParty, error) {
	var keys []canonical.RecordKey
	for _, a := range list {
		if !a.Deleted {
			keys = append(keys, canonical.RecordKey{Source: a.Key.Source, ID: a.Value.Customer})
		}
	}
	golden, err := r.DB.GoldensByKey(ctx, keys)
	if err != nil {
		return nil, err
	}
	found, err := r.DB.Goldens(ctx, slices.Collect(maps.Values(golden)))
	if err != nil {
		return nil, err
	}
	out := map[canonical.RecordKey]activityParty{}
	for key, id := range golden {
		g, linked := found[id]
		if !linked {
			continue
		}
		who := activityParty{Party: events.Party{GoldenID: &g.ID, Source: key.Source, SourceID: key.ID, Code: g.Code}}
		if g.Kind.Person() {
			who.owner = g.ID
		}
		out[key] = who
	}
	return out, nil
}
