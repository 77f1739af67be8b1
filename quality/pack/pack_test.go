package pack_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/quality/pack"
	"tributary/trace"
)

// example is the worked lot of the trace, recalled.
func example() pack.Input {
	party := func(code, name, kind string, tier int, q, low, high int64, grade canonical.Grade) trace.PartyResult {
		return trace.PartyResult{
			Customer: trace.Customer{Code: code, Name: name, Kind: kind, Region: "浙江省 杭州市", RawNames: []string{name}, Contacts: []trace.Contact{{Name: "张*", Phone: "138****5678"}}},
			Tier:     tier, EndCustomer: kind == "hospital" || kind == "pharmacy", Received: canonical.Units(q), ReceivedLow: canonical.Units(low), ReceivedHigh: canonical.Units(high),
			Stock: canonical.Units(q), Grade: grade, Possible: low == 0 && high > 0, Paths: []trace.Path{{Via: []string{"M", "D1", code}, Quantity: canonical.Units(q)}},
		}
	}
	at := time.Date(2025, 6, 2, 1, 30, 0, 0, time.UTC)
	d1 := trace.Customer{Code: "D1", Name: "浙江大江医药有限公司", Kind: "distributor"}
	return pack.Input{
		Recall: pack.Recall{No: "R-2025-001", Kind: "voluntary", Class: "II", State: "reconciled", ReasonCode: "Q03", Reason: "溶出度不合格 dissolution out of limits", ScopeVersion: 1,
			RuleProfile: "cn-2022-92 v1", DecidedBy: "os:qp", DecidedAt: at, Filings: []pack.Filing{{Authority: "浙江省药监局", No: "浙召2025-7", Date: 739400, What: "plan"}}},
		Lots: []pack.Lot{{
			Trace: trace.Result{Product: trace.ProductRef{Code: "AMX24", Name: "阿莫西林胶囊", Spec: "0.25g×24粒"}, Lot: "250301", Unit: "盒", Released: canonical.Units(10000),
				Parties: []trace.PartyResult{
					party("M", "百川制药有限公司", "manufacturer", 0, 10300, 10300, 10300, "A"), party("D1", d1.Name, "distributor", 1, 6320, 6320, 6320, "B"),
					party("C1", "𠮷祥䶮诊所（=cmd|' /C calc'!A0）", "clinic", 3, 350, 0, 500, "C"), party("H1", "=HYPERLINK(\"http://x\")💊医院", "hospital", 2, 2400, 2400, 2400, "B"),
					party("X1", "患者王小明", "patient", 3, 1, 1, 1, "B"),
				}},
			Balance: trace.Totals{Released: canonical.Units(10000), NetShipped: canonical.Units(9300), OwnStock: canonical.Units(340), Sampled: canonical.Units(60), Quarantined: canonical.Units(300),
				Recovered: canonical.Units(3530), Used: canonical.Units(5750), Gap: canonical.Units(20)},
			Recoverable: canonical.Units(3570), RecoveryRate: "98.88", ExplainedRate: "99.78",
			Gaps: []trace.Gap{{Customer: trace.Customer{Code: "D2", Name: "宁波海曙医药"}, Quantity: canonical.Units(20), Reason: "无法解释", Counted: true}},
		}},
		Notices: []pack.Notice{{Party: d1, Version: 1, Channel: "email", Address: "q*@d1.example", Subject: "药品召回通知 R-2025-001", SentAt: at, Outcome: "sent", AckedAt: at.Add(time.Hour)}},
		Replies: []pack.Reply{{Party: d1, Product: "AMX24", Lot: "250301", Stage: "quantity", At: at.Add(2 * time.Hour), Held: canonical.Units(1120), Used: 1_500_000, Note: "已隔离"}},
		Steps:   []pack.Step{{At: at, Due: at.Add(72 * time.Hour), Action: "decided", Actor: "os:qp"}, {Due: at.Add(24 * time.Hour), Action: "noticed", Late: true}},
		EPCIS:   []byte(`{"type":"EPCISDocument"}`), MadeAt: at.Add(100 * time.Hour), MadeBy: "os:quality",
	}
}

