package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/store"
)

// versions: rule 6.1.
func versions(_ *testing.T, k *kit) {
	require.Equal(k, []store.Outcome{store.Stored}, k.put(k.hospital("A", at(1))))
	require.Equal(k, []store.Outcome{store.Unchanged}, k.put(k.hospital("A", at(1))))
	require.Equal(k, []store.Outcome{store.Stored}, k.put(k.hospital("B", at(2))))
	require.Equal(k, []store.Outcome{store.Stale}, k.put(k.hospital("A", at(1))), "A resent with its old time changes nothing")
	require.Equal(k, "B", k.name())
	require.Equal(k, []store.Outcome{store.Stored}, k.put(k.hospital("A", at(3))), "A → B → A is three versions")
	require.Equal(k, "A", k.name())

	require.Equal(k, []store.Outcome{store.Unchanged}, k.put(k.hospital("A", at(5))))
	require.Equal(k, []store.Outcome{store.Stale}, k.put(k.hospital("B", at(4))), "A was confirmed later than B was said")
	require.Equal(k, "A", k.name())

	require.Equal(k, []store.Outcome{store.Stored}, k.put(k.hospital("B", at(5))), "equal source times: the one read later")
	require.Equal(k, "B", k.name())

	require.Equal(k, []store.Outcome{store.Stored}, k.put(k.hospital("", at(6), deleted)))
	require.Equal(k, "", k.name())
	require.Equal(k, []store.Outcome{store.Unchanged}, k.put(k.hospital("", at(6), deleted)))
	require.Equal(k, []store.Outcome{store.Stale}, k.put(k.hospital("C", at(5))), "a delete is a version: older rows do not undo it")
	require.Equal(k, "", k.name())
	require.Equal(k, []store.Outcome{store.Stored}, k.put(k.hospital("C", at(7))))
	require.Equal(k, "C", k.name())

	require.Equal(k, []store.Outcome{store.Stored}, k.put(k.hospital("D")), "without a source time read order decides")
	require.Equal(k, "D", k.name())
}

func versionsTogether(_ *testing.T, k *kit) {
	out := k.put(k.hospital("A", at(1)), k.hospital("B", at(3)), k.hospital("C", at(2)), k.hospital("B", at(3)), k.hospital("D", at(4)))
	require.Equal(k, []store.Outcome{store.Stored, store.Stored, store.Stale, store.Unchanged, store.Stored}, out)
	require.Equal(k, "D", k.name())
	require.Equal(k, []store.Outcome{store.Stale, store.Stored}, k.put(k.hospital("C", at(2)), k.hospital("E", at(5))))
	require.Equal(k, "E", k.name())
	require.Equal(k, []store.Outcome{store.Stale, store.Stored}, k.put(k.hospital("F", at(4)), k.hospital("G", at(6))), "an old version that was never told before, and a new one")
	require.Equal(k, "G", k.name())
	require.Equal(k, []store.Outcome{store.Unchanged, store.Stale, store.Stale, store.Stored, store.Stale, store.Stored},
		k.put(k.hospital("G", at(8)), k.hospital("H", at(7)), k.hospital("I", at(3)), k.hospital("J", at(9)), k.hospital("K", at(5)), k.hospital("L", at(10))))
	require.Equal(k, "L", k.name())
}

// persons: rule 6.7.
func persons(_ *testing.T, k *kit) {
	key := canonical.RecordKey{Source: "sfa", ID: "D1"}
	doctor := func(name string) store.Record {
		return k.record(canonical.EntityCustomer, "sfa", "D1", canonical.Customer{Kind: canonical.HCP, Name: name, Phones: []string{"13800000000"}})
	}
	require.Equal(k, []store.Outcome{store.Stored}, k.put(doctor("王医生")))
	require.Equal(k, []store.Outcome{store.Unchanged}, k.put(doctor("王医生")))
	require.Equal(k, []store.Outcome{store.Stored}, k.put(doctor("王主任")))
	require.Equal(k, "王主任", k.current("sfa", "D1").Name)

	k.tx(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutPersonalRows(ctx, k.run, []store.PersonalRow{{Owner: key, Number: 3, Data: []byte("王医生,13800000000")}})
	})
	raw, err := k.PersonalRow(k.Context(), k.run, 3)
	require.NoError(k, err)
	require.Equal(k, "王医生,13800000000", string(raw))

	k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.Erase(ctx, []canonical.RecordKey{key}) })
	require.Nil(k, k.current("sfa", "D1"))
	_, err = k.PersonalRow(k.Context(), k.run, 3)
	require.ErrorIs(k, err, store.ErrErased)
	require.Equal(k, []store.Outcome{store.Suppressed}, k.put(doctor("王主任")), "what the source sends again is filtered")
	require.Nil(k, k.current("sfa", "D1"))
	require.Equal(k, []store.Outcome{store.Stored}, k.put(k.hospital("A")), "others are not touched")
}

