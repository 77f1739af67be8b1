package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tributary/hub"
)

func (a *app) epcisCmd() *cobra.Command {
	c := &cobra.Command{Use: "epcis", Short: "Supply-chain events in the form of GS1 EPCIS 2.0"}
	c.AddCommand(a.epcisCaptureCmd(), a.epcisShowCmd(), a.epcisExportCmd())
	return c
}

func (a *app) epcisCaptureCmd() *cobra.Command {
	req := hub.EPCISCaptureRequest{}
	c := &cobra.Command{Use: "capture FILE", Short: "Take in a document, a list or a single event; whole or not at all", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		req.File, req.Lang = argv[0], a.language()
		return a.withHub(cmd, "epcis", func(h *hub.Hub) error {
			r, err := h.CaptureEPCIS(cmd.Context(), req)
			if err != nil && (len(r.Errors) == 0 || r.Events == 0 && !a.json) {
				return err
			}
			printed := a.print(r, func(w io.Writer) error { return a.writeCapture(w, r, err == nil) })
			if printed != nil {
				return printed
			}
			return err
		})
	}}
	c.Flags().BoolVar(&req.Proceed, "proceed", false, "take the good events when others are refused")
	return c
}

// writeCapture prints the account of a capture, and the faults unless the error that follows names them.
func (a *app) writeCapture(w io.Writer, r hub.EPCISCaptureReport, faults bool) error {
	if faults {
		for _, e := range r.Errors {
			fmt.Fprintf(w, "%s: %s\n", e.Pointer, oneLine(e.Detail))
		}
	}
	_, err := fmt.Fprintf(w, a.say("%s: %d events = %d captured + %d unchanged + %d declared wrong + %d refused\n", "%s：%d 个事件 = 采集 %d + 未变 %d + 声明有误 %d + 拒绝 %d\n"),
		r.File, r.Events, r.Captured, r.Unchanged, r.Corrected, r.Refused)
	return err
}

func (a *app) epcisShowCmd() *cobra.Command {
	return &cobra.Command{Use: "show EVENT_ID", Short: "A captured event as it was sent", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return a.withHub(cmd, "epcis", func(h *hub.Hub) error {
			body, err := h.CapturedEvent(cmd.Context(), argv[0])
			if err != nil {
				return err
			}
			enc := json.NewEncoder(a.out)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(body)
		})
	}}
}

func (a *app) epcisExportCmd() *cobra.Command {
	req := hub.EPCISExportRequest{}
	c := &cobra.Command{Use: "export --product CODE --lot LOT --out FILE", Short: "Write a lot's history as EPCIS 2.0 events", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return ask(a, cmd, "epcis", func(h *hub.Hub) (hub.EPCISExportReport, error) { return h.ExportEPCIS(cmd.Context(), req) }, func(w io.Writer, r hub.EPCISExportReport) error {
			_, err := fmt.Fprintf(w, a.say("%d events written to %s\n", "已写出 %d 个事件：%s\n"), r.Events, r.File)
			return err
		})
	}}
	f := c.Flags()
	f.StringVar(&req.Product, "product", "", "code or name of the product (required)")
	f.StringArrayVar(&req.Lots, "lot", nil, "lot number; may be given again (required)")
	f.StringVar(&req.File, "out", "", "file to write (required)")
	f.BoolVar(&req.Corrections, "corrections", false, "also declare wrong what was known before and is known better now")
	for _, name := range []string{"product", "lot", "out"} {
		required(c, name)
	}
	return c
}
