package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/errs"
	"tributary/store"
)

func (a *app) eventsCmd() *cobra.Command {
	c := &cobra.Command{Use: "events", Short: "See the catalogue of events and what lies in Kafka"}
	list := &cobra.Command{Use: "list", Short: "List topics and event types", Args: args(cobra.NoArgs), RunE: func(*cobra.Command, []string) error {
		h, err := a.offline()
		if err != nil {
			return err
		}
		topics := h.EventsList()
		return a.print(map[string]any{"topics": topics}, func(w io.Writer) error {
			var rows [][]string
			for _, t := range topics {
				rows = append(rows, []string{t.Name, string(t.Kind), strings.Join(t.Types, " ")})
			}
			return table(w, []string{a.say("TOPIC", "主题"), a.say("KIND", "类别"), a.say("EVENT TYPES", "事件类型")}, rows)
		})
	}}
	req := hub.TailRequest{}
	tail := &cobra.Command{Use: "tail [TOPIC…]", Short: "Print records of topics as JSON lines", RunE: func(cmd *cobra.Command, topics []string) error {
		h, err := a.offline()
		if err != nil {
			return err
		}
		req.Topics = topics
		enc := json.NewEncoder(a.out)
		enc.SetEscapeHTML(false)
		err = h.EventsTail(cmd.Context(), req, func(r hub.TailRecord) error { return enc.Encode(r) })
		if cmd.Context().Err() != nil {
			return nil // stopped by the reader: that is how a tail ends
		}
		return err
	}}
	tail.Flags().BoolVar(&req.FromBeginning, "from-beginning", false, "print what the topics hold now, and end")
	tail.Flags().IntVar(&req.Count, "count", 0, "end after so many records")
	c.AddCommand(list, tail)
	return c
}

func (a *app) outboxCmd() *cobra.Command {
	c := &cobra.Command{Use: "outbox", Short: "See and replay events on their way to Kafka"}
	status := &cobra.Command{Use: "status", Short: "Count events that wait and that are published", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return ask(a, cmd, "outbox", func(h *hub.Hub) (store.OutboxStatus, error) { return h.OutboxStatus(cmd.Context()) }, func(w io.Writer, s store.OutboxStatus) error {
			fmt.Fprintf(w, a.say("%d events wait, %d are published.\n", "待发布事件 %d 条，已发布 %d 条。\n"), s.Pending, s.Published)
			if s.OldestPendingAt != nil {
				fmt.Fprintf(w, a.say("The oldest has waited since %s.\n", "最早一条自 %s 起等待。\n"), s.OldestPendingAt.Local().Format(time.DateTime))
			}
			var rows [][]string
			for _, t := range s.Topics {
				rows = append(rows, []string{t.Topic, count(t.Pending), count(t.Published)})
			}
			return table(w, []string{a.say("TOPIC", "主题"), ">" + a.say("PENDING", "待发布"), ">" + a.say("PUBLISHED", "已发布")}, rows)
		})
	}}
	var key string
	var yes bool
	replay := &cobra.Command{Use: "replay [TOPIC…]", Short: "Publish events again, with the same ids and versions", RunE: func(cmd *cobra.Command, topics []string) error {
		return a.withHub(cmd, "outbox", func(h *hub.Hub) error {
			if !yes && !a.confirm(a.say("Publish these events again? Consumers see the same ids and versions. [y/N] ", "确定重新发布这些事件吗？消费者会看到相同的 ID 和版本。[y/N] ")) {
				return errs.New(errs.Invalid, "cli.not_confirmed", nil)
			}
			report, err := h.OutboxReplay(cmd.Context(), topics, key)
			if err != nil {
				return err
			}
			return a.print(report, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, a.say("%d events wait for the relay again.\n", "%d 条事件等待重新发布。\n"), report.Queued)
				return err
			})
		})
	}}
	replay.Flags().StringVar(&key, "key", "", "only events of this key")
	replay.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.AddCommand(status, replay)
	return c
}

// confirm asks on the terminal; anything but yes is no.
func (a *app) confirm(question string) bool {
	fmt.Fprint(a.err, question)
	var answer string
	if _, err := fmt.Fscanln(a.in, &answer); err != nil {
		return false
	}
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes") || answer == "是"
}

func (a *app) relayCmd() *cobra.Command {
	var once bool
	c := &cobra.Command{Use: "relay", Short: "Publish what waits in the outbox", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		if !once {
			return errs.New(errs.Invalid, "cli.relay_once", nil)
		}
		return ask(a, cmd, "relay", func(h *hub.Hub) (hub.RelayReport, error) { return h.RelayOnce(cmd.Context()) }, func(w io.Writer, report hub.RelayReport) error {
			_, err := fmt.Fprintf(w, a.say("%d events published; nothing waits.\n", "已发布 %d 条事件；没有等待中的事件。\n"), report.Published)
			return err
		})
	}}
	c.Flags().BoolVar(&once, "once", false, "end when nothing waits")
	return c
}
