package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const flowHeader = "销售日期,销售单号,行号,客户编码,客户名称,产品编码,产品名称,规格,批号,数量,单位\n"

// ledgers is an installation with a product, two parties, and the sales of D1 in March and April 2025.
func ledgers(t *testing.T) installation {
	here := newInstallation(t)
	here.configure("company: {code: M, name: 百川制药}\n")
	here.take("products", "", "code,name,spec,unit,case_factor,inner_factor\nAMX24,阿莫西林胶囊,0.25g*24粒,盒,40,10\n")
	here.take("lots", "", "product,lot,quantity,mfg_date,exp_date\nAMX24,250301,10000,2025-03-01,2027-02-28\n")
	here.take("customers", "", "id,name,kind\nD1,青河医药有限公司,distributor\nD2,江州医药有限公司,distributor\nH1,青河市第一人民医院,hospital\n")
	here.take("sales", "self", flowHeader+"2025-03-03,M1,1,D1,青河医药有限公司,AMX24,阿莫西林胶囊,0.25g*24粒,250301,500,盒\n")
	here.take("purchases", "D1", strings.NewReplacer("销售日期", "购进日期", "销售单号", "采购单号", "客户编码", "供应商编码", "客户名称", "供应商名称").Replace(flowHeader)+
		"2025-03-04,M1,1,M,百川制药,AMX24,阿莫西林胶囊,0.25g*24粒,250301,500,盒\n")
	here.take("sales", "D1", flowHeader+march(200)+"2025-04-02,S9,1,H1,青河市第一人民医院,AMX24,阿莫西林胶囊,0.25g*24粒,250301,10,盒\n")
	return here
}

func march(quantity int) string {
	return "2025-03-10,S1,1,H1,青河市第一人民医院,AMX24,阿莫西林胶囊,0.25g*24粒,250301," + count(int64(quantity)) + ",盒\n"
}

// take imports a file made of text.
func (i installation) take(as, party, text string, more ...string) answer {
	i.t.Helper()
	file := i.write(as+".csv", text)
	argv := append([]string{"import", file, "--as", as, "--source", "erp"}, more...)
	if party != "" {
		argv = append(argv, "--party", party)
	}
	return i.run(argv...)
}

func TestAMonthIsClosedCorrectedSealedAndOpenedAgain(t *testing.T) {
	here := ledgers(t)
	book := []string{"--party", "D1", "--ledger", "sales"}
	with := func(argv ...string) []string { return append(argv, book...) }
	require.Contains(t, here.ok(with("month", "list", "2025-03")...).out, "uploading")
	here.ok(with("month", "advance", "2025-03")...)
	require.Contains(t, here.ok(with("month", "list", "2025-03", "--lang", "zh")...).out, "匹配中")
	early := here.run(with("month", "seal", "2025-03")...)
	require.Equal(t, 1, early.code)
	require.Contains(t, early.err, "only a closed month is sealed")
	here.ok(with("month", "advance", "2025-03", "--to", "closed")...)

	// A file changes a row of the closed month and brings a late one.
	late := here.take("sales", "D1", flowHeader+march(230)+"2025-03-12,S2,1,H1,青河市第一人民医院,AMX24,阿莫西林胶囊,0.25g*24粒,250301,5,盒\n", "--version", "2025-05-01")
	require.Zero(t, late.code, late.err)
	require.Contains(t, late.out, "2025-03 is closed, its figures stay: 3 changes of its rows are booked in 2025-04.")
	require.Contains(t, late.out, "tributary month explain 2025-03")
	show := here.ok(with("month", "show", "2025-03", "--json")...).object(t)
	require.Equal(t, "200", show["figures"].([]any)[0].(map[string]any)["quantity"])
	require.Equal(t, "200", show["figures"].([]any)[0].(map[string]any)["base_quantity"])
	require.Len(t, show["corrections"], 3)
	april := here.ok(with("month", "show", "2025-04", "--json")...).object(t)
	require.Equal(t, "35", april["figures"].([]any)[1].(map[string]any)["quantity"], "booked with April")
	trace := here.ok("trace", "lot", "250301", "--product", "AMX24").out
	require.Regexp(t, `青河市第一人民医院.* 245 `, trace, "a trace sees the rows as they are")

	refused := here.run(with("month", "seal", "2025-03")...)
	require.Equal(t, 1, refused.code)
	require.Contains(t, refused.err, "3 points are open. Nobody has explained -200 of AMX24 lot 250301, document S1 of 2025-03-10 (of 2025-03, booked in 2025-04).")
	require.Contains(t, refused.err, "month explain 2025-03 --party D1")
	here.ok(with("month", "explain", "2025-03", "--reason", "盘点后补传", "--class", "补传")...)
	require.Contains(t, here.ok("month", "corrections", "2025-03").out, "盘点后补传")
	here.ok(with("month", "seal", "2025-03", "--by", "林")...)

	// Sealed: figures stand, and a re-opening takes a person and a reason.
	again := here.take("sales", "D1", flowHeader+march(240), "--version", "2025-05-02", "--correction", "appeal", "--reason", "客户申诉")
	require.Contains(t, again.out, "2 changes of its rows are booked in 2025-04, with the reason given")
	require.Equal(t, "200", here.ok(with("month", "show", "2025-03", "--json")...).object(t)["figures"].([]any)[0].(map[string]any)["quantity"])
	require.Contains(t, here.run(with("month", "reopen", "2025-03", "--by", "林")...).err, "needs a person and a reason")
	here.ok(with("month", "advance", "2025-04", "--to", "closed")...)
	require.Contains(t, here.run(with("month", "reopen", "2025-03", "--by", "林", "--reason", "重算")...).err, "2025-03 was corrected in 2025-04, and that is closed")
	here.ok(with("month", "reopen", "2025-04", "--by", "林", "--reason", "重算")...)
	here.ok(with("month", "reopen", "2025-03", "--by", "林", "--reason", "重算")...)
	require.Equal(t, "245", here.ok(with("month", "show", "2025-03", "--json")...).object(t)["figures"].([]any)[0].(map[string]any)["quantity"])

	audit := here.dir + "/audit.jsonl"
	here.ok("audit", "export", "--out", audit)
	lines, err := os.ReadFile(audit)
	require.NoError(t, err)
	for _, action := range []string{"month.advance", "month.seal", "month.reopen", "month.explain"} {
		require.Contains(t, string(lines), `"action":"`+action+`"`)
	}
}

