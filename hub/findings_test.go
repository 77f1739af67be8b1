package hub_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/internal/errs"
	"tributary/test/servers"
	"tributary/trace/finding"
)

// channelFile is one import of the small channel that breaks most rules.
type channelFile struct{ name, as, party, text string }

var crookedChannel = []channelFile{
	{"products", "products", "", "code,name,spec,unit,case_factor\nAMX,阿莫西林胶囊,0.25g*24,盒,40\n"},
	{"lots", "lots", "", "product,lot,quantity,mfg_date,exp_date\nAMX,250301,1000,2025-03-01,2027-02-28\n"},
	{"customers", "customers", "", "id,name,kind,province,city\nD1,杭州一号医药有限公司,distributor,浙江省,杭州市\nD2,广州二号医药有限公司,distributor,广东省,广州市\nH1,广州市第一人民医院,hospital,广东省,广州市\nH2,杭州市第一人民医院,hospital,浙江省,杭州市\n"},
	{"M_sales", "sales", "self", "doc_no,row_id,date,customer_code,customer_name,product_code,product_name,spec,lot,quantity,unit\n" +
		"M1,1,2025-02-20,D1,杭州一号医药有限公司,AMX,阿莫西林胶囊,0.25g*24,250301,600,盒\nM2,1,2025-03-05,D1,杭州一号医药有限公司,AMX,阿莫西林胶囊,0.25g*24,250301,500,盒\n"},
	{"D1_sales", "sales", "D1", "doc_no,row_id,date,customer_code,customer_name,product_code,product_name,spec,lot,quantity,unit\n" +
		"A1,1,2025-03-10,H1,广州市第一人民医院,AMX,阿莫西林胶囊,0.25g*24,250301,20,盒\nA2,1,2025-03-11,H2,杭州市第一人民医院,AMX,阿莫西林胶囊,0.25g*24,250310,5,盒\n"},
	{"D2_sales", "sales", "D2", "doc_no,row_id,date,customer_code,customer_name,product_code,product_name,spec,lot,quantity,unit\n" +
		"B1,1,2027-03-10,H1,广州市第一人民医院,AMX,阿莫西林胶囊,0.25g*24,250301,7,盒\n"},
	{"D1_stock", "stock", "D1", "date,product_code,product_name,spec,lot,quantity,unit\n2025-03-31,AMX,阿莫西林胶囊,0.25g*24,250301,-3,盒\n2025-03-31,AMX,阿莫西林胶囊,0.25g*24,250301.0,9,盒\n"},
	{"territories", "territories", "", "经销商,产品编码,授权区域\nD1,AMX,浙江省\nD9,AMX,浙江省\n"},
	{"channels", "channels", "", "客户编码,供应商编码\nH1,D1\n"},
}

func putIn(t *testing.T, h *hub.Hub, f channelFile) {
	t.Helper()
	file := filepath.Join(t.TempDir(), f.name+".csv")
	require.NoError(t, os.WriteFile(file, []byte(f.text), 0o600))
	report, err := h.Import(t.Context(), hub.ImportRequest{Files: []string{file}, As: f.as, Source: "erp", Party: f.party, Lang: "en"})
	require.NoError(t, err, f.name)
	require.Zero(t, report.Totals.Quarantined, f.name)
	_, err = h.Settle(t.Context())
	require.NoError(t, err)
}

// said are the texts of the open findings, sorted.
func said(t *testing.T, h *hub.Hub) []string {
	t.Helper()
	list, err := h.ListFindings(t.Context(), hub.FindingFilter{Lang: "en", Limit: 1000})
	require.NoError(t, err)
	require.Zero(t, list.Check.Waiting)
	require.Equal(t, int(list.Total), len(list.Findings))
	var out []string
	for _, f := range list.Findings {
		out = append(out, string(f.Rule)+": "+f.Text)
	}
	slices.Sort(out)
	return out
}

