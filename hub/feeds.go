package hub

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/events"
	"tributary/internal/errs"
	"tributary/quality"
	"tributary/store"
)

// FeedView is a ledger of a party as it comes in.
type FeedView struct {
	Party    PartyRef         `json:"party"`
	Ledger   canonical.Ledger `json:"ledger"`
	Cadence  quality.Cadence  `json:"cadence"`
	LastDate canonical.Date   `json:"last_date"` // latest business date; null: nothing ever came
	LastAt   *time.Time       `json:"last_at"`
	Missing  int              `json:"missing_days"` // for so many days data have been due
	Level    int              `json:"level"`        // 0 in time, 3 or 5: a finding
	Reason   string           `json:"reason"`       // why it is silent, as a person said
	Note     string           `json:"note"`
	Until    canonical.Date   `json:"until"`
	SaidBy   string           `json:"said_by"`

	stored store.Feed
}

// FeedList is the JSON of `feeds list`.
type FeedList struct {
	Feeds []FeedView `json:"feeds"`
}

// ListFeeds lists the ledgers that come in, or should; the longest silence first.
func (h *Hub) ListFeeds(ctx context.Context, s MonthSelection, silent bool) (FeedList, error) {
	out := FeedList{Feeds: []FeedView{}}
	b, err := h.books(ctx, s)
	if err != nil {
		return out, err
	}
	list, err := h.feeds(ctx, b)
	for _, f := range list {
		chosen := len(b.chosen) == 0 || slices.Contains(b.chosen, f.stored.Party)
		if chosen && (b.ledger == "" || f.Ledger == b.ledger) && (!silent || f.Level > 0) {
			out.Feeds = append(out.Feeds, f)
		}
	}
	slices.SortStableFunc(out.Feeds, func(x, y FeedView) int { return y.Missing - x.Missing })
	return out, err
}

func (h *Hub) feeds(ctx context.Context, b *books) ([]FeedView, error) {
	stored, err := h.DB.Feeds(ctx)
	out := make([]FeedView, len(stored))
	for i, f := range stored {
		out[i] = b.feed(f, h.today())
	}
	return out, err
}

func (b *books) feed(f store.Feed, today canonical.Date) FeedView {
	v := FeedView{Party: b.party(f.Party), Ledger: f.Ledger, Cadence: quality.Cadence(or(f.Cadence, string(quality.Daily))), LastDate: f.LastDate, LastAt: timeOrNil(f.LastAt), stored: f}
	last := f.LastDate
	if last.IsZero() { // nothing ever came: it is waited for since somebody said that it should
		last = canonical.DateOf(f.SaidAt.In(beijing))
	}
	v.Missing = v.Cadence.Missing(last, today)
	v.Level = quality.SilenceLevel(v.Missing)
	if f.Reason != "" && !f.SaidAt.Before(f.LastAt) && (f.Until.IsZero() || today <= f.Until) { // rows that came since end a reason
		v.Reason, v.Note, v.Until, v.SaidBy = f.Reason, f.Note, f.Until, f.SaidBy
	}
	return v
}

var beijing = time.FixedZone("+08:00", 8*3600)

// FeedRequest says what is expected of feeds, or why they are silent. A party is needed; no ledger means all it has.
type FeedRequest struct {
	Party   string
	Ledger  string
	Cadence string // of ExpectFeed
	Reason  string // of ExcuseFeed: a code
	Note    string
	Until   string
	Lang    string
}

// ExpectFeed says how often ledgers of a party are expected.
func (h *Hub) ExpectFeed(ctx context.Context, req FeedRequest) (FeedList, error) {
	cadence := quality.Cadence(req.Cadence)
	if !quality.Known(cadence, quality.Cadences) {
		return FeedList{}, errs.New(errs.Invalid, "feed.cadence", errs.Args{"cadence": req.Cadence})
	}
	return h.changeFeeds(ctx, req, "feed.expect", func(f *store.Feed, now FeedView) {
		if f.Cadence = string(cadence); now.Reason == "" {
			f.Reason, f.Note, f.Until = "", "", canonical.NoDate
		}
	})
}

// ExcuseFeed says why ledgers of a party are silent. It holds until rows come, or to a day.
func (h *Hub) ExcuseFeed(ctx context.Context, req FeedRequest) (FeedList, error) {
	if !quality.Known(req.Reason, quality.SilenceReasons) {
		return FeedList{}, errs.New(errs.Invalid, "feed.reason", errs.Args{"reason": req.Reason, "reasons": strings.Join(quality.SilenceReasons, ", ")})
	}
	until, err := parseDate("until", req.Until)
	if err != nil {
		return FeedList{}, err
	}
	return h.changeFeeds(ctx, req, "feed.excuse", func(f *store.Feed, _ FeedView) {
		f.Reason, f.Note, f.Until = req.Reason, req.Note, until
	})
}

