package canonical_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
)

func TestOrdersThatCannotBeSent(t *testing.T) {
	day, err := canonical.ParseDate("2026-03-01")
	require.NoError(t, err)
	good := func() canonical.OrderRequest {
		return canonical.OrderRequest{Key: "K-1", Customer: "C1", Date: day, Lines: []canonical.OrderLine{{Product: "P1", Quantity: 1}}}
	}
	whole := good()
	require.Empty(t, whole.Validate())
	for field, change := range map[string]func(*canonical.OrderRequest){
		"key":               func(o *canonical.OrderRequest) { o.Key = "K'1" },
		"customer":          func(o *canonical.OrderRequest) { o.Customer = "" },
		"golden_id":         func(o *canonical.OrderRequest) { o.GoldenID = canonical.ID{1} },
		"date":              func(o *canonical.OrderRequest) { o.Date = canonical.NoDate },
		"note":              func(o *canonical.OrderRequest) { o.Note = strings.Repeat("注", 501) },
		"lines":             func(o *canonical.OrderRequest) { o.Lines = nil },
		"lines[0].product":  func(o *canonical.OrderRequest) { o.Lines[0].Product = "" },
		"lines[0].quantity": func(o *canonical.OrderRequest) { o.Lines[0].Quantity = 0 },
		"lines[0].price":    func(o *canonical.OrderRequest) { o.Lines[0].Free, o.Lines[0].Price = true, 1 },
	} {
		o := good()
		change(&o)
		issues := o.Validate()
		require.Len(t, issues, 1, field)
		require.Equal(t, field, issues[0].Field)
	}
}

// A key can stand in a filter, an address or a header of any system without a thought.
func TestOrderKeysNeedNoQuoting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.String().Draw(t, "key")
		if canonical.ValidOrderKey(key) {
			require.False(t, strings.ContainsAny(key, "'\"\\/?&#% \r\n()$<>") || len(key) > canonical.MaxOrderKey)
		}
	})
}
