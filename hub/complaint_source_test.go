package hub_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/internal/errs"
	"tributary/quality"
	"tributary/test/servers"
)

// sendComplaints takes in a file of another system and settles.
func sendComplaints(t *testing.T, h *hub.Hub, rows string) hub.SettleReport {
	t.Helper()
	file := filepath.Join(t.TempDir(), "complaints.csv")
	require.NoError(t, os.WriteFile(file, []byte("投诉编号,投诉日期,投诉人,产品编码,批号,追溯码,数量,投诉类型,严重程度,是否伤害患者,内容\n"+rows), 0o600))
	_, err := h.Import(t.Context(), hub.ImportRequest{Files: []string{file}, As: "complaints", Source: "crm", Lang: "en"})
	require.NoError(t, err)
	report, err := h.Settle(t.Context())
	require.NoError(t, err)
	return report
}

func complaintsOnBoth(t *testing.T, test func(t *testing.T, h *hub.Hub)) {
	for name, url := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "sqlite:hub.db" }, "postgres": func(t *testing.T) string { return servers.PostgresSchema(t) }} {
		t.Run(name, func(t *testing.T) {
			h := bareHub(t, url(t))
			takeIn(t, h, filepath.Join(workedFolder, "products.csv"), "products", "")
			takeIn(t, h, filepath.Join(workedFolder, "lots.csv"), "lots", "")
			test(t, h)
		})
	}
}

func onlyComplaint(t *testing.T, h *hub.Hub) hub.ComplaintView {
	t.Helper()
	list, err := h.ListComplaints(t.Context(), hub.CaseFilter{})
	require.NoError(t, err)
	require.Len(t, list.Complaints, 1)
	v, err := h.ShowComplaint(t.Context(), list.Complaints[0].Number, hub.Unmask{Wanted: true, Reason: "test"}, "en")
	require.NoError(t, err)
	return v
}

func steps(v hub.ComplaintView) string {
	var kinds []string
	for _, s := range v.History {
		kinds = append(kinds, s.Kind)
	}
	return strings.Join(kinds, " ")
}

func TestALaterWordOfTheSourceUpdatesAnOpenCase(t *testing.T) {
	complaintsOnBoth(t, func(t *testing.T, h *hub.Hub) {
		sendComplaints(t, h, "K-1,2025-04-02,王小明,AMX24,250301,,2,包装,轻微,否,盒子压坏\n")
		v := onlyComplaint(t, h)
		_, err := h.UpdateComplaint(t.Context(), v.Number, quality.ComplaintChange{Severity: "critical", Owner: "林"}, "en")
		require.NoError(t, err)

		later := "K-1,2025-04-02,王小明,AMX24,250302,,3,质量,一般,是,又发现一盒\n"
		sendComplaints(t, h, later)
		v = onlyComplaint(t, h)
		require.Equal(t, []string{"250302", "3", "quality_defect", "critical", "serious", "林", "又发现一盒"}, []string{v.Lot, v.Quantity.String(), v.Type, v.Severity, v.Harm, v.Owner, v.Reporter.Text},
			"what a person entered stays, the rest follows the source")
		require.NotZero(t, v.Facts[quality.HarmKnownAt], "the clock of pharmacovigilance runs")
		require.Equal(t, "opened step source_update", steps(v))
		require.Contains(t, string(v.History[2].Detail), `"kept":["severity"]`)

		sendComplaints(t, h, later)
		require.Equal(t, "opened step source_update", steps(onlyComplaint(t, h)), "the same version is heard once")

		for _, ch := range []quality.ComplaintChange{{To: quality.Triaged}, {To: quality.Investigating, Risk: "none"}, {To: quality.Replied, Reply: "replaced", HandedToPV: "PV-1"}, {To: quality.Closed, By: "QP"}} {
			_, err = h.UpdateComplaint(t.Context(), v.Number, ch, "en")
			require.NoError(t, err)
		}
		sendComplaints(t, h, "K-1,2025-04-02,王小明,AMX24,250301,,9,质量,一般,是,结案后补充\n")
		v = onlyComplaint(t, h)
		require.Equal(t, []string{"250302", "3", "closed", "又发现一盒"}, []string{v.Lot, v.Quantity.String(), string(v.State), v.Reporter.Text}, "a closed case changes no more")
		require.True(t, strings.HasSuffix(steps(v), " source_note"), steps(v))
		require.Contains(t, string(v.History[len(v.History)-1].Detail), `"lot":"250301"`, "what was said is kept")
		require.NotContains(t, string(v.History[len(v.History)-1].Detail), "补充", "the text may tell of a patient")
	})
}

