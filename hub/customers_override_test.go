package hub_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/hub"
	"tributary/internal/errs"
	"tributary/store"
)

func TestAStewardsValueBeatsTheSources(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.put("erp", "C1", 80, canonical.Customer{Kind: canonical.Hospital, Name: "广州市第一人民医院", Level: "二甲"})
		d.put("sfa", "H1", 60, canonical.Customer{Kind: canonical.Hospital, Name: "广州第一人民医院", Tags: []string{"KOL"}})
		d.settle()
		id := d.golden("erp", "C1")
		set := func(attribute, value string, until time.Time) (hub.Overridden, error) {
			return d.OverrideCustomer(t.Context(), hub.OverrideRequest{Customer: id, Attribute: attribute, Value: value, Because: hub.Because{Reason: "卫健委公告", Until: until}})
		}
		show := func() hub.Customer {
			c, err := d.ShowCustomer(t.Context(), d.golden("erp", "C1"), hub.Unmask{})
			require.NoError(t, err)
			return c
		}
		for _, bad := range []struct{ attribute, value, code string }{
			{"levle", "三甲", "override.attribute"}, {"custom", "x", "override.attribute"}, {"level", " ", "override.empty"}, {"kind", "shop", "override.value"},
			{"kind", "hcp", "override.value"}, {"reviewed_on", "yesterday", "override.value"}, {"uscc", "12310000426001236R", "override.value"},
		} {
			_, err := set(bad.attribute, bad.value, time.Time{})
			require.Equal(t, bad.code, errs.CodeOf(err), bad)
		}
		r, err := set("level", "三甲", time.Time{})
		require.NoError(t, err)
		require.Len(t, r.Overrides, 1)
		c := show()
		require.Equal(t, "三甲", c.Attributes["level"])
		at := func(c hub.Customer, attribute string) dedupe.Lineage {
			for _, l := range c.Lineage {
				if l.Attribute == attribute {
					return l
				}
			}
			return dedupe.Lineage{}
		}
		require.Equal(t, "override", at(c, "level").Rule)
		require.Equal(t, "os:test", at(c, "level").By)
		require.Equal(t, []dedupe.LostValue{{Value: "二甲", Source: "erp", SourceID: "C1"}}, at(c, "level").Lost)
		require.NotEmpty(t, c.Groups)
		_, err = set("level", "三乙", time.Time{})
		require.NoError(t, err)
		require.Equal(t, "三乙", show().Attributes["level"], "the later value takes the place")
		require.Len(t, show().Overrides, 1)

		// It follows its records: the id goes elsewhere, the first anchor is deleted.
		_, err = d.TagCustomer(t.Context(), id, []string{"青年专家", "KOL"}, hub.Because{})
		require.NoError(t, err)
		require.Equal(t, []string{"KOL", "青年专家"}, show().Tags)
		require.NoError(t, d.DB.InTx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.PutRecords(t.Context(), []store.Record{{Entity: canonical.EntityCustomer, Source: "erp", ID: "C1", Deleted: true, ReadOrder: "00000009", Run: canonical.DeriveID("run")}})
			return err
		}))
		d.settle()
		left, err := d.ShowCustomer(t.Context(), d.golden("sfa", "H1"), hub.Unmask{})
		require.NoError(t, err)
		require.Equal(t, "三乙", left.Attributes["level"])
		d.reads = 10
		d.put("erp", "C1", 80, canonical.Customer{Kind: canonical.Hospital, Name: "广州市第一人民医院", Level: "二甲"})
		d.settle()
		d.stays()

		_, err = d.UntagCustomer(t.Context(), id, []string{"青年专家"}, hub.Because{})
		require.NoError(t, err)
		require.Equal(t, []string{"KOL"}, show().Tags)
		_, err = d.UntagCustomer(t.Context(), id, []string{"青年专家"}, hub.Because{})
		require.Equal(t, "override.none", errs.CodeOf(err))
		_, err = d.RemoveOverride(t.Context(), id, "level", "wrong")
		require.NoError(t, err)
		require.Equal(t, "二甲", show().Attributes["level"])
		_, err = set("level", "三甲", time.Now().Add(300*time.Millisecond))
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			waits, err := d.DB.Unsettled(t.Context())
			require.NoError(t, err)
			return waits
		}, 10*time.Second, 20*time.Millisecond)
		d.settle()
		require.Equal(t, "二甲", show().Attributes["level"], "it has expired")
	})
}

func TestAStewardsValueOfAPersonIsSealedAndMasked(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		customersHub(t, d.Hub)
		id := d.golden("emr", "M1")
		_, err := d.OverrideCustomer(t.Context(), hub.OverrideRequest{Customer: id, Attribute: "phones", Value: "13700003333 / 13700004444", Because: because("电话核实")})
		require.NoError(t, err)
		c, err := d.ShowCustomer(t.Context(), id, hub.Unmask{})
		require.NoError(t, err)
		b, err := json.Marshal(c)
		require.NoError(t, err)
		for _, secret := range []string{"13700003333", "13700004444", "13900002222", "赵明远", "11010519491231002X", "1980-05-06"} {
			require.NotContains(t, string(b), secret, "neither in values nor in lineage")
		}
		clear, err := d.ShowCustomer(t.Context(), id, hub.Unmask{Wanted: true, Reason: "call"})
		require.NoError(t, err)
		require.Equal(t, []string{"13700003333", "13700004444"}, clear.Phones)
		require.Equal(t, "13700003333 / 13700004444", clear.Overrides[0].Value)
		doctor, err := d.ShowCustomer(t.Context(), d.golden("sfa", "P1"), hub.Unmask{})
		require.NoError(t, err)
		b, err = json.Marshal(doctor)
		require.NoError(t, err)
		require.NotContains(t, string(b), "13800001111")
	})
}
