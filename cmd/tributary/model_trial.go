package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"tributary/hub"
)

func (a *app) modelDryRunCmd() *cobra.Command {
	var examples, limit int
	c := &cobra.Command{Use: "dry-run MODEL", Short: "Tell which customers a model would merge or split; write nothing", Args: args(cobra.ExactArgs(1)),
		Long: "Resolve every record in memory under a model, a version or a file, and tell which customers it would merge or split,\n" +
			"with examples and reasons. Nothing is written. Names of patients are masked."}
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		return ask(a, cmd, "model", func(h *hub.Hub) (hub.ModelTrial, error) { return h.TryModel(cmd.Context(), argv[0], examples, limit) }, a.writeTrial)
	}
	c.Flags().IntVar(&examples, "examples", 10, "how many examples of merges and of splits")
	limitFlag(c, &limit)
	return c
}

func limitFlag(c *cobra.Command, limit *int) {
	c.Flags().IntVar(limit, "limit", 0, "most records to hold in memory (default 200,000)")
}

func (a *app) writeTrial(w io.Writer, t hub.ModelTrial) error {
	fmt.Fprintf(w, a.say("%s instead of %s, %d records:\n", "用 %s 代替 %s，共 %d 条记录：\n"), t.To, t.From, t.Records)
	fmt.Fprintf(w, a.say("%d customers would become %d: %d merged away, %d split, %d created, %d records moved; %d questions instead of %d\n\n",
		"客户由 %d 个变为 %d 个：被合并 %d 个，被拆分 %d 个，新建 %d 个，移动记录 %d 条；问题 %d 条，现为 %d 条\n\n"),
		t.Before, t.After, t.Merged, t.Split, t.Created, t.Moved, t.AsksAfter, t.AsksBefore)
	if t.Waiting > 0 {
		fmt.Fprintf(w, a.say("%d records wait for resolution; what they change is counted too (tributary resolve first to leave it out)\n\n",
			"有 %d 条记录等待归并，其变化也计算在内（先运行 tributary resolve 可排除）\n\n"), t.Waiting)
	}
	var rows [][]string
	for _, k := range t.Kinds {
		rows = append(rows, []string{a.kindWord(k.Kind), fmt.Sprint(k.Before), fmt.Sprint(k.Merged), fmt.Sprint(k.Split), fmt.Sprint(k.Created)})
	}
	if err := table(w, []string{a.say("KIND", "类型"), ">" + a.say("CUSTOMERS", "客户数"), ">" + a.say("MERGED", "被合并"), ">" + a.say("SPLIT", "被拆分"), ">" + a.say("CREATED", "新建")}, rows); err != nil {
		return err
	}
	for _, m := range t.Merges {
		fmt.Fprintf(w, a.say("\nmerge  %s (%d records)\n into  %s (%d records)\n", "\n合并  %s（%d 条记录）\n  入  %s（%d 条记录）\n"), trialName(m.Gone), m.Gone.Records, trialName(m.Survivor), m.Survivor.Records)
		a.writeBecause(w, m.Because)
	}
	for _, s := range t.Splits {
		fmt.Fprintf(w, a.say("\nsplit  %s: %d records stay, %d leave\n", "\n拆分  %s：留下 %d 条记录，离开 %d 条\n"), trialName(s.Customer), s.Stays, s.Leaves)
		a.writeBecause(w, s.Because)
	}
	return nil
}

func trialName(c hub.TrialCustomer) string {
	return oneLine(strings.TrimSpace(c.Name + " " + c.GoldenID))
}

func (a *app) writeBecause(w io.Writer, b hub.TrialBecause) {
	fmt.Fprintf(w, "  %s (%s:%s) | %s (%s:%s)\n", oneLine(b.A.Name), b.A.Source, b.A.ID, oneLine(b.B.Name), b.B.Source, b.B.ID)
	fmt.Fprintf(w, a.say("  before: %s, %.4f; after: %s, %.4f", "  原来：%s，%.4f；之后：%s，%.4f"), a.trialVerdict(b.Before), b.Before.P, a.trialVerdict(b.After), b.After.P)
	if b.Question != "" {
		fmt.Fprintf(w, a.say("; a person would be asked: %s", "；将由人工判断：%s"), hub.ReasonText(b.Question, a.language()))
	}
	fmt.Fprintln(w)
	for _, c := range b.Changes {
		name := hub.ComparisonText(c.Comparison, a.language())
		if c.Comparison == "prior" {
			name = a.say("start", "起始")
		}
		fmt.Fprintf(w, "    %+7.2f → %+7.2f  %s", c.BitsBefore, c.BitsAfter, name)
		if c.Before != c.After {
			fmt.Fprintf(w, a.say(": %s → %s", "：%s → %s"), a.levelWord(c.Before), a.levelWord(c.After))
		} else if c.After != "" {
			fmt.Fprintf(w, a.say(": %s", "：%s"), a.levelWord(c.After))
		}
		fmt.Fprintln(w)
	}
}

func (a *app) levelWord(level string) string {
	if level == "" {
		return a.say("not compared", "未比较")
	}
	return hub.LevelText(level, a.language())
}

func (a *app) trialVerdict(v hub.TrialVerdict) string {
	word := map[string]string{"match": a.say("one customer", "同一客户"), "ask": a.say("a question", "需人工判断"), "different": a.say("different", "不同客户")}[v.Verdict]
	var why []string
	if v.Rule != "" {
		why = append(why, hub.RuleText(v.Rule, a.language()))
	}
	for _, veto := range v.Vetoes {
		why = append(why, hub.VetoText(veto, a.language()))
	}
	if len(why) == 0 {
		return word
	}
	return word + a.say(" (", "（") + strings.Join(why, "; ") + a.say(")", "）")
}
