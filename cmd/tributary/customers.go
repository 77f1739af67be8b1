package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/errs"
	"tributary/internal/width"
)

func (a *app) customersCmd() *cobra.Command {
	c := &cobra.Command{Use: "customers", Short: "Golden customers: find, show, export, explain, decide"}
	c.AddCommand(a.customersListCmd(), a.customersSearchCmd(), a.customersShowCmd(), a.customersFindCmd(), a.customersCreateCmd(),
		a.customersFileCmd("export", "Write every living customer to a CSV file", (*hub.Hub).ExportCustomers),
		a.customersFileCmd("crosswalk", "Write which golden customer every source record belongs to", (*hub.Hub).ExportCrosswalk),
		a.customersWhyCmd(), a.customersHowCmd(), a.customersMergeCmd(), a.customersSplitCmd(), a.reviewCmd(), a.customersOverrideCmd(),
		a.customersTagCmd("tag", "Give a customer tags, beside those of its sources", (*hub.Hub).TagCustomer),
		a.customersTagCmd("untag", "Take tags back that were given here", (*hub.Hub).UntagCustomer),
		a.customersEraseCmd(), a.customersQualityCmd(), a.requestCmd())
	return c
}

// unmaskFlags ask for personal fields in clear, with a reason that is recorded.
func unmaskFlags(c *cobra.Command) func() (hub.Unmask, error) {
	var wanted bool
	var reason string
	c.Flags().BoolVar(&wanted, "unmask", false, "show personal fields in clear, for roles that may see them")
	c.Flags().StringVar(&reason, "reason", "", "why you need to see them; it is recorded")
	return func() (hub.Unmask, error) {
		if wanted && reason == "" {
			return hub.Unmask{}, usageError{fmt.Errorf("--unmask needs --reason / --unmask 需要同时给出 --reason")}
		}
		return hub.Unmask{Wanted: wanted, Reason: reason}, nil
	}
}

func (a *app) customersListCmd() *cobra.Command {
	req := hub.ListCustomersRequest{}
	c := &cobra.Command{Use: "list", Short: "List golden customers", Args: args(cobra.NoArgs)}
	unmask := unmaskFlags(c)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		u, err := unmask()
		if err != nil {
			return err
		}
		req.Unmask = u
		return a.withHub(cmd, "customers", func(h *hub.Hub) error {
			r, err := h.ListCustomers(cmd.Context(), req)
			if err != nil {
				return err
			}
			return a.writeCustomers(r)
		})
	}
	c.Flags().StringVar(&req.Kind, "kind", "", "only this kind: hospital, clinic, pharmacy, chain, distributor, manufacturer, hcp, patient, unknown")
	c.Flags().IntVar(&req.Limit, "limit", 0, "how many (default 50)")
	c.Flags().StringVar(&req.After, "after", "", "go on after this golden id")
	return c
}

func (a *app) customersSearchCmd() *cobra.Command {
	var limit int
	c := &cobra.Command{Use: "search TEXT", Short: "Find customers by name, code or identifier", Args: args(cobra.ExactArgs(1))}
	unmask := unmaskFlags(c)
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		u, err := unmask()
		if err != nil {
			return err
		}
		return a.withHub(cmd, "customers", func(h *hub.Hub) error {
			r, err := h.SearchCustomers(cmd.Context(), argv[0], limit, u)
			if err != nil {
				return err
			}
			return a.writeCustomers(r)
		})
	}
	c.Flags().IntVar(&limit, "limit", 20, "how many")
	return c
}

func (a *app) writeCustomers(r hub.Customers) error {
	return a.print(r, func(w io.Writer) error {
		var rows [][]string
		for _, c := range r.Customers {
			rows = append(rows, []string{c.GoldenID.String(), a.kindWord(string(c.Kind)), width.Cut(c.Name, 40), c.Address.Place(" "), fmt.Sprint(len(c.Sources)), fmt.Sprintf("%d%%", c.Completeness)})
		}
		if err := table(w, []string{a.say("GOLDEN ID", "主数据 ID"), a.say("KIND", "类型"), a.say("NAME", "名称"), a.say("PLACE", "地区"), ">" + a.say("RECORDS", "来源数"), ">" + a.say("COMPLETE", "完整度")}, rows); err != nil {
			return err
		}
		if r.Next != "" {
			_, err := fmt.Fprintf(w, a.say("more: --after %s\n", "更多：--after %s\n"), r.Next)
			return err
		}
		return nil
	})
}

func (a *app) customersShowCmd() *cobra.Command {
	c := &cobra.Command{Use: "show ID", Short: "Show one customer; a retired id leads to its survivor", Args: args(cobra.ExactArgs(1))}
	unmask := unmaskFlags(c)
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		u, err := unmask()
		if err != nil {
			return err
		}
		return ask(a, cmd, "customers", func(h *hub.Hub) (hub.Customer, error) { return h.ShowCustomer(cmd.Context(), argv[0], u) }, a.writeCustomer)
	}
	return c
}

