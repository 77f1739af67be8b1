package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/store"
)

func (a *app) importCmd() *cobra.Command {
	req := hub.ImportRequest{}
	var noResolve bool
	var delimiter string
	c := &cobra.Command{
		Use:   "import FILE…",
		Short: "Take files in",
		Long: "Take files in: CSV, TSV, XLSX, XLS, JSON lines, or a zip of them. Columns are found by their headers, Chinese or\n" +
			"English. Importing a file again changes nothing.\n\n" +
			"Kinds (--as): customers products lots sales purchases stock usage aliases affiliations activities orders consents complaints territories channels.\n" +
			"Ledgers (sales, purchases, stock, usage) need --party: the code or name of the party that keeps the ledger, or self.",
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, files []string) error {
			req.Files, req.Lang = files, a.language()
			if delimiter != "" {
				r := []rune(strings.ReplaceAll(delimiter, `\t`, "\t"))
				if len(r) != 1 {
					return badValue(cmd, "delimiter", delimiter, "cli.want_character")
				}
				req.Options.Delimiter = r[0]
			}
			return a.ingest(cmd, "import", noResolve || req.DryRun, func(h *hub.Hub) (hub.IngestReport, error) { return h.Import(cmd.Context(), req) })
		},
	}
	f := c.Flags()
	f.StringVar(&req.As, "as", "", "kind of the rows (required)")
	f.StringVar(&req.Source, "source", "", "name of the source whose records, or whose codes, they are (required)")
	f.StringVar(&req.Party, "party", "", "of ledgers: code or name of the reporting party, or self")
	f.StringVar(&req.Kind, "kind", "", "kind of the customers, for files without such a column: hospital, pharmacy, …")
	f.StringVar(&req.Map, "map", "", "map file, instead of finding columns by their headers")
	f.StringVar(&req.ReplacePeriod, "replace-period", "", "month (yyyy-MM) of the ledger that this file replaces")
	f.StringVar(&req.Version, "version", "", "version of the file; the higher one wins, whatever comes first")
	f.BoolVar(&req.Yes, "yes", false, "a file without rows may empty the month that it replaces")
	f.StringVar(&req.Correction, "correction", "", "class of what the rows change in closed months: normal, appeal, diversion, group_buy, late, outside_pharmacy, or 1 to 6")
	f.StringVar(&req.Reason, "reason", "", "why they change closed months; without it the corrections wait for an explanation")
	f.BoolVar(&req.DryRun, "dry-run", false, "show what would come in, store nothing")
	f.BoolVar(&noResolve, "no-resolve", false, "do not resolve customers and join ledgers afterwards")
	f.StringVar(&req.Options.Encoding, "encoding", "", "utf-8, gb18030, utf-16le, utf-16be, big5 (default: found)")
	f.StringVar(&req.Options.Sheet, "sheet", "", "sheet of a workbook (default: the one that looks most like a table)")
	f.StringVar(&delimiter, "delimiter", "", "column delimiter of a text file (default: found)")
	f.IntVar(&req.Options.HeaderRow, "header-row", 0, "row of the headers, from 1 (default: found)")
	for _, name := range []string{"as", "source"} {
		required(c, name)
	}
	return c
}

