package store

import (
	"context"
	"fmt"
	"slices"
)

// DocumentKey names a document at its source, as a bill: rows come and go with it.
type DocumentKey struct{ Source, Stream, Document string }

// DocumentRows reads what the rows of a document became, sorted.
func (tx *Tx) DocumentRows(ctx context.Context, d DocumentKey) ([]string, error) {
	var refs []string
	if err := tx.sel(ctx, &refs, `SELECT ref FROM document_row WHERE source = ? AND stream = ? AND document = ?`, d.Source, d.Stream, d.Document); err != nil {
		return nil, fmt.Errorf("read the rows of a document: %w", err)
	}
	slices.Sort(refs)
	return refs, nil
}

// ChangeDocument notes which rows a document gained and lost.
func (tx *Tx) ChangeDocument(ctx context.Context, d DocumentKey, gained, lost []string) error {
	err := inChunks(lost, func(part []string) error {
		cond, args := anyOf(tx.querier, "ref", part)
		_, err := tx.exec(ctx, `DELETE FROM document_row WHERE source = ? AND stream = ? AND document = ? AND `+cond, append([]any{d.Source, d.Stream, d.Document}, args...)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget rows of a document: %w", err)
	}
	rows := make([][]any, len(gained))
	for i, ref := range gained {
		rows[i] = []any{d.Source, d.Stream, d.Document, ref}
	}
	return tx.bulk(ctx, "document_row", []string{"source", "stream", "document", "ref"}, rows)
}
