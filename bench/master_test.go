package bench_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/sandbox/world"
	"tributary/hub"
	"tributary/store"
)

// known is a record that is stored, with the sources' own customer behind it.
type known struct {
	source, id string
	customer   canonical.Customer
}

// population gives records of the simulated world, mixed kinds as its systems hold them: at least one record of each
// customer, and all records of every eighth one, so that about as many customers as rows stand there and some are known
// to several systems. Records of a customer keep their place in their system.
func population(t testing.TB, rows int) iter.Seq[known] {
	t.Helper()
	const perCustomer = 1.14
	until, err := canonical.ParseDate("2026-06-30")
	require.NoError(t, err)
	w, err := world.New(world.Config{Seed: 1, Scale: max(0.02, float64(rows)/perCustomer/10_000), Until: until})
	require.NoError(t, err)
	return func(yield func(known) bool) {
		seen := make([]bool, len(w.Customers))
		for _, system := range world.Systems() {
			for r := range w.Records(system) {
				if seen[r.Truth] && r.Truth%8 != 0 {
					continue
				}
				seen[r.Truth] = true
				if !yield(known{string(system), r.ID, r.Customer}) {
					return
				}
			}
		}
	}
}

// put stores versions of records, a unit of work for every 5,000.
func put(t testing.TB, db *store.DB, order string, list iter.Seq[known]) int {
	t.Helper()
	n, run := 0, canonical.DeriveID("bench", order)
	var batch []store.Record
	flush := func() {
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error { _, err := tx.PutRecords(t.Context(), batch); return err }))
		batch = batch[:0]
	}
	for k := range list {
		payload, err := json.Marshal(k.customer)
		require.NoError(t, err)
		batch = append(batch, store.Record{Entity: canonical.EntityCustomer, Source: k.source, ID: k.id, Kind: k.customer.Kind, Trust: 50,
			Payload: payload, Personal: k.customer.Kind.Person(), ReadOrder: order, Run: run, Row: n})
		if n++; len(batch) == 5000 {
			flush()
		}
	}
	flush()
	return n
}

// change returns the customer as its source has it after a while: by turns a value that no comparison looks at, another
// telephone, and a word more in the name.
func change(i int, c canonical.Customer) canonical.Customer {
	switch i % 3 {
	case 0:
		c.Feedback = fmt.Sprintf("%s %d", c.Feedback, i)
	case 1:
		c.Phones = append([]string{fmt.Sprintf("139%08d", i*7919%100_000_000)}, c.Phones...)
	default:
		c.Name = strings.TrimSpace(c.Name) + []string{"东", "新", "明"}[i/3%3]
	}
	return c
}

// fill stores the population and gives the number of its records.
func fill(t testing.TB, h *hub.Hub, rows int) int {
	t.Helper()
	n := put(t, h.DB, "1", population(t, rows))
	debug.FreeOSMemory() // the world is not the hub's
	return n
}

// changes gives n records of the population, spread over all of it, as their sources have them later. Rounds differ.
func changes(t testing.TB, rows, n, round int) iter.Seq[known] {
	t.Helper()
	all := population(t, rows)
	return func(yield func(known) bool) {
		i, given := 0, 0
		for k := range all {
			if i++; given < n && i%(rows/n) == round {
				k.customer = change(given, k.customer)
				if given++; !yield(k) {
					return
				}
			}
		}
	}
}
