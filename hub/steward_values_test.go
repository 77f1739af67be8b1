package hub_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
	"tributary/store"
)

// putAt stores a version of a record as its source had it at a time.
func (d *desk) putAt(at time.Time, source, id string, trust int, c canonical.Customer) {
	d.Helper()
	payload, err := json.Marshal(c)
	require.NoError(d, err)
	d.reads++
	require.NoError(d, d.DB.InTx(d.Context(), func(tx *store.Tx) error {
		_, err := tx.PutRecords(d.Context(), []store.Record{{Entity: canonical.EntityCustomer, Source: source, ID: id, Kind: c.Kind, Trust: trust, SourceTime: at,
			Payload: payload, Personal: c.Kind.Person(), ReadOrder: time.Unix(int64(d.reads), 0).Format(time.RFC3339), Run: canonical.DeriveID("run")}})
		return err
	}))
}

func (d *desk) shown(source, id string) hub.Customer {
	d.Helper()
	c, err := d.ShowCustomer(d.Context(), d.golden(source, id), hub.Unmask{})
	require.NoError(d, err)
	return c
}

// What a merge and a split do to values: affiliations are re-pointed and each once, stale values give way by the time of
// their source whenever they arrive, custom attributes and completeness follow the records.
func TestValuesFollowMergesAndSplits(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		day := func(n int) time.Time { return time.Date(2026, 5, n, 8, 0, 0, 0, time.UTC) }
		d.putAt(day(1), "sfa", "H1", 60, canonical.Customer{Kind: canonical.Hospital, Name: "南京市仁济医院", Level: "三甲", LicenceNo: "PDY1234567890", Custom: map[string]string{"包装": "冷链", "院感": "甲"}})
		d.putAt(day(1), "erp", "H2", 80, canonical.Customer{Kind: canonical.Hospital, Name: "无锡市安康医院", Phones: []string{"0510-85550100"}, Custom: map[string]string{"包装": "常温", "标识": "X"}})
		d.putAt(day(1), "crm", "H9", 50, canonical.Customer{Kind: canonical.Hospital, Name: "无锡市安康医院"})
		doctor := func(at time.Time, source, house, title string) {
			d.putAt(at, source, "P1", 60, canonical.Customer{Kind: canonical.HCP, Name: "王芳", OrganisationID: house, Department: "儿科", Title: title, Phones: []string{"13800001111"}})
		}
		doctor(day(9), "crm", "H9", "副主任医师")
		doctor(day(5), "sfa", "H1", "主治医师") // arrives later, is older
		d.settle()
		require.Equal(t, d.golden("erp", "H2"), d.golden("crm", "H9"))
		require.Equal(t, d.golden("sfa", "P1"), d.golden("crm", "P1"))
		title := func() string { return d.shown("sfa", "P1").Attributes["title"] }
		require.Equal(t, "副主任医师", title(), "the source's own time decides, not the arrival")
		doctor(day(7), "crm", "H9", "住院医师")
		d.settle()
		require.Equal(t, "副主任医师", title(), "a stale version changes nothing")
		doctor(day(11), "sfa", "H1", "主任医师")
		d.settle()
		require.Equal(t, "主任医师", title())
		require.Len(t, d.shown("sfa", "P1").Affiliations, 2)

		one, other := d.shown("sfa", "H1"), d.shown("erp", "H2")
		require.Equal(t, "冷链", one.Attributes["包装"])
		require.NotEmpty(t, one.Groups)
		merged, err := d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{d.golden("sfa", "H1"), d.golden("erp", "H2")}, Because: because("一家")})
		require.NoError(t, err)
		both := d.shown("sfa", "H1")
		require.Equal(t, "常温", both.Attributes["包装"], "the more trusted source has it")
		require.Equal(t, "甲", both.Attributes["院感"])
		require.Equal(t, "X", both.Attributes["标识"])
		require.Greater(t, both.Completeness, max(one.Completeness, other.Completeness), "a licence of one, a phone of the other")
		for group, share := range one.Groups {
			require.GreaterOrEqual(t, both.Groups[group], share, group)
		}
		at := d.shown("sfa", "P1").Affiliations
		require.Len(t, at, 1, "two places of work that are one now")
		require.Equal(t, both.GoldenID, at[0].GoldenID)

		parted, err := d.SplitCustomer(t.Context(), hub.SplitRequest{Customer: both.GoldenID.String(), Records: []string{"sfa:H1"}, Because: because("两家")})
		require.NoError(t, err)
		require.Equal(t, "冷链", d.shown("sfa", "H1").Attributes["包装"])
		require.NotContains(t, d.shown("sfa", "H1").Attributes, "标识")
		require.NotContains(t, d.shown("erp", "H2").Attributes, "院感")
		require.Equal(t, one.Completeness, d.shown("sfa", "H1").Completeness)
		require.Equal(t, other.Groups, d.shown("erp", "H2").Groups)
		places := map[canonical.ID]bool{}
		for _, a := range d.shown("sfa", "P1").Affiliations {
			places[a.GoldenID] = true
		}
		require.Equal(t, map[canonical.ID]bool{d.shown("sfa", "H1").GoldenID: true, d.shown("erp", "H2").GoldenID: true}, places)

		_, err = d.SplitCustomer(t.Context(), hub.SplitRequest{Customer: d.golden("sfa", "P1"), Records: []string{"crm:P1"}, Because: because("同名")})
		require.NoError(t, err)
		for source, want := range map[string][2]string{"sfa": {"主任医师", d.golden("sfa", "H1")}, "crm": {"副主任医师", d.golden("erp", "H2")}} {
			p := d.shown(source, "P1")
			require.Equal(t, want[0], p.Attributes["title"])
			require.Len(t, p.Affiliations, 1)
			require.Equal(t, want[1], p.Affiliations[0].GoldenID.String())
		}
		for _, id := range []string{parted.Decision.ID, merged.Decision.ID} {
			_, err = d.UndoDecision(t.Context(), id, "as the sources say")
			require.NoError(t, err)
		}
		require.NotEqual(t, d.golden("sfa", "H1"), d.golden("erp", "H2"))
		d.stays()
	})
}