func masters(_ *testing.T, k *kit) {
	lot := k.record(canonical.EntityLot, "erp", "P1|L1", canonical.Lot{Product: "P1", Lot: "L1", Quantity: canonical.Units(100)})
	require.Equal(k, []store.Outcome{store.Stored}, k.put(lot), "a lot may come before its product")
	product := func(name string) store.Record {
		return k.record(canonical.EntityProduct, "erp", "P1", canonical.Product{Code: "P1", Name: name, CaseFactor: canonical.Units(40)})
	}
	k.put(product("百川片"))
	require.Equal(k, map[string]int64{"tributary.master.product.v1": 1, "tributary.master.lot.v1": 1}, k.pending(), "the waiting lot was taken in with the product")
	k.put(product("百川片"))
	require.Equal(k, int64(1), k.pending()["tributary.master.product.v1"], "no news, no event")
	k.put(product("百川胶囊"))
	k.put(k.record(canonical.EntityLot, "erp", "P1|L1", nil, deleted))
	require.Equal(k, map[string]int64{"tributary.master.product.v1": 2, "tributary.master.lot.v1": 2}, k.pending())
}

// pending counts the events that wait, by topic.
func (k *kit) pending() map[string]int64 {
	k.Helper()
	status, err := k.OutboxStatus(k.Context())
	require.NoError(k, err)
	out := map[string]int64{}
	for _, t := range status.Topics {
		if t.Pending > 0 {
			out[t.Topic] = int64(t.Pending)
		}
	}
	return out
}

func rivals(_ *testing.T, k *kit) {
	state := func(source, name string, trust int) store.Record {
		return k.record(canonical.EntityProduct, source, "P1", canonical.Product{Code: "P1", Name: name}, func(r *store.Record) { r.Trust = trust })
	}
	k.put(state("sfa", "销售名", 40))
	k.put(state("erp", "通用名", 60))
	k.put(state("sfa", "别的名", 40))
	events := func() int64 { return k.pending()["tributary.master.product.v1"] }
	require.EqualValues(k, 2, events(), "a weaker source changes nothing")
	k.put(k.record(canonical.EntityProduct, "erp", "P1", nil, deleted))
	require.EqualValues(k, 3, events(), "when the better source drops it, the next best states it")
	k.put(k.record(canonical.EntityProduct, "sfa", "P1", nil, deleted))
	require.EqualValues(k, 4, events(), "then it is gone")

	// Sources name what they share by keys of their own.
	code := func(source, id string, more ...func(*store.Record)) store.Record {
		return k.record(canonical.EntityProduct, source, id, canonical.Product{Code: "P2", Name: source + id}, more...)
	}
	lot := func(source, id string, more ...func(*store.Record)) store.Record {
		return k.record(canonical.EntityLot, source, id, canonical.Lot{Product: "P2", Lot: "L1", Quantity: canonical.Units(int64(len(id)))}, more...)
	}
	released := func() string {
		sku, _, err := k.ProductByCode(k.Context(), "P2")
		require.NoError(k, err)
		l, found, err := k.ReleasedLot(k.Context(), sku.ID, "L1")
		require.NoError(k, err)
		return fmt.Sprint(sku.Name, " ", l.Quantity, " ", found)
	}
	k.put(code("erp", "20"), lot("erp", "P2|4|L1"))
	k.put(code("erp", "10"), lot("erp", "P2|1200|L1"))
	require.Equal(k, "erp10 10 true", released(), "of one source's records the first by key, whichever came first")
	k.put(code("erp", "10", deleted), lot("erp", "P2|1200|L1", deleted))
	require.Equal(k, "erp20 7 true", released())
}

