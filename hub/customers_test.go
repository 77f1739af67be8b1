package hub_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/errs"
	"tributary/store"
)

// customersHub has a hospital of two sources, another hospital, a doctor at the first, a patient, and the company.
func customersHub(t *testing.T, h *hub.Hub) {
	t.Helper()
	born, err := canonical.ParseDate("1980-05-06")
	require.NoError(t, err)
	put := func(source, id string, c canonical.Customer) {
		payload, err := json.Marshal(c)
		require.NoError(t, err)
		require.NoError(t, h.DB.InTx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.PutRecords(t.Context(), []store.Record{{Entity: canonical.EntityCustomer, Source: source, ID: id, Kind: c.Kind, Trust: 50,
				Payload: payload, Personal: c.Kind.Person(), ReadOrder: "1", Run: canonical.DeriveID("run")}})
			return err
		}))
	}
	put("erp", "C1", canonical.Customer{Kind: canonical.Hospital, Name: "广州市第一人民医院", USCC: "12310000425001236R", Phones: []string{"020-85550100"}, Custom: map[string]string{"包装": "冷链"}})
	put("sfa", "H1", canonical.Customer{Kind: canonical.Hospital, Name: "廣州第一人民医院", Level: "三甲"})
	put("erp", "C2", canonical.Customer{Kind: canonical.Hospital, Name: "广州市第二人民医院"})
	put("sfa", "P1", canonical.Customer{Kind: canonical.HCP, Name: "王芳", OrganisationID: "H1", Department: "儿科", Phones: []string{"13800001111"}})
	put("emr", "M1", canonical.Customer{Kind: canonical.Patient, Name: "赵明远", BirthDate: born, NationalID: "11010519491231002X", Phones: []string{"13900002222"}})
	_, err = h.Settle(t.Context())
	require.NoError(t, err)
}

func TestCustomersAreListedFoundAndShown(t *testing.T) {
	ingestHubOnBoth(t, func(t *testing.T, h *hub.Hub) {
		customersHub(t, h)
		all, err := h.ListCustomers(t.Context(), hub.ListCustomersRequest{})
		require.NoError(t, err)
		require.Len(t, all.Customers, 5, "the company is a customer too")
		page, err := h.ListCustomers(t.Context(), hub.ListCustomersRequest{Limit: 2})
		require.NoError(t, err)
		rest, err := h.ListCustomers(t.Context(), hub.ListCustomersRequest{After: page.Next})
		require.NoError(t, err)
		require.Equal(t, all.Customers, append(page.Customers, rest.Customers...))
		_, err = h.ListCustomers(t.Context(), hub.ListCustomersRequest{Kind: "shop"})
		require.Equal(t, "customers.unknown_kind", errs.CodeOf(err))

		for _, text := range []string{"广州市第一人民医院", "廣州第一人民", "12310000425001236R", "C1", "H1"} {
			found, err := h.SearchCustomers(t.Context(), text, 0, hub.Unmask{})
			require.NoError(t, err)
			require.NotEmpty(t, found.Customers, text)
			require.Equal(t, "广州市第一人民医院", found.Customers[0].Name, text)
		}
		found, err := h.SearchCustomers(t.Context(), "%", 0, hub.Unmask{})
		require.NoError(t, err)
		require.Empty(t, found.Customers, "a wildcard is only a character")

		c, err := h.ShowCustomer(t.Context(), "C1", hub.Unmask{})
		require.NoError(t, err)
		b, err := json.Marshal(c)
		require.NoError(t, err)
		var shape map[string]any
		require.NoError(t, json.Unmarshal(b, &shape))
		for _, field := range []string{"golden_id", "kind", "name", "aliases", "identifiers", "division", "address", "phones", "emails", "attributes", "tags", "completeness", "sources", "affiliations", "updated_at"} {
			require.Contains(t, shape, field)
		}
		require.NotContains(t, shape, "redirected_from")
		require.Equal(t, []string{"廣州第一人民医院"}, c.Aliases)
		require.Equal(t, "12310000425001236R", c.Identifiers["uscc"])
		require.Equal(t, "三甲", c.Attributes["level"])
		require.Equal(t, "冷链", c.Attributes["包装"])
		require.Equal(t, []string{"020*****0100"}, c.Phones)
		require.Len(t, c.Affiliations, 1)
		require.Equal(t, "王芳", c.Affiliations[0].Name)
		require.Equal(t, "from", c.Affiliations[0].Direction)
		_, err = h.ShowCustomer(t.Context(), "nobody", hub.Unmask{})
		require.Equal(t, "customers.unknown", errs.CodeOf(err))
	})
}

