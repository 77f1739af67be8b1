package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/errs"
	"tributary/internal/width"
)

func (a *app) reviewCmd() *cobra.Command {
	c := &cobra.Command{Use: "review", Short: "Doubtful matches: list, show, decide, undo"}
	c.AddCommand(a.reviewListCmd(), a.reviewShowCmd(), a.reviewDecideCmd(), a.reviewAssignCmd(), a.reviewDecisionsCmd(), a.reviewConfirmCmd(), a.reviewUndoCmd(),
		a.customersFileCmd("labels", "Write the decided pairs with how matching compares them, to measure it by", (*hub.Hub).ExportLabels))
	return c
}

func (a *app) reviewListCmd() *cobra.Command {
	var q hub.ReviewQuery
	var older string
	c := &cobra.Command{Use: "list", Short: "List open questions", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		var err error
		if q.OlderThan, err = age(cmd, "older-than", older); err != nil {
			return err
		}
		q.Lang = a.language()
		return ask(a, cmd, "customers", func(h *hub.Hub) (hub.Questions, error) { return h.Review(cmd.Context(), q) }, func(w io.Writer, r hub.Questions) error {
			if err := a.writeQuestions(w, r.Questions); err != nil {
				return err
			}
			_, err := fmt.Fprintf(w, a.say("%d of %d open questions\n", "显示 %d 条，共 %d 条未决\n"), len(r.Questions), r.Total)
			return err
		})
	}}
	f := c.Flags()
	f.StringVar(&q.Kind, "kind", "", "only questions about this kind of customer: hospital, pharmacy, hcp, …")
	f.StringVar(&q.Reason, "why", "", "only questions asked for this reason: below_merge, veto, cluster_veto, ambiguous, weak_cluster, too_large, contradiction")
	f.StringVar(&q.Assignee, "assignee", "", "only questions assigned to this person")
	f.StringVar(&older, "older-than", "", "only questions asked longer ago than this (48h, 7d), the oldest first")
	f.BoolVar(&q.All, "all", false, "also questions that are put off")
	f.IntVar(&q.Limit, "limit", 50, "how many")
	return c
}

// age reads a span of time: 48h, 7d.
func age(c *cobra.Command, flag, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	number, days := strings.CutSuffix(text, "d")
	if days {
		number += "h"
	}
	d, err := time.ParseDuration(number)
	if err != nil || d <= 0 {
		return 0, badValue(c, flag, text, "cli.want_span")
	}
	if days {
		d *= 24
	}
	return d, nil
}

func (a *app) writeQuestions(w io.Writer, list []hub.Question) error {
	rows := make([][]string, len(list))
	for i, q := range list {
		rows[i] = []string{q.ID, fmt.Sprintf("%.3f", q.Probability), sideText(q.A), sideText(q.B), q.ReasonText, fmt.Sprintf("%dh", q.AgeHours), q.Assignee}
	}
	return table(w, []string{"ID", ">" + a.say("P", "概率"), "A", "B", a.say("WHY ASKED", "原因"), ">" + a.say("AGE", "已等"), a.say("ASSIGNED", "负责人")}, rows)
}

func sideText(s hub.ReviewSide) string {
	return width.Cut(s.Name, 28) + " (" + s.Source + ":" + s.ID + ")"
}

func (a *app) reviewShowCmd() *cobra.Command {
	c := &cobra.Command{Use: "show ID", Short: "Show a question side by side, with the reasons for and against", Args: args(cobra.ExactArgs(1))}
	unmask := unmaskFlags(c)
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		u, err := unmask()
		if err != nil {
			return err
		}
		return ask(a, cmd, "customers", func(h *hub.Hub) (hub.ReviewShown, error) {
			return h.ShowQuestion(cmd.Context(), argv[0], a.language(), u)
		}, func(w io.Writer, r hub.ReviewShown) error {
			for i, s := range []hub.ReviewSide{r.A, r.B} {
				fmt.Fprintf(w, "%s  %s  %s  %s  %s\n", "AB"[i:i+1], sideText(s), a.kindWord(string(s.Kind)), s.Place, s.GoldenID)
			}
			fmt.Fprintf(w, a.say("asked because: %s\n\n%s", "提问原因：%s\n\n%s"), r.ReasonText, r.Why.Text)
			return a.writeDecisions(w, r.Decisions)
		})
	}
	return c
}

