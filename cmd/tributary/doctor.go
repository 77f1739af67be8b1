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

// partJSON is what doctor found about one part, with its text.
type partJSON struct {
	Part     string              `json:"part"`
	Severity connectors.Severity `json:"severity"`
	Detail   string              `json:"detail,omitempty"`
	Code     string              `json:"code,omitempty"`
	Text     string              `json:"text,omitempty"`
	Findings []findingJSON       `json:"findings,omitempty"` // of a connection
}

func (a *app) doctorCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Say what is reachable, what is wrong, and how to mend it",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context()) },
	}
}

func (a *app) doctor(ctx context.Context) error {
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
	found := h.Doctor(ctx, func(ctx context.Context) error {
		opened, done, err := a.openWith(ctx, c, "doctor")
		if err == nil {
			h.DB, closeStore = opened.DB, done
		}
		return err
	})
	parts, bad := []partJSON{}, 0
	for _, d := range found {
		p := partJSON{Part: d.Part, Severity: d.Severity, Detail: d.Detail}
		if d.Err != nil {
			p.Code, p.Text = errs.CodeOf(d.Err), errs.Render(d.Err, a.language())
		}
		if d.Check != nil {
			p.Findings = a.checkJSON(*d.Check).Findings
		}
		if d.Severity == connectors.Fault {
			bad++
		}
		parts = append(parts, p)
	}
	var verdict error
	if bad > 0 {
		verdict = said(errs.New(errs.Unavailable, "doctor.faults", errs.Args{"count": bad}))
	}
	return errors.Join(a.print(map[string]any{"ok": bad == 0, "parts": parts}, func(w io.Writer) error { return writeParts(w, parts) }), verdict)
}

func writeParts(w io.Writer, parts []partJSON) error {
	for _, p := range parts {
		fmt.Fprintln(w, strings.TrimSpace(marks[p.Severity]+" "+p.Part+"  "+p.Detail))
		texts := []string{p.Text}
		for _, f := range p.Findings {
			texts = append(texts, marks[f.Severity]+" "+f.Text)
		}
		for _, text := range texts {
			if text == "" {
				continue
			}
			if _, err := fmt.Fprintf(w, "    %s\n", strings.ReplaceAll(text, "\n", "\n    ")); err != nil {
				return err
			}
		}
	}
	return nil
}
