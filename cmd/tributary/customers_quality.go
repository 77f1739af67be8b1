package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tributary/hub"
)

func (a *app) customersQualityCmd() *cobra.Command {
	var req hub.QualityRequest
	c := &cobra.Command{Use: "quality", Short: "The customer master in figures: match rates, gaps, invalid identifiers, cluster sizes, drift", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(a, cmd, "customers", func(h *hub.Hub) (hub.QualityReport, error) { return h.CustomersQuality(cmd.Context(), req) }, a.writeQuality)
		}}
	c.Flags().BoolVar(&req.Keep, "keep", false, "keep the figures, so that later reports tell the drift against them")
	c.Flags().BoolVar(&req.Deep, "deep", false, "also compare everything again in memory: what other thresholds would merge or split, and how far the records are from those that the model was trained on")
	limitFlag(c, &req.Limit)
	return c
}

func (a *app) writeQuality(w io.Writer, r hub.QualityReport) error {
	fmt.Fprintf(w, a.say("%d records, %d mentions, %d customers (model %s)\n", "源记录 %d 条，流向提及 %d 条，客户 %d 个（模型 %s）\n"), r.Records, r.Mentions, r.Customers, r.Model)
	fmt.Fprintf(w, a.say("matched %s, in question %s, alone %s\n", "已归并 %s，待判 %s，单独 %s\n"), percent(r.ActRate), percent(r.AskRate), percent(r.AloneRate))
	var reasons []string
	for _, reason := range slices.Sorted(maps.Keys(r.Questions.ByReason)) {
		reasons = append(reasons, fmt.Sprintf("%s %d", hub.ReasonText(reason, a.language()), r.Questions.ByReason[reason]))
	}
	fmt.Fprintf(w, a.say("open questions: %d, the oldest %d h (%s)\n\n", "未决问题：%d 条，最久 %d 小时（%s）\n\n"), r.Questions.Open, r.Questions.OldestHours, strings.Join(reasons, "; "))
	var rows [][]string
	for _, k := range r.Kinds {
		rows = append(rows, []string{a.kindWord(k.Kind), fmt.Sprint(k.Customers), fmt.Sprintf("%.1f%%", k.Completeness)})
	}
	if err := table(w, []string{a.say("KIND", "类型"), ">" + a.say("CUSTOMERS", "客户数"), ">" + a.say("COMPLETE", "完整度")}, rows); err != nil {
		return err
	}
	rows = nil
	for _, s := range r.Sizes {
		bounds := fmt.Sprintf("%d–%d", s.From, s.To)
		if s.To == s.From {
			bounds = fmt.Sprint(s.From)
		} else if s.To == 0 {
			bounds = fmt.Sprintf("%d+", s.From)
		}
		rows = append(rows, []string{bounds, fmt.Sprint(s.Customers)})
	}
	fmt.Fprintln(w)
	if err := table(w, []string{a.say("RECORDS OF A CUSTOMER", "客户的记录数"), ">" + a.say("CUSTOMERS", "客户数")}, rows); err != nil {
		return err
	}
	rows = nil
	for _, s := range r.Sources {
		rows = append(rows, []string{s.Source, fmt.Sprint(s.Records), worst(s.Null), worst(s.InvalidIDs)})
	}
	fmt.Fprintln(w)
	if err := table(w, []string{a.say("SOURCE", "来源"), ">" + a.say("RECORDS", "记录数"), a.say("MISSING MOST", "缺失最多"), a.say("INVALID IDENTIFIERS", "无效证照号")}, rows); err != nil {
		return err
	}
	if len(r.Labels) > 0 {
		rows = nil
		for _, l := range r.Labels {
			rows = append(rows, []string{l.Type, fmt.Sprintf("%d/%d", l.Same, l.Different), fitText(l.Merge), fitText(l.Review)})
		}
		fmt.Fprintln(w)
		if err := table(w, []string{a.say("DECIDED PAIRS", "已判定的记录对"), a.say("SAME/DIFFERENT", "同一家/不同"), a.say("MERGED: PRECISION, RECALL", "自动归并：精确率、召回率"), a.say("OR ASKED: PRECISION, RECALL", "归并或提问：精确率、召回率")}, rows); err != nil {
			return err
		}
	}
	if d := r.Drift; d != nil {
		fmt.Fprintf(w, a.say("\nsince %s: records %+d, customers %+d, matched %+.2f %%, in question %+.2f %%, open questions %+d\n", "\n自 %s 以来：源记录 %+d，客户 %+d，已归并 %+.2f %%，待判 %+.2f %%，未决问题 %+d\n"),
			d.Since.Format("2006-01-02 15:04"), d.Records, d.Customers, 100*d.ActRate, 100*d.AskRate, d.Open)
	}
	if r.Deep != nil {
		return a.writeDeep(w, r.Deep)
	}
	return nil
}