// becauseFlags say why, and until when, somebody decides.
func becauseFlags(c *cobra.Command) func() (hub.Because, error) {
	var reason, until string
	c.Flags().StringVar(&reason, "reason", "", "why; it is kept with the decision")
	c.Flags().StringVar(&until, "until", "", "when the decision expires: yyyy-MM-dd or RFC 3339 (default: when it is undone)")
	return func() (hub.Because, error) {
		t, err := moment(c, "until", until)
		return hub.Because{Reason: reason, Until: t}, err
	}
}

func (a *app) reviewDecideCmd() *cobra.Command {
	var rule string
	var dryRun, noAlias bool
	var limit int
	c := &cobra.Command{
		Use: "decide [ID…] same|different|later --reason TEXT", Short: "Answer questions, one by one or by a rule",
		Long: "Answer questions. same and different bind the two records until the decision is undone or expires; later puts a\n" +
			"question off for a week, or until --until. With --rule all open questions are answered that a condition selects, in one\n" +
			"decision: p, weight, reason, vetoes, rule, kind_a, kind_b, source_a, source_b, name_a, name_b, mention, days; for\n" +
			"example: --rule 'p >= 0.95 && kind_a == \"pharmacy\" && !(\"place\" in vetoes)'.",
		Args: args(cobra.MinimumNArgs(1)),
	}
	because := becauseFlags(c)
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		b, err := because()
		if err != nil {
			return err
		}
		ids, verdict := argv[:len(argv)-1], hub.Verdict(argv[len(argv)-1])
		if (rule == "") == (len(ids) == 0) {
			return errs.New(errs.Invalid, "review.rule_or_questions", nil)
		}
		return a.withHub(cmd, "customers", func(h *hub.Hub) error {
			if rule == "" {
				r, err := h.DecideQuestions(cmd.Context(), hub.DecideRequest{Questions: ids, Verdict: verdict, NoAlias: noAlias, Because: b})
				if err != nil {
					return err
				}
				return a.writeDecided(r)
			}
			r, err := h.DecideByRule(cmd.Context(), hub.DecideByRuleRequest{Rule: rule, Verdict: verdict, DryRun: dryRun, NoAlias: noAlias, Limit: limit, Lang: a.language(), Because: b})
			if err != nil {
				return err
			}
			return a.print(r, func(w io.Writer) error {
				if err := a.writeQuestions(w, r.Questions); err != nil {
					return err
				}
				fmt.Fprintf(w, a.say("%d questions selected, %d of them need a second person\n", "选中 %d 条，其中 %d 条需要第二人复核\n"), r.Selected, r.Large)
				if r.Decided == nil {
					return nil
				}
				return a.writeDecision(w, r.Decided.Decision)
			})
		})
	}
	c.Flags().StringVar(&rule, "rule", "", "answer all open questions that this condition selects")
	noAliasFlag(c, &noAlias)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "with --rule: show what would be answered, decide nothing")
	c.Flags().IntVar(&limit, "limit", 0, "with --rule: at most so many questions (default 1000)")
	return c
}

func noAliasFlag(c *cobra.Command, to *bool) {
	c.Flags().BoolVar(to, "no-alias", false, "do not keep the name in a flow row as its party's alias of the customer")
}

func (a *app) writeDecided(r hub.Decided) error {
	return a.print(r, func(w io.Writer) error {
		if err := a.writeDecision(w, r.Decision); err != nil {
			return err
		}
		for _, id := range r.Customers {
			fmt.Fprintf(w, a.say("  customer %s\n", "  客户 %s\n"), id)
		}
		for _, l := range r.Decision.Aliases {
			fmt.Fprintf(w, a.say("  alias: %s calls %s:%s “%s”\n", "  别名：%s 把 %s:%s 称作“%s”\n"), l.Party, l.Record.Source, l.Record.ID, l.Name)
		}
		return nil
	})
}

func (a *app) writeDecision(w io.Writer, d hub.Decision) error {
	if d.ID == "" { // put off: nothing was decided
		_, err := fmt.Fprintf(w, a.say("put off until %s\n", "推迟至 %s\n"), d.ExpiresAt.Format(time.DateTime))
		return err
	}
	if d.Verb == "erase" { // no way back
		_, err := fmt.Fprintf(w, a.say("erased (decision %s)\n", "已删除（判断 %s）\n"), d.ID)
		return err
	}
	if d.State == "pending" {
		_, err := fmt.Fprintf(w, a.say("%s %s waits for a second person: tributary customers review confirm %s\n", "%s %s 等待第二人复核：tributary customers review confirm %s\n"), d.Verb, d.ID, d.ID)
		return err
	}
	_, err := fmt.Fprintf(w, a.say("%s %s %s; undo: tributary customers review undo %s --reason TEXT\n", "%s %s %s；撤销：tributary customers review undo %s --reason 说明\n"), d.Verb, d.ID, a.reviewStateWord(d.State), d.ID)
	return err
}

