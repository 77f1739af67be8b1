package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tributary/hub"
)

func (a *app) modelCmd() *cobra.Command {
	c := &cobra.Command{Use: "model", Short: "The matching model of the customer master: see, train, try, apply"}
	c.AddCommand(a.modelListCmd(), a.modelShowCmd(), a.modelExportCmd(), a.modelDiffCmd(), a.modelTrainCmd(), a.modelDryRunCmd(), a.modelApplyCmd())
	return c
}

func (a *app) modelListCmd() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the models that are or were in use", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return ask(a, cmd, "model", func(h *hub.Hub) (hub.Models, error) { return h.ListModels(cmd.Context()) }, a.writeModels)
	}}
}

func (a *app) writeModels(w io.Writer, m hub.Models) error {
	var rows [][]string
	for _, l := range m.Models {
		use, applied := "", a.say("never", "从未")
		if l.InUse {
			use = a.say("in use", "使用中")
		}
		if !l.AppliedAt.IsZero() {
			applied = l.AppliedAt.Format(time.DateTime)
		}
		rows = append(rows, []string{l.Version, use, applied, l.AppliedBy, l.Reason})
	}
	return table(w, []string{a.say("MODEL", "模型"), "", a.say("APPLIED", "启用时间"), a.say("BY", "启用人"), a.say("REASON", "原因")}, rows)
}

func (a *app) modelShowCmd() *cobra.Command {
	return &cobra.Command{Use: "show [MODEL]", Short: "Show what a model weighs: a version, a file, or the model in use", Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, argv []string) error {
			return ask(a, cmd, "model", func(h *hub.Hub) (hub.Model, error) { return h.ShowModel(cmd.Context(), oneOrNone(argv)) }, a.writeModel)
		}}
}

func oneOrNone(argv []string) string {
	if len(argv) == 0 {
		return ""
	}
	return argv[0]
}

func (a *app) writeModel(w io.Writer, m hub.Model) error {
	fmt.Fprintln(w, m.Version+a.modelPlace(m.ModelLine))
	if t := m.Trained; t != nil {
		fmt.Fprintf(w, a.say("trained on %s from %s, on the base of %s\n", "于 %s 用 %s 训练，基于 %s\n"), t.At.Format(time.DateTime), t.From, t.Base)
	}
	fmt.Fprintf(w, a.say("%d aliases, %d shared values\n", "别名 %d 个，共用值 %d 个\n"), m.Aliases, m.Shared)
	for _, t := range m.Types {
		fmt.Fprintf(w, a.say("\n%s: merge from %g, ask from %g; one pair in %.0f is a match by chance; keys of up to %d records, %d when refined\n",
			"\n%s：%g 起自动合并，%g 起人工判断；随机 %.0f 对中有一对相同；分组键至多 %d 条记录，细分后 %d 条\n"), a.typeWord(t.Type), t.Merge, t.Review, 1/t.Prior, t.Cap, t.Limit)
		var rows [][]string
		for _, c := range t.Comparisons {
			for _, l := range c.Levels {
				rows = append(rows, []string{hub.ComparisonText(c.Comparison, a.language()), hub.LevelText(l.Level, a.language()), fmt.Sprintf("%.6g", l.M), fmt.Sprintf("%.3g", l.U), fmt.Sprintf("%+.2f", l.Weight)})
			}
		}
		if err := table(w, []string{a.say("COMPARISON", "比较项"), a.say("LEVEL", "等级"), ">M", ">U", ">" + a.say("BITS", "比特")}, rows); err != nil {
			return err
		}
		if n := t.Names; n != nil {
			fmt.Fprintf(w, a.say("names: %d common ones in the table, others count as %.3g, the average is %.3g\n", "姓名：表中常见姓名 %d 个，其余按 %.3g 计，平均 %.3g\n"), n.Values, n.Floor, n.Average)
		}
	}
	for _, warning := range m.Warnings {
		fmt.Fprintf(w, a.say("warning: a stricter level weighs less than a looser one: %s\n", "注意：较严的等级反而比较松的等级轻：%s\n"), warning)
	}
	return nil
}

