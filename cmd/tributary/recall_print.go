package main

import (
	"fmt"
	"io"
	"strings"

	"tributary/hub"
	"tributary/internal/errs"
	"tributary/internal/width"
	"tributary/quality"
)

func errsText(err error, lang string) string { return strings.TrimRight(errs.Render(err, lang), "\n") }

// recallRows is how many rows of a list people are shown; --json shows all.
const recallRows = 60

func (a *app) writeRecall(w io.Writer, v hub.RecallView) error {
	lots := make([]string, len(v.Lots))
	for i, l := range v.Lots {
		lots[i] = l.Lot
	}
	fmt.Fprintf(w, a.say("%s  %s  class %s  %s  %s %s, lot %s  (list version %d)\n", "%s  %s  %s级  %s  %s %s，批号 %s（清单第 %d 版）\n"),
		v.Number, a.recallKind(v.Kind), orDash(v.Class), a.caseStateWord(v.State), v.Product.Name, v.Product.Spec, strings.Join(lots, ", "), v.ScopeVersion)
	if v.Reason != "" {
		fmt.Fprintf(w, a.say("  reason: %s\n", "  原因：%s\n"), v.Reason)
	}
	f := v.Figures
	fmt.Fprintf(w, a.say("  %d parties (%d end customers, %d only possible): %d notified, %d without contact, %d answered, %d settled\n\n",
		"  %d 家单位（终端 %d，仅可能 %d）：已通知 %d，无联系方式 %d，已反馈 %d，已办结 %d\n\n"), f.Parties, f.EndCustomers, f.Possible, f.Notified, f.NoContact, f.Answered, f.Settled)
	if c := v.Completeness; c != nil {
		fmt.Fprintf(w, a.say("  data from %s to %s: %s\n\n", "  %s 至 %s 的数据：%s\n\n"), c.From, c.To, a.coverageLine(c.Coverage))
	}
	if err := a.writeAffected(w, v.Affected); err != nil {
		return err
	}
	a.writeRemarks(w, v.Remarks)
	return a.writeDeadlines(w, v.Deadlines, v.Next)
}

func (a *app) writeAffected(w io.Writer, list []quality.Affected) error {
	var rows [][]string
	for i := range list {
		if i == recallRows {
			break
		}
		p := &list[i]
		received := p.Received.String() + bounds(p.PartyResult)
		if p.ForwardedIn != 0 {
			received += " +" + p.ForwardedIn.String()
		}
		possible := ""
		if p.Possible {
			possible = a.say("possible", "可能")
		}
		rows = append(rows, []string{p.Lot, strings.Repeat("· ", max(0, p.Tier-1)) + width.Cut(p.Customer.Name, 34), a.kindWord(p.Customer.Kind), p.Customer.Region, received, p.Known().String(), dateText(p.StockDate),
			string(p.Grade), possible, a.replyWord(&p.Replies), contact(p.Customer)})
	}
	if err := table(w, []string{a.say("LOT", "批号"), a.say("WHO", "单位"), a.say("KIND", "类型"), a.say("REGION", "地区"), ">" + a.say("RECEIVED", "收到"), ">" + a.say("STOCK", "库存"), a.say("STOCK DATE", "库存日"),
		a.say("GRADE", "等级"), "", a.say("REPLY", "反馈"), a.say("CONTACT", "联系方式")}, rows); err != nil {
		return err
	}
	if len(list) > recallRows {
		fmt.Fprintf(w, a.say("… and %d more rows (--json shows all)\n", "……另有 %d 行（--json 显示全部）\n"), len(list)-recallRows)
	}
	return nil
}

func (a *app) replyWord(r *quality.Replies) string {
	switch {
	case r.Completion != nil:
		return a.say("completed", "已办结")
	case r.Quantity != nil:
		return a.say("counted", "已清点")
	case r.Impact != nil:
		return r.Impact.Impact
	case r.Acknowledgment != nil:
		return a.say("acknowledged", "已收悉")
	}
	return ""
}

