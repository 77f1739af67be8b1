package filesource_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/unicode"

	"tributary/canonical"
	"tributary/connectors/filesource"
	"tributary/internal/errs"
	"tributary/mapping"
)

// ledger reads a file all the way to flow lines and row ids, as an import does.
type ledger struct {
	lines  []canonical.FlowLine
	ids    []canonical.ID
	issues map[int][]canonical.Issue // by row number
	report mapping.Report
}

func importSales(t testing.TB, name string, content []byte) (ledger, error) {
	t.Helper()
	table, err := open(t, name, content, filesource.Options{Known: mapping.Known(mapping.Sales)})
	if err != nil {
		return ledger{}, err
	}
	flow, report, err := mapping.CompileFlow(mapping.Sales, table.Headers())
	if err != nil {
		return ledger{}, err
	}
	out := ledger{issues: map[int][]canonical.Issue{}, report: report}
	identity := mapping.NewIdentity("D1", canonical.Sales)
	for {
		r, err := table.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if r.Bad != nil {
			out.issues[r.Number] = []canonical.Issue{*r.Bad}
			continue
		}
		var line canonical.FlowLine
		if issues := flow(r.Cells, &line); len(issues) > 0 {
			out.issues[r.Number] = issues
			continue
		}
		id, _, _ := identity.Of(&line)
		out.lines, out.ids = append(out.lines, line), append(out.ids, id)
	}
}

// The same ledger in every format and encoding gives the same lines under the same row ids.
func TestOneLedgerInManyClothes(t *testing.T) {
	t.Parallel()
	rows := [][]string{{"销售日期", "单据号", "客户名称", "产品名称", "规格", "批号", "数量", "单位", "业务类型"}}
	for i := range 40 {
		rows = append(rows, []string{
			fmt.Sprintf("2025-03-%02d", i%28+1), fmt.Sprintf("XS%03d", i/3), fmt.Sprintf("青河市第%d医院", i%5), "阿莫西林胶囊", "0.25g*24粒",
			[]string{"0250301", "250302", ""}[i%3], fmt.Sprint(i%7 + 1), "盒", []string{"", "退货"}[i%2],
		})
	}
	text := func(delim string) string {
		lines := make([]string, len(rows))
		for i, r := range rows {
			lines[i] = strings.Join(r, delim)
		}
		return "青河医药 销售流向\n" + strings.Join(lines, "\n") + "\n合计\n"
	}
	var objects strings.Builder
	for _, r := range rows[1:] {
		var fields []string
		for i, c := range r {
			fields = append(fields, fmt.Sprintf("%q:%q", rows[0][i], c))
		}
		objects.WriteString("{" + strings.Join(fields, ",") + "}\n")
	}
	book := workbook(t, func(f *excelize.File) {
		setRow(t, f, "Sheet1", 1, "青河医药 销售流向")
		for i, r := range rows {
			cells := make([]any, len(r))
			for j, c := range r {
				cells[j] = c
			}
			setRow(t, f, "Sheet1", i+2, cells...)
		}
		setRow(t, f, "Sheet1", len(rows)+2, "合计")
	})
	want, err := importSales(t, "a.csv", []byte(text(",")))
	require.NoError(t, err)
	require.Len(t, want.lines, 40)
	require.Empty(t, want.issues)
	for name, content := range map[string][]byte{
		"gbk.csv": gbk(t, text(",")), "tab.txt": []byte(text("\t")), "semicolon.csv": []byte("\ufeff" + text(";")),
		"utf16.csv": utf16(t, text("\t"), unicode.LittleEndian, unicode.UseBOM), "book.xlsx": book, "rows.jsonl": []byte(objects.String()),
		"packed.zip": zipped(t, "dir/a.csv", text(",")),
	} {
		got, err := importSales(t, name, content)
		require.NoError(t, err, name)
		require.Equal(t, want.lines, got.lines, name)
		require.Equal(t, want.ids, got.ids, name)
		require.Equal(t, want.report.Columns, got.report.Columns, name)
	}
}

// Everything a person can send wrongly gets one message that says what, where and what to do.
func TestBadInputIsExplained(t *testing.T) {
	t.Parallel()
	head := "销售日期,单据号,客户名称,产品名称,规格,批号,数量\n"
	good := "2025-03-01,X1,甲,乙,10mg,1,1\n"
	for name, tc := range map[string]struct{ content, code string }{
		"missing column":  {"销售日期,客户名称,产品名称,规格\n2025-03-01,甲,乙,10mg\n", "mapping.missing_column"},
		"wrong delimiter": {"销售日期^客户名称^数量\n2025-03-01^甲^1\n", "mapping.missing_column"},
		"unknown headers": {"a,b,c\n1,2,3\n", "mapping.missing_column"},
		"a letter":        {"尊敬的客户：\n\n您好。\n", "mapping.missing_column"},
		"a PDF":           {"%PDF-1.4", "files.not_table"},
	} {
		_, err := importSales(t, "流向.csv", []byte(tc.content))
		require.Equal(t, tc.code, errs.CodeOf(err), name)
		require.True(t, errs.Is(err, errs.Invalid), name)
	}
	for name, tc := range map[string]struct{ row, field, rule string }{
		"ragged":        {"2025-03-01,X1,甲,乙,10mg,1\n", "row", "ragged"},
		"bad number":    {"2025-03-01,X1,甲,乙,10mg,1,一盒\n", "quantity", "number"},
		"bad date":      {"2025-02-30,X1,甲,乙,10mg,1,1\n", "date", "date"},
		"invalid UTF-8": {"2025-03-01,X1,\xff\xfe,乙,10mg,1,1\n", "row", "encoding"},
		"no quantity":   {"2025-03-01,X1,甲,乙,10mg,1,\n", "quantity", "required"},
	} {
		got, err := importSales(t, "流向.csv", []byte(head+good+tc.row+good))
		require.NoError(t, err, name)
		require.Len(t, got.lines, 2, name)
		require.Len(t, got.issues, 1, name)
		require.Len(t, got.issues[3], 1, name)
		i := got.issues[3][0]
		require.Equal(t, []string{tc.field, tc.rule}, []string{i.Field, i.Rule}, name)
		for _, lang := range []string{"zh", "en"} {
			require.NotEmpty(t, i.Text(lang))
			require.NotContains(t, i.Text(lang), "{")
			require.Contains(t, i.Text(lang), "→", "a remedy")
		}
	}
}

func BenchmarkLedger(b *testing.B) {
	const n = 50_000
	path := write(b, "s.csv", []byte(salesRows(n)))
	b.ReportAllocs()
	for b.Loop() {
		table, err := filesource.Open(b.Context(), path, filesource.Options{Known: mapping.Known(mapping.Sales)})
		if err != nil {
			b.Fatal(err)
		}
		flow, _, err := mapping.CompileFlow(mapping.Sales, table.Headers())
		if err != nil {
			b.Fatal(err)
		}
		identity := mapping.NewIdentity("D1", canonical.Sales)
		var line canonical.FlowLine
		for {
			r, err := table.Next()
			if err != nil {
				break
			}
			if issues := flow(r.Cells, &line); len(issues) > 0 {
				b.Fatal(issues)
			}
			identity.Of(&line)
		}
		table.Close()
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
