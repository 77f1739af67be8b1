package pipeline

import (
	"context"
	"errors"
	"io"

	"tributary/canonical"
	"tributary/epcis"
	"tributary/mapping"
	"tributary/store"
)

// What runs of captured documents are kept under, and the map by which their events are taken out of quarantine.
const (
	CaptureSource = "epcis"
	CaptureStream = "capture"
	captureMap    = "entity: event\nkey: [id]\nfields: {event: event}\n"
)

// CaptureMap is the map of events that wait in quarantine as they were captured.
func CaptureMap() (*mapping.Map, error) { return mapping.Parse(CaptureStream, []byte(captureMap)) }

// Capture is a document of events.
type Capture struct {
	File     string
	Document *epcis.Document
	Proceed  bool // take the good events when others are refused; those go to quarantine
	Actor    string
	After    func(ctx context.Context, tx *store.Tx, c store.Counts) error // in each unit of work; nil: nothing
}

// Captured says what became of a document.
type Captured struct {
	store.Run
	Declared int // of the canonical events: known before, and declared wrong now
}

// Capture takes the events of a document in: all or none, unless it may proceed. Events that are refused for what the
// store knows get their issue in the document.
func (g Ingest) Capture(ctx context.Context, req Capture) (Captured, error) {
	run := store.Run{Source: CaptureSource, Stream: CaptureStream, File: req.File, Actor: req.Actor, StartedAt: g.DB.Now()}
	c := &capture{job: g.newJob(&run, "", false), req: req}
	c.whole = !req.Proceed
	c.after = func(ctx context.Context, tx *store.Tx, n store.Counts) error {
		c.refuse()
		if req.After == nil {
			return nil
		}
		return req.After(ctx, tx, n)
	}
	err := c.take(ctx)
	if Refused(err) {
		c.refuse()
	}
	done, err := c.end(ctx, err)
	return Captured{done, c.corrected}, err
}

// Refused reports whether a document was refused as a whole: its events say why.
func Refused(err error) bool { return errors.Is(err, errRefused) }

type capture struct {
	*job
	req Capture
}

// refuse gives the events whose id belongs to others their issue, once.
func (c *capture) refuse() {
	for _, e := range c.clashed {
		if len(e.Issues) == 0 {
			e.Issues = epcis.Issues{clashIssue(e)}
		}
	}
}

func (c *capture) take(ctx context.Context) error {
	if err := c.begin(ctx, "stream/"+CaptureSource+"/"+CaptureStream, func(*store.Tx) error { return nil }); err != nil {
		return err
	}
	list := c.req.Document.Events
	return c.pump(ctx, func(context.Context) (*unit, error) {
		if len(list) == 0 {
			return nil, io.EOF
		}
		n := len(list)
		if !c.whole {
			n = min(n, int(c.size.Load()))
		}
		u := &unit{read: int64(n)}
		for i := range list[:n] {
			c.add(u, &list[i])
		}
		list = list[n:]
		return u, nil
	})
}

func (c *capture) add(u *unit, e *epcis.Event) {
	q := c.quarantined(e)
	if len(e.Issues) > 0 {
		for _, f := range e.Issues {
			q.Issues = append(q.Issues, mapping.EventIssue(f))
		}
		u.bad = append(u.bad, q)
		return
	}
	taken, own, issues := c.takeEvent(e, false, e.Time)
	switch {
	case len(issues) > 0:
		e.Issues = epcis.Issues{{Pointer: e.Pointer, Code: issues[0].Code}}
		q.Issues = issues
		u.bad = append(u.bad, q)
	case own:
		u.own++
	default:
		u.events = append(u.events, eventRow{store.EventRow{Event: taken}, q})
	}
}

// quarantined is how an event stands in quarantine: as it was sent.
func (c *capture) quarantined(e *epcis.Event) store.Quarantined {
	q := store.Quarantined{
		ID:     store.QuarantineID(CaptureSource, CaptureStream, "", "event:"+e.ID, e.Body),
		Source: CaptureSource, Stream: CaptureStream, File: c.req.File, Raw: e.Body,
		Retry: store.Retry{Map: captureMap, Fields: map[string]any{"id": e.ID, "event": string(e.Body)}, Key: e.ID},
	}
	q.Owner = canonical.RecordKey{Source: CaptureSource, ID: "quarantine:" + q.ID.String()}
	return q
}
