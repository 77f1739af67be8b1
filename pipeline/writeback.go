package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/internal/errs"
	"tributary/store"
)

// WriteBack writes fields back into the records of one connection, one at a time, under a lease.
//
// What is written is what holds when a record has its turn, so that changes in a row are one write and none is written out
// of order. A record is read first: what stands there already is not written again, and a field that holds something of
// somebody else is left alone.
type WriteBack struct {
	DB         *store.DB
	Connection string
	Settings   connectors.WriteBackSettings
	Writer     connectors.FieldWriter
	// Case reads state and answer ("" = none yet) out of a case as it is stored.
	Case func(payload json.RawMessage) (state, answer string, err error)
}

// WriteRun is what one run did.
type WriteRun struct {
	Written int       // records that were changed there
	Same    int       // records that had it already
	Halted  int       // records that the system refused
	Next    time.Time // when the next record has its turn; zero = none waits
}

const (
	writeTries = 8               // of one record, before a person has to look
	writeFails = 3               // of records in a row, before the system is left alone for a while
	writeAgain = 5 * time.Second // after a failure; doubled each time
)

// WriteLease is the lease under which a connection's records get their fields.
func WriteLease(connection string) string { return "writeback/" + connection }

// Run writes what has its turn, until nothing has or the system cannot be used. The run is filled also when an error comes
// with it; store.ErrLeased says that another process writes.
func (s WriteBack) Run(ctx context.Context) (run WriteRun, err error) {
	lease, err := s.DB.Acquire(ctx, WriteLease(s.Connection), 2*s.Writer.Within()+orderSlack)
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, s.DB.Release(ctx, lease)) }()
	for fails := 0; ; {
		w, err := s.DB.NextWrite(ctx, s.Connection)
		if errors.Is(err, store.ErrNoWrite) {
			return run, nil
		}
		if err != nil {
			return run, err
		}
		if w.NextAt.After(s.DB.Now()) {
			run.Next = w.NextAt
			return run, nil
		}
		var failed *connectors.PushError
		switch err := s.one(ctx, lease, &w, &run); {
		case err == nil:
			fails = 0
		case errors.As(err, &failed) && failed.Outcome == connectors.Undecided && fails+1 < writeFails:
			fails++ // it may be this record's alone
		default:
			return run, err
		}
	}
}

// one gives a record its fields.
func (s WriteBack) one(ctx context.Context, lease *store.Lease, w *store.WriteBack, run *WriteRun) error {
	want, err := s.Want(ctx, w)
	if err != nil {
		return err
	}
	if len(want.Values) == 0 {
		return s.inTx(ctx, lease, func(tx *store.Tx) error { return tx.DropWrite(ctx, w) })
	}
	changed := want.Values
	if print := want.fingerprint(); print == w.Written {
		changed = nil
	} else if changed, err = s.put(ctx, want); err != nil {
		return s.failed(ctx, lease, w, err, run)
	}
	w.State, w.Written, w.Attempts, w.Problem = store.WriteDone, want.fingerprint(), 0, nil
	err = s.inTx(ctx, lease, func(tx *store.Tx) error {
		if len(changed) > 0 {
			if err := tx.Audit(ctx, store.AuditEntry{Actor: "hub", Action: "writeback.written", Subject: s.Connection + "/" + want.Stream + "/" + w.SourceID, Body: store.Change{After: want.shown(changed)}}); err != nil {
				return err
			}
		}
		return tx.SaveWrite(ctx, w)
	})
	if err == nil && len(changed) > 0 {
		run.Written++
	} else if err == nil {
		run.Same++
	}
	return err
}

// failed stores what a failure means for the record, and gives one that may pass back.
func (s WriteBack) failed(ctx context.Context, lease *store.Lease, w *store.WriteBack, why error, run *WriteRun) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.Problem = store.NoticeOf(why)
	w.NextAt = s.DB.Now()
	outcome := connectors.OutcomeOf(why)
	if outcome == connectors.Undecided || outcome == connectors.Unsent {
		w.NextAt = w.NextAt.Add(writeAgain << min(w.Attempts, 8))
	}
	if outcome == connectors.Undecided {
		w.Attempts++
	}
	if outcome == connectors.Refused || w.Attempts >= writeTries {
		w.State = store.WriteHalted
	}
	if err := s.inTx(ctx, lease, func(tx *store.Tx) error { return tx.SaveWrite(ctx, w) }); err != nil {
		return err
	}
	if w.State == store.WriteHalted {
		run.Halted++
		return nil
	}
	return why
}