// A unit of work writes new products together, and those that meet others one by one: it comes to the same.
func productsTogether(_ *testing.T, k *kit) {
	state := func(source, id, code, name string, trust int) store.Record {
		return k.record(canonical.EntityProduct, source, id, canonical.Product{Code: code, Name: name}, func(r *store.Record) { r.Trust = trust })
	}
	k.put(state("erp", "P3", "P3", "旧名", 60), state("erp", "P4", "P4", "停产", 60), state("erp", "P5", "P5", "改码", 60))
	k.put(
		state("sfa", "P1", "P1", "销售名", 40), state("erp", "P1", "P1", "通用名", 60), // rivals that are both new
		state("erp", "P2", "P2", "新品", 60),
		state("sfa", "P3", "P3", "销售名", 40), state("erp", "P3", "P3", "新名", 60),
		k.record(canonical.EntityProduct, "erp", "P4", nil, deleted),
		state("erp", "P5", "P6", "改码", 60),
		state("sfa", "P7", "P4", "复产", 40), // a new record takes over a code that another one leaves
	)
	name := func(code string) string {
		sku, found, err := k.ProductByCode(k.Context(), code)
		require.NoError(k, err)
		require.True(k, found, code)
		return sku.Name
	}
	for code, want := range map[string]string{"P1": "通用名", "P2": "新品", "P3": "新名", "P4": "复产", "P6": "改码"} {
		require.Equal(k, want, name(code), code)
	}
	require.EqualValues(k, 3+8, k.pending()["tributary.master.product.v1"], "P1 twice, P2, P3, P4 gone and back, P5 gone, P6")
}

// Lots of a unit of work come to the same as each in a unit of its own: new ones, changed ones, rivals, those that wait for
// their product.
func lotsTogether(_ *testing.T, k *kit) {
	type said struct {
		Source, ID, Product, Lot string // a record is one of Source and ID; Product and Lot are what it says
		Quantity                 int64
		Gone                     bool
	}
	trust := map[string]int{"erp": 60, "sfa": 40}
	names := []string{"L1", "L2", "L3"}
	steps := rapid.SliceOfN(rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) said {
		id := rapid.SampledFrom(names).Draw(t, "id")
		return said{
			Source: rapid.SampledFrom([]string{"erp", "sfa"}).Draw(t, "source"), ID: id,
			Product: rapid.SampledFrom([]string{"P1", "P2", "P3"}).Draw(t, "product"), Lot: rapid.SampledFrom([]string{id, "L1", "L2"}).Draw(t, "lot"),
			Quantity: rapid.Int64Range(1, 3).Draw(t, "quantity"), Gone: rapid.IntRange(0, 5).Draw(t, "gone") == 0,
		}
	}), 1, 6, func(s said) string { return s.Source + s.ID }), 1, 3)
	n := 0
	world := func(steps [][]said, together bool) map[string]map[string]canonical.Quantity {
		n++
		name := func(s string) string { return fmt.Sprintf("%d-%s", n, s) }
		put := func(records ...store.Record) {
			if together {
				k.put(records...)
				return
			}
			for _, r := range records {
				k.put(r)
			}
		}
		for i, step := range steps {
			var records []store.Record
			if i < 2 { // of P3 nothing is ever known, of P2 later than of its first lots
				code := name([]string{"P1", "P2"}[i])
				records = append(records, k.record(canonical.EntityProduct, "erp", code, canonical.Product{Code: code, Name: "百川片"}))
			}
			for _, s := range step {
				r := k.record(canonical.EntityLot, s.Source, name(s.ID), canonical.Lot{Product: name(s.Product), Lot: s.Lot, Quantity: canonical.Units(s.Quantity)})
				r.Trust, r.Deleted = trust[s.Source], s.Gone
				records = append(records, r)
			}
			put(records...)
		}
		out := map[string]map[string]canonical.Quantity{}
		for _, code := range []string{"P1", "P2"} {
			sku, found, err := k.ProductByCode(k.Context(), name(code))
			require.NoError(k, err)
			if !found {
				continue
			}
			lots, err := k.LotsOf(k.Context(), sku.ID)
			require.NoError(k, err)
			out[code] = map[string]canonical.Quantity{}
			for _, lot := range lots {
				l, _, err := k.ReleasedLot(k.Context(), sku.ID, lot)
				require.NoError(k, err)
				out[code][lot] = l.Quantity
			}
		}
		return out
	}
	surviving := func(steps [][]said) (out []said) {
		last := map[[2]string]bool{}
		for _, s := range slices.Backward(slices.Concat(steps...)) {
			if of := [2]string{s.Source, s.ID}; !last[of] {
				last[of] = true
				if !s.Gone {
					out = append(out, s)
				}
			}
		}
		return out
	}
	rapid.Check(k, func(t *rapid.T) {
		drawn := steps.Draw(t, "steps")
		together := world(drawn, true)
		require.Equal(t, world(drawn, false), together)
		require.Equal(t, world([][]said{surviving(drawn), nil}[:min(2, len(drawn))], true), together, "what was said before leaves nothing behind")
	})
	told := k.pending()["tributary.master.lot.v1"]
	world([][]said{{{"erp", "L1", "P1", "L1", 1, false}, {"erp", "L2", "P1", "L2", 1, false}, {"erp", "L3", "P2", "L3", 1, false}}, {}}, true)
	require.EqualValues(k, told+3, k.pending()["tributary.master.lot.v1"], "an event for each, also for the one that waited")
}