func TestTheReporterOfAComplaintIsErasedAndTheCaseStays(t *testing.T) {
	complaintsOnBoth(t, func(t *testing.T, h *hub.Hub) {
		sendComplaints(t, h, "K-1,2025-04-02,王小明,AMX24,250301,,2,包装,轻微,否,盒子压坏\n")
		v := onlyComplaint(t, h)
		_, err := h.EraseReporter(t.Context(), v.Number, " ", "en")
		require.Equal(t, "quality.erase_reason", errs.CodeOf(err))
		auditor := *h
		auditor.Actor.Role = hub.Auditor
		_, err = auditor.EraseReporter(t.Context(), v.Number, "request 7", "en")
		require.Equal(t, "quality.denied", errs.CodeOf(err))
		_, err = h.EraseReporter(t.Context(), "C-1999-0001", "request 7", "en")
		require.Equal(t, "quality.unknown_case", errs.CodeOf(err))

		_, err = h.EraseReporter(t.Context(), v.Number, "request 7", "en")
		require.NoError(t, err)
		v = onlyComplaint(t, h)
		require.Equal(t, quality.Personal{}, v.Reporter)
		require.NotNil(t, v.ReporterErased)
		require.Equal(t, []string{"250301", "2"}, []string{v.Lot, v.Quantity.String()}, "the case stays")
		require.Equal(t, "opened reporter_erased", steps(v))
		_, err = h.EraseReporter(t.Context(), v.Number, "request 7", "en")
		require.Equal(t, "quality.reporter_gone", errs.CodeOf(err))

		// The source sends it again, changed: its rows are filtered, the case hears nothing.
		sendComplaints(t, h, "K-1,2025-04-02,王小明,AMX24,250302,,3,质量,一般,是,又发现一盒\n")
		v = onlyComplaint(t, h)
		require.Equal(t, "opened reporter_erased", steps(v))
		require.Equal(t, quality.Personal{}, v.Reporter)
		var log strings.Builder
		_, err = h.ExportAudit(t.Context(), hub.AuditRequest{}, &log)
		require.NoError(t, err)
		require.Contains(t, log.String(), "complaint.reporter_erased")
		require.NotContains(t, log.String(), "王小明")
	})
}

func TestErasingACustomerErasesWhatItReported(t *testing.T) {
	complaintsOnBoth(t, func(t *testing.T, h *hub.Hub) {
		file := filepath.Join(t.TempDir(), "patients.csv")
		require.NoError(t, os.WriteFile(file, []byte("id,name,kind,phone\nP1,王小明,patient,13812345678\n"), 0o600))
		_, err := h.Import(t.Context(), hub.ImportRequest{Files: []string{file}, As: "customers", Source: "erp", Lang: "en"})
		require.NoError(t, err)
		_, err = h.Settle(t.Context())
		require.NoError(t, err)
		v, err := h.OpenComplaint(t.Context(), hub.OpenComplaintRequest{Product: "AMX24", Lot: "250301", Reporter: quality.Personal{Name: "王小明", Text: "变色"}, ReporterID: "P1", Lang: "en"})
		require.NoError(t, err)
		require.NotEmpty(t, v.ReporterID)
		_, err = h.EraseCustomer(t.Context(), v.ReporterID, "request 8")
		require.NoError(t, err)
		v = onlyComplaint(t, h)
		require.Equal(t, quality.Personal{}, v.Reporter)
		require.Empty(t, v.ReporterID)
		require.Equal(t, "250301", v.Lot)
	})
}

