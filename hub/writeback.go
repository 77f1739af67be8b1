package hub

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"tributary/connectors"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/quality"
	"tributary/store"
)

// WriteBackReport is what a connection gets back, as `connectors writeback` prints it.
type WriteBackReport struct {
	Connection string           `json:"connection"`
	Totals     map[string]int64 `json:"totals"` // records by state: waiting, written, halted
	Records    []WriteBackView  `json:"records"`
	Sent       *WriteBackSent   `json:"sent,omitempty"` // what this command wrote
}

// WriteBackView is one record that gets fields back.
type WriteBackView struct {
	Stream  string            `json:"stream"`
	ID      string            `json:"id"`
	Kind    string            `json:"kind"`
	State   string            `json:"state"`
	Problem string            `json:"problem"`
	Next    *time.Time        `json:"next_at"`
	There   map[string]string `json:"there,omitempty"`  // what the fields hold, in a preview
	Writes  map[string]string `json:"writes,omitempty"` // what would be written
}

// WriteBackSent counts what was written.
type WriteBackSent struct {
	Written int `json:"written"`
	Same    int `json:"unchanged"` // held it already
	Halted  int `json:"halted"`
}

// WriteBackRequest says what to do about a connection's write-back, beside telling how it stands.
type WriteBackRequest struct {
	Connection string
	Preview    int  // read so many waiting records and tell what would be written
	Retry      bool // let what was halted try again
	Send       bool // write what has its turn
	Limit      int  // records listed
	Lang       string
}

// writeBack is a connection that gets fields back.
type writeBack struct {
	pipeline.WriteBack
	writer *guardedWriter
}

// writeBacks opens the connections that get fields back. The caller closes their sources.
func (h *Hub) writeBacks() (out []writeBack, err error) {
	defer func() {
		if err != nil {
			err, out = errors.Join(err, closeWriteBacks(out)), nil
		}
	}()
	for _, c := range h.Config.Connections {
		src, err := h.Source(c)
		if err != nil {
			return out, err
		}
		writer := h.writerOf(c, src)
		if writer == nil {
			if err := src.Close(); err != nil {
				return out, err
			}
			continue
		}
		out = append(out, writeBack{pipeline.WriteBack{DB: h.DB, Connection: c.Name, Case: stateAndAnswer, Settings: writer.settings, Writer: writer}, writer})
	}
	return out, nil
}

// stateAndAnswer reads what a complaint's system gets back.
func stateAndAnswer(payload json.RawMessage) (state, answer string, err error) {
	var c quality.Complaint
	if err := json.Unmarshal(payload, &c); err != nil {
		return "", "", err
	}
	if c.Reply != nil {
		answer = c.Reply.Text
	}
	return string(c.State), answer, nil
}

func closeWriteBacks(list []writeBack) error {
	var all []error
	for _, b := range list {
		all = append(all, b.writer.src.Close())
	}
	return errors.Join(all...)
}

// syncWriteTargets makes the store mark what the configuration writes back. A kind that is new is marked whole; what the
// configuration does not name any more is forgotten.
func (h *Hub) syncWriteTargets(ctx context.Context, all []writeBack) error {
	wanted := map[store.WriteTarget]bool{}
	for _, b := range all {
		if len(b.Settings.GoldenID) > 0 {
			wanted[store.WriteTarget{Connection: b.Connection, Kind: store.WriteGoldenID}] = true
		}
		if b.Settings.Complaints() {
			wanted[store.WriteTarget{Connection: b.Connection, Kind: store.WriteComplaint}] = true
		}
	}
	known, err := h.DB.WriteTargets(ctx)
	if err != nil {
		return err
	}
	set := func(t store.WriteTarget, on bool) error {
		err := h.DB.InTx(ctx, func(tx *store.Tx) error {
			if err := tx.SetWriteTarget(ctx, t, on); err != nil {
				return err
			}
			return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "writeback.configured", Subject: t.Connection, Body: store.Change{After: map[string]any{"kind": t.Kind, "on": on}}})
		})
		if err != nil || !on {
			return err
		}
		return h.DB.InTx(ctx, func(tx *store.Tx) error { return tx.FillWriteBack(ctx, t) })
	}
	for _, t := range known {
		if !wanted[t] {
			if err := set(t, false); err != nil {
				return err
			}
		}
		delete(wanted, t)
	}
	for t := range wanted {
		if err := set(t, true); err != nil {
			return err
		}
	}
	return nil
}

