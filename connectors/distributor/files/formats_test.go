package files_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/distributor/files"
	"tributary/internal/errs"
)

func TestFormatsThatMustBeDeclared(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "SM_D1_n_20250331.txt", "20250331市立医院  250301  12.50\n20250401卫生院    250302  3.00\n")
	keys, _ := drain(t, newSource(t, map[string]any{"folder": dir, "columns": []any{"doc_date:1-8", "cust_name:9-18", "批号:19-26", "qty:27-38"}}), nil, -1)
	require.Len(t, keys, 2)

	dir = t.TempDir()
	put(t, dir, "SM_D1_n_20250331.xml", `<?xml version="1.0"?><r><row><批号>250301</批号><qty>1</qty></row><row><批号>250302</批号><qty>2</qty></row></r>`)
	keys, _ = drain(t, newSource(t, map[string]any{"folder": dir, "row_path": "/r/row"}), nil, -1)
	require.Len(t, keys, 2)

	r, err := connectors.NewRegistry(files.Driver)
	require.NoError(t, err)
	for code, settings := range map[string]map[string]any{
		"files.setting_column":   {"folder": dir, "columns": []any{"doc_date:8-1"}},
		"files.setting_row_path": {"folder": dir, "row_path": "row"},
	} {
		_, err := r.New("files", "connections.ddi.settings", settings, connectors.Env{Now: time.Now})
		require.Equal(t, code, errs.CodeOf(err))
	}
}