func fileOf(t require.TestingT, files []pack.File, name string) []byte {
	for _, f := range files {
		if f.Name == name {
			return f.Body
		}
	}
	require.Fail(t, "no file "+name)
	return nil
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	a, err := pack.Render(example())
	require.NoError(t, err)
	b, err := pack.Render(example())
	require.NoError(t, err)
	require.Equal(t, len(a), len(b))
	for i := range a {
		require.Equal(t, a[i].Name, b[i].Name)
		require.True(t, bytes.Equal(a[i].Body, b[i].Body), a[i].Name)
	}
}

func TestWorkbookTellsEveryQuantityAndNamesNoPerson(t *testing.T) {
	in := example()
	files, err := pack.Render(in)
	require.NoError(t, err)
	book, err := excelize.OpenReader(bytes.NewReader(fileOf(t, files, pack.WorkbookName)))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, book.Close()) })
	require.Equal(t, []string{"汇总 Summary", "数量平衡 Reconciliation", "受影响客户 Affected parties", "路径 Paths", "差额 Gaps", "回复台账 Reply ledger", "通知 Notices", "时限与经过 Timeline"}, book.GetSheetList())

	rows, err := book.GetRows("数量平衡 Reconciliation", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	require.Equal(t, []string{"阿莫西林胶囊 0.25g×24粒", "250301", "10000", "9300", "340", "60", "300", "0", "0", "3530", "5750", "0", "20", "3570", "是 yes", "盒"}, rows[4][:16])

	rows, err = book.GetRows("受影响客户 Affected parties", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	require.Len(t, rows, 4+len(in.Lots[0].Trace.Parties))
	require.Equal(t, []string{"250301", "𠮷祥䶮诊所（=cmd|' /C calc'!A0）", "C1", "诊所 clinic", "浙江省 杭州市", "3", "", "350", "0", "500"}, rows[6][:10])
	require.Equal(t, "'=HYPERLINK(\"http://x\")💊医院", rows[7][1])
	for r := range rows {
		for c := range rows[r] {
			at, err := excelize.CoordinatesToCellName(c+1, r+1)
			require.NoError(t, err)
			formula, err := book.GetCellFormula("受影响客户 Affected parties", at)
			require.NoError(t, err)
			require.Empty(t, formula)
		}
	}
	require.NotContains(t, fmt.Sprint(rows), "王小明")
	require.Contains(t, rows[8][1], "withheld")

	rows, err = book.GetRows("回复台账 Reply ledger", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	require.Equal(t, "2025-06-02 11:30 +08:00", rows[4][0])
	require.Equal(t, []string{"1120", "1.5"}, rows[4][5:7])
}

func TestABalanceThatDoesNotCloseSaysSo(t *testing.T) {
	in := example()
	in.Lots[0].Balance.Gap = 0
	files, err := pack.Render(in)
	require.NoError(t, err)
	book, err := excelize.OpenReader(bytes.NewReader(fileOf(t, files, pack.WorkbookName)))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, book.Close()) })
	rows, err := book.GetRows("数量平衡 Reconciliation")
	require.NoError(t, err)
	require.Equal(t, "否 no: 20", rows[4][14])
}

func TestAnEmptyPackHasEverySheet(t *testing.T) {
	files, err := pack.Render(pack.Input{Recall: pack.Recall{No: "R"}})
	require.NoError(t, err)
	require.Len(t, files, 3, "no EPCIS without one")
}

func TestVerifyNamesEveryFaultyFile(t *testing.T) {
	files, err := pack.Render(example())
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "pack")
	m, err := pack.Write(dir, files)
	require.NoError(t, err)
	require.Len(t, m.Files, 3)
	r, err := pack.Verify(dir, "")
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.Equal(t, m.Digest, r.Digest)

	_, err = pack.Write(dir, files)
	require.NoError(t, err, "a pack may be made again")

	require.NoError(t, os.Remove(filepath.Join(dir, pack.EPCISName)))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "more.txt"), []byte("x"), 0o600))
	f, err := os.OpenFile(filepath.Join(dir, pack.ReportName), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(" ")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	r, err = pack.Verify(dir, "")
	require.NoError(t, err)
	got := map[string]string{}
	for _, f := range r.Files {
		got[f.Name] = f.Status
	}
	require.Equal(t, map[string]string{pack.WorkbookName: "ok", pack.ReportName: "changed", pack.EPCISName: "missing", "more.txt": "extra"}, got)
	require.Equal(t, "The pack is not as it was made: recall.pdf was changed; epcis.jsonld is missing; more.txt is not in the manifest.", strings.Split(errs.Render(r.Err(), "en"), "\n")[0])
	require.Contains(t, errs.Render(r.Err(), "zh"), "缺少 epcis.jsonld")

	_, err = pack.Write(dir, files)
	require.Equal(t, "pack.dir_in_use", errs.CodeOf(err))
}

