package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/width"
	"tributary/trace"
)

func (a *app) traceCmd() *cobra.Command {
	c := &cobra.Command{Use: "trace", Short: "Where a lot is, and where a customer's goods came from"}
	lot := hub.TraceLotRequest{}
	forward := &cobra.Command{Use: "lot LOT [--product CODE]", Short: "Where a lot is: every party, balance, contacts", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		lot.Lot, lot.Lang = argv[0], a.language()
		return ask(a, cmd, "trace", func(h *hub.Hub) (trace.Result, error) { return h.TraceLot(cmd.Context(), lot) }, func(w io.Writer, r trace.Result) error {
			return a.writeTrace(w, r, 0)
		})
	}}
	forward.Flags().StringVar(&lot.Product, "product", "", "code or name of the product; not needed when LOT is a GS1 code or Digital Link that has it")
	forward.Flags().StringVar(&lot.AsOf, "as-of", "", "business date yyyy-MM-dd: what had happened by then")
	forward.Flags().StringVar(&lot.KnownAt, "known-at", "", "time (RFC 3339): what the hub knew by then")
	req := hub.TraceCustomerRequest{}
	backward := &cobra.Command{Use: "customer ID", Short: "Which lots a customer received, and from where", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		req.Customer, req.Lang = argv[0], a.language()
		return ask(a, cmd, "trace", func(h *hub.Hub) (trace.CustomerResult, error) { return h.TraceCustomer(cmd.Context(), req) }, a.writeReceipts)
	}}
	backward.Flags().StringVar(&req.From, "from", "", "first business date")
	backward.Flags().StringVar(&req.To, "to", "", "last business date")
	c.AddCommand(forward, a.traceCodeCmd(), backward)
	return c
}

func (a *app) balanceCmd() *cobra.Command {
	req := hub.BalanceRequest{}
	var ledgers bool
	c := &cobra.Command{Use: "balance --product CODE", Short: "The books of every party and lot, with gaps explained", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		req.Lang = a.language()
		if ledgers {
			return ask(a, cmd, "balance", func(h *hub.Hub) (hub.LedgersReport, error) { return h.CompareLedgers(cmd.Context(), req) }, a.writeLedgers)
		}
		return ask(a, cmd, "balance", func(h *hub.Hub) (hub.BalanceReport, error) { return h.Balance(cmd.Context(), req) }, a.writeBalance)
	}}
	f := c.Flags()
	f.StringVar(&req.Product, "product", "", "code or name of the product (required)")
	f.StringVar(&req.Lot, "lot", "", "only this lot")
	f.StringVar(&req.Party, "party", "", "only this party: golden id, code or name")
	f.StringVar(&req.From, "from", "", "first business date")
	f.StringVar(&req.To, "to", "", "last business date")
	f.StringVar(&req.By, "by", "", "day or month: the books of each, from --from to --to")
	f.BoolVar(&ledgers, "ledgers", false, "compare what sellers and buyers say of the same goods, instead of the books")
	c.MarkFlagsMutuallyExclusive("by", "ledgers")
	required(c, "product")
	return c
}

