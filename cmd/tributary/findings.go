package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/width"
	"tributary/trace/finding"
)

func (a *app) findingsCmd() *cobra.Command {
	c := &cobra.Command{Use: "findings", Short: "What cannot be right in the flow, and signs of diversion: list, look into, settle"}
	c.AddCommand(a.findingsListCmd(), a.findingsShowCmd(), a.findingsSettleCmd(), a.findingsCheckCmd())
	return c
}

func (a *app) findingsListCmd() *cobra.Command {
	var req hub.FindingFilter
	c := &cobra.Command{Use: "list", Short: "List open findings, the gravest first", Args: args(cobra.NoArgs),
		Long: "List open findings, the gravest first. What changed in the flow since the last check is checked before. A finding is\na suspicion with reasons, no proof: docs/quality.md says what each shows."}
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		req.Lang = a.language()
		return ask(a, cmd, "findings", func(h *hub.Hub) (hub.FindingList, error) { return h.ListFindings(cmd.Context(), req) }, a.writeFindings)
	}
	f := c.Flags()
	var rules []string
	for _, r := range finding.Rules() {
		rules = append(rules, string(r))
	}
	f.StringVar(&req.Rule, "rule", "", "only this rule: "+strings.Join(rules, ", "))
	f.StringVar(&req.Severity, "severity", "", "this severity or graver: critical, major, minor")
	f.StringVar(&req.Product, "product", "", "only this product")
	f.StringVar(&req.Lot, "lot", "", "only this lot")
	f.StringVar(&req.Party, "party", "", "only those that concern this customer: golden id, code or name")
	f.BoolVar(&req.Settled, "settled", false, "those that a person settled, instead of the open ones")
	f.IntVar(&req.Limit, "limit", 50, "how many")
	return c
}

func (a *app) findingsShowCmd() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show a finding with the rows and files it rests on, and what was said about it", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return ask(a, cmd, "findings", func(h *hub.Hub) (hub.FindingView, error) {
			return h.ShowFinding(cmd.Context(), argv[0], a.language())
		}, a.writeFinding)
	}}
}

func (a *app) findingsSettleCmd() *cobra.Command {
	var req hub.SettleFindingRequest
	c := &cobra.Command{Use: "settle ID --as VERDICT --reason TEXT", Short: "Say what was found out; it stays settled until its evidence changes", Args: args(cobra.ExactArgs(1))}
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		req.ID, req.Lang = argv[0], a.language()
		return ask(a, cmd, "findings", func(h *hub.Hub) (hub.FindingView, error) { return h.SettleFinding(cmd.Context(), req) }, a.writeFinding)
	}
	f := c.Flags()
	f.StringVar(&req.Verdict, "as", "", "confirmed (it is so), explained (there is a good reason) or mistake (of a row, being corrected)")
	f.StringVar(&req.Reason, "reason", "", "what was found out, and where it is on record (required)")
	f.StringVar(&req.Evidence, "evidence", "", "digest that you saw; refused when the evidence has changed since")
	f.BoolVar(&req.Undo, "undo", false, "take the last word back: the finding is open again")
	required(c, "reason")
	return c
}

func (a *app) findingsCheckCmd() *cobra.Command {
	var all bool
	c := &cobra.Command{Use: "check", Short: "Apply the rules to what changed in the flow", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return ask(a, cmd, "findings", func(h *hub.Hub) (hub.FindingsReport, error) { return h.CheckFindings(cmd.Context(), all) }, a.writeCheck)
	}}
	c.Flags().BoolVar(&all, "all", false, "to everything, not only to what changed")
	return c
}

