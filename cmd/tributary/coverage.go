package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/width"
	"tributary/quality"
)

func (a *app) coverageCmd() *cobra.Command {
	var month string
	c := &cobra.Command{Use: "coverage", Short: "How complete the ledgers of a month are, for each party and in all",
		Long: "How complete the ledgers of a month are, for each party and in all. K1 parties that reported, K2 what was shipped to\n" +
			"them, K3 reports that came, K4 rows with a lot, K5 rows whose product and partner are known; each with numerator and\n" +
			"denominator. It says nothing of whether the ledgers are right.",
		Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(a, cmd, "coverage", func(h *hub.Hub) (hub.CoverageReport, error) { return h.Coverage(cmd.Context(), month, a.language()) }, a.writeCoverage)
		}}
	c.Flags().StringVar(&month, "month", "", "month yyyy-MM (default: yesterday's)")
	return c
}

func share(s quality.Share) string {
	if s.Percent == "" {
		return "–"
	}
	return fmt.Sprintf("%s %% (%s/%s)", s.Percent, s.Numerator, s.Denominator)
}

// coverageLine is the figures in one line.
func (a *app) coverageLine(c quality.Coverage) string {
	parts := []string{a.say("parties ", "单位 ") + share(c.Parties), a.say("shipped ", "发货 ") + share(c.Shipped), a.say("reports ", "报告 ") + share(c.Days),
		a.say("lots ", "批号 ") + share(c.Lots), a.say("matched ", "匹配 ") + share(c.Matched)}
	return strings.Join(parts, " · ")
}

func (a *app) writeCoverage(w io.Writer, r hub.CoverageReport) error {
	fmt.Fprintf(w, a.say("%s to %s\n\n", "%s 至 %s\n\n"), r.From, r.To)
	row := func(name string, c quality.Coverage) []string {
		return []string{name, share(c.Parties), share(c.Shipped), share(c.Days), share(c.Lots), share(c.Matched), share(c.Late)}
	}
	rows := [][]string{row(a.say("ALL", "合计"), r.Overall)}
	for _, p := range r.Parties {
		rows = append(rows, row(width.Cut(strings.TrimSpace(p.Code+" "+p.Name), 36), p.Coverage))
	}
	if err := table(w, []string{a.say("PARTY", "单位"), ">K1 " + a.say("PARTIES", "单位"), ">K2 " + a.say("SHIPPED", "发货"), ">K3 " + a.say("REPORTS", "报告"), ">K4 " + a.say("LOTS", "批号"),
		">K5 " + a.say("MATCHED", "匹配"), ">" + a.say("LATE", "迟到")}, rows); err != nil {
		return err
	}
	for _, f := range r.Findings {
		fmt.Fprintf(w, "  ! %s\n", f.Text)
	}
	return nil
}