// writeTrace prints the answer to a complaint: who holds the lot, how much, whom to call. limit bounds the parties; 0
// prints all.
func (a *app) writeTrace(w io.Writer, r trace.Result, limit int) error {
	fmt.Fprintf(w, a.say("%s %s, lot %s: %s %s released, as of %s\n\n", "%s %s，批号 %s：放行 %s %s，截至 %s\n\n"),
		r.Product.Name, r.Product.Spec, r.Lot, r.Released, r.Unit, r.AsOf)
	var rows [][]string
	shown := largest(r.Parties, limit)
	for _, p := range shown {
		rows = append(rows, []string{strings.Repeat("· ", p.Tier) + width.Cut(p.Customer.Name, 36), a.kindWord(p.Customer.Kind), p.Customer.Region,
			p.Received.String() + bounds(p), quantityCell(p.Forwarded), quantityCell(p.Returned), quantityCell(p.Used), p.Stock.String(), quantityCell(p.Gap), string(p.Grade), contact(p.Customer)})
	}
	if err := table(w, []string{a.say("WHO", "客户"), a.say("KIND", "类型"), a.say("REGION", "地区"), ">" + a.say("RECEIVED", "收到"), ">" + a.say("FORWARDED", "转出"),
		">" + a.say("RETURNED", "退回"), ">" + a.say("USED", "用掉"), ">" + a.say("STOCK", "库存"), ">" + a.say("GAP", "差额"), a.say("GRADE", "等级"), a.say("CONTACT", "联系方式")}, rows); err != nil {
		return err
	}
	if len(shown) < len(r.Parties) {
		fmt.Fprintf(w, a.say("… and %d more parties (all of them: tributary trace lot %s --product %s)\n", "……另有 %d 个客户（全部：tributary trace lot %s --product %s）\n"), len(r.Parties)-len(shown), r.Lot, r.Product.Code)
	}
	ends := 0
	for _, p := range r.Parties {
		if p.EndCustomer {
			ends++
		}
	}
	t := r.Totals
	fmt.Fprintf(w, a.say("\n%d parties, %d of them end customers.\nReleased %s = own stock %s + sampled %s + quarantined %s + channel stock %s + used %s + recovered %s + destroyed %s + gap %s\n",
		"\n共 %d 个客户，其中终端 %d 个。\n放行 %s = 自有库存 %s + 抽检 %s + 隔离 %s + 渠道库存 %s + 已使用 %s + 已召回 %s + 已销毁 %s + 差额 %s\n"),
		len(r.Parties), ends, t.Released, t.OwnStock, t.Sampled, t.Quarantined, t.ChannelStock, t.Used, t.Recovered, t.Destroyed, t.Gap)
	for i, g := range r.Gaps {
		if i == 5 {
			fmt.Fprintf(w, a.say("  … %d more gaps\n", "  ……另有 %d 处差额\n"), len(r.Gaps)-i)
			break
		}
		fmt.Fprintf(w, a.say("  gap %s at %s: %s\n", "  差额 %s，%s：%s\n"), g.Quantity, g.Customer.Name, g.Reason)
	}
	return nil
}

// largest keeps the limit parties that received most, two thirds of them end customers, in the order given; 0 keeps all.
func largest(parties []trace.PartyResult, limit int) []trace.PartyResult {
	if limit <= 0 || len(parties) <= limit {
		return parties
	}
	kept := map[int]bool{}
	take := func(n int, end bool) {
		var at []int
		for i, p := range parties {
			if p.EndCustomer == end {
				at = append(at, i)
			}
		}
		slices.SortStableFunc(at, func(i, j int) int { return cmp.Compare(parties[j].Received, parties[i].Received) })
		for _, i := range at[:min(n, len(at))] {
			kept[i] = true
		}
	}
	take(limit/3, false)
	take(limit-limit/3, true)
	var out []trace.PartyResult
	for i, p := range parties {
		if kept[i] {
			out = append(out, p)
		}
	}
	return out
}

// bounds shows between what a quantity lies when rows named no lot.
func bounds(p trace.PartyResult) string {
	if p.ReceivedLow == p.Received && p.ReceivedHigh == p.Received {
		return ""
	}
	return fmt.Sprintf(" (%s–%s)", p.ReceivedLow, p.ReceivedHigh)
}

func quantityCell(q canonical.Quantity) string {
	if q == 0 {
		return ""
	}
	return q.String()
}

func contact(c trace.Customer) string {
	for _, p := range c.Contacts {
		if p.Phone != "" {
			return strings.TrimSpace(p.Name + " " + p.Phone)
		}
	}
	return ""
}

func (a *app) kindWord(kind string) string {
	if a.language() != "zh" {
		return kind
	}
	if zh, ok := map[string]string{"hospital": "医院", "clinic": "诊所", "pharmacy": "药店", "chain": "连锁总部", "distributor": "商业公司", "manufacturer": "生产企业",
		"hcp": "医生", "patient": "患者", "unknown": "未识别"}[kind]; ok {
		return zh
	}
	return kind
}

