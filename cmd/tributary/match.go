package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/errs"
)

func (a *app) matchCmd() *cobra.Command {
	req := hub.MatchRequest{}
	c := &cobra.Command{Use: "match FILE.csv [FILE2.csv] --out DIR", Short: "Find duplicates within one file, or matches across two; store nothing",
		Long: "Find the rows that speak of one person, organisation, product or thing: within one file, or across two with --link.\n" +
			"What the columns hold is inferred, and the model is learned from the rows. Writes pairs.csv, clusters.csv, model.yaml\n" +
			"and report.json into DIR.",
		Args: args(cobra.RangeArgs(1, 2))}
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		req.Files = argv
		if cmd.Flags().Changed("threshold") && !(req.Threshold > 0 && req.Threshold < 1) {
			return errs.New(errs.Invalid, "match.threshold", errs.Args{"value": req.Threshold})
		}
		return a.match(cmd, req)
	}
	f := c.Flags()
	f.StringVar(&req.Out, "out", "", "folder for the results (required)")
	f.StringVar(&req.ID, "id", "", "id column (default: the column id, else row numbers)")
	f.StringVar(&req.Columns, "columns", "", "file that says what columns hold, one “column: kind” a line")
	f.StringVar(&req.Model, "model", "", "model.yaml of an earlier run, instead of learning one")
	f.BoolVar(&req.Link, "link", false, "match across two files, never within one")
	f.StringVar(&req.Cardinality, "cardinality", "", "how rows of two files may match: one-to-one, many-to-one or any (default: as the matches found suggest)")
	f.Float64Var(&req.Threshold, "threshold", 0, "probability from which a pair is a match (default: the model's)")
	f.StringSliceVar(&req.Ignore, "ignore", nil, "columns that are no evidence")
	required(c, "out")
	return c
}

func (a *app) match(cmd *cobra.Command, req hub.MatchRequest) error {
	h, err := a.offline()
	if err != nil {
		return err
	}
	r, err := h.Match(cmd.Context(), req)
	if err != nil {
		return err
	}
	if !a.quiet {
		for _, n := range r.Notes {
			fmt.Fprintln(a.err, n.Text(a.language()))
		}
	}
	return a.print(r, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, a.say(
			"%d rows, %d pairs compared, %d matches at threshold %.4g, %d clusters in %.1f s.\nResults: %s\n",
			"共 %d 行，比较 %d 对，%d 对匹配（阈值 %.4g），%d 个聚类，用时 %.1f 秒。\n结果：%s\n"),
			r.Rows, r.Compared, r.Matches, r.Threshold, r.Clusters, r.Seconds, strings.TrimRight(req.Out, "/"))
		return err
	})
}