func TestARetiredIDLeadsToItsSurvivor(t *testing.T) {
	ingestHubOnBoth(t, func(t *testing.T, h *hub.Hub) {
		customersHub(t, h)
		first, err := h.ShowCustomer(t.Context(), "C1", hub.Unmask{})
		require.NoError(t, err)
		lost, err := h.ShowCustomer(t.Context(), "C2", hub.Unmask{})
		require.NoError(t, err)
		payload, err := json.Marshal(canonical.Customer{Kind: canonical.Hospital, Name: "广州市第一人民医院"})
		require.NoError(t, err)
		require.NoError(t, h.DB.InTx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.PutRecords(t.Context(), []store.Record{{Entity: canonical.EntityCustomer, Source: "erp", ID: "C2", Kind: canonical.Hospital, Trust: 50, Payload: payload, ReadOrder: "2", Run: canonical.DeriveID("run")}})
			return err
		}))
		_, err = h.Settle(t.Context())
		require.NoError(t, err)
		both, err := h.SearchCustomers(t.Context(), "C2", 0, hub.Unmask{})
		require.NoError(t, err)
		require.Len(t, both.Customers, 1)
		if both.Customers[0].GoldenID == lost.GoldenID { // both ids were published at once: either may survive
			lost = first
		}
		c, err := h.ShowCustomer(t.Context(), lost.GoldenID.String(), hub.Unmask{})
		require.NoError(t, err)
		require.Equal(t, lost.GoldenID.String(), c.RedirectedFrom)
		require.NotEqual(t, lost.GoldenID, c.GoldenID)
		found, err := h.SearchCustomers(t.Context(), lost.GoldenID.String(), 0, hub.Unmask{})
		require.NoError(t, err)
		require.Equal(t, c, found.Customers[0])
	})
}

func TestPersonalFieldsNeedARoleAndAReason(t *testing.T) {
	ingestHubOnBoth(t, func(t *testing.T, h *hub.Hub) {
		customersHub(t, h)
		found, err := h.SearchCustomers(t.Context(), "M1", 0, hub.Unmask{})
		require.NoError(t, err)
		require.Len(t, found.Customers, 1)
		shown, err := json.Marshal(found.Customers[0])
		require.NoError(t, err)
		for _, secret := range []string{"赵明远", "13900002222", "11010519491231002X", "1980-05-06"} {
			require.NotContains(t, string(shown), secret)
		}
		id := found.Customers[0].GoldenID.String()
		_, err = h.ShowCustomer(t.Context(), id, hub.Unmask{Wanted: true})
		require.Equal(t, "customers.unmask_reason", errs.CodeOf(err))
		clear, err := h.ShowCustomer(t.Context(), id, hub.Unmask{Wanted: true, Reason: "complaint 7"})
		require.NoError(t, err)
		require.Equal(t, "赵明远", clear.Name)
		require.Equal(t, []string{"13900002222"}, clear.Phones)
		audit, err := h.DB.AuditOf(t.Context(), id)
		require.NoError(t, err)
		require.Len(t, audit, 1)
		require.Equal(t, "os:test", audit[0].Actor)
		require.Equal(t, "complaint 7", audit[0].Reason)

		h.Actor.Role = hub.CRM
		_, err = h.ShowCustomer(t.Context(), id, hub.Unmask{Wanted: true, Reason: "curious"})
		require.Equal(t, errs.Denied, errs.KindOf(err))
	})
}

func TestExportsHoldEveryLivingCustomerOnce(t *testing.T) {
	ingestHubOnBoth(t, func(t *testing.T, h *hub.Hub) {
		customersHub(t, h)
		var out strings.Builder
		n, err := h.ExportCustomers(t.Context(), &out)
		require.NoError(t, err)
		require.Equal(t, 5, n)
		rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 6)
		require.Equal(t, "golden_id", rows[0][0])
		ids := map[string]bool{}
		for _, row := range rows[1:] {
			ids[row[0]] = true
		}
		require.Len(t, ids, 5)
		for _, secret := range []string{"赵明远", "13800001111", "020-85550100"} {
			require.NotContains(t, out.String(), secret)
		}
		require.Contains(t, out.String(), "manufacturer")

		out.Reset()
		n, err = h.ExportCrosswalk(t.Context(), &out)
		require.NoError(t, err)
		require.Equal(t, 6, n)
		require.True(t, strings.HasPrefix(out.String(), "source,source_id,golden_id\n"))
		require.Contains(t, out.String(), "erp,C1,")
	})
}

func TestWhyTellsTheReason(t *testing.T) {
	ingestHubOnBoth(t, func(t *testing.T, h *hub.Hub) {
		customersHub(t, h)
		why, err := h.WhyCustomers(t.Context(), "erp|C1", "sfa|H1", "zh", hub.Unmask{})
		require.NoError(t, err)
		require.True(t, why.Together)
		require.Equal(t, "match", why.Explanation.Verdict)
		require.Contains(t, why.Text, "全称一致")
		require.Equal(t, why.A.GoldenID, why.B.GoldenID)

		why, err = h.WhyCustomers(t.Context(), "C1", "C2", "en", hub.Unmask{})
		require.NoError(t, err)
		require.False(t, why.Together)
		require.Equal(t, []string{"ordinal"}, why.Explanation.Vetoes)
		require.Contains(t, why.Text, "another number in the name")

		_, err = h.WhyCustomers(t.Context(), "erp|C9", "C2", "en", hub.Unmask{})
		require.Equal(t, "customers.unknown_record", errs.CodeOf(err))
		_, err = h.WhyCustomers(t.Context(), "erp|C1", "erp|C1", "en", hub.Unmask{})
		require.Error(t, err)
	})
}
