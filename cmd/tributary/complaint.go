package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/errs"
	"tributary/internal/width"
	"tributary/quality"
)

func (a *app) complaintCmd() *cobra.Command {
	c := &cobra.Command{Use: "complaint", Short: "Quality complaints: take in, assess, investigate, answer, close"}
	c.AddCommand(a.complaintOpenCmd(), a.complaintShowCmd(), a.complaintListCmd(), a.complaintUpdateCmd(), a.complaintCloseCmd(), a.complaintEraseCmd())
	return c
}

func (a *app) complaintOpenCmd() *cobra.Command {
	var req hub.OpenComplaintRequest
	c := &cobra.Command{Use: "open --product CODE | --trace-code CODE", Short: "Take in a complaint; without a lot, list the lots it may be about", Args: args(cobra.NoArgs),
		Long: "Take in a complaint. A code on the pack leads to product, lot and expiry where they are not given. Without any lot,\nthe lots that the place of purchase had received by the day of purchase are listed with probabilities. Who reported it and the text are sealed, and masked wherever the complaint is shown."}
	f := c.Flags()
	f.StringVar(&req.Product, "product", "", "code or name of the product (required unless --trace-code leads to it)")
	f.StringVar(&req.Lot, "lot", "", "lot on the pack")
	f.StringVar(&req.TraceCode, "trace-code", "", "trace code, GS1 element string or Digital Link on the pack")
	f.StringVar(&req.Expiry, "expiry", "", "expiry date on the pack")
	f.StringVar(&req.Quantity, "quantity", "", "affected, in base units")
	f.StringVar(&req.Bought, "bought", "", "bought, in base units")
	f.StringVar(&req.BoughtAt, "bought-at", "", "where it was bought: golden id, code or name of a customer")
	f.StringVar(&req.BoughtOn, "bought-on", "", "day of purchase")
	f.StringVar(&req.ReceivedAt, "received-at", "", "when the complaint was received: date or RFC 3339 (default now)")
	f.StringVar(&req.Channel, "channel", "", "how it came: phone, letter, web, …")
	f.StringVar(&req.Origin, "origin", "", "who complains: "+strings.Join(quality.Origins, ", "))
	f.StringVar(&req.Type, "type", "", "what about: "+strings.Join(quality.Types, ", "))
	f.StringVar(&req.Severity, "severity", "", strings.Join(quality.Severities, ", "))
	f.StringVar(&req.Harm, "harm", "", "harm to a patient: "+strings.Join(quality.Harms, ", "))
	f.StringVar(&req.Owner, "owner", "", "who handles it")
	f.StringArrayVar(&req.Tags, "tag", nil, "tag for trends; may be repeated")
	f.StringArrayVar(&req.Photos, "photo", nil, "reference of a photo; may be repeated")
	f.StringArrayVar(&req.Custody, "custody", nil, "step in the custody of the sample; may be repeated")
	f.BoolVar(&req.Sample, "sample", false, "a sample of the goods is available")
	f.StringVar(&req.Reporter.Name, "reporter", "", "name of who reported it (sealed)")
	f.StringVar(&req.Reporter.Phone, "reporter-phone", "", "phone of who reported it (sealed)")
	f.StringVar(&req.Reporter.Email, "reporter-email", "", "e-mail of who reported it (sealed)")
	f.StringVar(&req.Reporter.Text, "text", "", "what was reported, in its own words (sealed)")
	f.StringVar(&req.ReporterID, "reporter-customer", "", "who reported it, when a known customer: golden id, code or name")
	f.StringVar(&req.Source, "source", "", "system that sent it")
	f.StringVar(&req.SourceID, "source-id", "", "its number there; the same one is taken in once")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		req.Lang = a.language()
		return ask(a, cmd, "complaint", func(h *hub.Hub) (hub.ComplaintView, error) { return h.OpenComplaint(cmd.Context(), req) }, a.writeComplaint)
	}
	return c
}

