package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/errs"
)

func (a *app) modelTrainCmd() *cobra.Command {
	var req hub.TrainRequest
	var out string
	c := &cobra.Command{Use: "train [CUSTOMERS.csv…] --out FILE", Short: "Learn a model from the records of the store, or from tables of customers", Args: args(cobra.ArbitraryArgs),
		Long: "Learn a model without labels from the records of the store, or from tables of customers, on the base of the model in\n" +
			"use: how much each agreement weighs, how common names are, which phones many customers share. Thresholds and bounds\n" +
			"stay. A kind whose records teach too little keeps its numbers; when none could be learned no file is written. What\n" +
			"stewards judged measures the result. Then: model dry-run, model apply."}
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		req.Files = argv
		return a.withHub(cmd, "model", func(h *hub.Hub) error {
			r, err := h.TrainModel(cmd.Context(), req)
			if err != nil {
				return err
			}
			for _, n := range r.Notes {
				a.note("%s", strings.TrimRight(n.Text(a.language()), "\n"))
			}
			if err := writeModelFile(out, r.Body); err != nil {
				return err
			}
			return a.print(r, func(w io.Writer) error { return a.writeTrained(w, r, out) })
		})
	}
	f := c.Flags()
	f.StringVar(&out, "out", "", "file to write (required)")
	f.StringVar(&req.Name, "name", "trained", "name of the model; with a hash of the content it is the version")
	f.StringVar(&req.Kind, "kind", "", "kind of the customers in files that do not say it")
	limitFlag(c, &req.Limit)
	required(c, "out")
	return c
}

func writeModelFile(file string, body []byte) error {
	return writeWhole(file, func(w io.Writer) error {
		if _, err := w.Write(body); err != nil {
			return errs.Wrap(errs.Unavailable, "hub.cannot_write", err, errs.Args{"file": file})
		}
		return nil
	})
}

func (a *app) writeTrained(w io.Writer, r hub.TrainReport, file string) error {
	var rows [][]string
	for _, t := range r.Types {
		result := a.say("trained", "已训练")
		if t.Kept != "" {
			result = a.say("kept: ", "沿用原值：") + hub.KeptText(t.Kept, a.language())
		}
		rows = append(rows, []string{a.typeWord(t.Type), fmt.Sprint(t.Records), fmt.Sprint(t.Pairs), fmt.Sprintf("%.0f", t.Matches), result})
	}
	if err := table(w, []string{a.say("KIND", "类别"), ">" + a.say("RECORDS", "记录数"), ">" + a.say("PAIRS", "比较对数"), ">" + a.say("MATCHES EXPECTED", "预计重复对"), a.say("RESULT", "结果")}, rows); err != nil {
		return err
	}
	if r.Shared > 0 {
		fmt.Fprintf(w, a.say("%d phones or mailboxes that many customers have are no evidence any more\n", "%d 个被许多客户共用的电话或邮箱不再作为依据\n"), r.Shared)
	}
	if len(r.Pooled) > 0 {
		fmt.Fprintf(w, a.say("made equal, because the stricter would have weighed less: %s\n", "以下等级权重取平，否则较严的反而更轻：%s\n"), strings.Join(r.Pooled, "; "))
	}
	if l := r.Labels; l.Same+l.Different > 0 {
		fmt.Fprintf(w, a.say("%d pairs judged one customer: the model in use merges %d and misses %d, this one merges %d and misses %d\n",
			"人工判定相同 %d 对：当前模型合并 %d、漏掉 %d；新模型合并 %d、漏掉 %d\n"), l.Same, l.Before.Found, l.Before.Missed, l.After.Found, l.After.Missed)
		fmt.Fprintf(w, a.say("%d pairs judged two: the model in use merges %d, this one %d\n", "人工判定不同 %d 对：当前模型合并 %d；新模型合并 %d\n"), l.Different, l.Before.Merged, l.After.Merged)
	}
	_, err := fmt.Fprintf(w, a.say("%s → %s\nTry it: tributary model dry-run %s\n", "%s → %s\n试用：tributary model dry-run %s\n"), r.Version, file, file)
	return err
}