func aliases(_ *testing.T, k *kit) {
	party := k.party("D1")
	k.sell(party, "1", line("2025-03-01", "S1", "1", "K1", "市一院", 5))
	n, _, err := k.CustomerByKey(k.Context(), canonical.RecordKey{Source: "flow:D1", ID: "K1"})
	require.NoError(k, err)
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		records, err := k.CustomerRecords(ctx, []int64{n})
		require.NoError(k, err)
		return tx.ClearDirty(ctx, []store.RecordVersion{{ID: n, Version: records[0].Version}})
	})
	dirty := func() int64 {
		_, d, err := k.CountCustomers(k.Context())
		require.NoError(k, err)
		return d
	}
	before := dirty()
	k.put(k.record(canonical.EntityAlias, "erp", "party|D1|市一院", canonical.Alias{Type: "party", Party: "D1", RawName: "市一院", TargetCode: "C1"}))
	require.Equal(k, before+1, dirty(), "the mention that the alias names is resolved again")
}

func parties(_ *testing.T, k *kit) {
	find := func(text string) store.Party {
		p, err := k.FindParty(k.Context(), text)
		require.NoError(k, err)
		return p
	}
	require.NoError(k, k.EnsureCompany(k.Context(), store.Company{Name: "百川制药有限公司", Code: "M", Source: "erp"}))
	require.NoError(k, k.EnsureCompany(k.Context(), store.Company{Name: "百川制药有限公司", Code: "M", Source: "erp"}))
	require.Equal(k, store.Party{Key: "M", Name: "百川制药有限公司", Known: true}, find("self"))
	require.Equal(k, "M", find("百川制药有限公司").Key)
	require.Equal(k, canonical.Manufacturer, k.current(canonical.CompanySource, "M").Kind)

	require.Equal(k, store.Party{Key: "青河医药", Name: "青河医药"}, find("青河医药"), "nobody knows it: the text is the key")
	k.put(k.record(canonical.EntityCustomer, "erp", "D1", canonical.Customer{Kind: canonical.Distributor, Name: "青河医药（集团）有限公司"}))
	require.Equal(k, store.Party{Key: "D1", Name: "青河医药（集团）有限公司", Known: true}, find("D1"))
	require.Equal(k, "D1", find("青河医药（集团）有限公司").Key)
	require.Equal(k, "D9", find("D9").Key)

	require.NoError(k, k.EnsureCompany(k.Context(), store.Company{Name: "百川新药", Code: "N", Source: "erp"}))
	require.Nil(k, k.current(canonical.CompanySource, "M"))
	require.Equal(k, "百川新药", k.current(canonical.CompanySource, "N").Name)
}