func (a *app) writeFindings(w io.Writer, l hub.FindingList) error {
	var rows [][]string
	for _, f := range l.Findings {
		rows = append(rows, []string{f.ID.String(), a.severityWord(f.Severity), string(f.Rule), f.Product, f.Lot + f.Code, width.Cut(f.Party.Name, 24), dateText(f.Last), fmt.Sprint(f.RowCount)})
	}
	if len(rows) > 0 {
		head := []string{a.say("FINDING", "发现"), a.say("SEVERITY", "严重程度"), a.say("RULE", "规则"), a.say("PRODUCT", "产品"), a.say("LOT OR CODE", "批号或追溯码"), a.say("PARTY", "单位"), a.say("LAST", "最近"), ">" + a.say("ROWS", "行数")}
		if err := table(w, head, rows); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, a.say("%d of %d listed\n", "已列出 %d 项，共 %d 项\n"), len(l.Findings), l.Total)
	return a.writeCheck(w, l.Check)
}

func (a *app) writeCheck(w io.Writer, r hub.FindingsReport) error {
	if r.Checked > 0 {
		fmt.Fprintf(w, a.say("%d products and events were checked\n", "已检查 %d 个产品和事件\n"), r.Checked)
	}
	if len(r.Unresolved) > 0 {
		fmt.Fprintf(w, a.say("Not known, so not checked by the registers: %s\n", "登记中以下名称未识别，未按其检查：%s\n"), strings.Join(r.Unresolved, ", "))
	}
	if r.Waiting > 0 {
		fmt.Fprintf(w, a.say("%d still wait: another process is checking\n", "另有 %d 项正由其他进程检查\n"), r.Waiting)
	}
	for _, rule := range finding.Rules() {
		if n := r.Open[rule]; n > 0 {
			fmt.Fprintf(w, "  %-20s %d\n", rule, n)
		}
	}
	return nil
}

func (a *app) severityWord(s finding.Severity) string {
	return a.say(string(s), map[finding.Severity]string{finding.Critical: "严重", finding.Major: "主要", finding.Minor: "轻微"}[s])
}

func (a *app) writeFinding(w io.Writer, f hub.FindingView) error {
	fmt.Fprintf(w, "%s  %s  %s  %s\n  %s\n  → %s\n", f.ID, a.severityWord(f.Severity), f.Rule, a.say(f.State, map[string]string{"open": "待处理", "settled": "已处理"}[f.State]), f.Text, f.Next)
	fmt.Fprintf(w, a.say("  evidence %s since %s\n", "  证据 %s，自 %s\n"), f.Evidence, f.ChangedAt.Local().Format(time.DateTime))
	if len(f.Sources) > 0 {
		var rows [][]string
		for _, s := range f.Sources {
			from := s.File
			if from == "" {
				from = s.Stream
			}
			rows = append(rows, []string{dateText(s.Date), s.Party, string(s.Ledger) + "/" + string(s.Kind), s.Lot, s.Quantity.String() + " " + s.Unit, s.DocNo, from, fmt.Sprint(s.Line)})
		}
		fmt.Fprintln(w)
		head := []string{a.say("DATE", "日期"), a.say("SENT BY", "报送方"), a.say("ROW OF", "台账"), a.say("LOT", "批号"), ">" + a.say("QUANTITY", "数量"), a.say("DOCUMENT", "单据"), a.say("FILE OR STREAM", "文件或流"), ">" + a.say("ROW", "行")}
		if err := table(w, head, rows); err != nil {
			return err
		}
		if f.RowCount > len(f.Sources) {
			fmt.Fprintf(w, a.say("  … %d rows in all\n", "  …… 共 %d 行\n"), f.RowCount)
		}
	}
	for _, e := range f.Events {
		fmt.Fprintf(w, a.say("  event %s\n", "  事件 %s\n"), e)
	}
	for _, s := range f.Said {
		holds := ""
		if !s.Holds {
			holds = a.say("  (on other evidence)", "（基于其他证据）")
		}
		fmt.Fprintf(w, "  %s  %s  %s: %s%s\n", s.At.Local().Format(time.DateTime), s.By, s.Verdict, s.Reason, holds)
	}
	return nil
}