func (h *Hub) changeFeeds(ctx context.Context, req FeedRequest, action string, change func(*store.Feed, FeedView)) (FeedList, error) {
	out := FeedList{Feeds: []FeedView{}}
	b, err := h.books(ctx, MonthSelection{Party: req.Party, Ledger: req.Ledger, Lang: req.Lang})
	if err != nil {
		return out, err
	}
	if len(b.chosen) != 1 {
		return out, errs.New(errs.Invalid, "feed.party_needed", nil)
	}
	err = h.DB.InTx(ctx, func(tx *store.Tx) error {
		out.Feeds = out.Feeds[:0]
		stored, err := tx.Feeds(ctx)
		if err != nil {
			return err
		}
		stored = slices.DeleteFunc(stored, func(f store.Feed) bool { return f.Party != b.chosen[0] || b.ledger != "" && f.Ledger != b.ledger })
		if len(stored) == 0 && b.ledger != "" { // it should come, and never did
			stored = []store.Feed{{Party: b.chosen[0], Ledger: b.ledger}}
		}
		for _, f := range stored {
			change(&f, b.feed(f, h.today()))
			f.SaidBy, f.SaidAt = h.Actor.Name, tx.Now
			if err := tx.PutFeed(ctx, f); err != nil {
				return err
			}
			out.Feeds = append(out.Feeds, b.feed(f, h.today()))
			if err := tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: action, Subject: b.byRecord[f.Party].Key + "/" + string(f.Ledger), Reason: req.Note,
				Body: map[string]any{"cadence": f.Cadence, "reason": f.Reason, "until": f.Until}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(out.Feeds) == 0 {
		err = errs.New(errs.NotFound, "feed.none", errs.Args{"party": req.Party})
	}
	return out, err
}

// Timing of the look for silent feeds.
const (
	watchEvery = time.Hour
	watchLease = 10 * time.Minute
)

// watchLoop tells of feeds that fall silent, or come again, until ctx ends.
func (h *Hub) watchLoop(ctx context.Context) {
	for {
		if n, err := h.WatchFeeds(ctx); err != nil && ctx.Err() == nil {
			h.Log.WarnContext(ctx, "looking for silent feeds failed; it is tried again", "error", err)
		} else if n > 0 {
			h.Log.WarnContext(ctx, "feeds fell silent or came again: tributary feeds list --silent", "count", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchEvery):
		}
	}
}

// WatchFeeds tells, on ops.run, each feed whose silence became a finding, a worse one, or ended since the last look, and
// returns how many. One worker does it at a time.
func (h *Hub) WatchFeeds(ctx context.Context) (told int, err error) {
	b, err := h.books(ctx, MonthSelection{})
	if err != nil {
		return 0, err
	}
	list, err := h.feeds(ctx, b)
	if err != nil {
		return 0, err
	}
	list = slices.DeleteFunc(list, func(f FeedView) bool { return f.Level == f.stored.Level })
	if len(list) == 0 {
		return 0, nil
	}
	lease, err := h.DB.Acquire(ctx, "feeds/watch", watchLease)
	if errors.Is(err, store.ErrLeased) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, h.DB.Release(ctx, lease)) }()
	for part := range slices.Chunk(list, 500) {
		n := 0
		err := h.DB.InTx(ctx, func(tx *store.Tx) (err error) {
			if err := tx.Hold(ctx, lease); err != nil {
				return err
			}
			n, err = b.tell(ctx, tx, part)
			return err
		})
		if told += n; err != nil {
			return told, err
		}
	}
	return told, nil
}

// tell writes the events of feeds whose level is another than was told. What came or was said meanwhile counts.
func (b *books) tell(ctx context.Context, tx *store.Tx, list []FeedView) (int, error) {
	now, err := tx.Feeds(ctx)
	if err != nil {
		return 0, err
	}
	asked := map[store.MonthKey]bool{}
	for _, f := range list {
		asked[store.MonthKey{Party: f.stored.Party, Ledger: f.Ledger}] = true
	}
	var evs []events.Event
	for _, f := range now {
		v := b.feed(f, b.today())
		if !asked[store.MonthKey{Party: f.Party, Ledger: f.Ledger}] || v.Level == f.Level {
			continue
		}
		op := events.Silent
		if v.Level < f.Level {
			op = events.Resumed
		}
		f.Level, f.Told = v.Level, f.Told+1
		if err := tx.PutFeed(ctx, f); err != nil {
			return 0, err
		}
		evs = append(evs, events.Feed(events.Meta{Op: op, Version: f.Told, Time: tx.Now}, events.FeedValue{Party: v.Party.Key, Ledger: v.Ledger, Missing: v.Missing,
			LastDate: v.LastDate, LastAt: f.LastAt, Cadence: string(v.Cadence), Reason: v.Reason}))
	}
	return len(evs), tx.AppendEvents(ctx, evs)
}

// silentFeeds counts the feeds whose silence nobody has given a reason for, by the days that make the finding.
func (h *Hub) silentFeeds(ctx context.Context) (map[int]int, error) {
	out := map[int]int{quality.SilenceWarn: 0, quality.SilenceAlarm: 0}
	list, err := h.ListFeeds(ctx, MonthSelection{}, true)
	for _, f := range list.Feeds {
		if f.Reason == "" {
			out[f.Level]++
		}
	}
	return out, err
}