func (a *app) complaintShowCmd() *cobra.Command {
	c := &cobra.Command{Use: "show NUMBER", Short: "Show a complaint with deadlines and history", Args: args(cobra.ExactArgs(1))}
	unmask := unmaskFlags(c)
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		u, err := unmask()
		if err != nil {
			return err
		}
		return ask(a, cmd, "complaint", func(h *hub.Hub) (hub.ComplaintView, error) {
			return h.ShowComplaint(cmd.Context(), argv[0], u, a.language())
		}, a.writeComplaint)
	}
	return c
}

func (a *app) complaintListCmd() *cobra.Command {
	var req hub.CaseFilter
	c := &cobra.Command{Use: "list", Short: "List complaints, the next deadline first, with answer times", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		req.Lang = a.language()
		return ask(a, cmd, "complaint", func(h *hub.Hub) (hub.ComplaintList, error) { return h.ListComplaints(cmd.Context(), req) }, a.writeComplaints)
	}}
	caseFlags(c, &req)
	c.Flags().StringVar(&req.Owner, "owner", "", "only of this owner")
	return c
}

// caseFlags are the flags that select complaints and recalls.
func caseFlags(c *cobra.Command, req *hub.CaseFilter) {
	f := c.Flags()
	f.BoolVar(&req.Overdue, "overdue", false, "only those with a deadline that has passed")
	f.BoolVar(&req.Open, "open", false, "only those that are not closed")
	f.StringVar(&req.State, "state", "", "only this state")
	f.StringVar(&req.Product, "product", "", "only this product")
	f.StringVar(&req.Lot, "lot", "", "only this lot")
	f.IntVar(&req.Limit, "limit", 0, "how many (default 100)")
}

func (a *app) complaintUpdateCmd() *cobra.Command {
	var ch quality.ComplaintChange
	var state, expiry string
	c := &cobra.Command{Use: "update NUMBER", Short: "Take a step: assess, investigate, answer, link, open again", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		ch.To = quality.State(state)
		if expiry != "" {
			d, err := canonical.ParseDate(expiry)
			if err != nil {
				return errs.New(errs.Invalid, "trace.bad_date", errs.Args{"field": "expiry", "value": expiry, "why": err.Error()})
			}
			ch.Expiry = d
		}
		return a.updateComplaint(cmd, argv[0], ch)
	}}
	f := c.Flags()
	f.StringVar(&state, "state", "", "next state: triaged, investigating, recall_assessed, replied, closed")
	f.StringVar(&ch.Reason, "reason", "", "why; needed to open a complaint again")
	f.StringVar(&ch.Lot, "lot", "", "lot, once it is known")
	f.StringVar(&expiry, "expiry", "", "expiry date on the pack")
	f.StringVar(&ch.Type, "type", "", strings.Join(quality.Types, ", "))
	f.StringVar(&ch.Severity, "severity", "", strings.Join(quality.Severities, ", "))
	f.StringVar(&ch.Harm, "harm", "", "harm to a patient: "+strings.Join(quality.Harms, ", "))
	f.StringVar(&ch.HandedToPV, "pv-reference", "", "handed over to pharmacovigilance: number of the case there")
	f.BoolVar(&ch.ADRReported, "adr-reported", false, "the adverse reaction was reported")
	f.StringVar(&ch.Risk, "risk", "", "assessment of risk: is a recall needed, and why")
	f.StringVar(&ch.Owner, "owner", "", "who handles it")
	f.StringArrayVar(&ch.RelatedLots, "related-lot", nil, "other lot that was checked; may be repeated")
	f.StringVar(&ch.RetainedSample, "retained-sample", "", "result of the retained sample")
	f.StringVar(&ch.RootCause, "root-cause", "", "root cause")
	f.StringVar(&ch.Deviation, "deviation", "", "number of the deviation")
	f.StringVar(&ch.CAPA, "capa", "", "number of the corrective and preventive action")
	f.StringVar(&ch.Recall, "recall", "", "number of the recall it led to")
	f.StringArrayVar(&ch.Tags, "tag", nil, "tag for trends; may be repeated")
	f.StringArrayVar(&ch.Custody, "custody", nil, "step in the custody of the sample; may be repeated")
	f.StringArrayVar(&ch.Photos, "photo", nil, "reference of a photo; may be repeated")
	f.StringVar(&ch.Reply, "reply", "", "the answer to who complained")
	f.StringVar(&ch.By, "by", "", "who answers, or closes")
	return c
}