func TestFindingsOfACrookedChannel(t *testing.T) {
	for name, url := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "sqlite:hub.db" }, "postgres": func(t *testing.T) string { return servers.PostgresSchema(t) }} {
		t.Run(name, func(t *testing.T) {
			h := bareHub(t, url(t))
			for _, f := range crookedChannel {
				putIn(t, h, f)
			}
			list, err := h.ListFindings(t.Context(), hub.FindingFilter{Lang: "en"})
			require.NoError(t, err)
			require.Equal(t, []string{"D9"}, list.Check.Unresolved, "a register that names nobody known is told")
			byRule := map[finding.Rule]hub.FindingView{}
			for _, f := range list.Findings {
				require.NotContains(t, byRule, f.Rule, f.Text)
				byRule[f.Rule] = f
			}
			for rule, want := range map[finding.Rule]string{
				finding.SoldBeforeMade: "600 of lot 250301", finding.SoldAfterExpiry: "广州二号医药有限公司 passed on 7", finding.UnknownLot: "Nearest released: 250301",
				finding.MoreThanReleased: "100 more than the 1000", finding.NeverReceived: "广州二号医药有限公司 passed on 7", finding.NegativeStock: "-3",
				finding.LotAsNumber: "250301.0 was read as 250301", finding.OutOfTerritory: "广东省", finding.OffChannel: "registered: 杭州一号医药有限公司",
			} {
				require.Contains(t, byRule, rule)
				require.Contains(t, byRule[rule].Text, want)
			}
			require.Equal(t, finding.Critical, list.Findings[0].Severity, "the gravest first")

			shown, err := h.ShowFinding(t.Context(), byRule[finding.SoldBeforeMade].ID.String(), "zh")
			require.NoError(t, err)
			require.Contains(t, shown.Text, "早于该批生产日期 2025-03-01")
			require.Len(t, shown.Sources, 1)
			require.Equal(t, []string{"M_sales.csv", "2", "M1", "600"}, []string{shown.Sources[0].File, fmt.Sprint(shown.Sources[0].Line), shown.Sources[0].DocNo, shown.Sources[0].Quantity.String()})

			// Nothing new: nothing is checked again.
			again, err := h.CheckFindings(t.Context(), false)
			require.NoError(t, err)
			require.Zero(t, again.Checked)

			// The late master of the lot, and a purchase that explains the sale, take their findings away.
			putIn(t, h, channelFile{"lots2", "lots", "", "product,lot,quantity,mfg_date,exp_date\nAMX,250310,100,2025-03-09,2027-02-28\n"})
			putIn(t, h, channelFile{"D2_purchases", "purchases", "D2", "doc_no,row_id,date,supplier_code,supplier_name,product_code,product_name,spec,lot,quantity,unit\nC1,1,2025-03-06,D1,杭州一号医药有限公司,AMX,阿莫西林胶囊,0.25g*24,250301,7,盒\n"})
			rest := strings.Join(said(t, h), "\n")
			require.NotContains(t, rest, "unknown_lot")
			require.NotContains(t, rest, "never_received: 广州二号")
			require.Contains(t, rest, "sold_after_expiry")

			all, err := h.ListFindings(t.Context(), hub.FindingFilter{Rule: "sold_after_expiry", Party: "D2", Product: "AMX", Lot: "250301", Severity: "critical"})
			require.NoError(t, err)
			require.Len(t, all.Findings, 1)
			none, err := h.ListFindings(t.Context(), hub.FindingFilter{Rule: "sold_after_expiry", Party: "H2"})
			require.NoError(t, err)
			require.Empty(t, none.Findings)
		})
	}
}

// TestFindingsDoNotDependOnTheOrderOfArrival: whatever came first, and however often it was checked in between.
func TestFindingsDoNotDependOnTheOrderOfArrival(t *testing.T) {
	tell := func(order []int, checkEach bool) []string {
		h := bareHub(t, "sqlite:hub.db")
		for _, i := range order {
			putIn(t, h, crookedChannel[i])
			if checkEach {
				_, err := h.CheckFindings(t.Context(), false)
				require.NoError(t, err)
			}
		}
		return said(t, h)
	}
	want := tell([]int{0, 1, 2, 3, 4, 5, 6, 7, 8}, false)
	require.NotEmpty(t, want)
	require.Equal(t, want, tell([]int{8, 7, 6, 5, 4, 3, 2, 1, 0}, true))
	require.Equal(t, want, tell([]int{4, 0, 7, 2, 6, 1, 3, 8, 5}, true))
}

