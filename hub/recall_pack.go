package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tributary/quality"
	"tributary/quality/pack"
	"tributary/store"
	"tributary/trace"
)

// PackReport is the JSON of `recall pack`.
type PackReport struct {
	Number   string        `json:"number"`
	Dir      string        `json:"dir"`
	Digest   string        `json:"manifest_sha256"` // keep it elsewhere: it proves that the manifest was not exchanged
	Manifest pack.Manifest `json:"manifest"`
}

// PackRecall writes the evidence of a recall into a folder: workbook, report, the lots' history as EPCIS 2.0, and a
// manifest with the hash of each file.
// That it was made, and the hash of its manifest, are kept with the case.
func (h *Hub) PackRecall(ctx context.Context, number, dir, lang string) (PackReport, error) {
	var out PackReport
	view, err := h.ShowRecall(ctx, number, lang)
	if err != nil {
		return out, err
	}
	w, err := h.recallOf(ctx, number)
	if err != nil {
		return out, err
	}
	in := h.packInput(&view, w, lang)
	if in.EPCIS, err = h.EPCISOfLots(ctx, view.Product.Code, view.LotNumbers()...); err != nil {
		return out, err
	}
	files, err := pack.Render(in)
	if err != nil {
		return out, err
	}
	manifest, err := pack.Write(dir, files)
	if err != nil {
		return out, err
	}
	out = PackReport{Number: number, Dir: dir, Digest: manifest.Digest, Manifest: manifest}
	_, err = h.changeRecall(ctx, number, lang, func(_ context.Context, _ *store.Tx, w *recallWork) error {
		w.kind, w.detail.Change = "pack", map[string]any{"manifest_sha256": manifest.Digest}
		return nil
	})
	return out, err
}

// VerifyPack compares a pack with its manifest, and the manifest with the hash that was kept of it; empty: none.
func (h *Hub) VerifyPack(dir, kept string) (pack.Report, error) { return pack.Verify(dir, kept) }

func (h *Hub) packInput(v *RecallView, w *recallWork, lang string) pack.Input {
	in := pack.Input{MadeAt: h.Now(), MadeBy: h.Actor.Name, Recall: pack.Recall{
		No: v.Number, Kind: v.Kind, Class: v.Class, State: string(v.State), ReasonCode: v.ReasonCode, Reason: v.Reason, Assessment: v.Assessment, Plan: v.Plan,
		ScopeVersion: v.ScopeVersion, RuleProfile: v.Profile, KnownAt: v.Facts[quality.KnownAt], DecidedBy: v.DecidedBy, DecidedAt: v.Facts[quality.DecidedAt], PublicURL: v.PublicURL,
	}}
	for _, f := range v.Filings {
		in.Recall.Filings = append(in.Recall.Filings, pack.Filing{Authority: f.Authority, No: f.No, Date: f.Date, What: f.What})
	}
	fact := func(en, zh, value string) {
		if value != "" {
			in.Recall.Facts = append(in.Recall.Facts, pack.Fact{EN: en, ZH: zh, Value: value})
		}
	}
	fact("Complaints", "相关投诉", strings.Join(v.Complaints, ", "))
	fact("Disposal", "处置", v.Disposal)
	fact("Effectiveness check", "有效性评估", v.Effectiveness)
	fact("CAPA", "纠正与预防措施", v.CAPA)
	fact("Closed by", "结案人", v.ClosedBy)
	if c := v.Completeness; c != nil {
		days := c.From.String() + " – " + c.To.String()
		for _, k := range []struct {
			en, zh string
			quality.Share
		}{
			{"Coverage K1, parties that reported", "覆盖率 K1：已报送单位", c.Parties}, {"Coverage K2, shipped to parties that reported", "覆盖率 K2：发往已报送单位的数量", c.Shipped},
			{"Coverage K3, reports that came", "覆盖率 K3：已收到的报告", c.Days}, {"Coverage K4, rows with a lot", "覆盖率 K4：有批号的行", c.Lots},
			{"Coverage K5, rows matched", "覆盖率 K5：已匹配的行", c.Matched},
		} {
			fact(k.en, k.zh, fmt.Sprintf("%s %% (%s / %s; %s)", or(k.Percent, "–"), k.Numerator, k.Denominator, days))
		}
	}
	if d := v.DrillReport; d != nil {
		fact("Drill: seconds to list", "演练：出清单秒数", d.SecondsToList)
		fact("Drill: accounted %", "演练：已说明比例 %", d.AccountedRate)
		fact("Drill: contactable %", "演练：可联系比例 %", d.ContactRate)
	}
	balance := v.Reconciliation
	if len(balance) == 0 {
		balance = sayGaps(w.balance(), lang)
	}
	for i, lot := range v.Lots {
		b := balance[i]
		l := pack.Lot{Trace: quality.TraceResult(v.Product, lot, w.rows), ApprovalNo: v.ApprovalNo, MfgDate: lot.MfgDate, ExpDate: lot.ExpDate, Balance: b.Totals,
			Recoverable: b.Recoverable, RecoveryRate: b.RecoveryRate, ExplainedRate: b.ExplainedRate}
		for _, g := range b.Gaps {
			l.Gaps = append(l.Gaps, trace.Gap{Customer: g.Customer, Quantity: g.Quantity, Reason: g.Reason, Code: g.Code, Counted: true})
		}
		in.Lots = append(in.Lots, l)
	}
	in.Notices, in.Replies = noticesOf(v), repliesOf(v)
	in.Steps = stepsOf(v)
	return in
}