func (a *app) complaintCloseCmd() *cobra.Command {
	ch := quality.ComplaintChange{To: quality.Closed}
	c := &cobra.Command{Use: "close NUMBER --by NAME", Short: "Close a complaint that was answered", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return a.updateComplaint(cmd, argv[0], ch)
	}}
	c.Flags().StringVar(&ch.By, "by", "", "the Qualified Person who closes it (required)")
	c.Flags().StringVar(&ch.Reason, "reason", "", "remark")
	required(c, "by")
	return c
}

func (a *app) complaintEraseCmd() *cobra.Command {
	var reason string
	c := &cobra.Command{Use: "erase-reporter NUMBER --reason TEXT", Short: "Erase who reported a complaint, and the text, for good; the case stays", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return ask(a, cmd, "complaint", func(h *hub.Hub) (hub.ComplaintView, error) {
			return h.EraseReporter(cmd.Context(), argv[0], reason, a.language())
		}, a.writeComplaint)
	}}
	c.Flags().StringVar(&reason, "reason", "", "why, and by whose request (required); do not name the person")
	required(c, "reason")
	return c
}

func (a *app) updateComplaint(cmd *cobra.Command, number string, ch quality.ComplaintChange) error {
	return ask(a, cmd, "complaint", func(h *hub.Hub) (hub.ComplaintView, error) {
		return h.UpdateComplaint(cmd.Context(), number, ch, a.language())
	}, a.writeComplaint)
}

func (a *app) writeComplaint(w io.Writer, v hub.ComplaintView) error {
	fmt.Fprintf(w, "%s  %s  %s %s\n", v.Number, a.caseStateWord(v.State), v.Product.Name, v.Product.Spec)
	if v.Existed {
		fmt.Fprintln(w, a.say("  was taken in before; nothing was changed", "  此前已登记，未作更改"))
	}
	line := func(en, zh, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %s: %s\n", a.say(en, zh), value)
		}
	}
	line("lot", "批号", v.Lot)
	line("trace code", "追溯码", v.TraceCode)
	if d := v.Derived; d != nil {
		line("the code leads to", "由追溯码得出", strings.TrimSpace(d.Product+"  "+d.Lot+"  "+dateText(d.Expiry)))
		line("taken from the code", "取自追溯码", strings.Join(d.Used, ", "))
	}
	line("received", "收到时间", v.ReceivedAt.Local().Format(time.DateTime))
	line("bought at", "购买地点", strings.TrimSpace(v.BoughtAt+" "+dateText(v.BoughtOn)))
	line("severity", "严重程度", v.Severity)
	line("type", "类型", v.Type)
	if v.Harm != "none" {
		line("harm to a patient", "患者伤害", v.Harm+"  "+v.PVReference)
	}
	line("reporter", "投诉人", strings.TrimSpace(v.Reporter.Name+" "+v.Reporter.Phone+" "+v.Reporter.Email))
	line("text", "内容", v.Reporter.Text)
	if v.ReporterErased != nil {
		line("reporter and text erased", "投诉人及内容已删除", v.ReporterErased.Local().Format(time.DateTime))
	}
	line("owner", "负责人", v.Owner)
	line("risk", "风险评估", v.Risk)
	line("related lots", "相关批号", strings.Join(v.RelatedLots, ", "))
	line("retained sample", "留样结果", v.RetainedSample)
	line("root cause", "根本原因", v.RootCause)
	line("recall", "召回", v.Recall)
	if v.Reply != nil {
		line("reply", "答复", v.Reply.Text)
	}
	line("closed by", "结案人", v.ClosedBy)
	for _, r := range v.Remarks {
		fmt.Fprintf(w, "  ! %s\n", strings.ReplaceAll(r.Message, "\n", "\n  "))
	}
	if len(v.Candidates) > 0 {
		var rows [][]string
		for _, c := range v.Candidates {
			rows = append(rows, []string{c.Lot, c.Probability, c.Received.String(), dateText(c.FirstDate), dateText(c.LastDate)})
		}
		fmt.Fprintln(w)
		if err := table(w, []string{a.say("CANDIDATE LOT", "候选批号"), ">" + a.say("PROBABILITY", "概率"), ">" + a.say("RECEIVED", "收到"), a.say("FIRST", "首次"), a.say("LAST", "最近")}, rows); err != nil {
			return err
		}
	}
	return a.writeDeadlines(w, v.Deadlines, v.Next)
}

