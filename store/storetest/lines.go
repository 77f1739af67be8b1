package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/store"
)

// ledgerKit is a reporting party with its sink.
type ledgerKit struct {
	key  string
	sink *store.FlowSink
}

func (k *kit) party(key string) *ledgerKit {
	k.Helper()
	p := &ledgerKit{key: key, sink: store.NewFlowSink(key, "d")}
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.EnsureParty(ctx, store.Party{Key: key, Name: key}, store.Origin{Run: k.run, ReadOrder: k.order()})
		p.sink.Bind(n)
		return err
	})
	return p
}

func line(date, doc, row, code, name string, quantity int64) canonical.FlowLine {
	d, err := canonical.ParseDate(date)
	if err != nil {
		panic(err)
	}
	return canonical.FlowLine{Ledger: canonical.Sales, Date: d, DocNo: doc, SourceRow: row, Partner: canonical.PartyMention{Code: code, Name: name},
		Product: canonical.ProductMention{Code: "P1", Name: "百川片"}, Quantity: canonical.Units(quantity), Kind: canonical.Sale}
}

// sell takes lines in under one version.
func (k *kit) sell(p *ledgerKit, version string, lines ...canonical.FlowLine) (out []store.Outcome) {
	k.Helper()
	rows := make([]store.FlowRow, len(lines))
	for i, l := range lines {
		rows[i] = store.FlowRow{ID: canonical.DeriveID(p.key, l.DocNo, l.SourceRow), Line: l, Hash: store.HashLine(&l), Number: i + 1, Version: version}
	}
	batch := store.FlowBatch{Rows: rows, Origin: store.Origin{Run: k.run, ReadOrder: k.order()}}
	put := func() error {
		return k.InTx(k.Context(), func(tx *store.Tx) (err error) {
			if !p.sink.Bound() {
				n, err := tx.EnsureParty(k.Context(), store.Party{Key: p.key}, batch.Origin)
				if err != nil {
					return err
				}
				p.sink.Bind(n)
			}
			out, err = p.sink.Put(k.Context(), tx, batch)
			return err
		})
	}
	err := put()
	if store.Retryable(err) { // the first fill of a party bets on rows being new
		p.sink.Reset()
		err = put()
	}
	require.NoError(k, err)
	return out
}

// replace makes a version the replacement of March.
func (k *kit) replace(p *ledgerKit, version string) {
	k.Helper()
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		return p.sink.Replace(ctx, tx, canonical.Sales, "2025-03", version, 1)
	})
	for n := 1; n > 0; {
		k.tx(func(ctx context.Context, tx *store.Tx) (err error) {
			n, err = p.sink.Retire(ctx, tx, canonical.Sales, "2025-03", 2, store.Origin{Run: k.run})
			return err
		})
	}
}

