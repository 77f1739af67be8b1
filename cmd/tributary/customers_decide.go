package main

import (
	"strings"

	"github.com/spf13/cobra"

	"tributary/hub"
)

func (a *app) customersMergeCmd() *cobra.Command {
	var req hub.MergeRequest
	c := &cobra.Command{Use: "merge ID… --reason TEXT", Short: "Make one customer of several; the other ids redirect to it for ever", Args: args(cobra.MinimumNArgs(2)),
		Long: "Make one customer of several; the other ids redirect to it for ever. No later run parts them, until the decision is\n" +
			"undone (customers review undo) or expires."}
	because := becauseFlags(c)
	c.RunE = func(cmd *cobra.Command, ids []string) (err error) {
		if req.Because, err = because(); err != nil {
			return err
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
	noAliasFlag(c, &req.NoAlias)
	c.Flags().BoolVar(&req.Overrule, "overrule", false, "also when a steward judged records of them to be different: the later word holds")
	c.Flags().StringVar(&req.Survivor, "survivor", "", "the customer whose id stays (default: the one published first)")
	return c
}

func (a *app) customersSplitCmd() *cobra.Command {
	var req hub.SplitRequest
	var records []string
	c := &cobra.Command{Use: "split ID --records SOURCE:ID,… --reason TEXT", Short: "Part records from a customer, to be one of their own", Args: args(cobra.ExactArgs(1)),
		Long: "Part records from a customer, to be one of their own. The id stays with the part that holds most of its published\n" +
			"links. No later run joins them, until the decision is undone (customers review undo) or expires."}
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
