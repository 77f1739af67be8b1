package main

import (
	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/errs"
)

func (a *app) customersEraseCmd() *cobra.Command {
	var reason string
	var yes bool
	c := &cobra.Command{Use: "erase ID --reason TEXT", Short: "Erase a person for good", Args: args(cobra.ExactArgs(1)),
		Long: "Erase a person for good, as the law gives them the right: what is stored of all their records can never be read again,\n" +
			"consumers get a tombstone, and rows that sources send of them later are filtered. It cannot be undone.",
		RunE: func(cmd *cobra.Command, argv []string) error {
			if !yes && !a.confirm(a.say("Erase this person for good? Nothing can be restored. [y/N] ", "确定永久删除该个人的信息吗？删除后无法恢复。[y/N] ")) {
				return errs.New(errs.Invalid, "cli.not_confirmed", nil)
			}
			return a.withHub(cmd, "customers", func(h *hub.Hub) error {
				r, err := h.EraseCustomer(cmd.Context(), argv[0], reason)
				if err != nil {
					return err
				}
				return a.writeDecided(r)
			})
		}}
	c.Flags().StringVar(&reason, "reason", "", "why, for example the number of the request; it is kept with the decision")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}
