package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tributary/hub"
)

func (a *app) connectorsWriteBackCmd() *cobra.Command {
	req := hub.WriteBackRequest{}
	c := &cobra.Command{
		Use: "writeback CONNECTION", Short: "See which records get fields back, and which were refused",
		Long: "Tells how the write-back of a connection stands: golden ids, and states and answers of complaints, that go back into\nthe records of the system they came from. serve writes them; --send writes what has its turn now.",
		Args: args(cobra.ExactArgs(1)),
	}
	c.Flags().IntVar(&req.Preview, "preview", 0, "read so many waiting records and show what would be written, without writing")
	c.Flags().BoolVar(&req.Retry, "retry", false, "let records that were refused try again")
	c.Flags().BoolVar(&req.Send, "send", false, "write what has its turn")
	c.Flags().IntVar(&req.Limit, "limit", 50, "how many records to list")
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		req.Connection, req.Lang = argv[0], a.language()
		return a.withHub(cmd, "connectors", func(h *hub.Hub) error {
			out, err := h.WriteBack(cmd.Context(), req)
			if err != nil && out.Sent == nil {
				return err
			}
			return errors.Join(a.print(out, func(w io.Writer) error { return a.writeWriteBack(w, out) }), err)
		})
	}
	return c
}

func (a *app) writeWriteBack(w io.Writer, out hub.WriteBackReport) error {
	fmt.Fprintf(w, a.say("%d wait, %d written, %d refused.\n", "等待 %d，已写入 %d，被拒绝 %d。\n"), out.Totals["waiting"], out.Totals["written"], out.Totals["halted"])
	if s := out.Sent; s != nil {
		fmt.Fprintf(w, a.say("Now: %d written, %d held it already, %d refused.\n", "本次：写入 %d，内容相同 %d，被拒绝 %d。\n"), s.Written, s.Same, s.Halted)
	}
	if len(out.Records) == 0 {
		return nil
	}
	var rows [][]string
	for _, r := range out.Records {
		var writes []string
		for _, field := range slices.Sorted(maps.Keys(r.Writes)) {
			writes = append(writes, fmt.Sprintf("%s: %q → %q", field, r.There[field], r.Writes[field]))
		}
		rows = append(rows, []string{r.Stream, r.ID, r.Kind, r.State, strings.Join(writes, "; "), r.Problem})
	}
	return table(w, []string{a.say("STREAM", "流"), a.say("ID", "记录"), a.say("WHAT", "内容"), a.say("STATE", "状态"), a.say("WOULD WRITE", "将写入"), a.say("PROBLEM", "问题")}, rows)
}
