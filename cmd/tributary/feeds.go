package main

import (
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/width"
)

func (a *app) feedsCmd() *cobra.Command {
	c := &cobra.Command{Use: "feeds", Short: "Which ledgers of which parties come in, and which are silent"}
	c.AddCommand(a.feedsListCmd(), a.feedsExpectCmd(), a.feedsExcuseCmd())
	return c
}

func (a *app) feedsListCmd() *cobra.Command {
	var s hub.MonthSelection
	var silent bool
	c := &cobra.Command{Use: "list", Short: "List the ledgers that come in, the longest silence first", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return ask(a, cmd, "feeds", func(h *hub.Hub) (hub.FeedList, error) { return h.ListFeeds(cmd.Context(), s, silent) }, a.writeFeeds)
	}}
	a.selectBooks(c, &s)
	c.Flags().BoolVar(&silent, "silent", false, "only those of which data have been due for 3 days or more")
	return c
}

func (a *app) writeFeeds(w io.Writer, list hub.FeedList) error {
	rows := make([][]string, len(list.Feeds))
	for i, f := range list.Feeds {
		missing, mark := "", map[int]string{3: "!", 5: "!!"}[f.Level]
		if f.Missing > 0 {
			missing = strconv.Itoa(f.Missing)
		}
		why := f.Reason
		if f.Note != "" {
			why += ": " + f.Note
		}
		rows[i] = []string{f.Party.Key, width.Cut(f.Party.Name, 30), string(f.Ledger), string(f.Cadence), f.LastDate.String(), day(f.LastAt), missing, mark, width.Cut(why, 50), f.Until.String(), f.SaidBy}
	}
	return table(w, []string{a.say("PARTY", "单位"), a.say("NAME", "名称"), a.say("LEDGER", "流水"), a.say("EXPECTED", "频率"), a.say("LAST DATE", "最近业务日"), a.say("CAME", "收到日"),
		">" + a.say("DAYS MISSING", "缺天数"), "", a.say("REASON", "原因"), a.say("UNTIL", "有效至"), a.say("SAID BY", "说明人")}, rows)
}

func (a *app) feedsExpectCmd() *cobra.Command {
	var req hub.FeedRequest
	c := &cobra.Command{Use: "expect --party P --cadence C", Short: "Say how often ledgers of a party are expected", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return ask(a, cmd, "feeds", func(h *hub.Hub) (hub.FeedList, error) { return h.ExpectFeed(cmd.Context(), req) }, a.writeFeeds)
	}}
	feedFlags(c, &req)
	c.Flags().StringVar(&req.Cadence, "cadence", "", "daily, weekly, monthly, or none (required)")
	required(c, "cadence")
	return c
}

func (a *app) feedsExcuseCmd() *cobra.Command {
	var req hub.FeedRequest
	c := &cobra.Command{Use: "excuse --party P --reason CODE", Short: "Say why ledgers of a party are silent; it holds until rows come", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return ask(a, cmd, "feeds", func(h *hub.Hub) (hub.FeedList, error) { return h.ExcuseFeed(cmd.Context(), req) }, a.writeFeeds)
	}}
	feedFlags(c, &req)
	c.Flags().StringVar(&req.Reason, "reason", "", "not_started, erp_changed, no_sales, link_cancelled, server, ftp_mistake, refuses_daily, monthly_only, other (required)")
	c.Flags().StringVar(&req.Note, "note", "", "more about it; it is kept in the audit log")
	c.Flags().StringVar(&req.Until, "until", "", "last day for which it holds (yyyy-MM-dd)")
	required(c, "reason")
	return c
}

func feedFlags(c *cobra.Command, req *hub.FeedRequest) {
	c.Flags().StringVar(&req.Party, "party", "", "the reporting party: code or name (required)")
	c.Flags().StringVar(&req.Ledger, "ledger", "", "only this ledger: sales, purchases, stock, usage")
	required(c, "party")
}