func TestAGapKeepsAMonthFromItsSeal(t *testing.T) {
	here := ledgers(t)
	here.take("stock", "D1", "库存日期,产品编码,产品名称,规格,批号,库存数量,单位\n2025-03-31,AMX24,阿莫西林胶囊,0.25g*24粒,250301,270,盒\n")
	all := here.ok("month", "advance", "2025-03", "--to", "closed", "--json").object(t)
	require.Len(t, all["moved"], 4, "every book with rows in the month")
	r := here.run("month", "seal", "2025-03", "--party", "D1", "--json")
	require.Equal(t, 1, r.code)
	refused := r.object(t)["refused"].([]any)
	require.Len(t, refused, 3, "a gap is in all books of the party")
	waits := refused[0].(map[string]any)["waits"].([]any)
	require.Len(t, waits, 1)
	require.Equal(t, "30", waits[0].(map[string]any)["quantity"])
	require.Contains(t, here.run("month", "explain", "2025-03", "--party", "D1", "--product", "AMX24", "--lot", "250399", "--reason", "x").err, "has no gap")
	here.ok("month", "explain", "2025-03", "--party", "D1", "--product", "AMX24", "--lot", "250301", "--reason", "破损待报")
	require.Len(t, here.ok("month", "seal", "2025-03", "--party", "D1", "--json").object(t)["moved"], 3)
}

func TestFilesThatClaimAMonth(t *testing.T) {
	here := ledgers(t)
	replace := []string{"--replace-period", "2025-03"}
	empty := here.take("sales", "D1", flowHeader, replace...)
	require.Equal(t, 2, empty.code)
	require.Contains(t, empty.out, "has no usable row of 2025-03, and sales of D1 hold 1 rows of it")
	require.Contains(t, empty.out, "--yes")
	outside := here.take("sales", "D1", flowHeader+"2025-05-02,S7,1,H1,青河市第一人民医院,AMX24,阿莫西林胶囊,0.25g*24粒,250301,10,盒\n", replace...)
	require.Equal(t, 2, outside.code, "rows of other months only")

	first := here.take("sales", "D1", flowHeader+march(201), append(replace, "--version", "2025-04-05")...)
	require.Zero(t, first.code, first.out)
	newer := here.take("sales", "D1", flowHeader+march(202), append(replace, "--version", "2025-04-06")...)
	require.Contains(t, newer.out, "2025-03 was held by sales.csv; sales.csv is its newer version and takes its place.")
	older := here.take("sales", "D1", flowHeader+march(203), append(replace, "--version", "2025-04-04")...)
	require.Contains(t, older.out, "2025-03 stays with sales.csv, whose version is higher")
	for quantity := 210; ; quantity++ { // the content decides between equal versions: one of them comes out higher
		tied := here.take("sales", "D1", flowHeader+march(quantity), append(replace, "--version", "2025-04-06")...)
		require.Zero(t, tied.code)
		if strings.Contains(tied.out, "both claim 2025-03 under the same version") {
			break
		}
		require.Contains(t, tied.out, "stays with")
	}
	none := here.take("sales", "D1", flowHeader, append(replace, "--version", "2025-04-08", "--yes")...)
	require.Zero(t, none.code, none.out)
	require.Len(t, here.ok("month", "list", "2025-03", "--party", "D1", "--ledger", "sales", "--json").object(t)["months"], 1)
	require.Contains(t, here.ok("month", "show", "2025-03", "--party", "D1", "--ledger", "sales", "--json").out, `"figures": []`)
}

