package objectsource

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/internal/errs"
)

// logPosition is the place in a system's own log of changes: a first run reads every row and gets a link, later runs ask
// that link for what changed since, deletes included.
type logPosition struct {
	V    int    `json:"v"`
	Link string `json:"link"`
	// Whole: the link leads through a read of every row. Again: not the first one; the system had forgotten what changed,
	// and what it no longer has is told by its absence, which only a read from the first row shows.
	Whole bool `json:"whole,omitempty"`
	Again bool `json:"again,omitempty"`
}

const logVersion = 1

// openLog reads a position of the log. False: it is one of a window, which a backfill reads.
func openLog(raw json.RawMessage) (*logPosition, bool, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return &logPosition{V: logVersion, Whole: true}, true, nil
	}
	var p struct {
		logPosition
		To *json.RawMessage `json:"to"`
	}
	if err := httpsource.Decode(raw, &p); err != nil || p.V < 1 {
		return nil, false, errs.New(errs.Invalid, "connectors.position", nil)
	}
	if p.V > logVersion {
		return nil, false, errs.New(errs.Invalid, "connectors.position_newer", errs.Args{"version": p.V})
	}
	if p.To != nil {
		return nil, false, nil
	}
	if p.Link == "" {
		return nil, false, errs.New(errs.Invalid, "connectors.position", nil)
	}
	if p.Again {
		return &logPosition{V: logVersion, Whole: true, Again: true}, true, nil
	}
	return &p.logPosition, true, nil
}

// readLog returns the next page of the log.
func (s *Source) readLog(ctx context.Context) (connectors.Batch, error) {
	if s.done {
		return connectors.Batch{}, io.EOF
	}
	p, err := s.sys.Query(ctx, s.run, Query{Locator: s.log.Link, Limit: s.conf.PageSize, Log: true})
	for httpsource.ClassOf(err) == httpsource.RestartCursor && s.log.Link != "" && s.restart < maxRestarts {
		s.restart++
		s.log, s.met, s.fresh = &logPosition{V: logVersion, Whole: true, Again: s.log.Again || !s.log.Whole}, map[uint64]bool{}, true
		p, err = s.sys.Query(ctx, s.run, Query{Limit: s.conf.PageSize, Log: true})
	}
	if err != nil {
		return connectors.Batch{}, err
	}
	batch, _, err := s.batch(p, "")
	if err != nil {
		return connectors.Batch{}, err
	}
	if p.Next == "" {
		return connectors.Batch{}, s.shape("an answer without a link to go on")
	}
	if p.End {
		batch.SnapshotEnd = s.log.Whole && s.fresh
		s.log, s.done = &logPosition{V: logVersion, Link: p.Next}, true
	} else if s.log.Link = p.Next; !s.first(p.Next) {
		return connectors.Batch{}, s.shape("a link to a page that was read before")
	}
	if batch.Position, err = json.Marshal(s.log); err == nil && len(batch.Position) > connectors.MaxPosition {
		err = errors.New("too long")
	}
	if err != nil {
		return connectors.Batch{}, s.shape("a link that is too long to keep")
	}
	return batch, nil
}
