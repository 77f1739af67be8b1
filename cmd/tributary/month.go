package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/width"
)

func (a *app) monthCmd() *cobra.Command {
	c := &cobra.Command{Use: "month", Short: "Flow months of the ledgers: close, seal, correct",
		Long: "Flow months of the ledgers: open → uploading → matching → appealing → closed → sealed. The figures of a closed month\n" +
			"stand: what changes its rows later is booked as a correction in the first month after it that is not closed. Traces\n" +
			"and recalls always see the rows as they are."}
	c.AddCommand(a.monthListCmd(), a.monthShowCmd(), a.monthAdvanceCmd(), a.monthSealCmd(), a.monthReopenCmd(), a.monthExplainCmd(), a.monthCorrectionsCmd())
	return c
}

// selectBooks adds the flags that choose books.
func (a *app) selectBooks(c *cobra.Command, s *hub.MonthSelection) {
	c.Flags().StringVar(&s.Party, "party", "", "only this reporting party: code or name")
	c.Flags().StringVar(&s.Ledger, "ledger", "", "only this ledger: sales, purchases, stock, usage")
}

func (a *app) monthListCmd() *cobra.Command {
	var s hub.MonthSelection
	c := &cobra.Command{Use: "list [MONTH]", Short: "Where the books stand", Args: args(cobra.MaximumNArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		if len(argv) > 0 {
			s.Month = argv[0]
		}
		return ask(a, cmd, "month", func(h *hub.Hub) (hub.MonthList, error) { return h.Months(cmd.Context(), s) }, func(w io.Writer, r hub.MonthList) error {
			return a.writeMonths(w, r.Months)
		})
	}}
	a.selectBooks(c, &s)
	c.Flags().StringVar(&s.State, "state", "", "only of this state: open, uploading, matching, appealing, closed, sealed")
	return c
}

func (a *app) writeMonths(w io.Writer, list []hub.MonthView) error {
	rows := make([][]string, len(list))
	for i, m := range list {
		rows[i] = []string{m.Month, m.Party.Key, width.Cut(m.Party.Name, 30), string(m.Ledger), a.monthWord(string(m.State)), count(m.Rows), day(m.ClosedAt), m.ChangedBy, width.Cut(m.Reason, 40)}
	}
	return table(w, []string{a.say("MONTH", "月份"), a.say("PARTY", "单位"), a.say("NAME", "名称"), a.say("LEDGER", "流水"), a.say("STATE", "状态"), ">" + a.say("ROWS", "行数"),
		a.say("CLOSED", "关闭日"), a.say("BY", "操作人"), a.say("REASON", "原因")}, rows)
}

func day(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Local().Format(time.DateOnly)
}

func (a *app) monthWord(state string) string {
	if a.language() != "zh" {
		return state
	}
	return map[string]string{"open": "未开始", "uploading": "上传中", "matching": "匹配中", "appealing": "申诉中", "closed": "已关闭", "sealed": "已封存"}[state]
}

func (a *app) monthShowCmd() *cobra.Command {
	var s hub.MonthSelection
	c := &cobra.Command{Use: "show MONTH --party P --ledger L", Short: "One book: its figures, its corrections, what a seal waits for", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		s.Month, s.Lang = argv[0], a.language()
		return ask(a, cmd, "month", func(h *hub.Hub) (hub.MonthReport, error) { return h.ShowMonth(cmd.Context(), s) }, a.writeMonth)
	}}
	a.selectBooks(c, &s)
	required(c, "party")
	required(c, "ledger")
	return c
}