func TestACodeOnThePackLeadsToProductAndLot(t *testing.T) {
	complaintsOnBoth(t, func(t *testing.T, h *hub.Hub) {
		file := filepath.Join(t.TempDir(), "products.csv")
		require.NoError(t, os.WriteFile(file, []byte("code,name,spec,unit,gtin\nGTN,布洛芬片,0.2g*24,盒,09520001123467\n"), 0o600))
		_, err := h.Import(t.Context(), hub.ImportRequest{Files: []string{file}, As: "products", Source: "erp", Lang: "en"})
		require.NoError(t, err)
		lots := filepath.Join(t.TempDir(), "lots.csv")
		require.NoError(t, os.WriteFile(lots, []byte("product,lot,quantity\nGTN,250301,100\n"), 0o600))
		_, err = h.Import(t.Context(), hub.ImportRequest{Files: []string{lots}, As: "lots", Source: "erp", Lang: "en"})
		require.NoError(t, err)

		remarks := func(v hub.ComplaintView) (codes []string) {
			for _, r := range v.Remarks {
				codes = append(codes, r.Code)
			}
			return codes
		}
		open := func(req hub.OpenComplaintRequest) hub.ComplaintView {
			t.Helper()
			req.Lang = "en"
			v, err := h.OpenComplaint(t.Context(), req)
			require.NoError(t, err)
			return v
		}
		for _, code := range []string{"(01)09520001123467(17)270228(10)250301(21)S1", "https://id.gs1.org/01/09520001123467/10/250301/21/S1?17=270228"} {
			v := open(hub.OpenComplaintRequest{TraceCode: code})
			require.Equal(t, []string{"GTN", "250301", "2027-02-28"}, []string{v.Product.Code, v.Lot, v.Expiry.String()}, code)
			require.Equal(t, []string{"product", "lot", "expiry"}, v.Derived.Used, "shown as derived")
			require.Equal(t, "code", v.Derived.LotFrom)
			require.Empty(t, remarks(v))
		}
		v := open(hub.OpenComplaintRequest{Product: "AMX24", Lot: "250302", TraceCode: "(01)09520001123467(10)250301"})
		require.Equal(t, []string{"quality.remark.code_other_product", "quality.remark.code_other_lot"}, remarks(v))
		require.Equal(t, []string{"AMX24", "250302"}, []string{v.Product.Code, v.Lot}, "what was stated stands")
		v = open(hub.OpenComplaintRequest{Product: "GTN", Lot: "250310", TraceCode: "(01)09520001123467(10)250301"})
		require.Contains(t, remarks(v), "quality.remark.code_other_lot")
		v, err = h.UpdateComplaint(t.Context(), v.Number, quality.ComplaintChange{Lot: "250301"}, "en")
		require.NoError(t, err)
		require.NotContains(t, remarks(v), "quality.remark.code_other_lot", "the lot was misread")
		v = open(hub.OpenComplaintRequest{Product: "GTN", Lot: "250301", TraceCode: "(01)09520001123468(10)X"})
		require.Equal(t, []string{"quality.remark.bad_code"}, remarks(v), "a complaint is not lost for a bad code")

		_, err = h.OpenComplaint(t.Context(), hub.OpenComplaintRequest{TraceCode: "81234567890123456789"})
		require.Equal(t, "quality.code_without_product", errs.CodeOf(err))
		_, err = h.OpenComplaint(t.Context(), hub.OpenComplaintRequest{})
		require.Equal(t, "quality.no_product", errs.CodeOf(err))

		// The same from another system: it waits for a product that its code does not lead to yet.
		require.Zero(t, sendComplaints(t, h, "K-9,2025-04-02,王小明,,,81234567890123456789,1,质量,一般,否,变色\n").Complaints)
		require.EqualValues(t, 1, sendComplaints(t, h, "K-8,2025-04-02,王小明,,,(01)09520001123467(10)250301,1,质量,一般,否,变色\n").Complaints)
	})
}