func (a *app) recallKind(kind string) string {
	if a.language() != "zh" {
		return kind
	}
	return map[string]string{quality.Voluntary: "主动召回", quality.Ordered: "责令召回", quality.Drill: "模拟召回"}[kind]
}

func (a *app) writeRemarks(w io.Writer, remarks []quality.Remark) {
	for _, r := range remarks {
		fmt.Fprintf(w, "! %s\n", r.Message)
	}
}

// writeReplied prints what a reply changed.
func (a *app) writeReplied(w io.Writer, v hub.RecallView) error {
	f := v.Figures
	fmt.Fprintf(w, a.say("%s  %s: %d of %d parties answered, %d settled\n", "%s  %s：%d / %d 家已反馈，%d 家已办结\n"), v.Number, a.caseStateWord(v.State), f.Answered, f.Parties, f.Settled)
	a.writeRemarks(w, v.Remarks)
	return nil
}

func (a *app) writeRecalls(w io.Writer, l hub.RecallList) error {
	var rows [][]string
	for _, r := range l.Recalls {
		due := ""
		if r.DueAt != nil {
			due = r.DueAt.Local().Format("2006-01-02 15:04")
		}
		if r.Overdue {
			due += " !"
		}
		rows = append(rows, []string{r.Number, a.recallKind(r.Kind), r.Class, a.caseStateWord(r.State), width.Cut(r.Product.Name, 24), strings.Join(r.Lots, ", "), due, r.RecoveryRate})
	}
	return table(w, []string{a.say("NUMBER", "编号"), a.say("KIND", "种类"), a.say("CLASS", "级别"), a.say("STATE", "状态"), a.say("PRODUCT", "产品"), a.say("LOTS", "批号"), a.say("DUE", "到期"), ">" + a.say("RECOVERED %", "召回率 %")}, rows)
}

func (a *app) writeNotices(w io.Writer, r hub.NotifyReport) error {
	var rows [][]string
	for i, n := range r.Notices {
		if i == recallRows {
			break
		}
		what := a.say("notice", "通知")
		if n.Percent > 0 {
			what = fmt.Sprintf(a.say("reminder %d %%", "催办 %d%%"), n.Percent)
		}
		if n.Escalated {
			what += a.say(", escalated", "，已上报")
		}
		rows = append(rows, []string{width.Cut(n.Name, 34), what, n.Channel, orDash(n.Address), n.ReplyBy.Local().Format("2006-01-02 15:04"), n.File})
	}
	if err := table(w, []string{a.say("WHO", "单位"), a.say("WHAT", "内容"), a.say("CHANNEL", "方式"), a.say("TO", "送达"), a.say("ANSWER BY", "反馈期限"), a.say("FILE", "文件")}, rows); err != nil {
		return err
	}
	var mails [][]string
	for _, m := range r.Mails {
		state := a.say(strings.ReplaceAll(m.State, "_", " "), map[string]string{"sent": "已发送", "failed": "发送失败", "perhaps_sent": "可能已发送", "sent_before": "此前已发送", "no_address": "没有邮箱"}[m.State])
		mails = append(mails, []string{width.Cut(m.Name, 34), m.Address, state, m.Error})
	}
	if len(mails) > 0 {
		fmt.Fprintln(w)
		if err := table(w, []string{a.say("WHO", "单位"), a.say("E-MAIL", "邮箱"), a.say("STATE", "状态"), a.say("WHY", "原因")}, mails); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, a.say("\n%s  %s: %d written to %s\n", "\n%s  %s：已生成 %d 份，目录 %s\n"), r.Number, a.caseStateWord(r.State), len(r.Notices), r.OutDir)
	a.writeRemarks(w, r.Remarks)
	return nil
}

