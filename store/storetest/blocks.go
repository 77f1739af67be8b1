package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/store"
)

// blocks stores keys of mentions and real records: 7 is common, with the parts 1 and 2; 9 is not.
func blocks(_ *testing.T, k *kit) {
	var ids []int64
	for i := range 6 {
		r := k.record(canonical.EntityCustomer, "erp", string(rune('a'+i)), canonical.Customer{Kind: canonical.Hospital, Name: "一院"}, func(r *store.Record) {
			if i >= 4 {
				r.Trust = 0
			}
		})
		k.put(r)
		id, found, err := k.CustomerByKey(k.Context(), r.Key())
		require.NoError(k, err)
		require.True(k, found)
		ids = append(ids, id)
	}
	keys := func(i int) []dedupe.Key {
		if i == 0 {
			return []dedupe.Key{{Hash: 7, Second: 1}, {Hash: 1<<63 + 9}}
		}
		return []dedupe.Key{{Hash: 7, Second: uint64(i%2 + 1)}}
	}
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		var list []store.RecordKeys
		for i, id := range ids {
			list = append(list, store.RecordKeys{Record: id, Keys: keys(i)})
		}
		return tx.ReplaceBlockKeys(ctx, list)
	})
	sizes, err := k.BlockSizes(k.Context(), []uint64{7, 1<<63 + 9, 8}, 4)
	require.NoError(k, err)
	require.Equal(k, map[uint64]int{7: 4, 1<<63 + 9: 1}, sizes, "counted as far as asked")
	sizes, err = k.BlockSizes(k.Context(), []uint64{7}, 100)
	require.NoError(k, err)
	require.Equal(k, map[uint64]int{7: 6}, sizes)

	real := map[int64]bool{}
	require.NoError(k, k.BlockParts(k.Context(), []dedupe.Key{{Hash: 7, Second: 1}, {Hash: 8, Second: 1}}, func(m store.BlockMember) {
		require.Equal(k, dedupe.Key{Hash: 7, Second: 1}, m.Key)
		real[m.Record] = m.Real
	}))
	require.Equal(k, map[int64]bool{ids[0]: true, ids[2]: true, ids[4]: false}, real)
	var whole []int64
	require.NoError(k, k.BlockRecords(k.Context(), []uint64{7}, func(hash uint64, record int64) {
		require.EqualValues(k, 7, hash)
		whole = append(whole, record)
	}))
	slices.Sort(whole)
	require.Equal(k, ids, whole)

	asked := []dedupe.Key{{Hash: 7, Second: 1}, {Hash: 1<<63 + 9}}
	for _, c := range []struct {
		cap, limit int
		want       []int64
	}{
		{6, 6, ids},                             // the key is not common
		{3, 6, []int64{ids[0], ids[2], ids[4]}}, // only its own part
		{2, 6, []int64{ids[0], ids[2]}},         // a crowded part: real records only
		{1, 1, ids[:1]},                         // too many of them: only the other key is left
	} {
		got, err := k.Candidates(k.Context(), asked, dedupe.Blocking{Cap: c.cap, Limit: c.limit}, 10)
		require.NoError(k, err)
		require.Equal(k, ids[0], got[0], "of the rarest key first")
		slices.Sort(got)
		require.Equal(k, c.want, got)
	}
}