func TestAPartyThatIsMappedTwice(t *testing.T) {
	here := ledgers(t)
	here.take("customers", "", "id,name,kind\nD7,同名医药有限公司,distributor\nD8,同名医药有限公司,distributor\n")
	name := here.take("sales", "同名医药有限公司", flowHeader+march(1))
	require.Equal(t, 2, name.code)
	require.Contains(t, name.out, "“同名医药有限公司” names several parties: D7, D8")

	// The same distributor under its code and under a name of its own: one customer, two keys.
	require.Zero(t, here.take("aliases", "", "type,party,raw_name,target_code\nparty,青河医药,青河医药,D1\n").code)
	here.ok("import", here.write("twice.csv", flowHeader+march(200)), "--as", "sales", "--source", "other", "--party", "青河医药有限公司（老系统）")
	list := here.ok("month", "list", "2025-03", "--ledger", "sales", "--json").object(t)["months"].([]any)
	var ids []string
	for _, m := range list {
		ids = append(ids, m.(map[string]any)["party"].(map[string]any)["golden_id"].(string))
	}
	require.Len(t, ids, 3)
	if ids[0] != ids[2] && ids[0] != ids[1] && ids[1] != ids[2] {
		here.ok("customers", "merge", ids[0], ids[2], "--reason", "同一家")
	}
	r := here.run("month", "advance", "2025-03", "--party", "D1", "--ledger", "sales", "--to", "closed")
	require.Equal(t, 1, r.code, r.out)
	require.Contains(t, r.err, "are the same customer, and both report sales of 2025-03: their rows count twice")
}

func TestCoverageAndFeedsAreShown(t *testing.T) {
	here := ledgers(t)
	c := here.ok("coverage", "--month", "2025-03")
	require.Regexp(t, `ALL +100 % \(2/2\) +100 % \(500/500\) +\d.* % \(3/93\) +100 % \(3/3\) +100 % \(3/3\) +100 % \(3/3\)`, c.out)
	require.Contains(t, here.ok("coverage", "--month", "2025-03", "--lang", "zh").out, "单位")
	k := here.ok("coverage", "--month", "2025-03", "--json").object(t)["overall"].(map[string]any)["k3_days"].(map[string]any)
	require.Equal(t, map[string]any{"numerator": "3", "denominator": "93", "percent": "3.22"}, k)

	silent := here.ok("feeds", "list", "--silent", "--party", "D1")
	require.Contains(t, silent.out, "!!")
	here.ok("feeds", "excuse", "--party", "D1", "--ledger", "sales", "--reason", "erp_changed", "--note", "新系统")
	require.Contains(t, here.ok("feeds", "list", "--silent", "--party", "D1").out, "erp_changed: 新系统")
	here.ok("feeds", "expect", "--party", "D1", "--cadence", "none")
	require.NotContains(t, here.ok("feeds", "list", "--silent", "--party", "D1").out, "D1")
	wrong := here.run("feeds", "expect", "--party", "D1", "--cadence", "yearly")
	require.Equal(t, 2, wrong.code)
	require.Contains(t, wrong.err, "daily, weekly, monthly or none")
	require.Contains(t, here.run("feeds", "excuse", "--party", "D77", "--reason", "server").err, "No party “D77” has reported a ledger")
}

func TestBooksOfDaysMonthsAndBothLedgers(t *testing.T) {
	here := ledgers(t)
	balance := func(more ...string) []any {
		return here.ok(append([]string{"balance", "--product", "AMX24", "--party", "D1", "--json"}, more...)...).object(t)["rows"].([]any)
	}
	months := balance("--by", "month", "--from", "2025-03-01", "--to", "2025-04-30")
	require.Len(t, months, 2)
	april := months[1].(map[string]any)
	require.Equal(t, []any{"2025-04-01", "2025-04-30", "300", "10", "290"}, []any{april["from"], april["to"], april["opening"], april["out"], april["closing"]})
	days := balance("--by", "day", "--from", "2025-03-03", "--to", "2025-03-10")
	require.Len(t, days, 8)
	require.Equal(t, days[6].(map[string]any)["closing"], days[7].(map[string]any)["opening"])
	require.Equal(t, "200", days[7].(map[string]any)["out"])
	require.Contains(t, here.ok("balance", "--product", "AMX24", "--by", "day", "--from", "2025-03-10", "--to", "2025-03-10").out, "2025-03-10")
	for text, argv := range map[string][]string{"--by day or --by month": {"--by", "week", "--from", "2025-03-01"}, "Give --from": {"--by", "day"}, "more than 400": {"--by", "day", "--from", "2020-01-01"}} {
		r := here.run(append([]string{"balance", "--product", "AMX24"}, argv...)...)
		require.Equal(t, 2, r.code)
		require.Contains(t, r.err, text)
	}
	pairs := here.ok("balance", "--product", "AMX24", "--ledgers", "--json").object(t)
	require.Equal(t, map[string]any{"rows": 1.0, "quantity": "500", "difference": "0", "expected": 0.0}, pairs["totals"].(map[string]any)["match"])
	require.Equal(t, map[string]any{"rows": 2.0, "quantity": "210", "difference": "0", "expected": 2.0}, pairs["totals"].(map[string]any)["seller_only"])
	require.Contains(t, here.ok("balance", "--product", "AMX24", "--ledgers").out, "seller only")
}
