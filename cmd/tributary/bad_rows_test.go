package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const badRowsHeader = "销售日期,销售单号,行号,客户编码,客户名称,产品名称,规格,批号,数量,单位\n"

// row is one sale of D1.
func badRow(n int, date, customer, product, lot, quantity, unit string) string {
	return fmt.Sprintf("%s,S%d,1,,%s,%s,0.25g,%s,%s,%s\n", date, n, customer, product, lot, quantity, unit)
}

func channelWithBadRows(t *testing.T) installation {
	t.Helper()
	here := newInstallation(t)
	for _, f := range []struct{ name, as, text string }{
		{"products.csv", "products", "产品编码,产品名称,规格,单位,件装量\nAMX,阿莫西林胶囊,0.25g,盒,40\n"},
		{"lots.csv", "lots", "产品编码,批号,数量\nAMX,250301,10000\n"},
		{"customers.csv", "customers", "客户编码,客户名称,类型\nD1,青河医药,经销商\nD2,临江医药,经销商\nH1,青河医院,医院\n"},
	} {
		require.Zero(t, here.run("import", here.write(f.name, f.text), "--as", f.as, "--source", "erp").code)
	}
	return here
}

// TestBadRowsSayWhatIsWrongAndWhere: each row is taken in as it is meant, or waits with field, row and a way out; nothing is
// guessed.
func TestBadRowsSayWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		row  string
		bad  string // part of the reason in the quarantine; "" = it is taken in
		seen string // the finding that tells of it
		took string // what the trace of the lot shows of it
	}{
		"thousands":           {row: badRow(1, "2025-03-01", "青河医院", "阿莫西林胶囊", "250301", `"1,200.50"`, "盒"), took: `"received": "1200.5"`},
		"full width":          {row: badRow(1, "2025-03-01", "青河医院", "阿莫西林胶囊", "250301", "３００", "盒"), took: `"received": "300"`},
		"a return":            {row: badRow(1, "2025-03-01", "青河医院", "阿莫西林胶囊", "250301", "-20", "盒"), took: `"returned": "20"`},
		"an exponent":         {row: badRow(1, "2025-03-01", "青河医院", "阿莫西林胶囊", "250301", "1e3", "盒"), took: `"received": "1000"`},
		"text in a number":    {row: badRow(1, "2025-03-01", "青河医院", "阿莫西林胶囊", "250301", "十几盒左右", "盒"), bad: "quantity"},
		"a serial as date":    {row: badRow(1, "45717", "青河医院", "阿莫西林胶囊", "250301", "5", "盒"), took: `"first_date": "2025-03-01"`},
		"an impossible date":  {row: badRow(1, "2025-02-30", "青河医院", "阿莫西林胶囊", "250301", "5", "盒"), bad: "date"},
		"a lot as a number":   {row: badRow(1, "2025-03-01", "青河医院", "阿莫西林胶囊", "2.5E+05", "5", "盒"), seen: "lot_as_number"},
		"an unreleased lot":   {row: badRow(1, "2025-03-01", "青河医院", "阿莫西林胶囊", "250310", "5", "盒"), seen: "unknown_lot"},
		"a sale not received": {row: badRow(1, "2025-03-01", "青河医院", "阿莫西林胶囊", "250301", "5", "盒"), seen: "never_received"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here := channelWithBadRows(t)
			got := here.run("import", here.write("d1.csv", badRowsHeader+c.row), "--as", "sales", "--source", "erp", "--party", "D1")
			require.Zero(t, got.code, got.err)
			waiting := here.run("quarantine", "list", "--json")
			if c.bad == "" {
				require.Contains(t, waiting.out, `"total": 0`, name)
			} else {
				for _, want := range []string{c.bad, `"file": "d1.csv"`, `"row": 2`, `"reason"`} {
					require.Contains(t, waiting.out, want)
				}
			}
			if c.took != "" {
				require.Contains(t, here.run("trace", "lot", "250301", "--product", "AMX", "--json").out, c.took)
			}
			if c.seen != "" {
				for _, lang := range []string{"en", "zh"} {
					list := here.run("findings", "list", "--lang", lang)
					require.Contains(t, list.out, c.seen, list.err)
					id, _, _ := strings.Cut(lineWith(list.out, c.seen), " ")
					shown := here.run("findings", "show", id, "--lang", lang)
					for _, want := range []string{"青河医药", "d1.csv", "→"} {
						require.Contains(t, shown.out, want)
					}
				}
			}
		})
	}
}

func lineWith(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			return line
		}
	}
	return ""
}