func (a *app) pullCmd() *cobra.Command {
	req := hub.PullRequest{}
	var from, to string
	var noResolve, once bool
	c := &cobra.Command{
		Use:   "pull [CONNECTION[/STREAM]…]",
		Short: "Run configured connections once",
		Long: "Run configured connections once, from where each stream stands. With --from and --to a window is read again\n" +
			"(backfill); the streams' own positions stay.",
		RunE: func(cmd *cobra.Command, targets []string) error {
			req.Targets, req.Lang = targets, a.language()
			var err error
			if req.From, err = moment(cmd, "from", from); err != nil {
				return err
			}
			if req.To, err = moment(cmd, "to", to); err != nil {
				return err
			}
			if !req.From.IsZero() && req.To.IsZero() {
				req.To = now()
			}
			return a.ingest(cmd, "pull", noResolve || req.DryRun, func(h *hub.Hub) (hub.IngestReport, error) { return h.Pull(cmd.Context(), req) })
		},
	}
	f := c.Flags()
	f.BoolVar(&once, "once", true, "run once (the default; serve runs connections on schedule)")
	f.BoolVar(&req.DryRun, "dry-run", false, "show what would come in, store nothing")
	f.BoolVar(&req.AcceptDeletes, "accept-deletes", false, "believe a full list however much is missing from it")
	f.BoolVar(&req.AcceptDrift, "accept-drift", false, "take the fields as they come now: compare them with nothing and remember them")
	f.BoolVar(&noResolve, "no-resolve", false, "do not resolve customers and join ledgers afterwards")
	f.StringVar(&from, "from", "", "begin of a window to read again: yyyy-MM-dd or RFC 3339")
	f.StringVar(&to, "to", "", "end of the window, not included")
	return c
}

// moment reads a day (midnight at +08:00) or an exact time.
func moment(c *cobra.Command, flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, time.FixedZone("+08:00", 8*3600)); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, badValue(c, flag, text, "cli.want_moment")
	}
	return t, nil
}

// ingest runs an import or a pull, then resolves and joins what became dirty, and prints the report, also of an
// interrupted run.
func (a *app) ingest(cmd *cobra.Command, verb string, rawOnly bool, do func(*hub.Hub) (hub.IngestReport, error)) error {
	h, done, err := a.open(cmd.Context(), verb)
	if err != nil {
		return err
	}
	defer done()
	report, err := do(h)
	if len(report.Runs) == 0 && err != nil {
		return err
	}
	if cmd.Context().Err() == nil && !rawOnly && !store.Away(err) {
		_, settleErr := h.Settle(cmd.Context())
		err = errors.Join(err, settleErr)
	}
	printErr := a.print(report, func(w io.Writer) error { return a.writeIngestReport(w, report) })
	if err != nil && reported(report) {
		// The report has the texts of what went wrong in its runs.
		err = said(err)
		if !a.json {
			return errors.Join(err, printErr)
		}
		for _, r := range report.Runs {
			if r.Error != nil {
				fmt.Fprintln(a.err, *r.Error)
			}
		}
	}
	return errors.Join(err, printErr)
}

// reported says that each failure stands in a run of the report.
func reported(r hub.IngestReport) bool {
	for _, run := range r.Runs {
		if run.Error != nil {
			return true
		}
	}
	return false
}

func (a *app) writeIngestReport(w io.Writer, r hub.IngestReport) error {
	told := map[string]bool{} // what ails a connection ails each of its streams
	for _, run := range r.Runs {
		name := run.File
		if name == "" {
			name = run.Connection + "/" + run.Stream
		}
		status := map[string][2]string{"done": {"done", "完成"}, "failed": {"failed", "失败"}, "interrupted": {"interrupted", "已中断"}, "running": {"running", "进行中"}}[run.Status]
		fmt.Fprintf(w, a.say("%s: %s. Read %d = %d canonical + %d unchanged + %d quarantined + %d filtered.\n",
			"%s：%s。读取 %d = 入库 %d + 未变 %d + 隔离 %d + 过滤 %d。\n"),
			name, a.say(status[0], status[1]), run.Read, run.Canonical, run.Unchanged, run.Quarantined, run.Filtered)
		if len(run.UnknownColumns) > 0 {
			fmt.Fprintf(w, "  %s: %s\n", a.say("columns not used", "未使用的列"), strings.Join(run.UnknownColumns, ", "))
		}
		for _, warning := range run.Warnings {
			fmt.Fprintf(w, "  ! %s\n", strings.ReplaceAll(warning, "\n", "\n  "))
		}
		switch {
		case run.Error == nil:
		case told[*run.Error]:
			fmt.Fprintf(w, "  ✗ %s\n", a.say("as above", "同上"))
		default:
			told[*run.Error] = true
			fmt.Fprintf(w, "  ✗ %s\n", strings.ReplaceAll(*run.Error, "\n", "\n  "))
		}
	}
	if r.Totals.Quarantined > 0 {
		fmt.Fprintln(w, a.say("Rows in quarantine wait with their reasons: tributary quarantine list", "隔离的行附有原因，查看：tributary quarantine list"))
	}
	return nil
}

