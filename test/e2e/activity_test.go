package e2e

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
)

// Activities that come before their customer wait for it; each version is published once, with the golden id, and those
// of persons carry nothing in clear in the outbox.
func TestActivitiesArePublishedWithTheirCustomer(t *testing.T) {
	t.Parallel()
	harness.OnBothProfiles(t, harness.Options{Company: harness.NewCompany()}, func(t *testing.T, h *harness.Hub) {
		visits := "id,customer,kind,date,subject,owner\nV1,H1,visit,2025-03-02,新品介绍,赵代表\nV2,K9,visit,2025-03-03,随访,赵代表\n"
		importFile(h, file{"visits.csv", "activities", ""}, h.Write("visits.csv", visits))
		importWorked(h, file{"customers.csv", "customers", ""})
		h.OK("relay", "--once")
		type activity struct {
			Customer struct {
				GoldenID string `json:"golden_id"`
				SourceID string `json:"source_id"`
			}
			Subject string
		}
		latest := func() (harness.Log, map[string]activity) {
			log := h.Log("sfa.activity")
			out := map[string]activity{}
			for key, r := range log.Last()["tributary.sfa.activity.v1"] {
				var a activity
				require.NoError(t, json.Unmarshal(r.Value, &a))
				out[key] = a
			}
			return log, out
		}
		golden := func(id string) string {
			for _, row := range h.CSV("customers", "crosswalk") {
				if row["source"] == "erp" && row["source_id"] == id {
					return row["golden_id"]
				}
			}
			return ""
		}
		log, found := latest()
		require.Len(t, log, 1, "the visit to a customer that nobody knows waits")
		require.Equal(t, golden("H1"), found["erp|V1"].Customer.GoldenID)
		require.Equal(t, "新品介绍", found["erp|V1"].Subject)

		importFile(h, file{"doctor.csv", "customers", ""}, h.Write("doctor.csv", "id,name,kind,organisation\nK9,王伟,hcp,青河市第一人民医院\n"))
		importFile(h, file{"visits.csv", "activities", ""}, h.Write("visits.csv", "id,customer,kind,date,subject,owner\nV1,H1,visit,2025-03-02,学术会议,赵代表\n"))
		h.OK("relay", "--once")
		log, found = latest()
		log.CheckOrder(t)
		log.CheckSchemas(t)
		require.Len(t, log.IDs(), 3)
		require.Equal(t, golden("K9"), found["erp|V2"].Customer.GoldenID)
		require.Equal(t, "学术会议", found["erp|V1"].Subject)

		h.OK("resolve", "--all")
		h.OK("relay", "--once")
		log, _ = latest()
		require.Len(t, log.IDs(), 3, "resolving again publishes nothing again")
	})
}
