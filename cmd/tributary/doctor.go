package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"tributary/connectors"
	"tributary/internal/errs"
)

func (a *app) doctorCmd() *cobra.Command {
	return &cobra.Command{Use: "doctor", Short: "Say what is reachable, what is wrong, and how to mend it", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		c, err := a.load()
		if err != nil {
			return err
		}
		h, err := a.hubWith(c)
		if err != nil {
			return err
		}
		closeStore := func() {}
		defer func() { closeStore() }()
		parts := h.Doctor(cmd.Context(), func(ctx context.Context) error {
			opened, done, err := a.openWith(ctx, c, "doctor")
			if err == nil {
				h.DB, closeStore = opened.DB, done
			}
			return err
		})
		bad := 0
		for _, p := range parts {
			if p.Severity == connectors.Fault {
				bad++
			}
		}
		var verdict error
		if bad > 0 {
			verdict = said(errs.New(errs.Unavailable, "doctor.faults", errs.Args{"count": bad}))
		}
		return errors.Join(a.print(map[string]any{"ok": bad == 0, "parts": parts}, func(w io.Writer) error {
			marks := map[connectors.Severity]string{connectors.OK: "✓", connectors.Warn: "!", connectors.Fault: "✗"}
			for _, p := range parts {
				fmt.Fprintf(w, "%s %s  %s\n", marks[p.Severity], p.Part, p.Detail)
				if p.Err != nil {
					fmt.Fprintf(w, "    %s\n", strings.ReplaceAll(errs.Render(p.Err, a.language()), "\n", "\n    "))
				}
				for _, r := range p.Findings {
					for _, f := range r.Findings {
						text := errs.New(errs.Invalid, f.Code, errs.Args(f.Args)).Text(a.language())
						fmt.Fprintf(w, "    %s %s\n", marks[f.Severity], strings.ReplaceAll(text, "\n", "\n    "))
					}
				}
			}
			return nil
		}), verdict)
	}}
}