func (a *app) modelPlace(l hub.ModelLine) string {
	switch {
	case l.InUse:
		return a.say(" (in use)", "（使用中）")
	case l.BuiltIn:
		return a.say(" (built in)", "（内置）")
	case !l.AppliedAt.IsZero():
		return a.say(" (was in use)", "（曾使用）")
	}
	return ""
}

func (a *app) typeWord(t string) string {
	switch t {
	case "organisation":
		return a.say("organisations", "机构")
	case "hcp":
		return a.say("professionals", "医务人员")
	}
	return a.say("patients", "患者")
}

func (a *app) modelExportCmd() *cobra.Command {
	var out string
	c := &cobra.Command{Use: "export [MODEL] --out FILE", Short: "Write a model to a file, to keep, change or move it", Args: args(cobra.MaximumNArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return a.withHub(cmd, "model", func(h *hub.Hub) error {
			version, body, err := h.ModelFile(cmd.Context(), oneOrNone(argv))
			if err != nil {
				return err
			}
			if err := writeModelFile(out, body); err != nil {
				return err
			}
			return a.print(map[string]string{"version": version, "file": out}, func(w io.Writer) error {
				_, err := fmt.Fprintln(w, version, "→", out)
				return err
			})
		})
	}}
	c.Flags().StringVar(&out, "out", "", "file to write (required)")
	required(c, "out")
	return c
}

func (a *app) modelDiffCmd() *cobra.Command {
	return &cobra.Command{Use: "diff A B", Short: "List where two models differ, each a version or a file", Args: args(cobra.ExactArgs(2)), RunE: func(cmd *cobra.Command, argv []string) error {
		return ask(a, cmd, "model", func(h *hub.Hub) (hub.ModelDiff, error) { return h.DiffModels(cmd.Context(), argv[0], argv[1]) }, a.writeModelDiff)
	}}
}

func (a *app) writeModelDiff(w io.Writer, d hub.ModelDiff) error {
	if len(d.Changes) == 0 {
		_, err := fmt.Fprintf(w, a.say("%s and %s decide alike\n", "%s 与 %s 的判断相同\n"), d.From, d.To)
		return err
	}
	var rows [][]string
	for _, c := range d.Changes {
		rows = append(rows, []string{c.Path, c.From, c.To})
	}
	return table(w, []string{a.say("WHAT", "内容"), d.From, d.To}, rows)
}

func (a *app) modelApplyCmd() *cobra.Command {
	var reason string
	c := &cobra.Command{Use: "apply MODEL --reason TEXT", Short: "Put a model into use and resolve every record under it", Args: args(cobra.ExactArgs(1)),
		Long: "Put a model into use, a version or a file, and resolve every record again under it. Golden ids stay with their\n" +
			"customers, and what stewards decided binds as before. Try it first with model dry-run. To go back, apply the former\n" +
			"version (model list)."}
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		return a.withHub(cmd, "model", func(h *hub.Hub) error {
			r, err := h.ApplyModel(cmd.Context(), argv[0], reason)
			if err != nil {
				return err
			}
			for _, n := range r.Notes {
				a.note("%s", strings.TrimRight(n.Text(a.language()), "\n"))
			}
			return a.print(r, func(w io.Writer) error { return a.writeApplied(w, r) })
		})
	}
	c.Flags().StringVar(&reason, "reason", "", "why; it is kept in the audit log")
	return c
}

func (a *app) writeApplied(w io.Writer, r hub.AppliedModel) error {
	if !r.Applied {
		_, err := fmt.Fprintf(w, a.say("%s is in use already\n", "%s 已在使用\n"), r.Version)
		return err
	}
	s := r.Settle.Resolve
	_, err := fmt.Fprintf(w, a.say(
		"%s is in use, %s was before.\n%d records resolved again: %d customers merged, %d split, %d created, %d records moved; %d questions open.\nBack: tributary model apply %s --reason …\n",
		"已启用 %s，此前为 %s。\n重新归并 %d 条记录：合并客户 %d 个，拆分 %d 个，新建 %d 个，移动记录 %d 条；未决问题 %d 条。\n恢复：tributary model apply %s --reason …\n"),
		r.Version, r.Former, s.Records, s.Merged, s.Split, s.Created, s.Relinked, s.Questions, r.Former)
	return err
}
