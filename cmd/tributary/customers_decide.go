package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/errs"
)

func (a *app) customersMergeCmd() *cobra.Command {
	var req hub.MergeRequest
	var file string
	var dryRun bool
	c := &cobra.Command{Use: "merge ID… --reason TEXT", Short: "Make one customer of several; the other ids redirect to it for ever", Args: args(cobra.ArbitraryArgs),
		Long: "Make one customer of several; the other ids redirect to it for ever. No later run parts them, until the decision is\n" +
			"undone (customers review undo) or expires. With --file the merges stand in a file: a pair a row (customer_a, customer_b) or\n" +
			"a customer a row (group, customer), with reason and survivor if need be. Each is a decision of its own; what cannot be\n" +
			"merged is named with its reason while the others go on; review undo and review confirm take the id of the batch."}
	because := becauseFlags(c)
	c.RunE = func(cmd *cobra.Command, ids []string) (err error) {
		if req.Because, err = because(); err != nil {
			return err
		}
		if (file == "") == (len(ids) < 2) {
			return errs.New(errs.Invalid, "steward.file_or_ids", nil)
		}
		if file != "" {
			return a.mergeFile(cmd, hub.MergeFileRequest{File: file, DryRun: dryRun, NoAlias: req.NoAlias, Lang: a.language(), Because: req.Because})
		}
		req.Customers = ids
		return a.withHub(cmd, "customers", func(h *hub.Hub) error {
			r, err := h.MergeCustomers(cmd.Context(), req)
			if err != nil {
				return err
			}
			return a.writeDecided(r)
		})
	}
	c.Flags().StringVar(&file, "file", "", "take the merges from this file: CSV, TSV, XLSX")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "with --file: show what would happen, decide nothing")
	noAliasFlag(c, &req.NoAlias)
	c.Flags().BoolVar(&req.Overrule, "overrule", false, "also when a steward judged records of them to be different: the later word holds")
	c.Flags().StringVar(&req.Survivor, "survivor", "", "the customer whose id stays (default: the one published first)")
	return c
}

func (a *app) mergeFile(cmd *cobra.Command, req hub.MergeFileRequest) error {
	return a.withHub(cmd, "customers", func(h *hub.Hub) error {
		r, err := h.MergeFile(cmd.Context(), req)
		if err != nil {
			return err
		}
		return a.print(r, func(w io.Writer) error { return a.writeMergedFile(w, r) })
	})
}

func (a *app) writeMergedFile(w io.Writer, r hub.MergedFile) error {
	words := map[string]string{hub.MergeDone: a.say("merged", "已合并"), hub.MergePending: a.say("pending", "待复核"), hub.MergeAlready: a.say("one already", "已是同一客户"), hub.MergeRefused: a.say("refused", "被拒绝")}
	var rows [][]string
	for _, m := range r.Merges {
		var ids []string
		for _, id := range m.Customers {
			ids = append(ids, id.String())
		}
		rows = append(rows, []string{joinInts(m.Rows), m.Group, words[m.State], fmt.Sprint(m.Records), strings.Join(ids, " "), m.Error})
	}
	if err := table(w, []string{a.say("ROWS", "行"), a.say("GROUP", "分组"), a.say("STATE", "结果"), ">" + a.say("RECORDS", "记录数"), a.say("CUSTOMERS", "客户"), a.say("WHY", "原因")}, rows); err != nil {
		return err
	}
	if r.DryRun {
		fmt.Fprint(w, a.say("dry run, nothing was decided: ", "试运行，未作任何判断："))
	}
	fmt.Fprintf(w, a.say("%d merged, %d pending, %d one already, %d refused\n", "合并 %d，待复核 %d，已是同一客户 %d，被拒绝 %d\n"), r.Merged, r.Pending, r.Already, r.Refused)
	if r.Batch == "" {
		return nil
	}
	_, err := fmt.Fprintf(w, a.say("undo all of it: tributary customers review undo %s --reason TEXT\n", "全部撤销：tributary customers review undo %s --reason 说明\n"), r.Batch)
	return err
}

func joinInts(list []int) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = fmt.Sprint(n)
	}
	return strings.Join(out, " ")
}

func (a *app) customersSplitCmd() *cobra.Command {
	var req hub.SplitRequest
	var records []string
	c := &cobra.Command{Use: "split ID --records SOURCE:ID,… --reason TEXT", Short: "Part records from a customer, to be one of their own", Args: args(cobra.ExactArgs(1)),
		Long: "Part records from a customer, to be one of their own. The id stays with the part that holds most of its records.\n" +
			"No later run joins them, until the decision is undone (customers review undo) or expires."}
	because := becauseFlags(c)
	c.RunE = func(cmd *cobra.Command, argv []string) (err error) {
		if req.Because, err = because(); err != nil {
			return err
		}
		req.Customer, req.Records = argv[0], nil
		for _, text := range records {
			for one := range strings.SplitSeq(text, ",") {
				if one = strings.TrimSpace(one); one != "" {
					req.Records = append(req.Records, one)
				}
			}
		}
		return a.withHub(cmd, "customers", func(h *hub.Hub) error {
			r, err := h.SplitCustomer(cmd.Context(), req)
			if err != nil {
				return err
			}
			return a.writeDecided(r)
		})
	}
	c.Flags().StringArrayVar(&records, "records", nil, "records that leave, as SOURCE:ID, separated by commas (required)")
	required(c, "records")
	return c
}