func (a *app) writeMonth(w io.Writer, r hub.MonthReport) error {
	if err := a.writeMonths(w, []hub.MonthView{r.MonthView}); err != nil {
		return err
	}
	fmt.Fprintln(w)
	rows := make([][]string, len(r.Figures))
	for i, f := range r.Figures {
		of := ""
		if f.Correction {
			of = a.say("correction", "更正")
		}
		rows[i] = []string{f.Product, width.Cut(f.Name, 30), f.Lot, string(f.Kind), count(f.Rows), f.Quantity.String(), f.Unit, f.Base, of}
	}
	if err := table(w, []string{a.say("PRODUCT", "产品"), a.say("AS SENT", "原名称"), a.say("LOT", "批号"), a.say("KIND", "类型"), ">" + a.say("ROWS", "行数"),
		">" + a.say("QUANTITY", "数量"), a.say("UNIT", "单位"), ">" + a.say("BASE", "基本单位"), ""}, rows); err != nil {
		return err
	}
	if len(r.Corrections) > 0 {
		fmt.Fprintln(w, a.say("\nCorrected in later months:", "\n记入以后月份的更正："))
		if err := a.writeCorrections(w, r.Corrections); err != nil {
			return err
		}
	}
	return a.writeWaits(w, "", r.Waits)
}

func (a *app) writeWaits(w io.Writer, indent string, list []hub.MonthIssue) error {
	if len(list) == 0 {
		return nil
	}
	fmt.Fprintf(w, a.say("\n%sThe seal waits for:\n", "\n%s封存前须处理：\n"), indent)
	for _, i := range list {
		fmt.Fprintf(w, "%s  ! %s\n", indent, oneLine(i.Text))
	}
	return nil
}

func (a *app) monthCorrectionsCmd() *cobra.Command {
	var s hub.MonthSelection
	var open bool
	c := &cobra.Command{Use: "corrections [MONTH]", Short: "What changed rows of closed months, and where it is booked", Args: args(cobra.MaximumNArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		if len(argv) > 0 {
			s.Month = argv[0]
		}
		return ask(a, cmd, "month", func(h *hub.Hub) (hub.CorrectionList, error) { return h.Corrections(cmd.Context(), s, open) }, func(w io.Writer, r hub.CorrectionList) error {
			return a.writeCorrections(w, r.Corrections)
		})
	}}
	a.selectBooks(c, &s)
	c.Flags().BoolVar(&open, "unexplained", false, "only those that nobody explained")
	return c
}

func (a *app) writeCorrections(w io.Writer, list []hub.CorrectionView) error {
	rows := make([][]string, len(list))
	for i, c := range list {
		state := c.Reason
		if c.Undone {
			state = a.say("(month opened again) ", "（该月已重新打开）") + state
		}
		rows[i] = []string{c.ID, c.Party.Key, string(c.Ledger), c.RealMonth, c.BookedMonth, c.Date.String(), c.DocNo, c.Product, c.Lot, c.Quantity.String(),
			c.Class.In(a.language()), c.ExplainedBy, state}
	}
	return table(w, []string{a.say("CORRECTION", "更正"), a.say("PARTY", "单位"), a.say("LEDGER", "流水"), a.say("OF", "所属月"), a.say("BOOKED IN", "记入月"), a.say("DATE", "日期"),
		a.say("DOCUMENT", "单据"), a.say("PRODUCT", "产品"), a.say("LOT", "批号"), ">" + a.say("QUANTITY", "数量"), a.say("CLASS", "类别"), a.say("EXPLAINED BY", "说明人"), a.say("REASON", "原因")}, rows)
}

// monthStep is a verb that moves books.
func (a *app) monthStep(c *cobra.Command, do func(*hub.Hub, context.Context, hub.MonthStepRequest) (hub.MonthStepReport, error)) (*cobra.Command, *hub.MonthStepRequest) {
	req := &hub.MonthStepRequest{}
	a.selectBooks(c, &req.MonthSelection)
	c.Args = args(cobra.ExactArgs(1))
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		req.Month, req.Lang = argv[0], a.language()
		return a.withHub(cmd, "month", func(h *hub.Hub) error {
			r, err := do(h, cmd.Context(), *req)
			if err != nil && len(r.Moved)+len(r.Refused) == 0 {
				return err
			}
			return errors.Join(err, a.print(r, func(w io.Writer) error { return a.writeMonthStep(w, r) }))
		})
	}
	return c, req
}

