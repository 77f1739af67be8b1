package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"tributary/canonical"
)

// RawRow is one row as it was received, by its number in its file or run.
type RawRow struct {
	Number int
	Data   []byte
}

// RawPack is the raw input of one unit of work, compressed, with an index to read single rows.
type RawPack struct {
	first, count int
	data, index  []byte
}

var (
	// Encoder and decoder are stateless here: EncodeAll and DecodeAll are safe for concurrent use.
	rawEncoder, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	rawDecoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
)

// PackRaw packs rows whose numbers rise. The index holds, as varints, the step from the number of the row before and the
// length of each row.
func PackRaw(rows []RawRow) RawPack {
	if len(rows) == 0 {
		return RawPack{}
	}
	size := 0
	for _, r := range rows {
		size += len(r.Data)
	}
	p := RawPack{first: rows[0].Number, count: len(rows), index: make([]byte, 0, 3*len(rows))}
	plain := make([]byte, 0, size)
	last := 0
	for _, r := range rows {
		plain = append(plain, r.Data...)
		p.index = binary.AppendUvarint(p.index, uint64(r.Number-last))
		p.index = binary.AppendUvarint(p.index, uint64(len(r.Data)))
		last = r.Number
	}
	p.data = rawEncoder.EncodeAll(plain, make([]byte, 0, size/4))
	return p
}

// PutRaw stores a pack (invariant 4) and returns its number; 0 when it is empty. file is 0 for pulls.
func (tx *Tx) PutRaw(ctx context.Context, run canonical.ID, file, seq int64, p RawPack) (int64, error) {
	if p.count == 0 {
		return 0, nil
	}
	id, err := tx.insertID(ctx, `INSERT INTO raw_batch (run_id, file_id, seq, first_row, row_count, data, row_index, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		run, file, seq, p.first, p.count, p.data, p.index, Micros(tx.Now))
	if err != nil {
		return 0, fmt.Errorf("store raw rows: %w", err)
	}
	return id, nil
}

var errRawIndex = errors.New("the index of raw rows is damaged")

func unpackRows(data, index []byte) ([]RawRow, error) {
	plain, err := rawDecoder.DecodeAll(data, nil)
	if err != nil {
		return nil, err
	}
	var rows []RawRow
	number := 0
	for len(index) > 0 {
		step, n := binary.Uvarint(index)
		if n <= 0 {
			return nil, errRawIndex
		}
		size, m := binary.Uvarint(index[n:])
		if m <= 0 || size > uint64(len(plain)) {
			return nil, errRawIndex
		}
		number += int(step)
		rows = append(rows, RawRow{number, plain[:size]})
		plain, index = plain[size:], index[n+m:]
	}
	if len(plain) > 0 {
		return nil, errRawIndex
	}
	return rows, nil
}

// RawBatchRows reads all rows of a batch back.
func (q querier) RawBatchRows(ctx context.Context, id int64) ([]RawRow, error) {
	var b struct {
		Data  []byte `db:"data"`
		Index []byte `db:"row_index"`
	}
	if err := q.get(ctx, &b, `SELECT data, row_index FROM raw_batch WHERE id = ?`, id); err != nil {
		return nil, fmt.Errorf("read raw batch %d: %w", id, err)
	}
	rows, err := unpackRows(b.Data, b.Index)
	if err != nil {
		return nil, fmt.Errorf("raw batch %d: %w", id, err)
	}
	return rows, nil
}

// PersonalRow is a raw row of a person, sealed under the key of its record.
type PersonalRow struct {
	Owner  canonical.RecordKey
	Number int
	Data   []byte
}

// PutPersonalRows seals and stores raw rows one by one (rule 6.7). A row whose person was erased is left out.
func (tx *Tx) PutPersonalRows(ctx context.Context, run canonical.ID, rows []PersonalRow) error {
	if len(rows) == 0 {
		return nil
	}
	owners := make([]canonical.RecordKey, len(rows))
	for i, r := range rows {
		owners[i] = r.Owner
	}
	keys, err := tx.DataKeys(ctx, unique(owners))
	if err != nil {
		return err
	}
	var out [][]any
	for _, r := range rows {
		key := keys[r.Owner]
		if key == nil {
			continue
		}
		sealed, err := key.Seal(r.Data)
		if err != nil {
			return fmt.Errorf("seal raw rows: %w", err)
		}
		out = append(out, []any{run, r.Number, r.Owner.Source, r.Owner.ID, sealed})
	}
	return tx.insertMany(ctx, "raw_row", []string{"run_id", "row_no", "source", "source_id", "sealed"}, out, "ON CONFLICT (run_id, row_no) DO NOTHING")
}

// PersonalRow reads a raw row of a person back; ErrErased when the person was erased.
func (db *DB) PersonalRow(ctx context.Context, run canonical.ID, number int) ([]byte, error) {
	var r struct {
		Source   string `db:"source"`
		SourceID string `db:"source_id"`
		Sealed   []byte `db:"sealed"`
	}
	if err := db.get(ctx, &r, `SELECT source, source_id, sealed FROM raw_row WHERE run_id = ? AND row_no = ?`, run, number); err != nil {
		return nil, fmt.Errorf("read raw row %d: %w", number, err)
	}
	return db.unseal(ctx, canonical.RecordKey{Source: r.Source, ID: r.SourceID}, r.Sealed)
}

func (db *DB) unseal(ctx context.Context, owner canonical.RecordKey, sealed []byte) ([]byte, error) {
	keys, err := db.DataKeys(ctx, []canonical.RecordKey{owner})
	if err != nil {
		return nil, err
	}
	key := keys[owner]
	if key == nil {
		return nil, ErrErased
	}
	return key.Open(sealed)
}
