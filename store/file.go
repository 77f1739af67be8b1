package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"tributary/canonical"
)

// DataFile is a file as it was taken in, once per content (rule 6.2).
type DataFile struct {
	ID           int64        `db:"id"`
	Source       string       `db:"source"`
	Stream       string       `db:"stream"`
	Party        int64        `db:"party"` // record number of the reporting party; 0 for masters
	Hash         []byte       `db:"hash"`
	Name         string       `db:"name"`
	Size         int64        `db:"size"`
	VersionKey   string       `db:"version_key"`
	OrderUnknown bool         `db:"order_unknown"`
	Replaces     string       `db:"replaces"` // month, or ""
	Run          canonical.ID `db:"run_id"`   // the run that took it in, at last whole
	Read         int64        `db:"rows_read"`
	Quarantined  int64        `db:"rows_quarantined"` // still in quarantine
	Complete     bool         `db:"complete"`
	CreatedAt    int64        `db:"created_at"`
}

// FindFile finds a file by its content among those of a stream and party.
func (q querier) FindFile(ctx context.Context, source, stream string, party int64, hash []byte) (DataFile, bool, error) {
	var f DataFile
	err := q.get(ctx, &f, `SELECT * FROM data_file WHERE source = ? AND stream = ? AND party = ? AND hash = ?`, source, stream, party, hash)
	if errors.Is(err, sql.ErrNoRows) {
		return DataFile{}, false, nil
	}
	if err != nil {
		return DataFile{}, false, fmt.Errorf("look the file up by its content: %w", err)
	}
	return f, true, nil
}

// BeginFile records that a file is being taken in, or that a known one is being taken in anew (under another version, or
// as the replacement of a month): f.ID is set, and its rows count from the beginning.
func (tx *Tx) BeginFile(ctx context.Context, f *DataFile) (err error) {
	f.Read, f.Quarantined, f.Complete = 0, 0, false
	if f.ID != 0 {
		err = tx.execOne(ctx, `UPDATE data_file SET version_key = ?, order_unknown = ?, replaces = ?, run_id = ?, rows_read = 0, rows_quarantined = 0, complete = FALSE, name = ? WHERE id = ?`,
			f.VersionKey, f.OrderUnknown, f.Replaces, f.Run, f.Name, f.ID)
	} else {
		f.ID, err = tx.insertID(ctx, `INSERT INTO data_file (source, stream, party, hash, name, size, version_key, order_unknown, replaces, run_id,
			rows_read, rows_quarantined, complete, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, FALSE, ?)`,
			f.Source, f.Stream, f.Party, f.Hash, f.Name, f.Size, f.VersionKey, f.OrderUnknown, f.Replaces, f.Run, Micros(tx.Now))
		if tx.d.conflict(err) {
			return ErrRaced
		}
	}
	if err != nil {
		return fmt.Errorf("record the file: %w", err)
	}
	return nil
}

// AdvanceFile keeps how far into a file everything is stored: its position (invariant 1).
func (tx *Tx) AdvanceFile(ctx context.Context, id, read, quarantined int64) error {
	err := tx.execOne(ctx, `UPDATE data_file SET rows_read = rows_read + ?, rows_quarantined = rows_quarantined + ? WHERE id = ?`, read, quarantined, id)
	if err != nil {
		return fmt.Errorf("keep the position in the file: %w", err)
	}
	return nil
}

// CompleteFile records that a run took the file in whole.
func (tx *Tx) CompleteFile(ctx context.Context, id int64, run canonical.ID) error {
	if err := tx.execOne(ctx, `UPDATE data_file SET complete = TRUE, run_id = ? WHERE id = ?`, run, id); err != nil {
		return fmt.Errorf("close the file: %w", err)
	}
	return nil
}
