package hub

import (
	"context"
	"errors"
	"time"

	"tributary/quality"
	"tributary/store"
)

// Timing of reminders: how often the service looks, and how long one look may hold the lease.
const (
	remindEvery = time.Minute
	remindLease = 2 * time.Minute
)

// remindLoop writes the reminders that fall due, until ctx ends.
func (h *Hub) remindLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(remindEvery):
		}
		if n, err := h.RemindRecalls(ctx); err != nil && ctx.Err() == nil {
			h.Log.WarnContext(ctx, "reminders of recalls failed; they are tried again", "error", err)
		} else if n > 0 {
			h.Log.InfoContext(ctx, "reminders of recalls written", "count", n)
		}
	}
}

// RemindRecalls writes the reminders that are due in all open recalls and returns how many. One worker does it at a time.
func (h *Hub) RemindRecalls(ctx context.Context) (n int, err error) {
	const looked = 1000
	open, err := h.DB.Cases(ctx, store.CaseQuery{Kind: store.CaseRecall, Open: true, Limit: looked})
	if err != nil || len(open) == 0 {
		return 0, err
	}
	lease, err := h.DB.Acquire(ctx, "quality/remind", remindLease)
	if errors.Is(err, store.ErrLeased) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, h.DB.Release(ctx, lease)) }()
	for i := range open {
		w, err := h.recallOf(ctx, open[i].Number)
		if err != nil {
			return n, err
		}
		if !w.recall.Beyond(quality.Decided) || len(w.profile.DueReminders(w.rows, h.Now())) == 0 {
			continue
		}
		made, err := h.NotifyRecall(ctx, w.recall.Number, NotifyRecallRequest{Remind: true})
		if err != nil {
			return n, err
		}
		n += len(made.Notices)
	}
	return n, nil
}
