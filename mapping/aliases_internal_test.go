package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
)

func TestEmbeddedTableIsSound(t *testing.T) {
	t.Parallel()
	table, err := loadAliases(aliasSource)
	require.NoError(t, err)
	for _, k := range Kinds() {
		fields := table.kinds[k]
		require.NotEmpty(t, fields, k)
		s, ok := schemaOf(k.Entity())
		require.True(t, ok, k)
		for _, f := range fields {
			require.NotEmpty(t, f.Names, "%s %s", k, f.Path)
			if f.Path == "-" || f.Path == "id" || f.Path == "line_no" {
				continue
			}
			_, ok := s.field(f.Path)
			require.True(t, ok, "%s: no field %s", k, f.Path)
			require.Len(t, f.keys, len(f.Names))
		}
	}
	for _, l := range []canonical.Ledger{canonical.Sales, canonical.Purchases, canonical.Stock, canonical.Usage} {
		require.NotEmpty(t, table.flow[l])
	}
	for _, list := range []string{"customer_kind", "alias_type", "alias_op", "activity_kind", "yes_no"} {
		require.NotEmpty(t, table.words[list], list)
	}
	for _, k := range canonical.CustomerKinds() {
		code, ok := codeWord("customer_kind", string(k))
		require.True(t, ok)
		require.Equal(t, string(k), code)
	}
}
