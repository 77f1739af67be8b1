package pipeline_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/events"
	"tributary/store"
)

func (m *master) activity(source, id string, a canonical.Activity) {
	payload, err := json.Marshal(a)
	require.NoError(m.t, err)
	m.order++
	require.NoError(m.t, m.db.InTx(m.ctx(), func(tx *store.Tx) error {
		_, err := tx.PutRecords(m.ctx(), []store.Record{{Entity: canonical.EntityActivity, Source: source, ID: id, Payload: payload,
			ReadOrder: fmt.Sprintf("%08d", m.order), Run: canonical.DeriveID("run")}})
		return err
	}))
}

// latest is what a consumer that read everything holds of a topic: the newest value of each key, none for a tombstone.
func (m *master) latest(topic string) map[string]json.RawMessage {
	var list []events.Event
	for shard := range 64 {
		chunks, err := m.db.PendingChunks(m.ctx(), shard, 1<<20)
		require.NoError(m.t, err)
		for _, c := range chunks {
			if c.Topic == topic {
				list = append(list, c.Events...)
			}
		}
	}
	slices.SortFunc(list, func(a, b events.Event) int { return cmp.Compare(a.Version, b.Version) })
	out := map[string]json.RawMessage{}
	for _, e := range list {
		if out[e.Key] = e.Value; e.Value == nil {
			delete(out, e.Key)
		}
	}
	return out
}

// An activity keeps the golden id of its day. Whoever reads the topics alone finds the present customer by the record that
// the activity names, through the crosswalk topic, across merges, splits, deletes and returns; the activity itself is
// published once.
func TestActivitiesAreFollowedByTheirRecord(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		day, err := canonical.ParseDate("2026-03-02")
		require.NoError(t, err)
		m.put(rec{"erp", "C1", 80, hospital("南京市仁济医院")})
		m.run()
		m.put(rec{"sfa", "7", 60, hospital("南京仁爱康医院")})
		m.activity("sfa", "V1", canonical.Activity{Customer: "7", Kind: "visit", Date: day})
		m.run()
		follow := func() (then canonical.ID, now canonical.ID, known bool) {
			var v events.ActivityValue
			require.NoError(t, json.Unmarshal(m.latest(events.TopicActivity)["sfa|V1"], &v))
			link, known := m.latest(events.TopicCrosswalk)[v.Customer.Source+"|"+v.Customer.SourceID]
			if !known {
				return *v.Customer.GoldenID, now, false
			}
			var x events.CrosswalkValue
			require.NoError(t, json.Unmarshal(link, &x))
			var g events.GoldenValue
			require.NoError(t, json.Unmarshal(m.latest(events.TopicGolden)[x.GoldenID.String()], &g))
			require.Equal(t, store.GoldenActive, g.Status, "a crosswalk never leads to a redirect")
			return *v.Customer.GoldenID, x.GoldenID, true
		}
		first := m.golden("sfa", "7")
		then, now, known := follow()
		require.True(t, known)
		require.Equal(t, first, then)
		require.Equal(t, first, now)

		m.put(rec{"sfa", "7", 60, hospital("南京仁济医院")})
		require.EqualValues(t, 1, m.run().Merged)
		then, now, _ = follow()
		require.Equal(t, first, then)
		require.Equal(t, m.golden("erp", "C1"), now)
		var merged events.GoldenGone
		require.NoError(t, json.Unmarshal(m.latest(events.TopicGolden)[first.String()], &merged))
		require.Equal(t, store.GoldenMerged, merged.Status)
		require.Equal(t, now, merged.Survivor, "the golden topic alone tells a merge too")

		m.put(rec{"sfa", "7", 60, hospital("南京仁爱康医院")})
		require.EqualValues(t, 1, m.run().Split)
		_, now, _ = follow()
		require.Equal(t, m.golden("sfa", "7"), now)
		require.NotContains(t, []canonical.ID{first, m.golden("erp", "C1")}, now, "after a split only the crosswalk leads to the right part")

		m.put(rec{"sfa", "7", 60, nil})
		m.run()
		_, _, known = follow()
		require.False(t, known, "the record is gone")
		m.put(rec{"sfa", "7", 60, hospital("南京仁爱康医院")})
		m.run()
		_, now, known = follow()
		require.True(t, known)
		require.Equal(t, m.golden("sfa", "7"), now)
	})
}
