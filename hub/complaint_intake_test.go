package hub_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/quality"
	"tributary/test/servers"
)

func TestComplaintsOfAnotherSystemBecomeCasesOnce(t *testing.T) {
	for name, url := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "sqlite:hub.db" }, "postgres": func(t *testing.T) string { return servers.PostgresSchema(t) }} {
		t.Run(name, func(t *testing.T) {
			h := bareHub(t, url(t))
			file := filepath.Join(t.TempDir(), "complaints.csv")
			write := func(text string) {
				require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			}
			write("投诉编号,投诉日期,投诉人,产品编码,批号,数量,投诉类型,严重程度,是否伤害患者,内容\n" +
				"K-1,2025-04-02,王小明,AMX24,250301,2,包装,轻微,否,盒子压坏\n" +
				"K-2,2099-01-01,李雷,AMX24,,2.5,怪味,,是,吃后呕吐\n" +
				"K-3,2025-04-03,韩梅,,250301,1,质量,严重,否,变色\n")
			report, err := h.Import(t.Context(), hub.ImportRequest{Files: []string{file}, As: "complaints", Source: "crm", Lang: "en"})
			require.NoError(t, err)
			require.EqualValues(t, 2, report.Totals.Canonical)
			require.EqualValues(t, 1, report.Totals.Quarantined, "without a product it is nobody's complaint")
			settle := func() int64 {
				s, err := h.Settle(t.Context())
				require.NoError(t, err)
				return s.Complaints
			}
			require.Zero(t, settle(), "they wait for the product")
			takeIn(t, h, filepath.Join(workedFolder, "products.csv"), "products", "")
			takeIn(t, h, filepath.Join(workedFolder, "lots.csv"), "lots", "")
			require.EqualValues(t, 2, settle())
			require.Zero(t, settle())

			write("投诉编号,投诉日期,投诉人,产品编码,批号,数量,投诉类型,严重程度,是否伤害患者,内容\nK-1,2025-04-02,王小明,AMX24,250301,3,包装,轻微,否,又一盒\n")
			_, err = h.Import(t.Context(), hub.ImportRequest{Files: []string{file}, As: "complaints", Source: "crm", Lang: "en"})
			require.NoError(t, err)
			require.Zero(t, settle(), "a later version makes no second case")
			list, err := h.ListComplaints(t.Context(), hub.CaseFilter{})
			require.NoError(t, err)
			require.Len(t, list.Complaints, 2)
			byID := map[string]hub.ComplaintView{}
			for _, c := range list.Complaints {
				byID[c.SourceID] = c
			}
			one, two := byID["K-1"], byID["K-2"]
			require.Equal(t, []string{"packaging", "minor", "250301", "crm", "none"}, []string{one.Type, one.Severity, one.Lot, one.Source, one.Harm})
			require.Equal(t, "2025-04-02", quality.Today(one.ReceivedAt).String())
			require.Equal(t, "serious", two.Harm)
			require.Contains(t, two.Tags, "type:怪味", "a word that has no equal is kept")
			shown, err := h.ShowComplaint(t.Context(), one.Number, hub.Unmask{}, "en")
			require.NoError(t, err)
			require.Equal(t, "王**", shown.Reporter.Name)
		})
	}
}
