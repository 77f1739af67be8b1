package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/internal/errs"
	"tributary/internal/nearest"
	"tributary/pipeline"
	"tributary/store"
)

// StreamState is where a stream stands.
type StreamState struct {
	Connection string          `json:"connection"`
	Stream     string          `json:"stream"`
	Position   json.RawMessage `json:"position"` // null: nothing was read yet
	Paused     bool            `json:"paused"`
	Refused    bool            `json:"credentials_refused,omitempty"` // its system refused the credentials; nobody is asked until they change
	LastRun    canonical.ID    `json:"last_run_id,omitzero"`
	Configured bool            `json:"configured"` // false: it was read once, and no configuration names it any more
}

// StreamLag is where a stream stands and how far behind its source it is.
type StreamLag struct {
	StreamState
	Covered *time.Time `json:"covered_at"`  // everything that the source had then is stored; null: it was never read to its end
	Lag     *float64   `json:"lag_seconds"` // since then
}

// StreamLags lists where streams stand, as StreamStates does, and how far behind they are. A stream of files counts from
// the last pull that brought one.
func (h *Hub) StreamLags(ctx context.Context, targets []string) ([]StreamLag, error) {
	states, err := h.StreamStates(ctx, targets)
	if err != nil {
		return nil, err
	}
	covered, err := h.DB.Covered(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]StreamLag, len(states))
	for i, s := range states {
		out[i].StreamState = s
		if at, ok := covered[[2]string{s.Connection, s.Stream}]; ok {
			lag := h.Now().Sub(at).Seconds()
			out[i].Covered, out[i].Lag = &at, &lag
		}
	}
	return out, nil
}

// StateExport is the document that `state export` writes and `state import` reads.
type StateExport struct {
	Version  int           `json:"version"`
	Exported time.Time     `json:"exported_at"`
	Streams  []StreamState `json:"streams"`
}

// stateVersion is the version of StateExport.
const stateVersion = 1

// Change is a position before and after.
type Change struct {
	Connection string          `json:"connection"`
	Stream     string          `json:"stream"`
	From       json.RawMessage `json:"from"`
	To         json.RawMessage `json:"to"` // null: the next pull reads from the beginning
}

// StreamStates lists where streams stand: those named as CONNECTION or CONNECTION/STREAM, else all that are configured or
// were ever read.
func (h *Hub) StreamStates(ctx context.Context, targets []string) ([]StreamState, error) {
	stored, err := h.DB.Streams(ctx)
	if err != nil {
		return nil, err
	}
	refused, err := h.refusedConnections(ctx)
	if err != nil {
		return nil, err
	}
	all := []StreamState{}
	for _, c := range h.Config.Connections {
		infos, err := h.streamsOf(c)
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			all = append(all, StreamState{Connection: c.Name, Stream: info.Name, Configured: true, Refused: refused[c.Name]})
		}
	}
	for _, s := range stored {
		i := slices.IndexFunc(all, func(a StreamState) bool { return a.Connection == s.Source && a.Stream == s.Name })
		if i < 0 {
			if s.Position == nil && !s.Paused { // of an import: it has no position of its own
				continue
			}
			i = len(all)
			all = append(all, StreamState{Connection: s.Source, Stream: s.Name})
		}
		all[i].Position, all[i].Paused, all[i].LastRun = s.Position, s.Paused, s.LastRun
	}
	return chooseStreams(all, targets)
}

func chooseStreams(all []StreamState, targets []string) ([]StreamState, error) {
	if len(targets) == 0 {
		return all, nil
	}
	names := map[string]bool{}
	for _, s := range all {
		names[s.Connection], names[s.Connection+"/"+s.Stream] = true, true
	}
	for _, t := range targets {
		if !names[t] {
			known := make([]string, 0, len(names))
			for n := range names {
				known = append(known, n)
			}
			slices.Sort(known)
			return nil, errs.New(errs.NotFound, "state.unknown", errs.Args{"name": t, "near": nearest.Or(t, known, strings.Join(known, ", "))})
		}
	}
	return slices.DeleteFunc(all, func(s StreamState) bool {
		return !slices.Contains(targets, s.Connection) && !slices.Contains(targets, s.Connection+"/"+s.Stream)
	}), nil
}

// mayOperate refuses actors whose role does not run connections.
func (h *Hub) mayOperate() error {
	if h.Actor.Role != Admin && h.Actor.Role != IT {
		return errs.New(errs.Denied, "state.denied", errs.Args{"actor": h.Actor.Name, "role": string(h.Actor.Role)})
	}
	return nil
}

// PauseStreams stops or resumes the scheduled pulls of streams. A pull under way goes on to its end. To resume a stream
// also lets its connection try credentials again that were refused.
func (h *Hub) PauseStreams(ctx context.Context, targets []string, paused bool) ([]StreamState, error) {
	if err := h.mayOperate(); err != nil {
		return nil, err
	}
	states, err := h.StreamStates(ctx, targets)
	if err != nil {
		return nil, err
	}
	action := map[bool]string{true: "stream.pause", false: "stream.resume"}[paused]
	err = h.DB.InTx(ctx, func(tx *store.Tx) error {
		for i, s := range states {
			if s.Paused == paused {
				continue
			}
			if err := tx.PauseStream(ctx, s.Connection, s.Stream, paused); err != nil {
				return err
			}
			if err := tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: action, Subject: s.Connection + "/" + s.Stream}); err != nil {
				return err
			}
			states[i].Paused = paused
		}
		return nil
	})
	if err != nil || paused {
		return states, err
	}
	if err := h.forgive(ctx, states); err != nil {
		return states, err
	}
	for i := range states {
		states[i].Refused = false
	}
	return states, nil
}

