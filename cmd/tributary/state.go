package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/errs"
)

func (a *app) stateCmd() *cobra.Command {
	c := &cobra.Command{Use: "state", Short: "See and move the places up to which streams are read"}
	c.AddCommand(
		&cobra.Command{Use: "show [CONNECTION[/STREAM]…]", Short: "Show where streams stand", RunE: a.stateShow},
		a.stateExportCmd(), a.stateImportCmd(), a.stateResetCmd(),
	)
	return c
}

func (a *app) stateShow(cmd *cobra.Command, targets []string) error {
	return a.withHub(cmd, "state", func(h *hub.Hub) error {
		states, err := h.StreamLags(cmd.Context(), targets)
		if err != nil {
			return err
		}
		return a.print(map[string]any{"streams": states}, func(w io.Writer) error {
			var rows [][]string
			for _, s := range states {
				rows = append(rows, []string{s.Connection + "/" + s.Stream, a.streamNote(s.StreamState), a.lag(s.Lag), a.position(s.Position)})
			}
			return table(w, []string{a.say("STREAM", "流"), a.say("STATE", "状态"), a.say("BEHIND", "滞后"), a.say("POSITION", "位置")}, rows)
		})
	})
}

func (a *app) writeStates(w io.Writer, states []hub.StreamState) error {
	var rows [][]string
	for _, s := range states {
		rows = append(rows, []string{s.Connection + "/" + s.Stream, a.streamNote(s), a.position(s.Position)})
	}
	return table(w, []string{a.say("STREAM", "流"), a.say("STATE", "状态"), a.say("POSITION", "位置")}, rows)
}

func (a *app) streamNote(s hub.StreamState) string {
	note := ""
	if s.Paused {
		note = a.say("paused", "已暂停")
	}
	if s.Refused {
		note = strings.TrimSpace(note + " " + a.say("credentials refused", "登录被拒绝"))
	}
	if !s.Configured {
		note = strings.TrimSpace(note + " " + a.say("not configured", "未配置"))
	}
	return note
}

// lag shows how far a stream is behind its source.
func (a *app) lag(seconds *float64) string {
	if seconds == nil {
		return "—"
	}
	return (time.Duration(*seconds) * time.Second).String()
}

// position shows a position to people; long ones lose their middle.
func (a *app) position(raw json.RawMessage) string {
	if raw == nil {
		return a.say("the beginning", "起点")
	}
	text := []rune(string(raw))
	if len(text) > 120 {
		return string(text[:80]) + " … " + string(text[len(text)-30:])
	}
	return string(text)
}

func (a *app) stateExportCmd() *cobra.Command {
	var out string
	c := &cobra.Command{Use: "export [CONNECTION[/STREAM]…]", Short: "Write where streams stand as a document for state import", RunE: func(cmd *cobra.Command, targets []string) error {
		return a.withHub(cmd, "state", func(h *hub.Hub) error {
			doc, err := h.ExportState(cmd.Context(), targets)
			if err != nil {
				return err
			}
			text, err := json.MarshalIndent(doc, "", "  ")
			if err != nil {
				return err
			}
			text = append(text, '\n')
			if out == "" {
				_, err := a.out.Write(text)
				return err
			}
			if err := os.WriteFile(out, text, 0o600); err != nil {
				return errs.Wrap(errs.Invalid, "hub.cannot_write", err, errs.Args{"file": out})
			}
			return a.print(map[string]any{"file": out, "streams": len(doc.Streams)}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, a.say("%d streams written to %s.\n", "已将 %d 个流的位置写入 %s。\n"), len(doc.Streams), out)
				return err
			})
		})
	}}
	c.Flags().StringVar(&out, "out", "", "file to write (default: stdout)")
	return c
}

func (a *app) stateImportCmd() *cobra.Command {
	var yes bool
	c := &cobra.Command{Use: "import FILE", Short: "Set where streams stand from a document of state export", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return a.withHub(cmd, "state", func(h *hub.Hub) error {
			text, err := os.ReadFile(argv[0])
			if err != nil {
				return errs.New(errs.Invalid, "state.unreadable", errs.Args{"file": argv[0], "why": err.Error()})
			}
			changes, err := h.PlanImport(cmd.Context(), argv[0], text)
			if err != nil {
				return err
			}
			return a.moveStreams(cmd, h, "stream.import", changes, "import", yes)
		})
	}}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

func (a *app) stateResetCmd() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "reset CONNECTION[/STREAM]…", Short: "Make the next pull of streams read from the beginning; nothing that was delivered is deleted",
		Args: args(cobra.MinimumNArgs(1)), RunE: func(cmd *cobra.Command, targets []string) error {
			return a.withHub(cmd, "state", func(h *hub.Hub) error {
				changes, err := h.PlanReset(cmd.Context(), targets)
				if err != nil {
					return err
				}
				return a.moveStreams(cmd, h, "stream.reset", changes, targets[0], yes)
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// moveStreams shows what would change, asks for a word to be typed, and changes it.
func (a *app) moveStreams(cmd *cobra.Command, h *hub.Hub, action string, changes []hub.Change, word string, yes bool) error {
	for _, c := range changes {
		fmt.Fprintf(a.err, "%s/%s: %s → %s\n", c.Connection, c.Stream, a.position(c.From), a.position(c.To))
	}
	if len(changes) > 0 && !yes && !a.typed(word) {
		return errs.New(errs.Invalid, "cli.not_typed", errs.Args{"word": word})
	}
	if err := h.ApplyState(cmd.Context(), action, changes); err != nil {
		return err
	}
	return a.print(map[string]any{"changed": changes}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, a.say("%d streams moved. What was delivered stays; rows that are read again count as unchanged.\n",
			"已调整 %d 个流的位置。已入库的数据保留，重复读取的行计为未变。\n"), len(changes))
		return err
	})
}

// typed asks for a word, so that nobody confirms by habit.
func (a *app) typed(word string) bool {
	fmt.Fprintf(a.err, a.say("Type %s to go on: ", "请输入 %s 以继续："), word)
	var answer string
	if _, err := fmt.Fscanln(a.in, &answer); err != nil {
		return false
	}
	return answer == word
}

func (a *app) connectorsPauseCmd(paused bool) *cobra.Command {
	use, short := "resume", "Take up the scheduled pulls of streams again"
	if paused {
		use, short = "pause", "Stop the scheduled pulls of streams; a pull under way goes on to its end"
	}
	return &cobra.Command{Use: use + " CONNECTION[/STREAM]…", Short: short, Args: args(cobra.MinimumNArgs(1)), RunE: func(cmd *cobra.Command, targets []string) error {
		return a.withHub(cmd, "connectors", func(h *hub.Hub) error {
			states, err := h.PauseStreams(cmd.Context(), targets, paused)
			if err != nil {
				return err
			}
			return a.print(map[string]any{"streams": states}, func(w io.Writer) error { return a.writeStates(w, states) })
		})
	}}
}
