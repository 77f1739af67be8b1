package hub_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/errs"
)

func TestFindBeforeCreate(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		customersHub(t, d.Hub)
		find := func(c canonical.Customer) hub.Found {
			f, err := d.FindCustomers(t.Context(), hub.FindRequest{Customer: c, Lang: "zh"})
			require.NoError(t, err)
			return f
		}
		f := find(canonical.Customer{Name: "廣州市第一人民医院"})
		require.Equal(t, "match", f.Verdict)
		require.Equal(t, d.golden("erp", "C1"), f.Candidates[0].GoldenID.String())
		require.Contains(t, f.Candidates[0].Reasons[0], "名称")
		require.GreaterOrEqual(t, f.Candidates[0].Probability, 0.99)
		f = find(canonical.Customer{Kind: canonical.Hospital, Name: "别的名字", USCC: "12310000425001236R"})
		require.NotEqual(t, "none", f.Verdict, "an identifier finds it under any name")
		require.Equal(t, d.golden("erp", "C1"), f.Candidates[0].GoldenID.String())
		require.Equal(t, "none", find(canonical.Customer{Kind: canonical.Hospital, Name: "拉萨市藏医院"}).Verdict)
		f = find(canonical.Customer{Kind: canonical.Patient, Name: "赵明远", NationalID: "11010519491231002X"})
		require.Equal(t, "match", f.Verdict)
		require.Equal(t, "赵**", f.Candidates[0].Name, "a patient is masked")
		require.NotContains(t, f.Candidates[0].Reasons, "赵明远")
		_, err := d.FindCustomers(t.Context(), hub.FindRequest{})
		require.Equal(t, "customers.nothing_to_find_by", errs.CodeOf(err))
		_, err = d.FindCustomers(t.Context(), hub.FindRequest{Customer: canonical.Customer{Kind: "shop", Name: "x"}})
		require.Equal(t, "customers.unknown_kind", errs.CodeOf(err))

		create := func(c canonical.Customer, above float64) (hub.Created, error) {
			return d.CreateCustomer(t.Context(), hub.CreateRequest{FindRequest: hub.FindRequest{Customer: c}, IfNoneAbove: above, Reason: "from the sales call"})
		}
		known, err := create(canonical.Customer{Kind: canonical.Hospital, Name: "广州市第一人民医院"}, 0.9)
		require.NoError(t, err)
		require.False(t, known.Created)
		require.Equal(t, d.golden("erp", "C1"), known.GoldenID.String())
		fresh, err := create(canonical.Customer{Kind: canonical.Hospital, Name: "拉萨市藏医院"}, 0.9)
		require.NoError(t, err)
		require.True(t, fresh.Created)
		require.Equal(t, fresh.GoldenID.String(), d.golden(fresh.Record.Source, fresh.Record.ID))
		again, err := create(canonical.Customer{Kind: canonical.Hospital, Name: "拉萨市藏医院"}, 0.9)
		require.NoError(t, err)
		require.False(t, again.Created, "who creates it a second time finds the first")
		require.Equal(t, fresh.GoldenID, again.GoldenID)
		for _, p := range []float64{0, -1, 1.5} {
			_, err = create(canonical.Customer{Kind: canonical.Hospital, Name: "x"}, p)
			require.Equal(t, "customers.probability", errs.CodeOf(err))
		}
		_, err = create(canonical.Customer{Kind: canonical.Hospital}, 0.9)
		require.Equal(t, "customers.unusable", errs.CodeOf(err))
		d.Actor.Role = hub.Auditor
		_, err = create(canonical.Customer{Kind: canonical.Hospital, Name: "x"}, 0.9)
		require.True(t, errs.Is(err, errs.Denied))
	})
}

func TestACustomerIsReadStrictly(t *testing.T) {
	c, err := hub.ParseCustomer([]byte(`{"kind":"hospital","name":"一院","phones":["020-85550100"]}`), "x.json")
	require.NoError(t, err)
	require.Equal(t, "一院", c.Name)
	for _, bad := range []string{``, `[]`, `{"nam":"x"}`, `{"name":1}`, `{"name":"x"} {}`, `{`} {
		_, err := hub.ParseCustomer([]byte(bad), "x.json")
		require.Equal(t, "customers.bad_json", errs.CodeOf(err), bad)
	}
}
