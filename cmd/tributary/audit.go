package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/errs"
)

func (a *app) auditCmd() *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Who did what, when and why; proof that nobody changed the record"}
	verify := &cobra.Command{Use: "verify", Short: "Prove that the audit log is whole and unchanged", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return a.withHub(cmd, "audit", func(h *hub.Hub) error {
			proof, err := h.VerifyAudit(cmd.Context(), a.language())
			if err != nil {
				return err
			}
			if err := a.print(proof, func(w io.Writer) error { return a.writeProof(w, proof) }); err != nil || proof.OK {
				return err
			}
			broken := errs.New(errs.Internal, "audit.broken", errs.Args{"count": len(proof.Findings)})
			fmt.Fprintln(a.err, broken.Text(a.language()))
			return errors.Join(broken, errSaid)
		})
	}}
	var from, to string
	export := a.customersFileCmd("export", "Write the audit log with its signed roots as JSON lines", func(h *hub.Hub, ctx context.Context, w io.Writer) (int, error) {
		var req hub.AuditRequest
		for _, bound := range []struct {
			text  string
			field string
			at    *time.Time
		}{{from, "from", &req.From}, {to, "to", &req.To}} {
			if bound.text == "" {
				continue
			}
			t, err := time.Parse(time.RFC3339, bound.text)
			if err != nil {
				return 0, errs.New(errs.Invalid, "trace.bad_date", errs.Args{"field": bound.field, "value": bound.text, "why": "not an RFC 3339 time"})
			}
			*bound.at = t
		}
		return h.ExportAudit(ctx, req, w)
	})
	export.Use = "export --out FILE.jsonl"
	export.Flags().StringVar(&from, "from", "", "lines from this time on (RFC 3339)")
	export.Flags().StringVar(&to, "to", "", "lines before this time (RFC 3339)")
	c.AddCommand(verify, export)
	return c
}

func (a *app) writeProof(w io.Writer, p hub.AuditProof) error {
	if p.OK {
		fmt.Fprint(w, a.say("The audit log is whole and unchanged.\n", "审计日志完整且未被改动。\n"))
	}
	fmt.Fprintf(w, a.say("%d lines of %d writers, %d of them under %d signed roots.\n", "共 %d 行，%d 个写入者，其中 %d 行已由 %d 个签名根覆盖。\n"), p.Rows, p.Writers, p.Sealed, p.Roots)
	if p.LastRoot != nil {
		fmt.Fprintf(w, a.say("Last root %s, %s\n", "最新签名根 %s，%s\n"), p.LastRoot.Format(time.RFC3339), p.LastHash)
	}
	for _, f := range p.Findings {
		fmt.Fprintln(w, "✗ "+f.Message)
	}
	return nil
}