func (a *app) writeReconciliation(w io.Writer, r hub.ReconcileReport) error {
	for _, lot := range r.Lots {
		t := lot.Totals
		fmt.Fprintf(w, a.say("Lot %s, %s\nReleased %s = own stock %s + sampled %s + quarantined %s + channel stock %s + recovered %s + used %s + destroyed %s + gap %s\n",
			"批号 %s，单位 %s\n放行 %s = 自有库存 %s + 抽检 %s + 隔离 %s + 渠道库存 %s + 已召回 %s + 已使用 %s + 已销毁 %s + 差额 %s\n"),
			lot.Lot, lot.Unit, t.Released, t.OwnStock, t.Sampled, t.Quarantined, t.ChannelStock, t.Recovered, t.Used, t.Destroyed, t.Gap)
		fmt.Fprintf(w, a.say("Recovered %s of %s recoverable: %s %%. Explained %s of %s net shipped: %s %%, gap %s %%.\n\n", "已召回 %s / 可召回 %s：%s%%。已说明 %s / 净发货 %s：%s%%，差额 %s%%。\n\n"),
			t.Recovered, lot.Recoverable, orDash(lot.RecoveryRate), lot.Accounted, t.NetShipped, orDash(lot.ExplainedRate), orDash(lot.GapRate))
		var rows [][]string
		for i, p := range lot.Parties {
			if i == recallRows {
				break
			}
			rows = append(rows, []string{width.Cut(p.Customer.Name, 34), p.Known.String(), p.Held.String(), p.Recovered.String(), p.Used.String(), p.Destroyed.String(), p.Forwarded.String(), p.Difference.String(), p.Stage})
		}
		if err := table(w, []string{a.say("WHO", "单位"), ">" + a.say("KNOWN", "已知"), ">" + a.say("HELD", "尚存"), ">" + a.say("RECOVERED", "召回"), ">" + a.say("USED SINCE", "其后使用"), ">" + a.say("DESTROYED", "销毁"),
			">" + a.say("PASSED ON", "转出"), ">" + a.say("DIFFERENCE", "差异"), a.say("STAGE", "阶段")}, rows); err != nil {
			return err
		}
		for _, g := range lot.Gaps {
			fmt.Fprintf(w, a.say("  gap %s at %s: %s\n", "  差额 %s，%s：%s\n"), g.Quantity, orDash(g.Customer.Name), g.Reason)
		}
		if lot.Unsettled != 0 {
			fmt.Fprintf(w, a.say("  %s with %d parties that have not answered\n", "  %s 在 %d 家未反馈单位\n"), lot.Unsettled, lot.Unanswered)
		}
		fmt.Fprintln(w)
	}
	return nil
}

func (a *app) writeDrill(w io.Writer, v hub.RecallView) error {
	d := v.DrillReport
	fmt.Fprintf(w, a.say("%s  mock recall of %s %s, lot %s\n\n", "%s  模拟召回：%s %s，批号 %s\n\n"), v.Number, v.Product.Name, v.Product.Spec, v.Lots[0].Lot)
	fmt.Fprintf(w, a.say("Seconds to the list: %s (with the way back and the balance %s)\nParties %d, end customers %d, only possible %d\nExplained %s %% of %s %s net shipped; with named gaps (%s) %s %%\nContacts: %d of %d parties (%s %%)\nWay back: %d of %d end customers asked lead to the lot\n\n",
		"出清单用时：%s 秒（含反向追溯与平衡 %s 秒）\n单位 %d 家，终端 %d 家，仅可能 %d 家\n已说明 %s%%（净发货 %s %s）；计入列明差额（%s）后 %s%%\n可联系：%d / %d 家（%s%%）\n反向追溯：抽查终端 %d / %d 家可追溯到该批号\n\n"),
		d.SecondsToList, d.SecondsTotal, d.Parties, d.EndCustomers, d.Possible, orDash(d.ExplainedRate), d.NetShipped, v.Unit, d.ListedGaps, orDash(d.AccountedRate), d.Contactable, d.Parties, orDash(d.ContactRate), d.BackwardOK, d.BackwardAsked)
	for _, r := range d.Rules {
		mark := "✓"
		if !r.Passed {
			mark = "✗"
		}
		fmt.Fprintf(w, "%s %s %s (%s)\n", mark, r.What, r.Want, r.Got)
	}
	verdict := a.say("passed", "通过")
	if !d.Passed {
		verdict = a.say("not passed: what failed belongs into a CAPA", "未通过：未达项应纳入 CAPA")
	}
	_, err := fmt.Fprintf(w, "\n%s\n", verdict)
	return err
}