// Every kind of tampering is found: by the manifest, or by the hash of the manifest that was kept elsewhere.
func TestVerifyFindsEveryKindOfTampering(t *testing.T) {
	files, err := pack.Render(example())
	require.NoError(t, err)
	type change func(t *testing.T, dir, name string)
	write := func(change func([]byte) []byte) change {
		return func(t *testing.T, dir, name string) {
			body, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), change(body), 0o600))
		}
	}
	flip := write(func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 1; return b })
	kinds := map[string]struct {
		do     change
		status string
	}{
		"one bit":   {flip, "changed"},
		"cut":       {write(func(b []byte) []byte { return b[:len(b)-1] }), "changed"},
		"longer":    {write(func(b []byte) []byte { return append(bytes.Clone(b), 0) }), "changed"},
		"emptied":   {write(func([]byte) []byte { return nil }), "changed"},
		"removed":   {func(t *testing.T, dir, name string) { require.NoError(t, os.Remove(filepath.Join(dir, name))) }, "missing"},
		"exchanged": {write(func([]byte) []byte { return []byte("another file") }), "changed"},
		"renamed": {func(t *testing.T, dir, name string) {
			require.NoError(t, os.Rename(filepath.Join(dir, name), filepath.Join(dir, name+".old")))
		}, "missing"},
	}
	fresh := func(t *testing.T) (string, pack.Manifest) {
		dir := filepath.Join(t.TempDir(), "pack")
		m, err := pack.Write(dir, files)
		require.NoError(t, err)
		return dir, m
	}
	statusOf := func(t *testing.T, dir, kept, name string) string {
		r, err := pack.Verify(dir, kept)
		require.NoError(t, err)
		for _, f := range r.Files {
			if f.Name == name {
				require.Equal(t, f.Status == "ok", r.OK && r.Err() == nil)
				return f.Status
			}
		}
		require.True(t, r.OK)
		return ""
	}
	for kind, k := range kinds {
		for _, name := range []string{pack.WorkbookName, pack.ReportName, pack.EPCISName} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				dir, _ := fresh(t)
				k.do(t, dir, name)
				require.Equal(t, k.status, statusOf(t, dir, "", name))
			})
		}
	}
	t.Run("added", func(t *testing.T) {
		dir, _ := fresh(t)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "annex.pdf"), []byte("x"), 0o600))
		require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
		require.Equal(t, "extra", statusOf(t, dir, "", "annex.pdf"))
		require.Equal(t, "extra", statusOf(t, dir, "", "folder"))
	})
	t.Run("file and manifest", func(t *testing.T) {
		dir, m := fresh(t)
		require.Empty(t, statusOf(t, dir, strings.ToUpper(m.Digest), pack.ManifestName))
		in := example()
		in.Lots[0].Balance.Gap = 0
		forged, err := pack.Render(in)
		require.NoError(t, err)
		_, err = pack.Write(dir, forged)
		require.NoError(t, err)
		require.Empty(t, statusOf(t, dir, "", pack.ManifestName), "the folder agrees with itself")
		require.Equal(t, "changed", statusOf(t, dir, m.Digest, pack.ManifestName))
	})
	t.Run("head of the manifest", func(t *testing.T) {
		dir, m := fresh(t)
		write(func(b []byte) []byte { return bytes.Replace(b, []byte("os:quality"), []byte("os:nobody"), 1) })(t, dir, pack.ManifestName)
		require.Equal(t, "changed", statusOf(t, dir, m.Digest, pack.ManifestName))
	})
}

func TestVerifyRefusesWhatIsNoPack(t *testing.T) {
	dir := t.TempDir()
	_, err := pack.Verify(dir, "")
	require.Equal(t, "pack.no_manifest", errs.CodeOf(err))
	for _, text := range []string{"", "{}", `{"version":1,"files":[{"name":"../secret"}]}`} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, pack.ManifestName), []byte(text), 0o600))
		_, err = pack.Verify(dir, "")
		require.Equal(t, "pack.bad_manifest", errs.CodeOf(err), text)
	}
}
