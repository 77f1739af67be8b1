package pipeline

import (
	"context"
	"fmt"
	"time"

	"tributary/store"
	"tributary/trace/flow"
)

// Joiner makes movements of flow lines: it finds the products of mentions, joins both ledgers of every group that is
// dirty, keeps stock positions, and divides rows without a lot among lots. It is safe in several processes: one works at
// a time, the others wait for its lease.
//
// What it stores depends only on the current lines, masters and crosswalk, never on the order in which they came. It may
// be killed at any moment: a group stays marked until everything that follows from it is stored.
type Joiner struct {
	DB      *store.DB
	Options flow.Options
}

// JoinReport says what a run did.
type JoinReport struct {
	Mentions  int64 `json:"mentions"`  // product mentions looked up
	Unmatched int64 `json:"unmatched"` // of these, not found
	Groups    int64 `json:"groups"`    // marks of flow groups worked off
	Lines     int64 `json:"lines"`     // flow lines read
	Opened    int64 `json:"opened"`    // versions of movements written
	Closed    int64 `json:"closed"`    // versions of movements ended
	Stock     int64 `json:"stock"`     // stock positions written or ended
	Shares    int64 `json:"shares"`    // shares of lot-less rows written or ended
	Waiting   int64 `json:"waiting"`   // marks left: their customers wait for resolution
}

const (
	joinLease     = 5 * time.Minute // one product's shares may take longer to compute than a unit of work to write
	mentionBatch  = 500
	markBatch     = 1000
	joinUnit      = 4000 // rows of a unit of work
	joinUnitSmall = 2000 // on SQLite
)

// Run works off all groups that can be joined and returns; what waits for resolution stays marked.
func (j *Joiner) Run(ctx context.Context) (JoinReport, error) {
	lease, err := j.DB.AcquireWait(ctx, "join", joinLease, leasePoll)
	if err != nil {
		return JoinReport{}, fmt.Errorf("join: %w", err)
	}
	r := joinRun{db: j.DB, lease: lease, options: j.Options}
	err = r.work(ctx)
	if free := j.DB.Release(ctx, lease); err == nil {
		err = free
	}
	if err != nil {
		return r.report, fmt.Errorf("join: %w", err)
	}
	return r.report, nil
}

// joinRun is one run at work under the lease.
type joinRun struct {
	db      *store.DB
	lease   *store.Lease
	options flow.Options
	report  JoinReport
}

func (r *joinRun) work(ctx context.Context) error {
	for {
		worked := false
		for _, step := range []func(context.Context) (bool, error){r.products, r.groups, r.shares} {
			some, err := step(ctx)
			if err != nil {
				return err
			}
			worked = worked || some
		}
		if !worked {
			break
		}
	}
	var err error
	r.report.Waiting, err = r.db.CountFlowWaiting(ctx)
	return err
}

// groups works off every mark that is ready.
func (r *joinRun) groups(ctx context.Context) (bool, error) {
	var last store.FlowMark
	worked := false
	for {
		marks, err := r.db.ReadyFlow(ctx, last, markBatch)
		if err != nil || len(marks) == 0 {
			return worked, err
		}
		worked = true
		last = marks[len(marks)-1]
		if err := r.join(ctx, marks, nil, func(ctx context.Context, tx *store.Tx) error { return tx.DoneFlow(ctx, marks) }); err != nil {
			return worked, err
		}
		r.report.Groups += int64(len(marks))
	}
}

// unitOfWork is something to write and the rows it costs.
type unitOfWork struct {
	rows  int
	write func(context.Context, *store.Tx) error
}

// commit writes units in transactions of bounded size, the last of which also runs done.
func (r *joinRun) commit(ctx context.Context, units []unitOfWork, done func(context.Context, *store.Tx) error) error {
	limit := joinUnit
	if r.db.Dialect() == "sqlite" {
		limit = joinUnitSmall
	}
	for {
		n, rows := 0, 0
		for n < len(units) && (n == 0 || rows+units[n].rows <= limit) {
			rows += units[n].rows
			n++
		}
		part := units[:n]
		units = units[n:]
		err := r.inTx(ctx, func(tx *store.Tx) error {
			for _, u := range part {
				if err := u.write(ctx, tx); err != nil {
					return err
				}
			}
			if len(units) == 0 {
				return done(ctx, tx)
			}
			return nil
		})
		if err != nil || len(units) == 0 {
			return err
		}
	}
}

// inTx is a transaction under the lease. It is tried again when another transaction was at the same rows.
func (r *joinRun) inTx(ctx context.Context, fn func(*store.Tx) error) error {
	for try := 1; ; try++ {
		err := r.db.InTx(ctx, func(tx *store.Tx) error {
			if err := tx.Hold(ctx, r.lease); err != nil {
				return err
			}
			return fn(tx)
		})
		if err == nil || try == maxTries || !store.Retryable(err) {
			return err
		}
	}
}
