package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tributary/hub"
)

func (a *app) divisionsCmd() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "divisions --out DIR",
		Short: "Write the built-in tables of administrative divisions, to be brought up to date",
		Long: "Write the tables of administrative divisions (GB/T 2260) by which names and addresses are read: divisions.tsv with the\n" +
			"current units, division_history.tsv with the retired ones and their successors. Bring them up to date and name them\n" +
			"under divisions in the configuration; every name is then read again at the next resolve.",
		Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			t, err := hub.WriteDivisions(out)
			if err != nil {
				return err
			}
			return a.print(t, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, a.say("Tables as of %s written: %s, %s\n", "已导出截至 %s 的区划表：%s、%s\n"), t.AsOf, t.Current, t.History)
				return err
			})
		},
	}
	c.Flags().StringVar(&out, "out", "", "folder for the tables (required)")
	required(c, "out")
	return c
}
