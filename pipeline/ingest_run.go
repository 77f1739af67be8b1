package pipeline

import (
	"context"
	"errors"
	"maps"
	"slices"

	"tributary/canonical"
	"tributary/store"
)

// begin takes the lease and records the run.
func (j *job) begin(ctx context.Context, lease string, more func(*store.Tx) error) error {
	l, err := j.db.AcquireWait(ctx, lease, leaseTime, leasePoll)
	if err != nil {
		return err
	}
	j.lease = l
	return j.inTx(ctx, func(tx *store.Tx) error {
		if err := tx.StartRun(ctx, j.run); err != nil {
			return err
		}
		return more(tx)
	})
}

// end closes the run, where it is not closed, as what cause says, on a context that may be cancelled, and gives the lease back.
func (j *job) end(ctx context.Context, cause error) (store.Run, error) {
	outer := ctx
	ctx = context.WithoutCancel(ctx)
	j.tellBooked()
	switch {
	case j.closed:
	case cause == nil:
		j.run.Status = store.RunDone
	case outer.Err() != nil:
		j.run.Status = store.RunInterrupted
	default:
		j.run.Status, j.run.Error = store.RunFailed, store.NoticeOf(cause)
	}
	if j.dry {
		j.run.ID = canonical.ID{}
		return *j.run, cause
	}
	if !j.run.ID.IsZero() && !j.closed {
		err := j.inTx(ctx, func(tx *store.Tx) error { return tx.FinishRun(ctx, j.run) })
		if !errors.Is(err, store.ErrLeaseLost) { // then the successor has closed the run already
			cause = errors.Join(cause, err)
		}
	}
	if j.lease != nil {
		cause = errors.Join(cause, j.db.Release(ctx, j.lease))
	}
	return *j.run, cause
}

// settle does what waits for the end of a run of ledgers: the order of mentions, and suspected duplicates.
func (j *job) settle(ctx context.Context, ledger canonical.Ledger) error {
	marked := 0
	for parties := range slices.Chunk(slices.Collect(maps.Keys(j.sinks)), settleParties) {
		var rest []*store.FlowSink // with more mentions than fit
		err := j.inTx(ctx, func(tx *store.Tx) error {
			rest = nil
			for _, party := range parties {
				s, err := j.sink(ctx, tx, party)
				if err != nil {
					return err
				}
				left, err := s.FlushMentions(ctx, tx, j.origin(), flushMentions/settleParties)
				if err != nil {
					return err
				}
				if left > 0 {
					rest = append(rest, s)
				}
			}
			return nil
		})
		for _, s := range rest {
			err = errors.Join(err, j.flush(ctx, s))
		}
		if err != nil {
			return err
		}
		found := 0
		if err := j.inTx(ctx, func(tx *store.Tx) error {
			found = 0
			for _, party := range parties {
				s, err := j.sink(ctx, tx, party)
				if err != nil {
					return err
				}
				n, err := s.MarkSuspects(ctx, tx, ledger)
				if err != nil {
					return err
				}
				found += n
			}
			return nil
		}); err != nil {
			return err
		}
		marked += found
	}
	if marked > 0 {
		j.run.Warnings = append(j.run.Warnings, store.Notice{Code: "ingest.suspects", Args: map[string]any{"count": marked}})
	}
	return nil
}

// What one transaction of settle or flush takes on.
const (
	settleParties = 40
	flushMentions = 2000
)
