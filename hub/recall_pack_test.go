package hub_test

import (
	"os"
	"path/filepath"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/quality/pack"
	"tributary/quality/pack/packtest"
)

// requirePackTellsTheSame compares what workbook and report say with the JSON of the recall, and looks for the person who
// complained in every file.
func requirePackTellsTheSame(s *story, number, dir string) {
	s.Helper()
	v, err := s.ShowRecall(s.Context(), number, "zh")
	require.NoError(s, err)
	var files []pack.File
	for _, name := range []string{pack.WorkbookName, pack.ReportName, pack.EPCISName, pack.ManifestName} {
		body, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(s, err)
		files = append(files, pack.File{Name: name, Body: body})
	}
	book, texts := packtest.Workbook(s, files[0].Body), packtest.Texts(s, files)
	for i, lot := range v.Reconciliation {
		row := book["数量平衡 Reconciliation"][i]
		require.Equal(s, lot.Lot, row[1])
		require.Equal(s, packtest.Figures(lot.Totals), row[2:13])
		require.Equal(s, []string{lot.Recoverable.String(), "是 yes"}, row[13:15])
		for _, q := range packtest.Grouped(lot.Totals) {
			require.Contains(s, texts[pack.ReportName], "\n"+q+"\n")
		}
		require.Contains(s, texts[pack.ReportName], lot.RecoveryRate)
		require.Contains(s, texts[pack.ReportName], lot.ExplainedRate)
	}
	parties := book["受影响客户 Affected parties"]
	require.Len(s, parties, len(v.Affected)+len(v.Lots), "every row of the list, and the maker of each lot")
	want, got := canonical.Quantity(0), canonical.Quantity(0)
	for _, a := range v.Affected {
		want += a.Received
	}
	for _, row := range parties {
		if row[5] == "0" {
			continue // the maker
		}
		q, err := canonical.ParseQuantity(row[7])
		require.NoError(s, err)
		got += q
	}
	require.Equal(s, want, got)
	for name, text := range texts {
		require.NotContains(s, text, "王小明", name)
	}
}
