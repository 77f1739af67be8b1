// Package storetest is the suite that every dialect of the store passes: the rules of ingest as they show at the
// store's own door. A new rule goes in here, so that both databases learn it.
//
//	func TestSuite(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) *store.DB { … a fresh, migrated database … })
//	}
package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/store"
)

// Run runs the suite; open makes a fresh, migrated database that is closed when its test ends.
func Run(t *testing.T, open func(t *testing.T) *store.DB) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, k *kit)
	}{
		{"records/order of versions", versions},
		{"records/order of versions in one batch", versionsTogether},
		{"records/persons are sealed, erased and suppressed", persons},
		{"records/products and lots in any order", masters},
		{"records/two sources state one product", rivals},
		{"records/products of one unit of work", productsTogether},
		{"records/lots of one unit of work", lotsTogether},
		{"records/aliases mark what they change", aliases},
		{"blocks/whole keys, their parts, candidates", blocks},
		{"parties/found by code, name and self", parties},
		{"lines/first, again, corrected", lines},
		{"lines/replaced months close alike in any order", replacements},
		{"lines/closed months are corrected in later ones", months},
		{"lines/closed months stand, whatever comes in what order", monthLaws},
		{"lines/closed while rows come in", monthRace},
		{"lines/suspected duplicates", suspects},
		{"lines/mentions keep the newest name whatever came first", mentions},
		{"raw/rows read back", raw},
		{"quarantine/kept once, decided once", quarantine},
		{"runs/account and killed runs", runs},
		{"streams/position", streams},
		{"epcis/kept once, declared wrong once, found by key", epcisEvents},
		{"documents/rows come and go with them", documentRows},
		{"cases/kept, locked, sealed, listed", cases},
		{"stewards/decisions and their batches", decisions},
		{"stewards/a change request is answered once", requests},
		{"models/kept whole, the one applied last first", models},
		{"findings/waiting, kept, settled on their evidence", findings},
		{"orders/one for a key, turn by turn", orders},
		{"write-back/records are marked by events, once, and take turns", writeBacks},
		{"inbox/known again, numbered as seen, forgotten", inbox},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, &kit{T: t, DB: open(t), run: canonical.DeriveID("run", c.name)}) })
	}
}

// kit is a database with the steps that the tests are made of.
type kit struct {
	*testing.T
	*store.DB
	run   canonical.ID
	reads int
}

func (k *kit) tx(fn func(ctx context.Context, tx *store.Tx) error) {
	k.Helper()
	require.NoError(k, k.InTx(k.Context(), func(tx *store.Tx) error { return fn(k.Context(), tx) }))
}

// order is a read order later than all before it.
func (k *kit) order() string {
	k.reads++
	return fmt.Sprintf("%09d", k.reads)
}

func (k *kit) record(entity canonical.Entity, source, id string, value any, change ...func(*store.Record)) store.Record {
	k.Helper()
	payload, err := json.Marshal(value)
	require.NoError(k, err)
	r := store.Record{Entity: entity, Source: source, ID: id, Stream: "s", Trust: 50, Payload: payload, ReadOrder: k.order(), Run: k.run, Row: 1}
	if c, ok := value.(canonical.Customer); ok {
		r.Kind, r.Personal = c.Kind, c.Kind.Person()
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func at(day int) func(*store.Record) {
	return func(r *store.Record) { r.SourceTime = time.Date(2025, 3, day, 0, 0, 0, 0, time.UTC) }
}

func deleted(r *store.Record) { r.Deleted = true }

func (k *kit) put(records ...store.Record) []store.Outcome {
	k.Helper()
	var out []store.Outcome
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		put, err := tx.PutRecords(ctx, records)
		for _, p := range put {
			out = append(out, p.Outcome)
		}
		return err
	})
	return out
}

func (k *kit) hospital(name string, change ...func(*store.Record)) store.Record {
	k.Helper()
	return k.record(canonical.EntityCustomer, "erp", "C1", canonical.Customer{Kind: canonical.Hospital, Name: name}, change...)
}

// current is the living customer that the store has under a key; nil when there is none.
func (k *kit) current(source, id string) *canonical.Customer {
	k.Helper()
	n, found, err := k.CustomerByKey(k.Context(), canonical.RecordKey{Source: source, ID: id})
	require.NoError(k, err)
	if !found {
		return nil
	}
	records, err := k.CustomerRecords(k.Context(), []int64{n})
	require.NoError(k, err)
	require.Len(k, records, 1)
	if !records[0].Living() {
		return nil
	}
	return &records[0].Customer
}

func (k *kit) name() string {
	if c := k.current("erp", "C1"); c != nil {
		return c.Name
	}
	return ""
}