func (a *app) resolveCmd() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "resolve",
		Short: "Resolve customers and join ledgers",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, done, err := a.open(cmd.Context(), "resolve")
			if err != nil {
				return err
			}
			defer done()
			settle := h.Settle
			if all {
				settle = h.ResolveAll
			}
			report, err := settle(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(report, func(w io.Writer) error {
				r, j := report.Resolve, report.Join
				_, err := fmt.Fprintf(w, a.say("%d source records resolved: %d golden customers created, %d updated, %d merged, %d split; %d questions wait for a steward.\n%d flow lines joined: %d movements written, %d ended.\n",
					"处理来源记录 %d 条：新建主数据客户 %d 个，更新 %d 个，合并 %d 个，拆分 %d 个；待复核 %d 项。\n拼接流向 %d 行：写入移动 %d 笔，终止 %d 笔。\n"),
					r.Records, r.Created, r.Updated, r.Merged, r.Split, r.Questions, j.Lines, j.Opened, j.Closed)
				return err
			})
		},
	}
	c.Flags().BoolVar(&all, "all", false, "resolve every record again, not only those that changed")
	return c
}

func (a *app) runsCmd() *cobra.Command {
	c := &cobra.Command{Use: "runs", Short: "See what imports and pulls did"}
	limit := 50
	list := &cobra.Command{Use: "list", Short: "List runs, newest first", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return ask(a, cmd, "runs", func(h *hub.Hub) (hub.RunsReport, error) { return h.Runs(cmd.Context(), limit, a.language()) }, func(w io.Writer, report hub.RunsReport) error {
			var rows [][]string
			for _, r := range report.Runs {
				name := r.File
				if name == "" {
					name = r.Connection + "/" + r.Stream
				}
				rows = append(rows, []string{r.StartedAt.Local().Format("2006-01-02 15:04:05"), r.RunID, name, r.Status,
					count(r.Read), count(r.Canonical), count(r.Unchanged), count(r.Quarantined), count(r.Filtered)})
			}
			return table(w, []string{a.say("STARTED", "开始"), a.say("RUN", "批次"), a.say("WHAT", "内容"), a.say("STATUS", "状态"), ">" + a.say("READ", "读取"),
				">" + a.say("CANONICAL", "入库"), ">" + a.say("UNCHANGED", "未变"), ">" + a.say("QUARANTINED", "隔离"), ">" + a.say("FILTERED", "过滤")}, rows)
		})
	}}
	list.Flags().IntVar(&limit, "limit", 50, "how many")
	show := &cobra.Command{Use: "show RUN", Short: "Show one run", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return ask(a, cmd, "runs", func(h *hub.Hub) (hub.RunReport, error) { return h.ShowRun(cmd.Context(), argv[0], a.language()) }, func(w io.Writer, r hub.RunReport) error {
			return a.writeIngestReport(w, hub.IngestReport{Runs: []hub.RunReport{r}, Totals: r.Counts})
		})
	}}
	c.AddCommand(list, show)
	return c
}

func count(n int64) string { return strconv.FormatInt(n, 10) }

// withHub opens the hub for one command.
func (a *app) withHub(cmd *cobra.Command, verb string, do func(*hub.Hub) error) error {
	h, done, err := a.open(cmd.Context(), verb)
	if err != nil {
		return err
	}
	defer done()
	return do(h)
}