func (a *app) reviewStateWord(state string) string {
	switch state {
	case "done":
		return a.say("done", "已生效")
	case "undone":
		return a.say("undone", "已撤销")
	case "pending":
		return a.say("pending", "待复核")
	}
	return state
}

func (a *app) reviewAssignCmd() *cobra.Command {
	var to string
	c := &cobra.Command{Use: "assign ID… --to NAME", Short: "Say who works on questions", Args: args(cobra.MinimumNArgs(1)), RunE: func(cmd *cobra.Command, ids []string) error {
		return a.withHub(cmd, "customers", func(h *hub.Hub) error {
			if err := h.AssignQuestions(cmd.Context(), ids, to); err != nil {
				return err
			}
			return a.print(map[string]any{"questions": ids, "assignee": to}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, a.say("%d questions: %s\n", "%d 条问题：%s\n"), len(ids), to)
				return err
			})
		})
	}}
	c.Flags().StringVar(&to, "to", "", "name of the person; empty for nobody (required)")
	required(c, "to")
	return c
}

func (a *app) reviewDecisionsCmd() *cobra.Command {
	var pending bool
	var limit int
	c := &cobra.Command{Use: "decisions", Short: "List decisions, newest first", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return ask(a, cmd, "customers", func(h *hub.Hub) (hub.Decisions, error) { return h.ListDecisions(cmd.Context(), pending, limit) }, func(w io.Writer, r hub.Decisions) error {
			return a.writeDecisions(w, r.Decisions)
		})
	}}
	c.Flags().BoolVar(&pending, "pending", false, "only those that wait for a second person")
	c.Flags().IntVar(&limit, "limit", 50, "how many")
	return c
}

func (a *app) writeDecisions(w io.Writer, list []hub.Decision) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([][]string, len(list))
	for i, d := range list {
		rows[i] = []string{d.ID, d.Verb, a.reviewStateWord(d.State), d.Actor, d.CreatedAt.Format(time.DateTime), d.Reason}
	}
	return table(w, []string{a.say("DECISION", "判断"), a.say("VERB", "动作"), a.say("STATE", "状态"), a.say("BY", "操作人"), a.say("AT", "时间"), a.say("REASON", "理由")}, rows)
}

// batch does something with a batch of decisions, unless looking for it failed.
func (a *app) batch(err error, do func() (hub.Batch, error)) error {
	if err != nil {
		return err
	}
	r, err := do()
	if err != nil {
		return err
	}
	return a.print(r, func(w io.Writer) error {
		for _, why := range r.Errors {
			fmt.Fprintln(w, why)
		}
		_, err := fmt.Fprintf(w, a.say("batch %s: %d decisions done, %d left as they were, %d refused\n", "批次 %s：已处理 %d 个判断，%d 个保持不变，%d 个被拒绝\n"), r.ID, r.Done, r.Left, len(r.Errors))
		return err
	})
}

func (a *app) reviewConfirmCmd() *cobra.Command {
	return &cobra.Command{Use: "confirm DECISION", Short: "Confirm a colleague's decision, or batch of them, that waits for a second person", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return a.withHub(cmd, "customers", func(h *hub.Hub) error {
			if batch, err := h.IsBatch(cmd.Context(), argv[0]); err != nil || batch {
				return a.batch(err, func() (hub.Batch, error) { return h.ConfirmBatch(cmd.Context(), argv[0], a.language()) })
			}
			r, err := h.ConfirmDecision(cmd.Context(), argv[0])
			if err != nil {
				return err
			}
			return a.writeDecided(r)
		})
	}}
}

func (a *app) reviewUndoCmd() *cobra.Command {
	var reason string
	c := &cobra.Command{Use: "undo DECISION --reason TEXT", Short: "Take a decision, merge or split back, or a whole batch", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return a.withHub(cmd, "customers", func(h *hub.Hub) error {
			if batch, err := h.IsBatch(cmd.Context(), argv[0]); err != nil || batch {
				return a.batch(err, func() (hub.Batch, error) { return h.UndoBatch(cmd.Context(), argv[0], reason, a.language()) })
			}
			r, err := h.UndoDecision(cmd.Context(), argv[0], reason)
			if err != nil {
				return err
			}
			return a.writeDecided(r)
		})
	}}
	c.Flags().StringVar(&reason, "reason", "", "why; it is kept with the decision")
	return c
}