// book is what the ledger of a party holds, as "doc/row quantity", sorted.
func (k *kit) book(p *ledgerKit) []string {
	k.Helper()
	lines, err := k.Book(k.Context(), p.key)
	require.NoError(k, err)
	out := []string{}
	for _, l := range lines {
		text := fmt.Sprintf("%s %s", l.DocNo, l.Quantity)
		if l.Suspect {
			text += " suspect"
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}

func lines(_ *testing.T, k *kit) {
	p := k.party("D1")
	a, b := line("2025-03-01", "S1", "1", "K1", "市一院", 5), line("2025-03-01", "S2", "1", "K2", "百姓药房", 7)
	require.Equal(k, []store.Outcome{store.Stored, store.Stored, store.Unchanged}, k.sell(p, "v2", a, b, a))
	require.Equal(k, []store.Outcome{store.Unchanged, store.Unchanged}, k.sell(p, "v2", a, b))
	fixed := line("2025-03-01", "S1", "1", "K1", "市一院", 6)
	require.Equal(k, []store.Outcome{store.Stale}, k.sell(p, "v1", fixed), "an older file does not correct a newer one")
	require.Equal(k, []store.Outcome{store.Stored}, k.sell(p, "v3", fixed))
	require.Equal(k, []string{"S1 6", "S2 7"}, k.book(p))
	require.Equal(k, []store.Outcome{store.Unchanged}, k.sell(p, "v5", fixed), "confirmed by v5")
	require.Equal(k, []store.Outcome{store.Stale}, k.sell(p, "v4", a))
	require.Equal(k, []string{"S1 6", "S2 7"}, k.book(p))
}

// replacements: rule 6.2 and guarantee 8, as a law over every order of files.
func replacements(_ *testing.T, k *kit) {
	type file struct {
		version  string
		replaces bool
		lines    []canonical.FlowLine
	}
	n := 0
	rapid.Check(k, func(t *rapid.T) {
		var files []file
		for v := range rapid.IntRange(1, 5).Draw(t, "files") {
			f := file{version: fmt.Sprintf("v%d", v), replaces: rapid.Bool().Draw(t, "replaces")}
			docs := rapid.SliceOfNDistinct(rapid.IntRange(1, 6), 0, 5, rapid.ID[int]).Draw(t, "docs")
			for _, d := range docs {
				day := rapid.SampledFrom([]string{"2025-03-01", "2025-03-15", "2025-04-02"}).Draw(t, "day")
				f.lines = append(f.lines, line(day, fmt.Sprintf("S%d", d), "1", "K1", "市一院", int64(rapid.IntRange(1, 3).Draw(t, "quantity"))))
			}
			files = append(files, f)
		}
		take := func(order []file) []string {
			n++
			p := k.party(fmt.Sprintf("D%d", n))
			for _, f := range order {
				k.sell(p, f.version, f.lines...)
				if f.replaces {
					k.replace(p, f.version)
				}
			}
			return k.book(p)
		}
		want := take(files)
		require.Equal(t, want, take(rapid.Permutation(files).Draw(t, "order")))
		require.Equal(t, want, take(append(slices.Clone(files), rapid.Permutation(files).Draw(t, "again")...)), "files sent again change nothing")
	})
}

func suspects(_ *testing.T, k *kit) {
	p := k.party("D1")
	mark := func() (n int) {
		k.tx(func(ctx context.Context, tx *store.Tx) (err error) {
			n, err = p.sink.MarkSuspects(ctx, tx, canonical.Sales)
			return err
		})
		return n
	}
	k.sell(p, "v1", line("2025-03-01", "S1", "1", "K1", "市一院", 5), line("2025-03-01", "S1", "2", "K1", "市一院", 5), line("2025-03-02", "S3", "1", "K1", "市一院", 5))
	require.Zero(k, mark(), "equal lines of one document are no suspects")
	again := k.party("D1")
	k.sell(again, "v2", line("2025-03-01", "S9", "1", "K1", "市一院", 5))
	p = again
	require.Equal(k, 3, mark())
	require.Equal(k, []string{"S1 5 suspect", "S1 5 suspect", "S3 5", "S9 5 suspect"}, k.book(p))
	k.sell(p, "v3", line("2025-03-01", "S9", "1", "K1", "市一院", 8))
	require.Zero(k, mark())
	require.Equal(k, []string{"S1 5", "S1 5", "S3 5", "S9 8"}, k.book(p), "a correction clears the suspicion")
}

// mentions: rule 6.3.
func mentions(_ *testing.T, k *kit) {
	days := map[string]string{"2025-03-01": "市一院", "2025-03-05": "青河市第一人民医院", "2025-03-09": "市一院", "2025-03-07": "青河一院"}
	n := 0
	rapid.Check(k, func(t *rapid.T) {
		n++
		p := k.party(fmt.Sprintf("D%d", n))
		flush := func() {
			k.tx(func(ctx context.Context, tx *store.Tx) error {
				_, err := p.sink.FlushMentions(ctx, tx, store.Origin{Run: k.run, ReadOrder: k.order()}, 100)
				return err
			})
		}
		for i, day := range rapid.Permutation(slices.Sorted(maps.Keys(days))).Draw(t, "order") {
			k.sell(p, "v1", line(day, "S"+day, "1", "K1", days[day], 5))
			if rapid.Bool().Draw(t, "new run") {
				flush()
				if i%2 == 0 {
					p = k.party(p.key)
				}
			}
		}
		flush()
		require.Equal(t, "市一院", k.current("flow:"+p.key, "K1").Name, "the name of the newest business date")
	})
}
