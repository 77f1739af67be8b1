package pipeline

import (
	"context"
	"time"

	"tributary/canonical"
	"tributary/epcis"
	"tributary/internal/errs"
	"tributary/mapping"
	"tributary/store"
)

// eventRow is an event in a unit, and how its row stands in quarantine when another event has its id.
type eventRow struct {
	store.EventRow
	bad store.Quarantined
}

// errRefused rolls a unit back whose events go in all or none.
var errRefused = errs.New(errs.Invalid, "ingest.events_refused", nil)

// takeEvent decides about the event that a row became: its issues when it cannot be taken. A deleted event is declared
// wrong at the time given, unless it says so itself. own says that this hub exported it.
func (j *job) takeEvent(value any, deleted bool, at time.Time) (e *epcis.Event, own bool, issues []canonical.Issue) {
	e, ok := value.(*epcis.Event)
	if !ok || e == nil {
		return nil, false, []canonical.Issue{canonical.Required("event")}
	}
	if j.hub != "" {
		mine, altered := epcis.Own(e, j.hub)
		if altered {
			return nil, false, []canonical.Issue{mapping.EventIssue(epcis.Issue{Code: "epcis.altered"})}
		}
		if mine {
			return e, true, nil
		}
	}
	if deleted && !e.Errs() {
		if at.IsZero() {
			at = j.run.StartedAt
		}
		wrong := *e
		wrong.Error = &epcis.Declaration{Time: at, Reason: "did_not_occur"}
		e = &wrong
	}
	return e, false, nil
}

// clashIssue says that another event was captured under the id.
func clashIssue(e *epcis.Event) epcis.Issue {
	return epcis.Issue{Pointer: e.Pointer + "/eventID", Code: "epcis.id_reused", Args: errs.Args{"id": e.ID}}
}

// writeEvents stores the events of a unit. It returns the rows whose event has the id of another, and whether any event
// brought something new.
func (j *job) writeEvents(ctx context.Context, tx *store.Tx, u *unit, count func(store.Outcome)) (clashed []store.Quarantined, news bool, err error) {
	for range u.own {
		count(store.Unchanged)
	}
	rows := make([]store.EventRow, len(u.events))
	for i := range u.events {
		rows[i] = u.events[i].EventRow
	}
	out, err := tx.TakeEvents(ctx, rows, j.run.Actor)
	if err != nil {
		return nil, false, err
	}
	j.clashed, j.declared, j.refused = nil, 0, map[canonical.ID]bool{}
	for i, o := range out {
		count(o)
		news = news || o != store.Unchanged
		switch o {
		case store.Clash:
			e := u.events[i].Event
			q := u.events[i].bad
			q.Issues = []canonical.Issue{mapping.EventIssue(clashIssue(e))}
			clashed, j.clashed, j.refused[q.ID] = append(clashed, q), append(j.clashed, e), true
		case store.Declared:
			j.declared++
		}
	}
	return clashed, news, nil
}
