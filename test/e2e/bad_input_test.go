package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
)

const salesHeader = "销售日期,销售单号,客户名称,产品名称,规格,数量\n"

// badInputs are mistakes a person makes with a file or a command line: what is said in both languages, and the exit code.
var badInputs = []struct {
	name    string
	file    string // content of the file in.csv; "" = none is made
	args    []string
	code    int
	en, zh  []string
	reports bool // with --json the message stands in the report
}{
	{name: "missing file", args: sales("nosuch.csv"), code: 2, en: []string{"no file", "nosuch.csv", "→"}, zh: []string{"nosuch.csv 不存在", "→"}, reports: true},
	{name: "a directory", args: sales("folder"), code: 2, en: []string{"folder", "not a file"}, zh: []string{"folder 是目录"}, reports: true},
	{name: "empty file", args: sales("empty.csv"), code: 2, en: []string{"empty.csv is empty", "Export it again"}, zh: []string{"empty.csv 是空文件"}, reports: true},
	{name: "header only", file: salesHeader, args: sales("in.csv"), code: 0, en: []string{"header and no data rows"}, zh: []string{"只有表头"}, reports: true},
	{name: "unknown headers", file: "a,b\n1,2\n", args: sales("in.csv"), code: 2,
		en: []string{"needs the column", "数量", "headers found are: a, b", "--map"}, zh: []string{"数量", "a, b"}, reports: true},
	{name: "one column is missing", file: "销售日期,客户名称,产品名称,规格\n2025-01-01,甲,乙,丙\n", args: sales("in.csv"), code: 2,
		en: []string{"needs the column", "qty（数量）", "销售日期"}, zh: []string{"数量"}, reports: true},
	{name: "strange delimiter", file: strings.ReplaceAll(salesHeader+"2025-01-01,1,甲医院,药,盒,5\n", ",", "#"), args: sales("in.csv"), code: 2,
		en: []string{"delimiter", "销售日期#销售单号"}, zh: []string{"分隔符"}, reports: true},
	{name: "wrong delimiter given", file: salesHeader + "2025-01-01,1,甲医院,药,盒,5\n", args: append(sales("in.csv"), "--delimiter", ";"), code: 2,
		en: []string{"delimiter"}, zh: []string{"分隔符"}, reports: true},
	{name: "a renamed PDF", args: sales("report.xlsx"), code: 2, en: []string{"report.xlsx is not a table", "PDF"}, zh: []string{"不是表格", "PDF"}, reports: true},
	{name: "a workbook cut off", args: sales("cut.xlsx"), code: 2, en: []string{"cut.xlsx", "damaged or was cut off"}, zh: []string{"cut.xlsx 已损坏"}, reports: true},
	{name: "an archive that points outside", args: sales("evil.zip"), code: 2, en: []string{"evil.zip was refused", "outside"}, zh: []string{"已拒绝"}, reports: true},
	{name: "no party", file: salesHeader, args: []string{"import", "in.csv", "--as", "sales", "--source", "erp"}, code: 2,
		en: []string{"whose ledger", "--party"}, zh: []string{"谁的流水", "--party"}, reports: true},
	{name: "unknown kind", file: salesHeader, args: []string{"import", "in.csv", "--as", "salez", "--source", "erp"}, code: 2,
		en: []string{"salez", "sales, purchases"}, zh: []string{"salez", "sales"}},
	{name: "reserved source", file: salesHeader, args: []string{"import", "in.csv", "--as", "customers", "--source", "flow:x"}, code: 2,
		en: []string{"flow:x is reserved"}, zh: []string{"flow:x 为系统保留"}},
	{name: "missing flag", file: salesHeader, args: []string{"import", "in.csv", "--as", "sales"}, code: 2, en: []string{"--source"}, zh: []string{"--source"}},
	{name: "unknown flag", args: append(sales("in.csv"), "--colour"), code: 2, en: []string{"--colour", "--help"}, zh: []string{"--colour", "--help"}},
	{name: "unknown command", args: []string{"imprt"}, code: 2, en: []string{"imprt", "--help"}, zh: []string{"imprt", "--help"}},
	{name: "a bad month", file: salesHeader, args: append(sales("in.csv"), "--replace-period", "2025-13"), code: 2, en: []string{"2025-13", "YYYY-MM"}, zh: []string{"2025-13"}},
	{name: "a map that is missing", file: salesHeader, args: append(sales("in.csv"), "--map", "no.yaml"), code: 2, en: []string{"no.yaml"}, zh: []string{"no.yaml"}},
	{name: "unknown run", args: []string{"runs", "show", "abc"}, code: 2, en: []string{"no run abc", "runs list"}, zh: []string{"没有运行 abc"}},
	{name: "unknown quarantined row", args: []string{"quarantine", "show", "123"}, code: 2, en: []string{"123", "quarantine list"}, zh: []string{"123"}},
	{name: "unknown connection", args: []string{"pull", "nowhere"}, code: 2, en: []string{"nowhere", "tributary.yaml"}, zh: []string{"nowhere"}},
	{name: "nothing to pull", args: []string{"pull"}, code: 2, en: []string{"No connection", "tributary.yaml"}, zh: []string{"尚未配置任何连接"}},
	{name: "unknown topic", args: []string{"events", "tail", "customer.gold", "--from-beginning"}, code: 2, en: []string{"customer.gold", "tributary.customer.golden.v1"}, zh: []string{"customer.gold"}},
	{name: "unknown lot", args: []string{"trace", "lot", "L1", "--product", "P1"}, code: 2, en: []string{"P1"}, zh: []string{"P1"}},
	{name: "unknown customer", args: []string{"customers", "show", "nobody"}, code: 2, en: []string{"nobody"}, zh: []string{"nobody"}},
}