// ExportState is the state of streams as a document.
func (h *Hub) ExportState(ctx context.Context, targets []string) (StateExport, error) {
	states, err := h.StreamStates(ctx, targets)
	if states == nil {
		states = []StreamState{}
	}
	return StateExport{Version: stateVersion, Exported: h.Now().UTC(), Streams: states}, err
}

// PlanReset is what a reset of streams would change: those that have read something. Nothing is changed.
func (h *Hub) PlanReset(ctx context.Context, targets []string) ([]Change, error) {
	states, err := h.StreamStates(ctx, targets)
	out := []Change{}
	for _, s := range states {
		if s.Position != nil {
			out = append(out, Change{Connection: s.Connection, Stream: s.Stream, From: s.Position})
		}
	}
	return out, err
}

// PlanImport is what the import of a document would change. Nothing is changed.
func (h *Hub) PlanImport(ctx context.Context, file string, text []byte) ([]Change, error) {
	var doc StateExport
	bad := func(why error) error {
		return errs.Wrap(errs.Invalid, "state.document", why, errs.Args{"file": file})
	}
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return nil, bad(err)
	}
	if dec.More() {
		return nil, bad(errors.New("text after the document"))
	}
	if doc.Version != stateVersion {
		return nil, errs.New(errs.Invalid, "state.version", errs.Args{"file": file, "version": doc.Version, "known": stateVersion})
	}
	now, err := h.StreamStates(ctx, nil)
	if err != nil {
		return nil, err
	}
	out := []Change{}
	seen := map[string]bool{}
	for _, s := range doc.Streams {
		name := s.Connection + "/" + s.Stream
		if seen[name] {
			return nil, bad(errors.New(name + " stands twice"))
		}
		seen[name] = true
		known, err := chooseStreams(slices.Clone(now), []string{name})
		if err != nil {
			return nil, err
		}
		c := Change{Connection: s.Connection, Stream: s.Stream, From: known[0].Position}
		if c.To, err = positionOf(s.Position); err != nil {
			return nil, errs.Wrap(errs.Invalid, "state.position", err, errs.Args{"file": file, "name": name})
		}
		if !bytes.Equal(c.From, c.To) {
			out = append(out, c)
		}
	}
	return out, nil
}

// positionOf checks the form that every connector's positions have: a small JSON object with a version. What stands in
// it, only the connector knows; it refuses what it cannot use when the stream is next pulled.
func positionOf(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var form struct {
		V int `json:"v"`
	}
	var compact bytes.Buffer
	if err := errors.Join(json.Unmarshal(raw, &form), json.Compact(&compact, raw)); err != nil {
		return nil, err
	}
	switch {
	case form.V < 1:
		return nil, errors.New("no version v")
	case compact.Len() > connectors.MaxPosition:
		return nil, errors.New("larger than 16 KB")
	}
	return compact.Bytes(), nil
}

// ApplyState makes planned changes, all or none. A stream that is being pulled, or that moved since the plan was made, is
// refused. Nothing that was delivered is deleted.
func (h *Hub) ApplyState(ctx context.Context, action string, changes []Change) (err error) {
	if err := h.mayOperate(); err != nil {
		return err
	}
	var leases []*store.Lease
	defer func() {
		for _, l := range leases {
			err = errors.Join(err, h.DB.Release(context.WithoutCancel(ctx), l))
		}
	}()
	for _, c := range changes {
		l, err := h.DB.Acquire(ctx, "stream/"+c.Connection+"/"+c.Stream, time.Minute)
		if errors.Is(err, store.ErrLeased) {
			return errs.New(errs.Invalid, "state.busy", errs.Args{"name": c.Connection + "/" + c.Stream})
		}
		if err != nil {
			return err
		}
		leases = append(leases, l)
	}
	return h.DB.InTx(ctx, func(tx *store.Tx) error {
		for i, c := range changes {
			if err := tx.Hold(ctx, leases[i]); err != nil {
				return err
			}
			now, err := tx.Stream(ctx, c.Connection, c.Stream)
			if err != nil {
				return err
			}
			if !bytes.Equal(now.Position, c.From) {
				return errs.New(errs.Invalid, "state.moved", errs.Args{"name": c.Connection + "/" + c.Stream})
			}
			if err := tx.EnsureStream(ctx, c.Connection, c.Stream, c.Connection); err != nil {
				return err
			}
			if err := tx.SetPosition(ctx, c.Connection, c.Stream, c.To, now.LastRun); err != nil {
				return err
			}
			if c.To == nil {
				if err := pipeline.OweSweep(ctx, tx, c.Connection, c.Stream); err != nil {
					return err
				}
			}
			if err := tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: action, Subject: c.Connection + "/" + c.Stream,
				Body: store.Change{Before: c.From, After: c.To}}); err != nil {
				return err
			}
		}
		return nil
	})
}
