package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/epcis"
	"tributary/store"
)

// epcisEvents: what was captured is found by the objects in it; the first error declaration stands.
func epcisEvents(t *testing.T, k *kit) {
	at := time.Date(2025, 3, 10, 1, 0, 0, 0, time.UTC)
	event := func(id string, hour int, keys ...string) *epcis.Event {
		e := &epcis.Event{ID: id, Hash: "h" + id, Type: "ObjectEvent", Action: "OBSERVE", Time: at.Add(time.Duration(hour) * time.Hour), Offset: "+08:00", BizStep: "shipping",
			Partners: []epcis.Partner{{Type: "owning_party", URI: "urn:x:p", Destination: true}}, Body: []byte("{}")}
		for _, key := range keys {
			e.Items = append(e.Items, epcis.Item{Role: epcis.Observed, URI: "urn:x:" + key, ID: epcis.Identifier{Key: key}})
		}
		return e
	}
	put := func(list ...*epcis.Event) []store.Outcome {
		t.Helper()
		rows := make([]store.EventRow, len(list))
		for i, e := range list {
			rows[i].Event = e
		}
		var out []store.Outcome
		require.NoError(t, k.DB.InTx(t.Context(), func(tx *store.Tx) (err error) {
			out, err = tx.TakeEvents(t.Context(), rows, "os:test")
			return err
		}))
		return out
	}
	require.Equal(t, []store.Outcome{store.Stored, store.Stored, store.Stored}, put(event("e3", 3, "a"), event("e1", 1, "a", "b"), event("e2", 2, "c")))
	other := event("e1", 1, "a")
	other.Hash = "another"
	require.Equal(t, []store.Outcome{store.Unchanged, store.Clash}, put(event("e1", 1, "a", "b"), other), "an id is stored once")

	list, more, err := k.DB.EPCISWith(t.Context(), []string{"a", "b"}, 10)
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, list, 2)
	require.Equal(t, []string{"e1", "e3"}, []string{list[0].ID, list[1].ID}, "by time")
	require.Equal(t, []store.CapturedItem{{Role: epcis.Observed, Key: "a", URI: "urn:x:a"}, {Role: epcis.Observed, Key: "b", URI: "urn:x:b"}}, list[0].Items)
	require.True(t, list[0].Partners[0].Destination)
	_, more, err = k.DB.EPCISWith(t.Context(), []string{"a"}, 1)
	require.NoError(t, err)
	require.True(t, more)

	for i, reason := range []string{"incorrect_data", "did_not_occur"} {
		wrong := event("e1", 1, "a", "b")
		wrong.Error = &epcis.Declaration{Time: at, Reason: reason, Corrective: []string{"e3"}}
		require.Equal(t, []store.Outcome{[]store.Outcome{store.Declared, store.Unchanged}[i]}, put(wrong))
		require.Equal(t, []store.Outcome{store.Unchanged}, put(event("e1", 1, "a", "b")), "what is wrong stays wrong")
	}
	list, _, err = k.DB.EPCISWith(t.Context(), []string{"b"}, 10)
	require.NoError(t, err)
	require.True(t, list[0].Wrong)
	require.Equal(t, "incorrect_data", list[0].WrongReason)
	require.Equal(t, []string{"e3"}, list[0].CorrectedBy)

	// A source that has the event again lifts the declaration.
	stands := func() (out []store.Outcome) {
		require.NoError(t, k.DB.InTx(t.Context(), func(tx *store.Tx) (err error) {
			out, err = tx.TakeEvents(t.Context(), []store.EventRow{{Event: event("e1", 1, "a", "b"), Stands: true}}, "os:test")
			return err
		}))
		return out
	}
	require.Equal(t, []store.Outcome{store.Stored}, stands())
	require.Equal(t, []store.Outcome{store.Unchanged}, stands())
	list, _, err = k.DB.EPCISWith(t.Context(), []string{"b"}, 10)
	require.NoError(t, err)
	require.False(t, list[0].Wrong)
}

// documentRows: what the rows of a document became is kept by source, stream and document.
func documentRows(t *testing.T, k *kit) {
	bill := store.DocumentKey{Source: "msfx", Stream: "bills", Document: "R|201|B1"}
	change := func(d store.DocumentKey, gained, lost []string) {
		t.Helper()
		require.NoError(t, k.DB.InTx(t.Context(), func(tx *store.Tx) error { return tx.ChangeDocument(t.Context(), d, gained, lost) }))
	}
	read := func(d store.DocumentKey) (refs []string) {
		t.Helper()
		require.NoError(t, k.DB.InTx(t.Context(), func(tx *store.Tx) (err error) {
			refs, err = tx.DocumentRows(t.Context(), d)
			return err
		}))
		return refs
	}
	require.Empty(t, read(bill))
	change(bill, []string{"b", "a"}, nil)
	require.Equal(t, []string{"a", "b"}, read(bill))
	change(bill, []string{"c"}, []string{"a"})
	require.Equal(t, []string{"b", "c"}, read(bill))
	other := bill
	other.Stream = "codes"
	require.Empty(t, read(other))
	change(bill, nil, []string{"b", "c"})
	require.Empty(t, read(bill))
}
