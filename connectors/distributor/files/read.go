package files

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"

	"tributary/connectors"
	"tributary/connectors/filesource"
)

// batchRows bounds the rows that are committed together.
const batchRows = 1000

// reading is one run over the pending files, table by table. Rows are counted over all tables of a file, so that a run
// can go on in the middle of one.
type reading struct {
	source   *source
	position position
	pending  []Incoming
	at       int               // index in pending
	tables   []filesource.File // left of the file in work
	table    *filesource.Table
	entry    string
	row      int
}

// next fills a batch from one file. The position moves past the file with its last batch.
func (r *reading) next(ctx context.Context) (connectors.Batch, error) {
	for r.at < len(r.pending) {
		in := r.pending[r.at]
		if in.Problem != nil {
			r.at++
			continue
		}
		batch, more, err := r.fill(ctx, in)
		if err != nil {
			return connectors.Batch{}, err
		}
		m := markOf(in.RemoteFile)
		if more {
			r.position.file, r.position.row = m, r.row
		} else {
			r.position.taken[m] = true
			r.position.file, r.position.row = mark{}, 0
			r.at++
			r.row = 0
		}
		if batch.Position, err = r.position.encode(r.source.order); err != nil {
			return connectors.Batch{}, err
		}
		return batch, nil
	}
	return connectors.Batch{}, io.EOF
}

// fill reads up to batchRows rows of the file; more says that some are left.
func (r *reading) fill(ctx context.Context, in Incoming) (batch connectors.Batch, more bool, err error) {
	if r.table == nil && r.tables == nil {
		if r.tables, err = r.source.tablesOf(ctx, in); err != nil {
			return batch, false, err
		}
	}
	resume := 0
	if r.position.file == markOf(in.RemoteFile) {
		resume = r.position.row
	}
	var raw bytes.Buffer
	for len(batch.Rows)+len(batch.Bad) < batchRows {
		if r.table == nil {
			if len(r.tables) == 0 {
				r.tables = nil
				batch.Raw = raw.Bytes()
				return batch, false, nil
			}
			f := r.tables[0]
			r.tables, r.entry = r.tables[1:], f.Entry
			if r.table, err = f.Open(ctx, in.Options); err != nil {
				return batch, false, err
			}
		}
		rec, err := r.table.Next()
		if errors.Is(err, io.EOF) {
			err = r.table.Close()
			r.table = nil
			if err != nil {
				return batch, false, err
			}
			continue
		}
		if err != nil {
			return batch, false, err
		}
		if r.row++; r.row <= resume {
			continue
		}
		r.add(&batch, &raw, in, rec)
	}
	batch.Raw = raw.Bytes()
	return batch, true, nil
}

func (r *reading) add(batch *connectors.Batch, raw *bytes.Buffer, in Incoming, rec filesource.Record) {
	if rec.Bad != nil {
		batch.Bad = append(batch.Bad, connectors.BadRow{Number: rec.Number, Issue: *rec.Bad, Raw: bytes.Clone(rec.Raw)})
		return
	}
	fields := r.table.Fields(rec)
	number := strconv.Itoa(rec.Number)
	for name, v := range map[string]string{"_file": in.Name, "_row": number, "_party": in.Party, "_ledger": string(in.Ledger), "_period": in.Period, "_version": in.Version} {
		fields[name] = v
	}
	batch.Rows = append(batch.Rows, connectors.Row{
		Key: rowKey(in, r.entry, number), Number: rec.Number, Fields: fields, RawOff: raw.Len(), RawLen: len(rec.Raw), SourceSeq: in.Version,
	})
	raw.Write(rec.Raw)
	raw.WriteByte('\n')
}

func (r *reading) close() {
	if r.table != nil {
		_ = r.table.Close()
		r.table = nil
	}
}