func noticesOf(v *RecallView) []pack.Notice {
	var out []pack.Notice
	seen := map[string]bool{}
	for i := range v.Affected {
		a := &v.Affected[i]
		if a.Notice == nil || seen[a.Key] {
			continue
		}
		seen[a.Key] = true
		n := pack.Notice{Party: a.Customer, Version: a.Notice.Version, Channel: a.Notice.Channel, Address: a.Notice.Address, Subject: v.Number, SentAt: a.Notice.At, Outcome: "made"}
		if v.Kind == quality.Drill {
			n.Outcome = "drill"
		}
		if r := a.Replies.Acknowledgment; r != nil {
			n.AckedAt, n.AckedBy = r.At, r.By
		}
		out = append(out, n)
	}
	return out
}

func repliesOf(v *RecallView) []pack.Reply {
	byKey := map[string]trace.Customer{}
	for i := range v.Affected {
		byKey[v.Affected[i].Key] = v.Affected[i].Customer
	}
	var out []pack.Reply
	for _, s := range v.History {
		var r quality.Reply
		if s.Kind != "reply" || json.Unmarshal(s.Detail, &r) != nil {
			continue
		}
		p := pack.Reply{Party: byKey[s.Party], Product: v.Product.Code, Lot: s.Lot, Stage: r.Stage, At: r.At, By: r.By, Channel: r.Channel, Impact: r.Impact, Held: r.Held,
			Used: r.Used, Forwarded: r.ForwardedTotal(), Damaged: r.Damaged, Returned: r.Returned, Destroyed: r.Destroyed, Evidence: r.Evidence, Note: r.Note}
		for _, f := range r.Forwarded {
			p.ForwardedTo = append(p.ForwardedTo, pack.Passed{Party: f.Customer, Quantity: f.Quantity})
		}
		out = append(out, p)
	}
	return out
}

// stepsOf is the history of a case, and the deadlines that are open.
func stepsOf(v *RecallView) []pack.Step {
	var out []pack.Step
	for _, s := range v.History {
		if slices.Contains([]string{"reply", "notice"}, s.Kind) {
			continue
		}
		var d stepDetail
		step := pack.Step{At: s.At, Action: s.Kind, Actor: s.Actor}
		if json.Unmarshal(s.Detail, &d) == nil {
			step.Reason = d.Reason
			if d.To != "" && d.To != d.From {
				step.Action = s.Kind + ": " + string(d.To)
			}
		}
		out = append(out, step)
	}
	for _, d := range v.Deadlines {
		if d.Open() {
			out = append(out, pack.Step{Due: d.DueAt, Action: d.What, Late: d.Late})
		}
	}
	return out
}
