package storetest

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/store"
)

func raw(_ *testing.T, k *kit) {
	rows := []store.RawRow{{Number: 2, Data: []byte("一,二")}, {Number: 3, Data: []byte{}}, {Number: 70_000, Data: []byte{0, 0xff, '\n'}}}
	var id int64
	k.tx(func(ctx context.Context, tx *store.Tx) (err error) {
		id, err = tx.PutRaw(ctx, k.run, 0, 0, store.PackRaw(rows))
		return err
	})
	got, err := k.RawBatchRows(k.Context(), id)
	require.NoError(k, err)
	require.Equal(k, rows, got)
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		none, err := tx.PutRaw(ctx, k.run, 0, 1, store.PackRaw(nil))
		require.Zero(k, none)
		return err
	})
}

func (k *kit) quarantined(row int, personal bool) store.Quarantined {
	return store.Quarantined{ID: store.QuarantineID("erp", "customers", "", fmt.Sprint(row), nil), Source: "erp", Stream: "customers", Run: k.run, File: "c.csv", Row: row,
		Issues: []canonical.Issue{canonical.Invalid("birth_date", "1980-02-30", "does not exist")}, Raw: []byte("P1,王小明,1980-02-30"),
		Personal: personal, Owner: canonical.RecordKey{Source: "erp", ID: "P1"}, Retry: store.Retry{As: "customers", Fields: map[string]any{"id": "P1", "n": json.Number("12345678901234567890")}}}
}

func quarantine(_ *testing.T, k *kit) {
	ctx := k.Context()
	put := func() {
		k.tx(func(ctx context.Context, tx *store.Tx) error {
			erased, err := tx.PutQuarantine(ctx, []store.Quarantined{k.quarantined(2, false), k.quarantined(3, true)})
			require.Zero(k, erased)
			return err
		})
	}
	put()
	put()
	total, items, err := k.ListQuarantine(ctx, store.QuarantineFilter{Status: store.QuarantineOpen, Limit: 10})
	require.NoError(k, err)
	require.Equal(k, 2, total)
	require.Equal(k, 2, items[0].Attempts)
	require.Equal(k, "P1,王小明,1980-02-30", string(items[0].Raw))
	require.Empty(k, items[1].Raw, "of a person the list shows no content")
	require.Equal(k, "***", items[1].Issues[0].Value)
	require.Empty(k, items[1].Retry.Fields)
	require.Equal(k, int64(2), k.pending()["tributary.ops.quarantine.v1"], "told once")

	open, err := k.QuarantinedRow(ctx, items[1].ID)
	require.NoError(k, err)
	require.Equal(k, "P1,王小明,1980-02-30", string(open.Raw))
	require.Equal(k, "1980-02-30", open.Issues[0].Value)
	require.Equal(k, map[string]any{"id": "P1", "n": json.Number("12345678901234567890")}, open.Retry.Fields, "numbers keep every digit")

	k.tx(func(ctx context.Context, tx *store.Tx) error {
		return tx.DecideQuarantine(ctx, items[0], store.QuarantineDiscarded, "os:test")
	})
	err = k.InTx(ctx, func(tx *store.Tx) error {
		return tx.DecideQuarantine(ctx, items[0], store.QuarantineReplayed, "os:test")
	})
	require.ErrorIs(k, err, sql.ErrNoRows)

	k.tx(func(ctx context.Context, tx *store.Tx) error {
		return tx.Erase(ctx, []canonical.RecordKey{{Source: "erp", ID: "P1"}})
	})
	_, err = k.QuarantinedRow(ctx, items[1].ID)
	require.ErrorIs(k, err, store.ErrErased)
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		erased, err := tx.PutQuarantine(ctx, []store.Quarantined{k.quarantined(4, true)})
		require.Equal(k, 1, erased, "rows of an erased person are not kept in quarantine either")
		return err
	})
}

func runs(_ *testing.T, k *kit) {
	ctx := k.Context()
	begin := func() *store.Run {
		r := &store.Run{Source: "erp", Stream: "customers", File: "c.csv", Actor: "os:test", UnknownColumns: []string{"备用"}}
		k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.StartRun(ctx, r) })
		return r
	}
	killed, second := begin(), begin()
	c := store.Counts{Read: 10, Canonical: 4, Unchanged: 3, Quarantined: 2, Filtered: 1}
	require.True(k, c.Balanced())
	k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.AddToRun(ctx, second.ID, c) })
	k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.AddToRun(ctx, second.ID, c) })
	second.Status, second.Error = store.RunFailed, store.NoticeOf(errs.New(errs.Invalid, "files.empty", errs.Args{"file": "c.csv"}))
	second.Warnings = []store.Notice{{Code: "ingest.suspects", Args: errs.Args{"count": 2}}}
	k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.FinishRun(ctx, second) })
	require.Equal(k, c.Add(c), second.Counts)

	all, err := k.Runs(ctx, 10)
	require.NoError(k, err)
	require.Len(k, all, 2)
	status := map[canonical.ID]string{all[0].ID: all[0].Status, all[1].ID: all[1].Status}
	require.Equal(k, map[canonical.ID]string{killed.ID: store.RunInterrupted, second.ID: store.RunFailed}, status, "a run that was killed is seen by the next")
	got, err := k.DB.Run(ctx, second.ID)
	require.NoError(k, err)
	require.Equal(k, second.Counts, got.Counts)
	require.Equal(k, []string{"备用"}, got.UnknownColumns)
	require.Contains(k, got.Error.Text("zh"), "c.csv")
	require.Contains(k, got.Warnings[0].Text("en"), "2 rows")
	_, err = k.DB.Run(ctx, canonical.DeriveID("none"))
	require.ErrorIs(k, err, sql.ErrNoRows)
}

func streams(_ *testing.T, k *kit) {
	ctx := k.Context()
	s, err := k.Stream(ctx, "erp", "BD_Customer")
	require.NoError(k, err)
	require.Nil(k, s.Position)
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.EnsureStream(ctx, "erp", "BD_Customer", "erp"); err != nil {
			return err
		}
		return tx.SetPosition(ctx, "erp", "BD_Customer", json.RawMessage(`{"v":1}`), k.run)
	})
	s, err = k.Stream(ctx, "erp", "BD_Customer")
	require.NoError(k, err)
	require.JSONEq(k, `{"v":1}`, string(s.Position))
	require.Equal(k, k.run, s.LastRun)
	k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.PauseStream(ctx, "erp", "BD_Customer", true) })
	k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.ForgetPosition(ctx, "erp", "BD_Customer") })
	all, err := k.Streams(ctx)
	require.NoError(k, err)
	require.Len(k, all, 1)
	require.True(k, all[0].Paused)
	require.Nil(k, all[0].Position)
	err = k.InTx(ctx, func(tx *store.Tx) error { return tx.SetPosition(ctx, "erp", "nothing", nil, k.run) })
	require.Error(k, err, "a position needs its stream")
}
