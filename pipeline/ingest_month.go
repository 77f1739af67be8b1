package pipeline

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/store"
)

// empties refuses a file that would leave nothing of the month it replaces, unless somebody says that it may. The rows
// that it brings for other months, if any, stay: they only add.
func (i *fileIngest) empties(ctx context.Context) error {
	if i.req.Replace == "" || i.inside > 0 || i.req.Empty {
		return nil
	}
	held, err := i.db.LinesOf(ctx, i.req.Party.Key, i.req.Kind.Ledger(), i.req.Replace)
	if err != nil || held == 0 {
		return err
	}
	return errs.New(errs.Invalid, "ingest.empties_month", errs.Args{"file": i.run.File, "month": i.req.Replace, "party": i.req.Party.Key, "ledger": i.req.Kind.Ledger(), "rows": held})
}

// tellClaims says what became of a month that another file had claimed, or still holds.
func (i *fileIngest) tellClaims(before, after store.DataFile) {
	switch args := (errs.Args{"month": i.req.Replace, "file": i.run.File}); {
	case before.ID == 0 || before.ID == i.file.ID:
	case after.ID != i.file.ID:
		args["other"] = after.Name
		i.warn("ingest.month_stays", args)
	case store.SameOrder(before.VersionKey, i.version):
		args["other"] = before.Name
		i.warn("ingest.month_tied", args)
	default:
		args["other"] = before.Name
		i.warn("ingest.month_taken_over", args)
	}
}

// holder is the file that holds the month which the file replaces.
func (i *fileIngest) holder(ctx context.Context, tx *store.Tx, ledger canonical.Ledger) (store.DataFile, error) {
	return tx.MonthHolder(ctx, i.file.Party, ledger, i.req.Replace)
}

// noteBooked counts what the transaction just committed changed in closed months.
func (j *job) noteBooked() {
	for _, s := range j.sinks {
		for k, n := range s.TakeBooked() {
			j.booked[k] += n
		}
	}
	for k, n := range j.voided {
		j.booked[k] += n
	}
	j.voided = nil
}

// tellBooked says which closed months the run would have changed, and where the changes are booked.
func (j *job) tellBooked() {
	for _, k := range slices.SortedFunc(maps.Keys(j.booked), func(a, b store.BookedKey) int { return cmp.Or(cmp.Compare(a.Real, b.Real), cmp.Compare(a.In, b.In)) }) {
		code := "ingest.booked"
		if j.note.Reason != "" {
			code = "ingest.booked_explained"
		}
		j.run.Warnings = append(j.run.Warnings, store.Notice{Code: code, Args: map[string]any{"count": j.booked[k], "month": k.Real, "booked": k.In}})
	}
	clear(j.booked)
}
