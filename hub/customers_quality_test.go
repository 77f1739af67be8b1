package hub_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
)

func TestTheMasterIsMeasured(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		empty, err := d.CustomersQuality(t.Context(), hub.QualityRequest{})
		require.NoError(t, err)
		require.Zero(t, empty.Records)
		customersHub(t, d.Hub)
		d.reads = 10
		d.put("erp", "C3", 50, canonical.Customer{Kind: canonical.Hospital, Name: "沈阳市东方护理院", USCC: "12310000426001236R"})
		d.put("flow:D1", "k1", 0, canonical.Customer{Kind: canonical.UnknownParty, Name: "人民医院", Code: "k1"})
		d.settle()
		r, err := d.CustomersQuality(t.Context(), hub.QualityRequest{Keep: true})
		require.NoError(t, err)
		require.EqualValues(t, 7, r.Records, "the company has a record too")
		require.EqualValues(t, 1, r.Mentions)
		require.EqualValues(t, 7, r.Customers)
		require.Equal(t, 0.25, r.ActRate, "two records of eight share a customer")
		require.EqualValues(t, 6, r.Sizes[0].Customers)
		require.EqualValues(t, 1, r.Sizes[1].Customers)
		require.Nil(t, r.Drift)
		var erp float64
		for _, s := range r.Sources {
			if s.Source == "erp" {
				require.EqualValues(t, 3, s.Records)
				require.Equal(t, 0.3333, s.Null["uscc"])
				erp = s.InvalidIDs["uscc"]
			}
		}
		require.Equal(t, 0.5, erp, "one of two codes fails its check")
		require.NotEmpty(t, r.Curve)
		require.GreaterOrEqual(t, r.Curve[0].Pairs, r.Curve[len(r.Curve)-1].Pairs)

		d.hospital("erp", "C4", "拉萨市藏医院")
		d.settle()
		r, err = d.CustomersQuality(t.Context(), hub.QualityRequest{})
		require.NoError(t, err)
		require.EqualValues(t, 1, r.Drift.Records)
		require.EqualValues(t, 1, r.Drift.Customers)
		require.Negative(t, r.Drift.ActRate)
	})
}
