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
	put := func(list ...*epcis.Event) error {
		return k.DB.InTx(t.Context(), func(tx *store.Tx) error { return tx.PutEPCIS(t.Context(), list, "os:test") })
	}
	require.NoError(t, put(event("e3", 3, "a"), event("e1", 1, "a", "b"), event("e2", 2, "c")))
	require.Error(t, put(event("e1", 1, "a")), "an id is stored once")

	known, err := k.DB.EPCISKnown(t.Context(), []string{"e1", "e9"})
	require.NoError(t, err)
	require.Equal(t, map[string]store.KnownEvent{"e1": {Hash: "he1"}}, known)

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

	for _, reason := range []string{"incorrect_data", "did_not_occur"} {
		require.NoError(t, k.DB.InTx(t.Context(), func(tx *store.Tx) error {
			return tx.DeclareEPCIS(t.Context(), "e1", &epcis.Declaration{Time: at, Reason: reason, Corrective: []string{"e3"}})
		}))
	}
	list, _, err = k.DB.EPCISWith(t.Context(), []string{"b"}, 10)
	require.NoError(t, err)
	require.True(t, list[0].Wrong)
	require.Equal(t, "incorrect_data", list[0].WrongReason)
	require.Equal(t, []string{"e3"}, list[0].CorrectedBy)
}