func (a *app) quarantineCmd() *cobra.Command {
	c := &cobra.Command{Use: "quarantine", Short: "See and decide rows that could not be taken in"}
	q := hub.QuarantineQuery{}
	filters := func(cmd *cobra.Command) *cobra.Command {
		cmd.Flags().StringVar(&q.Source, "source", "", "only rows of this source")
		cmd.Flags().StringVar(&q.Stream, "stream", "", "only rows of this stream")
		return cmd
	}
	list := filters(&cobra.Command{Use: "list", Short: "List rows that wait", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return ask(a, cmd, "quarantine", func(h *hub.Hub) (hub.QuarantineReport, error) {
			q.Lang = a.language()
			return h.Quarantine(cmd.Context(), q)
		}, func(w io.Writer, report hub.QuarantineReport) error {
			fmt.Fprintf(w, a.say("%d rows wait.\n", "共有 %d 行等待处理。\n"), report.Total)
			for _, i := range report.Items {
				fmt.Fprintf(w, "\n%s  %s/%s %s %s %d\n  %s\n", i.ID, i.Source, i.Stream, i.File, a.say("row", "行"), i.Row, strings.ReplaceAll(i.Reason, "\n", "\n  "))
			}
			return nil
		})
	}})
	list.Flags().StringVar(&q.Status, "status", "", "open (default), replayed or discarded")
	list.Flags().IntVar(&q.Limit, "limit", 100, "how many")
	var reason string
	show := &cobra.Command{Use: "show ID", Short: "Show one row with everything that is wrong", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return ask(a, cmd, "quarantine", func(h *hub.Hub) (hub.QuarantineItem, error) {
			return h.ShowQuarantined(cmd.Context(), argv[0], reason, a.language())
		}, a.writeQuarantined)
	}}
	show.Flags().StringVar(&reason, "reason", "", "why you need to see a row about a person; it is recorded")
	var mapFile string
	replay := filters(&cobra.Command{Use: "replay [ID…]", Short: "Take rows in again: those named, or all that wait", RunE: func(cmd *cobra.Command, ids []string) error {
		return a.ingest(cmd, "replay", false, func(h *hub.Hub) (hub.IngestReport, error) {
			return h.ReplayQuarantine(cmd.Context(), hub.ReplayRequest{IDs: ids, Query: q, Map: mapFile, Lang: a.language()})
		})
	}})
	replay.Flags().StringVar(&mapFile, "map", "", "map file that holds now")
	discard := &cobra.Command{Use: "discard ID…", Short: "Decide that rows are not wanted; they are kept", Args: args(cobra.MinimumNArgs(1)), RunE: func(cmd *cobra.Command, ids []string) error {
		return a.withHub(cmd, "quarantine", func(h *hub.Hub) error {
			if err := h.DiscardQuarantined(cmd.Context(), ids); err != nil {
				return err
			}
			return a.print(map[string]any{"discarded": len(ids)}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, a.say("%d rows discarded.\n", "已弃用 %d 行。\n"), len(ids))
				return err
			})
		})
	}}
	c.AddCommand(list, show, replay, discard)
	return c
}

func (a *app) writeQuarantined(w io.Writer, i hub.QuarantineItem) error {
	fmt.Fprintf(w, "%s  %s/%s %s %s %d (%s)\n", i.ID, i.Source, i.Stream, i.File, a.say("row", "行"), i.Row, i.Status)
	reasons := i.Reasons
	if len(reasons) == 0 {
		reasons = []string{i.Reason}
	}
	for _, r := range reasons {
		fmt.Fprintf(w, "  ✗ %s\n", strings.ReplaceAll(r, "\n", "\n  "))
	}
	if i.Raw == "" {
		_, err := fmt.Fprintln(w, a.say("  The row may be about a person: it is shown with --reason to roles that may see it.", "  该行可能涉及个人信息：有权限的角色可用 --reason 查看。"))
		return err
	}
	_, err := fmt.Fprintf(w, "  %s\n    %s\n", a.say("As received:", "原始内容："), i.Raw)
	return err
}