func (a *app) writeReceipts(w io.Writer, r trace.CustomerResult) error {
	fmt.Fprintf(w, "%s (%s)\n\n", r.Customer.Name, a.kindWord(r.Customer.Kind))
	var rows [][]string
	for _, l := range r.Lots {
		var ways []string
		for _, p := range l.Paths {
			ways = append(ways, strings.Join(p.Via, " → ")+" "+p.Quantity.String())
		}
		rows = append(rows, []string{l.Product.Code, width.Cut(l.Product.Name, 24), l.Lot, l.Received.String(), quantityCell(l.Returned), l.Probability, string(l.Grade),
			l.FirstDate.String(), l.LastDate.String(), strings.Join(ways, "; ")})
	}
	return table(w, []string{a.say("PRODUCT", "产品"), a.say("NAME", "名称"), a.say("LOT", "批号"), ">" + a.say("RECEIVED", "收到"), ">" + a.say("RETURNED", "退回"),
		">" + a.say("CHANCE", "可能性"), a.say("GRADE", "等级"), a.say("FIRST", "最早"), a.say("LAST", "最近"), a.say("PATHS", "路径")}, rows)
}

func (a *app) writeBalance(w io.Writer, r hub.BalanceReport) error {
	var rows [][]string
	for _, b := range r.Rows {
		when := b.From.String()
		if b.To != b.From {
			when = strings.TrimSpace(when + " – " + b.To.String())
		}
		rows = append(rows, []string{when, width.Cut(b.Customer.Name, 36), b.Lot, b.Opening.String(), b.In.String(), b.Out.String(), b.Used.String(), b.Computed.String(),
			b.Closing.String(), quantityCell(b.InTransit), quantityCell(b.Gap), b.Explanation})
	}
	return table(w, []string{a.say("PERIOD", "期间"), a.say("PARTY", "客户"), a.say("LOT", "批号"), ">" + a.say("OPENING", "期初"), ">" + a.say("IN", "入"), ">" + a.say("OUT", "出"), ">" + a.say("USED", "用"),
		">" + a.say("COMPUTED", "应存"), ">" + a.say("CLOSING", "实存"), ">" + a.say("IN TRANSIT", "其中在途"), ">" + a.say("GAP", "差额"), a.say("EXPLANATION", "说明")}, rows)
}

// ledgerRows are as many pairs as a screen shows.
const ledgerRows = 100

func (a *app) writeLedgers(w io.Writer, r hub.LedgersReport) error {
	words := map[string][2]string{"match": {"both agree", "双方一致"}, "qty_diff": {"quantities differ", "数量不同"}, "seller_only": {"seller only", "仅销售方"}, "buyer_only": {"buyer only", "仅购进方"}}
	var totals [][]string
	for _, match := range []string{"match", "qty_diff", "seller_only", "buyer_only"} {
		t := r.Totals[match]
		totals = append(totals, []string{a.say(words[match][0], words[match][1]), count(int64(t.Rows)), t.Quantity.String(), quantityCell(t.Difference), count(int64(t.Expected))})
	}
	if err := table(w, []string{a.say("LEDGERS", "台账"), ">" + a.say("MOVEMENTS", "笔数"), ">" + a.say("QUANTITY", "数量"), ">" + a.say("DIFFERENCE", "差异"), ">" + a.say("OTHER SIDE REPORTS NOTHING", "对方不报送")}, totals); err != nil {
		return err
	}
	fmt.Fprintln(w)
	var rows [][]string
	for _, p := range r.Pairs {
		if p.Match == "match" || len(rows) == ledgerRows {
			break
		}
		rows = append(rows, []string{p.Date.String(), width.Cut(p.Seller.Name, 28), width.Cut(p.Buyer.Name, 28), p.Lot, p.DocNo, string(p.Kind), p.Quantity.String(),
			a.say(words[p.Match][0], words[p.Match][1]), quantityCell(p.Difference)})
	}
	return table(w, []string{a.say("DATE", "日期"), a.say("SELLER", "销售方"), a.say("BUYER", "购进方"), a.say("LOT", "批号"), a.say("DOCUMENT", "单据"), a.say("KIND", "类型"),
		">" + a.say("QUANTITY", "数量"), a.say("LEDGERS", "台账"), ">" + a.say("DIFFERENCE", "差异")}, rows)
}