// WriteBack tells what a connection gets back, and tries, writes or previews it.
func (h *Hub) WriteBack(ctx context.Context, req WriteBackRequest) (out WriteBackReport, err error) {
	out = WriteBackReport{Connection: req.Connection, Totals: map[string]int64{}, Records: []WriteBackView{}}
	if err := h.mayOrder(); err != nil {
		return out, err
	}
	if _, err := h.Connection(req.Connection); err != nil {
		return out, err
	}
	all, err := h.writeBacks()
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, closeWriteBacks(all)) }()
	var b *writeBack
	for i := range all {
		if all[i].Connection == req.Connection {
			b = &all[i]
		}
	}
	if b == nil {
		return out, errs.New(errs.Invalid, "connection.no_writeback", errs.Args{"name": req.Connection})
	}
	if err := h.syncWriteTargets(ctx, all); err != nil {
		return out, err
	}
	if req.Retry {
		err := h.DB.InTx(ctx, func(tx *store.Tx) error {
			n, err := tx.RetryWrites(ctx, req.Connection)
			if err != nil || n == 0 {
				return err
			}
			return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "writeback.retry", Subject: req.Connection, Body: store.Change{After: map[string]any{"records": n}}})
		})
		if err != nil {
			return out, err
		}
	}
	var sendErr error
	if req.Send {
		run, err := b.Run(ctx)
		sendErr, out.Sent = err, &WriteBackSent{run.Written, run.Same, run.Halted}
	}
	return out, errors.Join(h.describeWriteBack(ctx, b, req, &out), sendErr)
}

// describeWriteBack fills in counts and records: those that were halted, and with a preview those that wait.
func (h *Hub) describeWriteBack(ctx context.Context, b *writeBack, req WriteBackRequest, out *WriteBackReport) error {
	counts, err := h.DB.CountWrites(ctx)
	if err != nil {
		return err
	}
	for _, c := range counts {
		if c.Connection == req.Connection {
			out.Totals[c.State] += c.Count
		}
	}
	list, err := h.DB.Writes(ctx, req.Connection, store.WriteHalted, orDefault(req.Limit))
	if err != nil {
		return err
	}
	waiting, err := h.DB.Writes(ctx, req.Connection, store.WriteWaits, max(req.Preview, orDefault(req.Limit)))
	if err != nil {
		return err
	}
	for i, w := range append(list, waiting...) {
		preview := w.State == store.WriteWaits && i-len(list) < req.Preview
		if w.State == store.WriteWaits && w.Problem == nil && !preview {
			continue
		}
		v, err := b.view(ctx, &w, preview, req.Lang)
		if err != nil {
			return err
		}
		out.Records = append(out.Records, v)
	}
	return nil
}

func (b *writeBack) view(ctx context.Context, w *store.WriteBack, preview bool, lang string) (WriteBackView, error) {
	want, err := b.Want(ctx, w)
	v := WriteBackView{Stream: want.Stream, ID: w.SourceID, Kind: w.Kind, State: w.State}
	if err != nil {
		return v, err
	}
	if w.Problem != nil {
		v.Problem = w.Problem.Text(lang)
	}
	if w.State == store.WriteWaits {
		v.Next = &w.NextAt
	}
	if !preview || len(want.Values) == 0 {
		return v, nil
	}
	if v.Writes, v.There, err = b.Differs(ctx, want); err != nil {
		if connectors.OutcomeOf(err) == connectors.Stopped || ctx.Err() != nil {
			return v, err
		}
		v.Problem = store.NoticeOf(err).Text(lang)
	}
	return v, nil
}

// writeBackLoop writes fields back into every connection that wants them, as they come.
func (h *Hub) writeBackLoop(ctx context.Context) {
	all, err := h.writeBacks()
	if err == nil {
		err = h.syncWriteTargets(ctx, all)
	}
	if err != nil {
		if ctx.Err() == nil {
			h.Log.ErrorContext(ctx, "nothing is written back", "error", err)
		}
	} else {
		var g errgroup.Group
		for _, b := range all {
			g.Go(func() error { h.writeBackTo(ctx, b); return nil })
		}
		_ = g.Wait() // loops return nothing
	}
	if err := closeWriteBacks(all); err != nil {
		h.Log.WarnContext(ctx, "closing the systems that get fields back failed", "error", err)
	}
}

// writeBackTo serves one connection.
func (h *Hub) writeBackTo(ctx context.Context, b writeBack) {
	h.keepSending(ctx, "fields", b.Connection, func(ctx context.Context) error {
		run, err := b.Run(ctx)
		if run.Written+run.Halted > 0 {
			h.Log.InfoContext(ctx, "written back", "connection", b.Connection, "records", run.Written, "halted", run.Halted)
		}
		return err
	})
}