func TestNegativeStockIsKeptAndTold(t *testing.T) {
	t.Parallel()
	here := channelWithBadRows(t)
	got := here.run("import", here.write("stock.csv", "库存日期,产品名称,规格,批号,库存数量,单位\n2025-03-31,阿莫西林胶囊,0.25g,250301,-3,盒\n"), "--as", "stock", "--source", "erp", "--party", "D1")
	require.Zero(t, got.code, got.err)
	require.Contains(t, here.run("findings", "list").out, "negative_stock")
}

// TestTransfersInACircleEnd: goods that go round are traced once, and both ends are listed.
func TestTransfersInACircleEnd(t *testing.T) {
	t.Parallel()
	here := channelWithBadRows(t)
	rows := badRow(1, "2025-03-01", "青河医药", "阿莫西林胶囊", "250301", "100", "盒")
	require.Zero(t, here.run("import", here.write("m.csv", badRowsHeader+rows), "--as", "sales", "--source", "erp", "--party", "self").code)
	require.Zero(t, here.run("import", here.write("d1.csv", badRowsHeader+badRow(1, "2025-03-02", "临江医药", "阿莫西林胶囊", "250301", "50", "盒")), "--as", "sales", "--source", "erp", "--party", "D1").code)
	require.Zero(t, here.run("import", here.write("d2.csv", badRowsHeader+badRow(1, "2025-03-02", "青河医药", "阿莫西林胶囊", "250301", "50", "盒")), "--as", "sales", "--source", "erp", "--party", "D2").code)
	traced := here.run("trace", "lot", "250301", "--product", "AMX", "--json")
	require.Zero(t, traced.code, traced.err)
	require.Contains(t, traced.out, "青河医药")
	require.Contains(t, traced.out, "临江医药")
}

// TestWhatNobodyKnowsStaysVisible: an unknown product or party, and a unit without a factor, are in the flow and told.
func TestWhatNobodyKnowsStaysVisible(t *testing.T) {
	t.Parallel()
	here := channelWithBadRows(t)
	rows := badRow(1, "2025-03-01", "青河医院", "没有的药", "X1", "5", "盒") + badRow(2, "2025-03-01", "没有的医院", "阿莫西林胶囊", "250301", "5", "盒") + badRow(3, "2025-03-01", "青河医院", "阿莫西林胶囊", "250301", "5", "大箱")
	got := here.run("import", here.write("d1.csv", badRowsHeader+rows), "--as", "sales", "--source", "erp", "--party", "D1", "--json")
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, `"canonical": 3`)
	traced := here.run("trace", "lot", "250301", "--product", "AMX", "--json")
	require.Contains(t, traced.out, "没有的医院")
	require.Contains(t, traced.out, `"resolved": false`)
	require.NotContains(t, traced.out, `"received": "10"`, "five of a unit without a factor are not five boxes")
}

func TestARecallOutOfOrderSaysWhatMayFollow(t *testing.T) {
	t.Parallel()
	here := channelWithBadRows(t)
	require.Zero(t, here.run("import", here.write("m.csv", badRowsHeader+badRow(1, "2025-03-01", "青河医药", "阿莫西林胶囊", "250301", "100", "盒")), "--as", "sales", "--source", "erp", "--party", "self").code)
	opened := here.run("recall", "open", "--product", "AMX", "--lot", "250301", "--class", "II", "--reason", "dissolution", "--json")
	require.Zero(t, opened.code, opened.err)
	number := "R-" + strings.SplitN(strings.SplitN(opened.out, `"R-`, 2)[1], `"`, 2)[0]
	skipped := here.run("recall", "advance", number, "--to", "recovered")
	require.Equal(t, 2, skipped.code)
	for _, want := range []string{number, "draft", "recovered", "assessed", "→"} {
		require.Contains(t, skipped.err, want)
	}
	require.Zero(t, here.run("recall", "advance", number, "--assessment", "reversible harm").code)
	require.Zero(t, here.run("recall", "advance", number, "--by", "QP").code)
	notified := here.run("recall", "notify", number, "--contact", "QA, 0571-1")
	require.Zero(t, notified.code, notified.err)
	require.Contains(t, notified.out, "青河医药", "a party without a contact is named")
	require.Contains(t, notified.out, "!")
	early := here.run("recall", "advance", number, "--to", "noticed")
	require.Equal(t, 2, early.code)
	require.Contains(t, early.err, "青河医药")

	unreleased := here.run("recall", "open", "--product", "AMX", "--lot", "250310", "--class", "II", "--reason", "x")
	require.Equal(t, 2, unreleased.code)
	require.Contains(t, unreleased.err, "250301", "the nearest known")
}