func dateText(d canonical.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func (a *app) writeDeadlines(w io.Writer, all []quality.Deadline, next []quality.State) error {
	if len(all) > 0 {
		var rows [][]string
		for _, d := range all {
			mark := a.say("open", "未完成")
			switch {
			case d.DoneAt != nil && d.Late:
				mark = a.say("done late", "逾期完成")
			case d.DoneAt != nil:
				mark = a.say("done", "已完成")
			case d.Late:
				mark = a.say("OVERDUE", "已逾期")
			}
			source := d.Source
			if d.Unconfirmed {
				source += " (U)"
			}
			rows = append(rows, []string{d.What, d.DueAt.Local().Format("2006-01-02 15:04"), mark, string(d.Clock) + " + " + d.Limit.String(), source})
		}
		fmt.Fprintln(w)
		if err := table(w, []string{a.say("DEADLINE", "时限"), a.say("DUE", "到期"), a.say("STATE", "状态"), a.say("CLOCK", "起算"), a.say("SOURCE", "依据")}, rows); err != nil {
			return err
		}
	}
	if len(next) > 0 {
		words := make([]string, len(next))
		for i, s := range next {
			words[i] = string(s)
		}
		fmt.Fprintf(w, a.say("\nNext: %s\n", "\n下一步：%s\n"), strings.Join(words, ", "))
	}
	return nil
}

func (a *app) writeComplaints(w io.Writer, l hub.ComplaintList) error {
	var rows [][]string
	for _, v := range l.Complaints {
		due := ""
		if v.DueAt != nil {
			due = v.DueAt.Local().Format("2006-01-02 15:04")
		}
		if v.Overdue {
			due += " !"
		}
		rows = append(rows, []string{v.Number, a.caseStateWord(v.State), v.Severity, width.Cut(v.Product.Name, 24), v.Lot, v.Owner, due})
	}
	if err := table(w, []string{a.say("NUMBER", "编号"), a.say("STATE", "状态"), a.say("SEVERITY", "严重程度"), a.say("PRODUCT", "产品"), a.say("LOT", "批号"), a.say("OWNER", "负责人"), a.say("DUE", "到期")}, rows); err != nil {
		return err
	}
	f := l.Figures
	_, err := fmt.Fprintf(w, a.say("\n%d listed, %d open, %d overdue, %d answered (median %s h, longest %s h, %s %% in time)\n", "\n共 %d 件，未结 %d 件，逾期 %d 件，已答复 %d 件（中位 %s 小时，最长 %s 小时，按时 %s%%）\n"),
		f.Listed, f.Open, f.Overdue, f.Replied, orDash(f.MedianHours), orDash(f.WorstHours), orDash(f.InTime))
	return err
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// caseStateWord is a state in the reader's language, with the word that commands use.
func (a *app) caseStateWord(s quality.State) string {
	if a.language() != "zh" {
		return string(s)
	}
	if zh, ok := map[quality.State]string{quality.Received: "已接收", quality.Triaged: "已初评", quality.Investigating: "调查中", quality.RecallAssessed: "已评估召回", quality.Replied: "已答复",
		quality.Closed: "已结案", quality.Draft: "草拟", quality.Assessed: "已评估", quality.Decided: "已决定", quality.Noticed: "已通知", quality.InProgress: "进行中", quality.Recovered: "已收回",
		quality.Disposed: "已处置", quality.Reconciled: "已平衡", quality.Reported: "已报告"}[s]; ok {
		return zh + " (" + string(s) + ")"
	}
	return string(s)
}
