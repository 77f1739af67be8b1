package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tributary/hub"
)

func (a *app) epcisCmd() *cobra.Command {
	c := &cobra.Command{Use: "epcis", Short: "Supply-chain events in the form of GS1 EPCIS 2.0"}
	req := hub.EPCISExportRequest{}
	export := &cobra.Command{Use: "export --product CODE --lot LOT --out FILE", Short: "Write a lot's history as EPCIS 2.0 events", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return a.withHub(cmd, "epcis", func(h *hub.Hub) error {
			r, err := h.ExportEPCIS(cmd.Context(), req)
			if err != nil {
				return err
			}
			return a.print(r, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, a.say("%d events written to %s\n", "已写出 %d 个事件：%s\n"), r.Events, r.File)
				return err
			})
		})
	}}
	f := export.Flags()
	f.StringVar(&req.Product, "product", "", "code or name of the product (required)")
	f.StringArrayVar(&req.Lots, "lot", nil, "lot number; may be given again (required)")
	f.StringVar(&req.File, "out", "", "file to write (required)")
	for _, name := range []string{"product", "lot", "out"} {
		required(export, name)
	}
	c.AddCommand(export)
	return c
}
