package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/errs"
)

func (a *app) mappingCmd() *cobra.Command {
	c := &cobra.Command{Use: "mapping", Short: "Check and try maps from source rows to canonical data"}
	var sample string
	lint := &cobra.Command{Use: "lint MAP.yaml", Short: "Check a map file", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return a.mappingLint(cmd, argv[0], sample)
	}}
	lint.Flags().StringVar(&sample, "sample", "", "a data file whose columns the map must fit")
	req := hub.PreviewRequest{}
	preview := &cobra.Command{Use: "preview FILE|CONNECTION/STREAM", Short: "Show what rows become, storing nothing", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		req.Of = argv[0]
		return a.mappingPreview(cmd, req)
	}}
	preview.Flags().StringVar(&req.Map, "map", "", "map file")
	preview.Flags().StringVar(&req.As, "as", "", "kind of table, when no map is given: customers, products, lots, sales, purchases, stock, usage, …")
	preview.Flags().IntVar(&req.Rows, "rows", 10, "how many rows")
	var as string
	suggest := &cobra.Command{Use: "suggest FILE|CONNECTION/STREAM", Short: "Propose a map from the names of the fields", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return a.mappingSuggest(cmd, argv[0], as)
	}}
	suggest.Flags().StringVar(&as, "as", "customers", "kind of rows: customers, products, lots, sales, purchases, stock, usage, …")
	var update bool
	test := &cobra.Command{Use: "test MAP.yaml|CASE.txtar…", Short: "Run the golden cases kept beside maps", Args: args(cobra.MinimumNArgs(1)), RunE: func(_ *cobra.Command, argv []string) error {
		return a.mappingTest(argv, update)
	}}
	test.Flags().BoolVar(&update, "update", false, "write what comes of the rows into the cases")
	c.AddCommand(lint, preview, suggest, test)
	return c
}

func (a *app) mappingSuggest(cmd *cobra.Command, of, as string) error {
	h, err := a.offline()
	if err != nil {
		return err
	}
	s, err := h.SuggestMap(cmd.Context(), of, as)
	if err != nil {
		return err
	}
	return a.print(s, func(w io.Writer) error {
		if len(s.Unknown) > 0 {
			fmt.Fprintf(w, "# %s: %s\n", a.say("Columns without a place", "未识别的列"), strings.Join(s.Unknown, ", "))
		}
		_, err := io.WriteString(w, s.Map)
		return err
	})
}

func (a *app) mappingTest(names []string, update bool) error {
	h, err := a.offline()
	if err != nil {
		return err
	}
	all, wrong := []hub.CaseReport{}, 0
	for _, name := range names {
		cases, err := h.TestMap(name, update)
		if err != nil {
			return err
		}
		all = append(all, cases...)
	}
	for _, c := range all {
		if !c.OK {
			wrong++
		}
	}
	var bad error
	if wrong > 0 {
		bad = said(errs.New(errs.Invalid, "mapping.cases_differ", errs.Args{"wrong": wrong, "cases": len(all)}))
	}
	return errors.Join(a.print(map[string]any{"ok": wrong == 0, "cases": all}, func(w io.Writer) error {
		for _, c := range all {
			if c.OK {
				fmt.Fprintf(w, "✓ %s\n", c.Case)
				continue
			}
			fmt.Fprintf(w, "✗ %s\n--- %s\n%s+++ %s\n%s", c.Case, a.say("wanted", "期望"), c.Want, a.say("came", "实际"), c.Got)
		}
		return nil
	}), bad)
}

func (a *app) mappingLint(cmd *cobra.Command, file, sample string) error {
	h, err := a.offline()
	if err != nil {
		return err
	}
	problems, err := h.LintMap(cmd.Context(), file, sample)
	if err != nil {
		return err
	}
	var bad error
	if len(problems) > 0 {
		bad = said(errs.New(errs.Invalid, "mapping.map", errs.Args{"file": file, "count": len(problems)}))
	}
	return errors.Join(a.print(map[string]any{"ok": len(problems) == 0, "problems": problems}, func(w io.Writer) error {
		for _, p := range problems {
			fmt.Fprintf(w, "%s:%d:%d: %s\n", file, p.Line, p.Column, errs.Render(p.Err, a.language()))
		}
		if len(problems) == 0 {
			fmt.Fprintln(w, a.say("The map is good.", "映射正确。"))
		}
		return nil
	}), bad)
}

func (a *app) mappingPreview(cmd *cobra.Command, req hub.PreviewRequest) error {
	h, err := a.offline()
	if err != nil {
		return err
	}
	report, err := h.PreviewMap(cmd.Context(), req)
	if err != nil {
		return err
	}
	return a.print(report, func(w io.Writer) error {
		if len(report.Unknown) > 0 {
			fmt.Fprintf(w, "%s: %s\n\n", a.say("Columns without a place", "未识别的列"), strings.Join(report.Unknown, ", "))
		}
		for _, r := range report.Rows {
			fmt.Fprintf(w, "%s %d\n", a.say("Row", "第"), r.Row)
			names := make([]string, 0, len(r.Source))
			for n := range r.Source {
				names = append(names, n)
			}
			slices.Sort(names)
			for _, n := range names {
				fmt.Fprintf(w, "  %s = %v\n", n, r.Source[n])
			}
			switch {
			case r.Filtered:
				fmt.Fprintln(w, "  → "+a.say("left out by the map's skip rule", "按映射的 skip 规则过滤"))
			case r.Deleted:
				fmt.Fprintln(w, "  → "+a.say("the source deleted this row", "来源已删除该行"))
			case r.Canonical != nil:
				b, err := json.MarshalIndent(r.Canonical, "    ", "  ")
				if err != nil {
					return err
				}
				fmt.Fprintf(w, "  → %s\n", b)
			}
			for _, i := range r.Issues {
				fmt.Fprintf(w, "  ✗ %s\n", strings.ReplaceAll(i.Text(a.language()), "\n", "\n  "))
			}
		}
		return nil
	})
}
