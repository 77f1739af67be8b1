package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tributary/canonical"
)

// Stream is what the hub remembers of one stream of a source.
type Stream struct {
	Source     string          `json:"source"`
	Name       string          `json:"stream"`
	Connection string          `json:"connection"`
	Position   json.RawMessage `json:"position"` // null: nothing was read yet
	LastRun    canonical.ID    `json:"last_run_id"`
	Paused     bool            `json:"paused"`
	Updated    time.Time       `json:"updated_at"` // when the position, or whether it is paused, last changed
}

type streamRow struct {
	Source     string       `db:"source"`
	Stream     string       `db:"stream"`
	Connection string       `db:"connection"`
	Position   string       `db:"position"`
	LastRunID  canonical.ID `db:"last_run_id"`
	Paused     bool         `db:"paused"`
	UpdatedAt  int64        `db:"updated_at"`
}

func (r streamRow) stream() Stream {
	return Stream{r.Source, r.Stream, r.Connection, positionJSON(r.Position), r.LastRunID, r.Paused, FromMicros(r.UpdatedAt)}
}

func positionJSON(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

const streamColumns = `source, stream, connection, position, last_run_id, paused, updated_at`

// Stream reads one stream; a stream that was never read is empty.
func (q querier) Stream(ctx context.Context, source, name string) (Stream, error) {
	var row streamRow
	err := q.get(ctx, &row, `SELECT `+streamColumns+` FROM stream WHERE source = ? AND stream = ?`, source, name)
	if errors.Is(err, sql.ErrNoRows) {
		return Stream{Source: source, Name: name}, nil
	}
	if err != nil {
		return Stream{}, fmt.Errorf("read the state of %s/%s: %w", source, name, err)
	}
	return row.stream(), nil
}

// Streams lists all streams by source and name.
func (q querier) Streams(ctx context.Context) ([]Stream, error) {
	var rows []streamRow
	if err := q.sel(ctx, &rows, `SELECT `+streamColumns+` FROM stream ORDER BY source, stream`); err != nil {
		return nil, fmt.Errorf("list streams: %w", err)
	}
	out := make([]Stream, len(rows))
	for i, r := range rows {
		out[i] = r.stream()
	}
	return out, nil
}

// EnsureStream makes the row of a stream when there is none.
func (tx *Tx) EnsureStream(ctx context.Context, source, name, connection string) error {
	_, err := tx.exec(ctx, `INSERT INTO stream (source, stream, connection, position, paused, updated_at) VALUES (?, ?, ?, '', FALSE, ?)
		ON CONFLICT (source, stream) DO NOTHING`, source, name, connection, Micros(tx.Now))
	return err
}

// SetPosition keeps the position up to which everything is stored (invariant 1) and the run that got there.
func (tx *Tx) SetPosition(ctx context.Context, source, name string, position json.RawMessage, run canonical.ID) error {
	err := tx.execOne(ctx, `UPDATE stream SET position = ?, last_run_id = ?, updated_at = ? WHERE source = ? AND stream = ?`,
		string(position), run, Micros(tx.Now), source, name)
	if err != nil {
		return fmt.Errorf("keep the position of %s/%s: %w", source, name, err)
	}
	return nil
}

// PauseStream stops or resumes the scheduled pulls of a stream.
func (tx *Tx) PauseStream(ctx context.Context, source, name string, paused bool) error {
	if err := tx.EnsureStream(ctx, source, name, source); err != nil {
		return err
	}
	return tx.execOne(ctx, `UPDATE stream SET paused = ?, updated_at = ? WHERE source = ? AND stream = ?`, paused, Micros(tx.Now), source, name)
}

// ForgetPosition makes the next pull of a stream begin anew.
func (tx *Tx) ForgetPosition(ctx context.Context, source, name string) error {
	_, err := tx.exec(ctx, `UPDATE stream SET position = '', updated_at = ? WHERE source = ? AND stream = ?`, Micros(tx.Now), source, name)
	return err
}

// LiveKeys lists the keys of a source's records of an entity that are not deleted, for the detection of deletes. Only
// records that the stream delivered count.
func (q querier) LiveKeys(ctx context.Context, entity canonical.Entity, source, stream string) ([]string, error) {
	var keys []string
	err := q.sel(ctx, &keys, `SELECT source_id FROM source_record WHERE entity = ? AND source = ? AND stream = ? AND deleted = FALSE ORDER BY source_id`,
		string(entity), source, stream)
	if err != nil {
		return nil, fmt.Errorf("list the keys of %s: %w", source, err)
	}
	return keys, nil
}
