package pipeline_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/store"
)

// Invariant 5: of records as trusted as each other the one changed last speaks, also when all that changed is its time.
func TestATimeThatMovesDecidesWhoSpeaks(t *testing.T) {
	t.Parallel()
	resolveOnBoth(t, func(t *testing.T, m *master) {
		put := func(id, tier string, minute int) {
			payload, err := json.Marshal(hospital("南京市安康华医院", withUSCC("12310000425001236R"), func(c *canonical.Customer) { c.Tier = tier }))
			require.NoError(t, err)
			m.order++
			require.NoError(t, m.db.InTx(t.Context(), func(tx *store.Tx) error {
				_, err := tx.PutRecords(t.Context(), []store.Record{{Entity: canonical.EntityCustomer, Source: "sfa", ID: id, Trust: 50, Kind: canonical.Hospital, Payload: payload,
					SourceTime: time.Date(2026, 11, 24, 7, minute, 0, 0, time.UTC), Run: canonical.DeriveID("run")}})
				return err
			}))
		}
		tier := func() any { return m.value(m.golden("sfa", "1")).Attributes["tier"] }
		put("1", "A", 1)
		put("2", "B", 2)
		m.run()
		require.Equal(t, m.golden("sfa", "1"), m.golden("sfa", "2"))
		require.Equal(t, "B", tier())
		put("1", "A", 3)
		m.run()
		require.Equal(t, "A", tier())
		require.Zero(t, m.run().Records, "nothing waits any more")
	})
}
