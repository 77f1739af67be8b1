package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// ErrNoRequest says that no change request has an id.
var ErrNoRequest = errors.New("no such change request")

// ErrRequestMoved says that somebody else has taken a change request to another state meanwhile.
var ErrRequestMoved = errors.New("the change request is in another state by now")

// RequestSource is the source of the data keys that seal change requests, and of the records they become.
const RequestSource = "request"

// ChangeRequest is what somebody asks to be added, changed or merged.
type ChangeRequest struct {
	ID        canonical.ID
	Kind      string
	State     string
	Requester string
	Reference string // the requester's own number
	Personal  bool
	Payload   []byte // JSON in clear here, sealed in the database when Personal; nil when its person was erased
	Matches   string // JSON
	Answer    string // JSON
	Reason    string
	DecidedBy string
	CreatedAt time.Time
	UpdatedAt time.Time
}

func requestKey(id canonical.ID) canonical.RecordKey {
	return canonical.RecordKey{Source: RequestSource, ID: id.String()}
}

// PutRequest writes a new change request.
func (tx *Tx) PutRequest(ctx context.Context, r *ChangeRequest) error {
	payload := r.Payload
	if r.Personal {
		key := requestKey(r.ID)
		keys, err := tx.DataKeys(ctx, []canonical.RecordKey{key})
		if err != nil {
			return err
		}
		if keys[key] == nil {
			return fmt.Errorf("change request %s: %w", r.ID, ErrErased)
		}
		if payload, err = keys[key].Seal(payload); err != nil {
			return fmt.Errorf("seal change request: %w", err)
		}
	}
	row := []any{r.ID, r.Kind, r.State, r.Requester, r.Reference, r.Personal, payload, r.Matches, r.Answer, r.Reason, r.DecidedBy, Micros(r.CreatedAt), Micros(tx.Now)}
	return tx.insertMany(ctx, "change_request",
		[]string{"id", "kind", "state", "requester", "reference", "personal", "payload", "matches", "answer", "reason", "decided_by", "created_at", "updated_at"}, [][]any{row}, "")
}

// MoveRequest writes state, matches, answer and decision of a change request that is in the state from; ErrRequestMoved
// when it is not: of two who answer at once the second writes nothing.
func (tx *Tx) MoveRequest(ctx context.Context, r *ChangeRequest, from string) error {
	res, err := tx.exec(ctx, `UPDATE change_request SET state = ?, matches = ?, answer = ?, reason = ?, decided_by = ?, updated_at = ? WHERE id = ? AND state = ?`,
		r.State, r.Matches, r.Answer, r.Reason, r.DecidedBy, Micros(tx.Now), r.ID, from)
	if err != nil {
		return fmt.Errorf("move change request: %w", err)
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = ErrRequestMoved
	}
	return err
}

// Request reads one change request; ErrNoRequest when there is none.
func (db *DB) Request(ctx context.Context, id canonical.ID) (ChangeRequest, error) {
	list, err := db.requests(ctx, `id = ?`, id)
	if err == nil && len(list) == 0 {
		err = ErrNoRequest
	}
	if err != nil {
		return ChangeRequest{}, err
	}
	return list[0], nil
}

// Requests reads change requests, oldest first; of one state and one requester unless they are "".
func (db *DB) Requests(ctx context.Context, state, requester string, limit int) ([]ChangeRequest, error) {
	where, args := `TRUE`, []any{}
	if state != "" {
		where, args = where+` AND state = ?`, append(args, state)
	}
	if requester != "" {
		where, args = where+` AND requester = ?`, append(args, requester)
	}
	return db.requests(ctx, where+` ORDER BY created_at, id LIMIT ?`, append(args, limit)...)
}

// RequestsAbout lists the sealed change requests whose matches or answer name one of the golden ids.
func (db *DB) RequestsAbout(ctx context.Context, goldens []canonical.ID) ([]canonical.RecordKey, error) {
	var out []canonical.RecordKey
	for _, id := range goldens {
		var ids []canonical.ID
		like := "%" + id.String() + "%"
		if err := db.sel(ctx, &ids, `SELECT id FROM change_request WHERE personal = TRUE AND (matches LIKE ? OR answer LIKE ?)`, like, like); err != nil {
			return nil, fmt.Errorf("find change requests: %w", err)
		}
		for _, request := range ids {
			out = append(out, requestKey(request))
		}
	}
	return out, nil
}

func (db *DB) requests(ctx context.Context, where string, args ...any) ([]ChangeRequest, error) {
	var out []ChangeRequest
	var sealed []canonical.RecordKey
	err := db.each(ctx, `SELECT id, kind, state, requester, reference, personal, payload, matches, answer, reason, decided_by, created_at, updated_at FROM change_request WHERE `+where,
		args, func(rows *sqlx.Rows) error {
			var r ChangeRequest
			var created, updated int64
			err := rows.Scan(&r.ID, &r.Kind, &r.State, &r.Requester, &r.Reference, &r.Personal, &r.Payload, &r.Matches, &r.Answer, &r.Reason, &r.DecidedBy, &created, &updated)
			r.CreatedAt, r.UpdatedAt = FromMicros(created), FromMicros(updated)
			if r.Personal {
				sealed = append(sealed, requestKey(r.ID))
			}
			out = append(out, r)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read change requests: %w", err)
	}
	keys, err := db.DataKeys(ctx, sealed)
	if err != nil {
		return nil, err
	}
	for i := range out {
		r := &out[i]
		if !r.Personal {
			continue
		}
		if key := keys[requestKey(r.ID)]; key == nil {
			r.Payload = nil // its person was erased
		} else if r.Payload, err = key.Open(r.Payload); err != nil {
			return nil, fmt.Errorf("open change request %s: %w", r.ID, err)
		}
	}
	return out, nil
}
