package pack

import (
	"strconv"
	"strings"

	"tributary/canonical"
	"tributary/trace"
)

// sheet is one table of a pack, for the workbook and for the report alike.
type sheet struct {
	name    string // of the tab: Chinese and English, at most 31 characters
	note    string // a sentence under the title
	columns []column
	rows    [][]any // string, canonical.Quantity or int
}

// column is a column of a table. Width counts half-width characters. paper is false where only the workbook shows it.
type column struct {
	zh, en string
	width  float64
	paper  bool
	right  bool
}

func text(zh, en string, width float64) column { return column{zh, en, width, true, false} }
func number(zh, en string) column              { return column{zh, en, 14, true, true} }

// aside is a column of the workbook alone.
func aside(zh, en string, width float64) column { return column{zh, en, width, false, false} }

func sheetsOf(in *Input) []sheet {
	return []sheet{summary(in), balances(in), affected(in), paths(in), gaps(in), replies(in), notices(in), steps(in)}
}

func summary(in *Input) sheet {
	s := sheet{name: "汇总 Summary", columns: []column{text("项目", "Item", 60), text("内容", "Value", 90)}}
	add := func(zh, en, value string) {
		if value != "" {
			s.rows = append(s.rows, []any{zh + " " + en, value})
		}
	}
	r := &in.Recall
	add("召回编号", "Recall no.", r.No)
	add("类型", "Kind", both(r.Kind))
	add("级别", "Class", both(r.Class))
	add("状态", "State", both(r.State))
	if r.ScopeVersion > 0 {
		add("范围版本", "Scope version", strconv.Itoa(r.ScopeVersion))
	}
	add("原因", "Reason", strings.TrimSpace(r.ReasonCode+" "+r.Reason))
	add("评估", "Assessment", r.Assessment)
	add("计划与措施", "Plan", r.Plan)
	add("获知时间", "Known at", moment(r.KnownAt))
	add("决定人", "Decided by", r.DecidedBy)
	add("决定时间", "Decided at", moment(r.DecidedAt))
	add("时限规则", "Rule profile", r.RuleProfile)
	add("公开网址", "Published at", r.PublicURL)
	for _, f := range r.Filings {
		add("备案", "Filed", strings.Join(strings.Fields(strings.Join([]string{f.Authority, f.No, day(f.Date), f.What}, " ")), " "))
	}
	for _, f := range r.Facts {
		add(f.ZH, f.EN, f.Value)
	}
	ends, possible := 0, 0
	for _, l := range in.Lots {
		for _, p := range l.Trace.Parties {
			if p.EndCustomer {
				ends++
			}
			if p.Possible {
				possible++
			}
		}
		add("批号", "Lot", strings.TrimSpace(product(l.Trace.Product)+"（"+l.Trace.Product.Code+"） "+l.Trace.Lot))
		add("　召回率", "Recovery rate", percent(l.RecoveryRate)+"（"+grouped(l.Balance.Recovered.String())+" / "+grouped(l.Recoverable.String())+" "+l.Trace.Unit+"）")
		add("　解释率", "Explained rate", percent(l.ExplainedRate))
	}
	add("终端数", "End customers", strconv.Itoa(ends))
	add("仅可能涉及", "Possible only", strconv.Itoa(possible))
	add("制作", "Made", strings.TrimSpace(moment(in.MadeAt)+" "+in.MadeBy))
	return s
}

func balances(in *Input) sheet {
	s := sheet{name: "数量平衡 Reconciliation",
		note: "放行 = 自有库存 + 抽检 + 隔离 + 渠道库存 + 已召回 + 已使用 + 已销毁 + 差额；released = own stock + sampled + quarantined + channel stock + recovered + used + destroyed + gap",
		columns: []column{text("产品", "Product", 26), text("批号", "Lot", 12), number("放行", "Released"), number("净发货", "Net shipped"), number("自有库存", "Own stock"), number("抽检", "Sampled"),
			number("隔离", "Quarantined"), number("渠道库存", "Channel stock"), number("其中在途", "In transit"), number("已召回", "Recovered"), number("已使用", "Used"), number("已销毁", "Destroyed"), number("差额", "Gap"),
			number("可召回", "Recoverable"), text("平衡", "Balanced", 12), aside("单位", "Unit", 8), aside("批准文号", "Approval no.", 18), aside("生产日期", "Made on", 12), aside("有效期至", "Expires on", 12)}}
	for _, l := range in.Lots {
		t := l.Balance
		s.rows = append(s.rows, []any{product(l.Trace.Product), l.Trace.Lot, t.Released, t.NetShipped, t.OwnStock, t.Sampled, t.Quarantined, t.ChannelStock, t.InTransit, t.Recovered, t.Used, t.Destroyed, t.Gap,
			l.Recoverable, closes(t), l.Trace.Unit, l.ApprovalNo, day(l.MfgDate), day(l.ExpDate)})
	}
	return s
}

// closes says whether a balance adds up, and by how much it does not.
func closes(t trace.Totals) string {
	var sum canonical.Quantity
	for _, q := range []canonical.Quantity{t.OwnStock, t.Sampled, t.Quarantined, t.ChannelStock, t.Recovered, t.Used, t.Destroyed, t.Gap} {
		var err error
		if sum, err = sum.Add(q); err != nil {
			return "否 no: overflow"
		}
	}
	if off := t.Released - sum; off != 0 {
		return "否 no: " + off.String()
	}
	return "是 yes"
}

