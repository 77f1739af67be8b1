package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tributary/hub"
)

func (a *app) traceCodeCmd() *cobra.Command {
	req := hub.TraceCodeRequest{}
	return &cobra.Command{Use: "code CODE", Short: "What is known of the object behind a trace code, GS1 code or link, and where its lot is", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		req.Code, req.Lang = argv[0], a.language()
		return ask(a, cmd, "trace", func(h *hub.Hub) (hub.CodeTrace, error) { return h.TraceCode(cmd.Context(), req) }, a.writeCode)
	}}
}

// writeCode prints what is known of an object, then the trace of its lot.
func (a *app) writeCode(w io.Writer, r hub.CodeTrace) error {
	c := r.Code
	fmt.Fprintf(w, a.say("Code %s (%s)\n", "码 %s（%s）\n"), oneLine(c.Text), strings.ReplaceAll(c.Kind, "_", " "))
	for _, line := range []struct{ label, value string }{
		{a.say("Product", "产品"), strings.TrimSpace(r.Product.Code + " " + r.Product.Name + " " + r.Product.Spec)}, {a.say("Lot", "批号"), c.Lot}, {a.say("Serial", "序列号"), c.Serial}, {a.say("Expiry", "有效期至"), c.Expiry.String()},
	} {
		if line.value != "" {
			fmt.Fprintf(w, "  %s: %s\n", line.label, oneLine(line.value))
		}
	}
	for _, n := range c.Notes {
		fmt.Fprintf(w, "  ! %s\n", oneLine(n.Text))
	}
	if err := a.writeStays(w, a.say("It was in", "曾装入"), c.Parents); err != nil {
		return err
	}
	if err := a.writeStays(w, a.say("In it were", "内装物"), c.Children); err != nil {
		return err
	}
	if len(c.History) > 0 {
		var rows [][]string
		for _, e := range c.History {
			what := strings.TrimSpace(e.BizStep + " " + e.Disposition)
			if e.Wrong {
				what += a.say(" (declared wrong)", "（已声明有误）")
			}
			rows = append(rows, []string{e.Time, e.Type + " " + e.Action, what, e.Place, strings.Join(e.From, " "), strings.Join(e.To, " "), e.Via})
		}
		fmt.Fprintln(w)
		if err := table(w, []string{a.say("TIME", "时间"), a.say("EVENT", "事件"), a.say("STEP", "环节"), a.say("PLACE", "地点"), a.say("FROM", "发出方"), a.say("TO", "接收方"), a.say("VIA", "经由容器")}, rows); err != nil {
			return err
		}
	}
	if len(r.Parties) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return a.writeTrace(w, r.Result, 0)
}

func (a *app) writeStays(w io.Writer, title string, stays []hub.PackStay) error {
	if len(stays) == 0 {
		return nil
	}
	var rows [][]string
	for _, s := range stays {
		until := a.say("still", "至今")
		if s.Until != nil {
			until = s.Until.Format(time.RFC3339)
		}
		rows = append(rows, []string{s.Object, s.Parent, s.From.Format(time.RFC3339), until})
	}
	fmt.Fprintf(w, "\n%s:\n", title)
	return table(w, []string{a.say("OBJECT", "物品"), a.say("CONTAINER", "容器"), a.say("FROM", "自"), a.say("UNTIL", "至")}, rows)
}
