package storetest

import (
	"context"
	"database/sql"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/store"
)

func cases(_ *testing.T, k *kit) {
	ctx := k.Context()
	due := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	open := func(number, source, id string, dueAt *time.Time, lots ...string) (store.Case, bool) {
		c := store.Case{Kind: store.CaseComplaint, Number: number, Source: source, SourceID: id, State: "received", Product: "P1", Lots: lots, DueAt: dueAt,
			Payload: json.RawMessage(`{"number":"` + number + `"}`), Personal: json.RawMessage(`{"name":"王小明"}`)}
		var created bool
		k.tx(func(ctx context.Context, tx *store.Tx) (err error) {
			if c.ID, err = tx.NewID(); err != nil {
				return err
			}
			created, err = tx.CreateCase(ctx, &c)
			return err
		})
		return c, created
	}
	first, created := open("C-1", "crm", "K-1", nil, "L_1", "L2")
	require.True(k, created)
	_, created = open("C-2", "crm", "K-1", nil)
	require.False(k, created, "one case for an id of another system")
	for _, number := range []string{"C-3", "C-4"} {
		_, created = open(number, "", "", &due)
		require.True(k, created, "cases that were entered here have no such id")
	}

	// Numbers of a series have no gap, even when a transaction is undone.
	next := func(fail error) (n int64) {
		err := k.InTx(ctx, func(tx *store.Tx) (err error) {
			if n, err = tx.NextNumber(ctx, "C-2026"); err != nil {
				return err
			}
			return fail
		})
		require.ErrorIs(k, err, fail)
		return n
	}
	require.Equal(k, []int64{1, 2, 2}, []int64{next(nil), next(sql.ErrTxDone), next(nil)})

	// What is personal is sealed, and gone with its key.
	personal, err := k.PersonalOf(ctx, &first)
	require.NoError(k, err)
	require.JSONEq(k, `{"name":"王小明"}`, string(personal))
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		c, err := tx.LockCase(ctx, store.CaseComplaint, "C-1")
		if err != nil {
			return err
		}
		require.EqualValues(k, 2, c.Version)
		require.Equal(k, []string{"L_1", "L2"}, c.Lots)
		c.State, c.Payload = "closed", json.RawMessage(`{"state":"closed"}`)
		c.ClosedAt = &due
		if err := tx.SaveCase(ctx, &c); err != nil {
			return err
		}
		return tx.AddCaseEntries(ctx, c.ID, []store.CaseEntry{{Kind: "step", Payload: json.RawMessage(`1`)}, {Kind: "reply", Party: "p", Lot: "A", Payload: json.RawMessage(`2`)}})
	})
	err = k.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.LockCase(ctx, store.CaseRecall, "C-1")
		return err
	})
	require.ErrorIs(k, err, sql.ErrNoRows)
	entries, err := k.CaseEntries(ctx, first.ID)
	require.NoError(k, err)
	require.Len(k, entries, 2)
	require.EqualValues(k, 2, entries[1].Seq)
	require.Equal(k, "p", entries[1].Party)
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		return tx.DestroyDataKeys(ctx, []canonical.RecordKey{first.DataKey()})
	})
	_, err = k.PersonalOf(ctx, &first)
	require.ErrorIs(k, err, store.ErrErased)

	list := func(q store.CaseQuery) (out []string) {
		q.Kind, q.Limit = store.CaseComplaint, 10
		found, err := k.Cases(ctx, q)
		require.NoError(k, err)
		for _, c := range found {
			out = append(out, c.Number)
		}
		return out
	}
	require.Equal(k, []string{"C-4", "C-3", "C-1"}, list(store.CaseQuery{}))
	require.Equal(k, []string{"C-4", "C-3"}, list(store.CaseQuery{Open: true, DueBy: due.Add(time.Second)}))
	require.Empty(k, list(store.CaseQuery{DueBy: due}))
	require.Equal(k, []string{"C-1"}, list(store.CaseQuery{Lot: "L_1", State: "closed", Product: "P1"}))
	require.Empty(k, list(store.CaseQuery{Lot: "L%"}), "a lot is no pattern")

	row := store.CaseParty{Party: "p", Lot: "A", Payload: json.RawMessage(`1`)}
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutCaseParties(ctx, first.ID, []store.CaseParty{row, {Party: "q", Lot: "A", Payload: json.RawMessage(`2`)}})
	})
	row.Payload = json.RawMessage(`3`)
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutCaseParties(ctx, first.ID, []store.CaseParty{row})
	})
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		return tx.DropCaseParties(ctx, first.ID, []store.CaseParty{{Party: "q", Lot: "A"}})
	})
	parties, err := k.CaseParties(ctx, first.ID)
	require.NoError(k, err)
	require.Equal(k, []store.CaseParty{row}, parties)
}