func (a *app) writeMonthStep(w io.Writer, r hub.MonthStepReport) error {
	if len(r.Moved) > 0 {
		if err := a.writeMonths(w, r.Moved); err != nil {
			return err
		}
	}
	for _, m := range r.Refused {
		fmt.Fprintf(w, "✗ %s %s %s: %s\n", m.Month, m.Party.Key, m.Ledger, m.Why)
	}
	return nil
}

func (a *app) monthAdvanceCmd() *cobra.Command {
	c, req := a.monthStep(&cobra.Command{Use: "advance MONTH", Short: "Move books on, one state or to the one named",
		Long: "Move books on, one state or to the one named, at most to closed. Without --party and --ledger all that have rows in\n" +
			"the month are moved; each that cannot be says why."}, (*hub.Hub).AdvanceMonths)
	c.Flags().StringVar(&req.To, "to", "", "state: uploading, matching, appealing, closed (default: the next one)")
	c.Flags().StringVar(&req.Reason, "reason", "", "why; it is kept in the audit log")
	return c
}

func (a *app) monthSealCmd() *cobra.Command {
	c, req := a.monthStep(&cobra.Command{Use: "seal MONTH", Short: "Seal closed books in which everything is explained",
		Long: "Seal closed books in which everything is explained. A change since the close that nobody explained, and a gap that\n" +
			"neither rows nor a person account for, stand in the way; they are named."}, (*hub.Hub).SealMonths)
	c.Flags().StringVar(&req.By, "by", "", "who seals (default: the actor)")
	c.Flags().StringVar(&req.Reason, "reason", "", "why; it is kept in the audit log")
	return c
}

func (a *app) monthReopenCmd() *cobra.Command {
	c, req := a.monthStep(&cobra.Command{Use: "reopen MONTH --by NAME --reason TEXT", Short: "Open closed or sealed books again",
		Long: "Open closed or sealed books again: their rows speak for themselves, and corrections of them do not count any more.\n" +
			"Corrections that are booked in a month that is closed stand in the way: open that month first."}, (*hub.Hub).ReopenMonths)
	c.Flags().StringVar(&req.By, "by", "", "the person who answers for it (required)")
	c.Flags().StringVar(&req.Reason, "reason", "", "why; it is kept in the audit log (required)")
	return c
}

func (a *app) monthExplainCmd() *cobra.Command {
	var req hub.ExplainMonthRequest
	c := &cobra.Command{Use: "explain MONTH --reason TEXT", Short: "Say why a closed month was corrected, or why it has a gap",
		Long: "Say why a closed month was corrected: all its corrections that nobody explained, or those named. With --product and\n" +
			"--lot: why the party's books have that gap. It holds for the quantity that the gap has now.",
		Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
			req.Month, req.Lang = argv[0], a.language()
			return ask(a, cmd, "month", func(h *hub.Hub) (hub.ExplainReport, error) { return h.ExplainMonth(cmd.Context(), req) }, func(w io.Writer, r hub.ExplainReport) error {
				_, err := fmt.Fprintf(w, a.say("%d corrections and %d gaps explained.\n", "已说明 %d 处更正、%d 处差额。\n"), r.Corrections, r.Gaps)
				return err
			})
		}}
	a.selectBooks(c, &req.MonthSelection)
	f := c.Flags()
	f.StringVar(&req.Reason, "reason", "", "why; it is kept in the audit log (required)")
	f.StringSliceVar(&req.Corrections, "correction", nil, "only these corrections")
	f.StringVar(&req.Class, "class", "", "class of the corrections: normal, appeal, diversion, group_buy, late, outside_pharmacy, or 1 to 6")
	f.StringVar(&req.Product, "product", "", "of a gap: code or name of the product")
	f.StringVar(&req.Lot, "lot", "", "of a gap: the lot")
	return c
}