func sales(file string) []string {
	return []string{"import", file, "--as", "sales", "--source", "erp", "--party", "D1"}
}

func TestBadInputHasOneClearMessageAndTheRightExitCode(t *testing.T) {
	t.Parallel()
	for _, c := range badInputs {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for lang, parts := range map[string][]string{"en": c.en, "zh": c.zh} {
				r := withBadFiles(t, c.file).Run(append(c.args, "--lang", lang)...)
				said := r.Stdout + r.Stderr
				require.Equal(t, c.code, r.Code, said)
				for _, part := range parts {
					require.Contains(t, said, part, lang)
				}
				requirePlain(t, said)
			}
			if c.reports {
				report, r := withBadFiles(t, c.file).Report(append(c.args, "--lang", "en")...)
				require.Equal(t, c.code, r.Code)
				require.Len(t, report.Runs, 1)
				if c.code != 0 {
					require.Equal(t, "failed", report.Runs[0].Status)
					require.NotNil(t, report.Runs[0].Error)
					require.Contains(t, *report.Runs[0].Error, c.en[0])
				} else {
					require.NotEmpty(t, report.Runs[0].Warnings)
				}
			}
		})
	}
}

// withBadFiles makes an installation with a file of each kind; in.csv has the given content, if any.
func withBadFiles(t *testing.T, in string) *harness.Hub {
	h := harness.Embedded(t, harness.Options{})
	if in != "" {
		h.Write("in.csv", in)
	}
	h.Write("empty.csv", "")
	h.Write("report.xlsx", "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n")
	h.Write("cut.xlsx", cutWorkbook(t))
	h.Write("evil.zip", zipWith(t, "../../outside.csv", salesHeader))
	require.NoError(t, os.Mkdir(filepath.Join(h.Dir, "folder"), 0o700))
	return h
}

// requirePlain fails on words that only a programmer knows.
func requirePlain(t *testing.T, text string) {
	t.Helper()
	for _, inside := range []string{"panic", "goroutine", "strconv", "runtime error", "nil pointer", "sql:", "<nil>", "%!", ".go:", "context canceled", "yaml:", "json:", ".: ", "。："} {
		require.NotContains(t, text, inside)
	}
	for _, r := range text {
		require.False(t, r == '{' || r == '}', "a placeholder was not filled: %s", text)
	}
}

// Rows that cannot be taken in wait with field, rule, reason and the bytes as received; the good ones around them arrive.
func TestBadRowsWaitAndGoodRowsArrive(t *testing.T) {
	t.Parallel()
	harness.OnBothProfiles(t, harness.Options{}, func(t *testing.T, h *harness.Hub) {
		bad := map[int]string{ // by row of the file, the header being row 1
			3: "2025-01-02,X-2,乙医院,药", 5: "2025-01-04,X-4,丁医院,药,盒,五", 7: "2025-02-30,X-6,己医院,药,盒,6", 9: "2025-01-08,X-8,\xff\xfe\xff医院,药,盒,8",
		}
		text := salesHeader
		for row := 2; row <= 60; row++ {
			line, broken := bad[row]
			if !broken {
				line = "2025-01-05,OK-" + string(rune('A'+row%26)) + strings.Repeat("I", row/26) + ",甲医院,药,盒,5"
			}
			text += line + "\n"
		}
		path := h.Write("month.csv", text)
		report := importFile(h, file{"month.csv", "sales", "D1"}, path)
		require.Equal(t, harness.Counts{Read: 59, Canonical: 55, Quarantined: 4}, report.Totals)
		var list struct {
			Total int
			Items []quarantined
		}
		h.Into(&list, "quarantine", "list")
		require.Equal(t, 4, list.Total)
		for _, i := range list.Items {
			require.Contains(t, bad, i.Row)
			require.NotEmpty(t, i.Rule)
			require.NotEmpty(t, i.Reason)
			require.Equal(t, "month.csv", i.File)
			if i.Row == 9 {
				require.NotEmpty(t, i.Raw) // JSON cannot hold the bytes; the store does
			} else {
				require.Equal(t, bad[i.Row], strings.TrimRight(i.Raw, "\r\n"))
			}
			if i.Row == 5 || i.Row == 7 {
				require.Equal(t, map[int]string{5: "quantity", 7: "date"}[i.Row], i.Field)
			}
		}
		// The same file again: nothing new, the same rows wait.
		require.Equal(t, harness.Counts{Read: 59, Unchanged: 55, Quarantined: 4}, importFile(h, file{"month.csv", "sales", "D1"}, path).Totals)
		h.Into(&list, "quarantine", "list")
		require.Equal(t, 4, list.Total)
	})
}

type quarantined struct {
	ID, File, Field, Rule, Reason, Raw string
	Row                                int
}