func TestASettledFindingStaysSettledUntilItsEvidenceChanges(t *testing.T) {
	h := bareHub(t, "sqlite:hub.db")
	for _, f := range crookedChannel {
		putIn(t, h, f)
	}
	only := func(settled bool) []hub.FindingView {
		l, err := h.ListFindings(t.Context(), hub.FindingFilter{Rule: "out_of_territory", Settled: settled, Lang: "en"})
		require.NoError(t, err)
		return l.Findings
	}
	f := only(false)[0]
	for _, c := range []struct {
		req  hub.SettleFindingRequest
		code string
	}{
		{hub.SettleFindingRequest{ID: f.ID.String(), Verdict: "explained"}, "finding.no_reason"},
		{hub.SettleFindingRequest{ID: f.ID.String(), Verdict: "fine", Reason: "x"}, "finding.verdict"},
		{hub.SettleFindingRequest{ID: "nonsense", Verdict: "explained", Reason: "x"}, "finding.unknown"},
		{hub.SettleFindingRequest{ID: f.ID.String(), Verdict: "explained", Reason: "x", Evidence: "old"}, "finding.changed"},
	} {
		_, err := h.SettleFinding(t.Context(), c.req)
		require.Equal(t, c.code, errs.CodeOf(err))
	}
	sales := *h
	sales.Actor.Role = hub.CRM
	_, err := sales.SettleFinding(t.Context(), hub.SettleFindingRequest{ID: f.ID.String(), Verdict: "explained", Reason: "x"})
	require.Equal(t, "quality.denied", errs.CodeOf(err), "those who sell do not settle")

	_, err = h.SettleFinding(t.Context(), hub.SettleFindingRequest{ID: f.ID.String(), Verdict: "explained", Reason: "tender of Guangdong, file 7", Evidence: f.Evidence})
	require.NoError(t, err)
	require.Empty(t, only(false))
	_, err = h.CheckFindings(t.Context(), true)
	require.NoError(t, err)
	require.Len(t, only(true), 1, "a check of everything does not wake it")

	row := channelFile{"D1_sales_2", "sales", "D1", "doc_no,row_id,date,customer_code,customer_name,product_code,product_name,spec,lot,quantity,unit\nA9,1,2025-03-20,H1,广州市第一人民医院,AMX,阿莫西林胶囊,0.25g*24,250301,30,盒\n"}
	putIn(t, h, row)
	open := only(false)
	require.Len(t, open, 1, "another row outside the territory: other evidence")
	require.Contains(t, open[0].Text, "50 of AMX")
	shown, err := h.ShowFinding(t.Context(), f.ID.String(), "en")
	require.NoError(t, err)
	require.False(t, shown.Said[0].Holds)
	require.Equal(t, "tender of Guangdong, file 7", shown.Said[0].Reason)

	_, err = h.SettleFinding(t.Context(), hub.SettleFindingRequest{ID: f.ID.String(), Verdict: "confirmed", Reason: "warned in writing"})
	require.NoError(t, err)
	require.Empty(t, only(false))
	_, err = h.SettleFinding(t.Context(), hub.SettleFindingRequest{ID: f.ID.String(), Undo: true, Reason: "wrong party was warned"})
	require.NoError(t, err)
	require.Len(t, only(false), 1)
	var log strings.Builder
	_, err = h.ExportAudit(t.Context(), hub.AuditRequest{}, &log)
	require.NoError(t, err)
	for _, action := range []string{"finding.explained", "finding.confirmed", "finding.reopened"} {
		require.Contains(t, log.String(), action)
	}
}
