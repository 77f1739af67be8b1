package hub_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/errs"
	"tributary/store"
)

func TestAPersonIsErased(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		customersHub(t, d.Hub)
		d.reads = 5
		doctor := canonical.Customer{Kind: canonical.HCP, Name: "李建国", Phones: []string{"13811112222"}, Organisation: "广州市第一人民医院"}
		d.put("sfa", "P7", 50, doctor)
		d.put("crm", "D7", 50, canonical.Customer{Kind: canonical.HCP, Name: "李建囯", Organisation: "南京市仁济医院"})
		d.settle()
		m, err := d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{d.golden("sfa", "P7"), d.golden("crm", "D7")}, Because: because("同一人")})
		require.NoError(t, err)
		id := m.Customers[0].String()
		_, err = d.OverrideCustomer(t.Context(), hub.OverrideRequest{Customer: id, Attribute: "wechat", Value: "lijianguo-77", Because: because("x")})
		require.NoError(t, err)
		// A source has deleted one of the records: its past is erased as well.
		require.NoError(t, d.DB.InTx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.PutRecords(t.Context(), []store.Record{{Entity: canonical.EntityCustomer, Source: "crm", ID: "D7", Deleted: true, ReadOrder: "00000090", Run: canonical.DeriveID("run")}})
			return err
		}))
		d.settle()

		_, err = d.EraseCustomer(t.Context(), id, " ")
		require.Equal(t, "steward.reason", errs.CodeOf(err))
		_, err = d.EraseCustomer(t.Context(), "C1", "x")
		require.Equal(t, "customers.not_a_person", errs.CodeOf(err))
		r, err := d.EraseCustomer(t.Context(), id, "request 12")
		require.NoError(t, err)
		_, err = d.ShowCustomer(t.Context(), id, hub.Unmask{})
		require.Equal(t, "customers.erased", errs.CodeOf(err))
		_, err = d.EraseCustomer(t.Context(), id, "again")
		require.Equal(t, "customers.erased", errs.CodeOf(err))
		_, err = d.UndoDecision(t.Context(), r.Decision.ID, "x")
		require.Equal(t, "steward.erased_for_good", errs.CodeOf(err))
		for _, key := range []canonical.RecordKey{{Source: "sfa", ID: "P7"}, {Source: "crm", ID: "D7"}, {Source: "golden", ID: id}} {
			keys, err := d.DB.DataKeys(t.Context(), []canonical.RecordKey{key})
			require.NoError(t, err)
			require.Empty(t, keys, "%v can be read still", key)
		}
		found, err := d.SearchCustomers(t.Context(), "李建国", 0, hub.Unmask{})
		require.NoError(t, err)
		require.Empty(t, found.Customers)
		d.reads = 100
		d.put("sfa", "P7", 50, doctor)
		require.Zero(t, d.settle().Resolve.Created, "what a source sends later is filtered")

		// An inactive person can be erased too.
		patient := d.golden("emr", "M1")
		require.NoError(t, d.DB.InTx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.PutRecords(t.Context(), []store.Record{{Entity: canonical.EntityCustomer, Source: "emr", ID: "M1", Deleted: true, ReadOrder: "00000091", Run: canonical.DeriveID("run")}})
			return err
		}))
		d.settle()
		_, err = d.EraseCustomer(t.Context(), patient, "request 13")
		require.NoError(t, err)
		_, err = d.ShowCustomer(t.Context(), patient, hub.Unmask{})
		require.Equal(t, "customers.erased", errs.CodeOf(err))
		d.stays()
	})
}
