package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tributary/hub"
)

func (a *app) customersOverrideCmd() *cobra.Command {
	c := &cobra.Command{Use: "override", Short: "Values that stewards set whatever the sources say"}
	c.AddCommand(a.overrideSetCmd(), a.overrideRemoveCmd())
	// `customers override ID ATTR VALUE` is short for `override set`.
	set := a.overrideSetCmd()
	c.Use, c.Args, c.Long = "override ID ATTRIBUTE VALUE --reason TEXT", args(cobra.ExactArgs(3)), set.Long
	c.RunE = func(cmd *cobra.Command, argv []string) error { return set.RunE(cmd, argv) }
	c.Flags().AddFlagSet(set.Flags())
	return c
}

func (a *app) overrideSetCmd() *cobra.Command {
	c := &cobra.Command{Use: "set ID ATTRIBUTE VALUE --reason TEXT", Short: "Set a value of a customer", Args: args(cobra.ExactArgs(3)),
		Long: "Set a value of a customer. It beats those of all sources until it is removed or expires (--until); what lost stays\n" +
			"visible in customers show. The values of a list are separated by \" / \"."}
	because := becauseFlags(c)
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		b, err := because()
		if err != nil {
			return err
		}
		return a.withHub(cmd, "customers", func(h *hub.Hub) error {
			r, err := h.OverrideCustomer(cmd.Context(), hub.OverrideRequest{Customer: argv[0], Attribute: argv[1], Value: argv[2], Because: b})
			if err != nil {
				return err
			}
			return a.writeOverridden(r)
		})
	}
	return c
}

func (a *app) overrideRemoveCmd() *cobra.Command {
	var reason string
	c := &cobra.Command{Use: "remove ID ATTRIBUTE --reason TEXT", Short: "Let the sources decide an attribute again", Args: args(cobra.ExactArgs(2)), RunE: func(cmd *cobra.Command, argv []string) error {
		return a.withHub(cmd, "customers", func(h *hub.Hub) error {
			r, err := h.RemoveOverride(cmd.Context(), argv[0], argv[1], reason)
			if err != nil {
				return err
			}
			return a.writeOverridden(r)
		})
	}}
	c.Flags().StringVar(&reason, "reason", "", "why; it is kept in the audit log")
	return c
}

// customersTagCmd makes `tag` and `untag`.
func (a *app) customersTagCmd(use, short string, do func(*hub.Hub, context.Context, string, []string, hub.Because) (hub.Overridden, error)) *cobra.Command {
	c := &cobra.Command{Use: use + " ID TAG…", Short: short, Args: args(cobra.MinimumNArgs(2))}
	because := becauseFlags(c)
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		b, err := because()
		if err != nil {
			return err
		}
		return a.withHub(cmd, "customers", func(h *hub.Hub) error {
			r, err := do(h, cmd.Context(), argv[0], argv[1:], b)
			if err != nil {
				return err
			}
			return a.writeOverridden(r)
		})
	}
	return c
}

func (a *app) writeOverridden(r hub.Overridden) error {
	return a.print(r, func(w io.Writer) error {
		fmt.Fprintln(w, r.Customer)
		return a.writeOverrides(w, r.Overrides)
	})
}

func (a *app) writeOverrides(w io.Writer, list []hub.Override) error {
	for _, o := range list {
		until := ""
		if !o.ExpiresAt.IsZero() {
			until = a.say(", until ", "，至 ") + o.ExpiresAt.Format(time.DateTime)
		}
		if _, err := fmt.Fprintf(w, "  %s: %s = %s (%s%s: %s)\n", a.say("set by a steward", "人工设置"), o.Attribute, o.Value, o.Actor, until, o.Reason); err != nil {
			return err
		}
	}
	return nil
}

// writeLineage tells where the values of a customer come from, where a choice was made: what lost is shown.
func (a *app) writeLineage(w io.Writer, c hub.Customer) {
	for _, l := range c.Lineage {
		if len(l.Lost) == 0 {
			continue
		}
		lost := make([]string, len(l.Lost))
		for i, v := range l.Lost {
			lost[i] = fmt.Sprintf("%s (%s %s)", v.Value, v.Source, v.SourceID)
		}
		from := strings.TrimSpace(l.Source + " " + l.SourceID)
		fmt.Fprintf(w, a.say("  chosen: %s = %s, from %s by rule %s; lost: %s\n", "  取值：%s = %s，来自 %s，规则 %s；落选：%s\n"), l.Attribute, l.Value, from, l.Rule, strings.Join(lost, ", "))
	}
}