func (a *app) writeCustomer(w io.Writer, c hub.Customer) error {
	fmt.Fprintf(w, "%s  %s  %s\n", c.GoldenID, a.kindWord(string(c.Kind)), c.Name)
	if c.RedirectedFrom != "" {
		fmt.Fprintf(w, a.say("  the id %s was merged into it\n", "  原 ID %s 已合并到此\n"), c.RedirectedFrom)
	}
	line := func(en, zh, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %s: %s\n", a.say(en, zh), value)
		}
	}
	line("also called", "别名", strings.Join(c.Aliases, " / "))
	for _, name := range sortedNames(c.Identifiers) {
		line(name, name, c.Identifiers[name])
	}
	line("address", "地址", strings.TrimSpace(strings.Join([]string{c.Address.Province, c.Address.City, c.Address.County, c.Address.Text}, " ")))
	line("phones", "电话", strings.Join(c.Phones, " / "))
	line("e-mail", "邮箱", strings.Join(c.Emails, " / "))
	for _, name := range sortedNames(c.Attributes) {
		line(name, name, c.Attributes[name])
	}
	line("tags", "标签", strings.Join(c.Tags, ", "))
	for _, f := range c.Affiliations {
		line("affiliation", "归属", strings.TrimSpace(f.Name+" "+f.Department+" "+f.Role))
	}
	if err := a.writeOverrides(w, c.Overrides); err != nil {
		return err
	}
	a.writeLineage(w, c)
	line("complete", "完整度", completeness(c))
	const shown = 12
	for i, s := range c.Sources {
		if i == shown {
			line("record", "来源记录", fmt.Sprintf(a.say("… and %d more (--json shows all)", "……另有 %d 条（--json 显示全部）"), len(c.Sources)-i))
			break
		}
		line("record", "来源记录", s.Source+" "+s.ID)
	}
	return nil
}

// completeness is the total and each group that lacks something.
func completeness(c hub.Customer) string {
	out := fmt.Sprintf("%d%%", c.Completeness)
	for _, group := range slices.Sorted(maps.Keys(c.Groups)) {
		if n := c.Groups[group]; n < 100 {
			out += fmt.Sprintf(", %s %d%%", group, n)
		}
	}
	return out
}

// customersFileCmd makes a verb that writes a CSV file whole or not at all.
func (a *app) customersFileCmd(use, short string, write func(*hub.Hub, context.Context, io.Writer) (int, error)) *cobra.Command {
	var out string
	c := &cobra.Command{Use: use + " --out FILE.csv", Short: short, Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return a.withHub(cmd, "customers", func(h *hub.Hub) error {
			var n int
			err := writeWhole(out, func(w io.Writer) (err error) {
				n, err = write(h, cmd.Context(), w)
				return err
			})
			if err != nil {
				return err
			}
			return a.print(map[string]any{"file": out, "rows": n}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, a.say("%d rows written to %s\n", "已写入 %d 行：%s\n"), n, out)
				return err
			})
		})
	}}
	c.Flags().StringVar(&out, "out", "", "file to write (required)")
	required(c, "out")
	return c
}

// writeWhole writes a file beside its place and renames it, so that a reader never sees half of it.
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return errs.Wrap(errs.Unavailable, "hub.cannot_write", err, errs.Args{"file": path})
	}
	err = write(f)
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = errs.Wrap(errs.Unavailable, "hub.cannot_write", closeErr, errs.Args{"file": path})
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (a *app) customersWhyCmd() *cobra.Command {
	c := &cobra.Command{Use: "why A B", Short: "Why two records are, or are not, one customer", Args: args(cobra.ExactArgs(2)),
		Long: "Why two records are, or are not, one customer: what was compared, what it weighs, what forbids a merge, why the two\n" +
			"never met, and who judged.\n" +
			"A and B are golden ids, or source records written as SOURCE|ID."}
	unmask := unmaskFlags(c)
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		u, err := unmask()
		if err != nil {
			return err
		}
		return ask(a, cmd, "customers", func(h *hub.Hub) (hub.Why, error) {
			return h.WhyCustomers(cmd.Context(), argv[0], argv[1], a.language(), u)
		}, func(w io.Writer, r hub.Why) error {
			_, err := fmt.Fprintln(w, strings.TrimRight(r.Text, "\n"))
			return err
		})
	}
	return c
}

func (a *app) customersHowCmd() *cobra.Command {
	return &cobra.Command{Use: "how ID", Short: "How a customer came together: its merge steps in order, the weakest link, who or what decided", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return ask(a, cmd, "customers", func(h *hub.Hub) (hub.How, error) { return h.HowCustomer(cmd.Context(), argv[0], a.language()) }, func(w io.Writer, r hub.How) error {
			_, err := fmt.Fprintln(w, strings.TrimRight(r.Text, "\n"))
			return err
		})
	}}
}

func sortedNames(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