func affected(in *Input) sheet {
	s := sheet{name: "受影响客户 Affected parties",
		note: "收到量的上下限来自未写批号的单据；“可能”指下限为 0。Bounds come from rows without a lot; possible: the lower bound is 0.",
		columns: []column{text("批号", "Lot", 11), text("客户", "Party", 34), aside("编码", "Code", 14), text("类型", "Kind", 19), text("地区", "Region", 18), text("层级", "Tier", 8), aside("终端", "End customer", 10),
			number("收到", "Received"), number("下限", "Low"), number("上限", "High"), number("转出", "Forwarded"), number("退回", "Returned"), number("使用", "Used"), aside("抽检", "Sampled", 10), aside("销毁", "Destroyed", 10),
			number("库存", "Stock"), text("库存日期", "Stock date", 12), number("差额", "Gap"), text("等级", "Grade", 9), text("可能", "Possible", 11), aside("首次收货", "First receipt", 12), aside("末次收货", "Last receipt", 12),
			text("联系方式", "Contacts", 26), aside("产品", "Product", 14), aside("流向中的名称", "Names in ledgers", 40), aside("客户ID", "Golden id", 38)}}
	for _, l := range in.Lots {
		for _, p := range l.Trace.Parties {
			c := p.Customer
			s.rows = append(s.rows, []any{l.Trace.Lot, called(c), c.Code, both(c.Kind), c.Region, p.Tier, yes(p.EndCustomer), p.Received, p.ReceivedLow, p.ReceivedHigh, p.Forwarded, p.Returned, p.Used, p.Sampled, p.Destroyed,
				p.Stock, day(p.StockDate), p.Gap, string(p.Grade), yes(p.Possible), day(p.FirstDate), day(p.LastDate), contacts(c), l.Trace.Product.Code, strings.Join(c.RawNames, " / "), c.GoldenID})
		}
		if l.Trace.Truncated {
			s.note += " 批号 " + l.Trace.Lot + " 的记录过多，未全部列出。The rows of lot " + l.Trace.Lot + " were too many: some are left out."
		}
	}
	return s
}

func paths(in *Input) sheet {
	s := sheet{name: "路径 Paths", columns: []column{text("批号", "Lot", 12), text("客户", "Party", 36), number("数量", "Quantity"), text("经由", "Via", 80), aside("编码", "Code", 14), aside("产品", "Product", 14)}}
	for _, l := range in.Lots {
		for _, p := range l.Trace.Parties {
			for _, way := range p.Paths {
				via := strings.Join(way.Via, " → ")
				if way.Others {
					via = "其他路径合计 all other ways"
				}
				s.rows = append(s.rows, []any{l.Trace.Lot, called(p.Customer), way.Quantity, via, p.Customer.Code, l.Trace.Product.Code})
			}
		}
	}
	return s
}

func gaps(in *Input) sheet {
	s := sheet{name: "差额 Gaps", note: "正数：货物缺少；负数：发出多于收到。Above 0: goods are missing; below 0: more went out than came in.",
		columns: []column{text("批号", "Lot", 12), text("客户", "Party", 36), number("差额", "Gap"), text("说明", "Explanation", 80), aside("计入总差额", "In the total", 12), aside("编码", "Code", 14), aside("产品", "Product", 14)}}
	for _, l := range in.Lots {
		for _, g := range l.Gaps {
			s.rows = append(s.rows, []any{l.Trace.Lot, called(g.Customer), g.Quantity, g.Reason, yes(g.Counted), g.Customer.Code, l.Trace.Product.Code})
		}
	}
	return s
}

func replies(in *Input) sheet {
	s := sheet{name: "回复台账 Reply ledger", columns: []column{text("时间", "At", 23), text("客户", "Party", 30), text("批号", "Lot", 11), text("阶段", "Stage", 20), text("影响", "Impact", 10),
		number("持有", "Held"), number("使用", "Used"), number("转出", "Forwarded"), text("转给", "Forwarded to", 20), number("破损", "Damaged"), number("退回", "Returned"), number("销毁", "Destroyed"),
		text("凭据与说明", "Evidence and note", 30), aside("回复人", "By", 16), aside("渠道", "Channel", 16), aside("编码", "Code", 14), aside("产品", "Product", 14)}}
	for _, r := range in.Replies {
		var to []string
		for _, p := range r.ForwardedTo {
			to = append(to, called(p.Party)+" "+grouped(p.Quantity.String()))
		}
		s.rows = append(s.rows, []any{moment(r.At), called(r.Party), r.Lot, both(r.Stage), both(r.Impact), r.Held, r.Used, r.Forwarded, strings.Join(to, ", "), r.Damaged, r.Returned, r.Destroyed,
			strings.TrimSpace(r.Evidence + " " + r.Note), r.By, both(r.Channel), r.Party.Code, r.Product})
	}
	return s
}

func notices(in *Input) sheet {
	s := sheet{name: "通知 Notices", columns: []column{text("发送时间", "Sent at", 23), text("客户", "Party", 34), text("渠道", "Channel", 14), text("地址", "Address", 26), text("标题", "Subject", 34), text("结果", "Outcome", 20),
		text("确认时间", "Acknowledged at", 23), text("确认人", "By", 14), aside("版本", "Version", 8), aside("编码", "Code", 14)}}
	for _, n := range in.Notices {
		s.rows = append(s.rows, []any{moment(n.SentAt), called(n.Party), both(n.Channel), n.Address, n.Subject, both(n.Outcome), moment(n.AckedAt), n.AckedBy, n.Version, n.Party.Code})
	}
	return s
}

func steps(in *Input) sheet {
	s := sheet{name: "时限与经过 Timeline", columns: []column{text("时间", "At", 24), text("期限", "Due", 24), text("逾期", "Late", 8), text("事项", "Action", 36), text("人员", "Actor", 18), text("说明", "Reason", 60)}}
	for _, e := range in.Steps {
		s.rows = append(s.rows, []any{moment(e.At), moment(e.Due), yes(e.Late), both(e.Action), e.Actor, e.Reason})
	}
	return s
}