func (s WriteBack) inTx(ctx context.Context, lease *store.Lease, do func(tx *store.Tx) error) error {
	return s.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.Hold(ctx, lease); err != nil {
			return err
		}
		return do(tx)
	})
}

// Wanted is what should stand in the fields of a record.
type Wanted struct {
	Kind, Stream, ID string
	Values           map[string]string
}

// Want finds what should stand in a record's fields now; no values: nothing is written.
func (s WriteBack) Want(ctx context.Context, w *store.WriteBack) (Wanted, error) {
	out := Wanted{Kind: w.Kind, ID: w.SourceID, Values: map[string]string{}}
	if w.Kind == store.WriteGoldenID {
		stream, golden, found, err := s.DB.LinkOf(ctx, s.Connection, w.SourceID)
		if field := s.Settings.GoldenID[stream]; err == nil && found && field != "" {
			out.Stream, out.Values[field] = stream, golden.String()
		}
		return out, err
	}
	row, found, err := s.DB.CaseBySource(ctx, s.Connection, w.SourceID)
	if err != nil || !found {
		return out, err
	}
	if out.Stream, err = s.DB.StreamOf(ctx, canonical.EntityComplaint, s.Connection, w.SourceID); err != nil || out.Stream == "" {
		return out, err
	}
	state, answer, err := s.Case(row.Payload)
	if err != nil {
		return out, fmt.Errorf("read case %s: %w", row.Number, err)
	}
	if theirs, listed := s.Settings.States[state]; listed {
		state = theirs
	}
	if s.Settings.State != "" {
		out.Values[s.Settings.State] = state
	}
	if s.Settings.Answer != "" && answer != "" {
		out.Values[s.Settings.Answer] = answer
	}
	return out, nil
}

// Differs reads a record and tells which values it lacks. Somebody else's value in the field of the golden id is an error.
func (s WriteBack) Differs(ctx context.Context, want Wanted) (lacking, have map[string]string, err error) {
	have, err = s.Writer.ReadFields(ctx, want.Stream, want.ID, slices.Sorted(maps.Keys(want.Values)))
	if err != nil {
		return nil, nil, err
	}
	lacking = map[string]string{}
	for field, value := range want.Values {
		there := strings.TrimSpace(have[field])
		if lines(there) == lines(value) {
			continue
		}
		if _, err := canonical.ParseID(there); want.Kind == store.WriteGoldenID && there != "" && err != nil {
			return nil, have, &connectors.PushError{Outcome: connectors.Refused, Err: errs.New(errs.Conflict, "connectors.field_taken", errs.Args{"stream": want.Stream, "id": want.ID, "field": field})}
		}
		lacking[field] = value
	}
	return lacking, have, nil
}

// lines is a text as it is compared: systems change how lines end.
func lines(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}

// put writes what a record lacks and returns it.
func (s WriteBack) put(ctx context.Context, want Wanted) (map[string]string, error) {
	lacking, _, err := s.Differs(ctx, want)
	if err != nil || len(lacking) == 0 {
		return nil, err
	}
	err = s.Writer.WriteFields(ctx, want.Stream, want.ID, lacking)
	if err != nil && connectors.OutcomeOf(err) == connectors.Undecided { // perhaps only the answer was lost
		if left, _, look := s.Differs(ctx, want); look == nil && len(left) == 0 {
			return lacking, nil
		}
	}
	return lacking, err
}

func (w Wanted) fingerprint() string {
	h := sha256.New()
	for _, field := range slices.Sorted(maps.Keys(w.Values)) {
		fmt.Fprintf(h, "%d %s %d %s\n", len(field), field, len(w.Values[field]), w.Values[field])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// shown is what the audit log keeps of values: answers may speak of people, so that they are only named.
func (w Wanted) shown(values map[string]string) map[string]any {
	out := map[string]any{}
	for field, value := range values {
		if out[field] = value; w.Kind == store.WriteComplaint {
			out[field] = len(value)
		}
	}
	return out
}
