package canonical_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
)

func TestValidateReportsEveryIssueAtOnce(t *testing.T) {
	c := canonical.Customer{Kind: "shop"}
	issues := c.Validate()
	require.Len(t, issues, 2)
	require.Equal(t, "The field name is empty.\n  → Fill it at the source, or map another column to it.", issues[0].Text("en"))
	require.Contains(t, issues[1].Text("zh"), "字段 kind 的值“shop”不合规")

	line := canonical.FlowLine{Ledger: canonical.Sales, Quantity: canonical.Units(-1)}
	require.Len(t, line.Validate(), 4)
	lot := canonical.Lot{Product: "P", Lot: "1", MfgDate: 20, ExpDate: 10, Quantity: -1}
	require.Len(t, lot.Validate(), 2)
	alias := canonical.Alias{Type: "x", Op: "+"}
	require.Len(t, alias.Validate(), 4)
}

func TestEveryAttributeCanBeReadSetAndCopied(t *testing.T) {
	names := map[string]bool{}
	for _, a := range canonical.CustomerAttributes() {
		require.False(t, names[a.Name], "attribute %s stands twice", a.Name)
		names[a.Name] = true
		var c, d canonical.Customer
		require.False(t, a.IsSet(&c), a.Name)
		if a.Name == "custom" {
			require.Error(t, a.SetText(&c, "x"))
			continue
		}
		require.NoError(t, a.SetText(&c, "2026-01-02"), a.Name)
		require.True(t, a.IsSet(&c), a.Name)
		require.Equal(t, "2026-01-02", a.Text(&c), a.Name)
		a.Copy(&d, &c)
		require.Equal(t, a.Get(&c), a.Get(&d), a.Name)
		a.Unset(&d)
		require.False(t, a.IsSet(&d), a.Name)
	}
	phone, ok := canonical.CustomerAttribute("phones")
	require.True(t, ok)
	require.True(t, phone.Personal && phone.Many)
}

func TestCustomerJSONKeepsEveryField(t *testing.T) {
	var c canonical.Customer
	for _, a := range canonical.CustomerAttributes() {
		if a.Name != "custom" {
			require.NoError(t, a.SetText(&c, "2026-01-02"))
		}
	}
	c.Custom = map[string]string{"箱规": "40"}
	b, err := json.Marshal(c)
	require.NoError(t, err)
	var back canonical.Customer
	require.NoError(t, json.Unmarshal(b, &back))
	require.Equal(t, c, back)
}
