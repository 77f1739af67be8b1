package pipeline

import (
	"context"
	"slices"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/epcis"
	"tributary/store"
)

// document is what a unit holds of a document of the source (connectors.Row.Document).
type document struct {
	name    string
	ledger  canonical.Ledger // of flow; "" of events
	refs    []string         // what its rows became: flow lines, events
	deletes int              // rows that say it is gone
	part    bool             // some of its rows are not here, or in quarantine: nothing is taken back for being missing
}

// document finds or begins a document.
func (u *unit) document(name string, ledger canonical.Ledger) *document {
	for _, d := range slices.Backward(u.documents) { // its rows stand together
		if d.name == name {
			return d
		}
	}
	d := &document{name: name, ledger: ledger}
	u.documents = append(u.documents, d)
	return d
}

// takesBack reports whether a row says that its document is gone.
func takesBack(row *connectors.Row) bool {
	return row.Op == connectors.Delete && row.Document != "" && row.Key == row.Document
}

// writeDocuments takes back what the documents of a unit hold no more, and counts the rows that say that one is gone.
func (j *job) writeDocuments(ctx context.Context, tx *store.Tx, u *unit, count func(store.Outcome)) error {
	for _, d := range u.documents {
		key := store.DocumentKey{Source: j.run.Source, Stream: j.run.Stream, Document: d.name}
		known, err := tx.DocumentRows(ctx, key)
		if err != nil {
			return err
		}
		now := slices.Compact(slices.Sorted(slices.Values(d.refs)))
		gained, lost := without(now, known), without(known, now)
		if d.part {
			lost = nil
		}
		if err := j.takeBack(ctx, tx, d, gained, lost); err != nil {
			return err
		}
		if err := tx.ChangeDocument(ctx, key, gained, lost); err != nil {
			return err
		}
		for range d.deletes {
			if len(lost) > 0 {
				count(store.Stored)
			} else {
				count(store.Unchanged)
			}
		}
	}
	return nil
}

// takeBack takes flow lines out of force, and declares events wrong with those that stand in their place.
func (j *job) takeBack(ctx context.Context, tx *store.Tx, d *document, gained, lost []string) error {
	if len(lost) == 0 {
		return nil
	}
	if d.ledger == "" {
		wrong := epcis.Declaration{Time: tx.Now, Reason: "did_not_occur"}
		if len(d.refs) > 0 {
			wrong.Reason, wrong.Corrective = "incorrect_data", gained
		}
		return tx.DeclareEvents(ctx, lost, &wrong)
	}
	ids := make([]canonical.ID, len(lost))
	for i, ref := range lost {
		var err error
		if ids[i], err = canonical.ParseID(ref); err != nil {
			return err
		}
	}
	_, booked, err := tx.VoidLines(ctx, d.ledger, ids, j.origin())
	if j.voided == nil {
		j.voided = store.Booked{}
	}
	for k, n := range booked {
		j.voided[k] += n
	}
	return err
}

// without is what the first of two sorted lists has and the second has not.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool {
		_, found := slices.BinarySearch(b, s)
		return found
	})
}