func (a *app) writeDeep(w io.Writer, d *hub.QualityDeep) error {
	var rows [][]string
	for _, p := range d.Thresholds {
		rows = append(rows, []string{fmt.Sprintf("%g", p.Merge), fmt.Sprint(p.Customers), fmt.Sprint(p.Merged), fmt.Sprint(p.Split), fmt.Sprint(p.Questions)})
	}
	fmt.Fprintln(w)
	if err := table(w, []string{a.say("MERGE FROM", "合并阈值"), ">" + a.say("CUSTOMERS", "客户数"), ">" + a.say("WOULD MERGE", "会合并"), ">" + a.say("WOULD SPLIT", "会拆分"), ">" + a.say("QUESTIONS", "问题数")}, rows); err != nil {
		return err
	}
	m := d.ModelDrift
	if m == nil {
		_, err := fmt.Fprintln(w, a.say("\nthe model in use was not trained: there is nothing to drift from", "\n当前模型未经训练，没有可比较的基准"))
		return err
	}
	fmt.Fprintf(w, a.say("\nrecords since the training on %s: %s\n", "\n自 %s 训练以来的记录：%s\n"), m.Since.Format("2006-01-02"), map[string]string{
		hub.DriftStable: a.say("as they were", "无明显变化"), hub.DriftMoved: a.say("they move; look at what moved", "有变化，请查看"),
		hub.DriftOther: a.say("they are others; train again", "已明显不同，请重新训练")}[m.Verdict])
	rows = nil
	for _, c := range m.Comparisons {
		if c.PSI >= 0.01 {
			rows = append(rows, []string{a.typeWord(string(c.Type)), hub.ComparisonText(c.Comparison, a.language()), fmt.Sprintf("%.3f", c.PSI), a.levelWord(c.Level), percent(c.Then), percent(c.Now)})
		}
	}
	if len(rows) > 0 {
		if err := table(w, []string{a.say("KIND", "类别"), a.say("COMPARISON", "比较项"), ">PSI", a.say("MOVED MOST", "变化最大"), ">" + a.say("THEN", "当时"), ">" + a.say("NOW", "现在")}, rows); err != nil {
			return err
		}
	}
	for _, n := range m.Names {
		fmt.Fprintf(w, a.say("%s: %d common names, distance %.2f (0 = as common as then)\n", "%s：常见姓名 %d 个，差距 %.2f（0 = 与当时相同）\n"), a.typeWord(string(n.Type)), n.Names, n.Distance)
	}
	return nil
}

// fitText tells how a threshold fares; "–" where no pair tells.
func fitText(f hub.LabelFit) string {
	of := func(share float64, pairs int64) string {
		if pairs == 0 {
			return "–"
		}
		return percent(share)
	}
	return fmt.Sprintf("p ≥ %g: %s, %s", f.Threshold, of(f.Precision, f.Right+f.Wrong), of(f.Recall, f.Right+f.Missed))
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

// worst names the three largest shares.
func worst(shares map[string]float64) string {
	names := slices.SortedFunc(maps.Keys(shares), func(x, y string) int { return cmp.Or(cmp.Compare(shares[y], shares[x]), cmp.Compare(x, y)) })
	var out []string
	for _, name := range names {
		if shares[name] > 0 && len(out) < 3 {
			out = append(out, name+" "+percent(shares[name]))
		}
	}
	return strings.Join(out, ", ")
}
