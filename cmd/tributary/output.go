package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/width"
)

// print writes a result: one JSON document with --json, else the text that human renders.
func (a *app) print(v any, human func(io.Writer) error) error {
	if a.json {
		enc := json.NewEncoder(a.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	return human(a.out)
}

// note writes a line for people to stderr unless --quiet.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, format+"\n", args...)
	}
}

// table prints aligned columns; Han characters count two cells. Columns whose header begins with > align right.
func table(w io.Writer, header []string, rows [][]string) error {
	right := make([]bool, len(header))
	widths := make([]int, len(header))
	for i, h := range header {
		header[i], right[i] = strings.CutPrefix(h, ">")
		widths[i] = width.Of(header[i])
	}
	for _, r := range rows {
		for i, cell := range r {
			r[i] = oneLine(cell)
			widths[i] = max(widths[i], width.Of(r[i]))
		}
	}
	for _, r := range append([][]string{header}, rows...) {
		var line strings.Builder
		for i, cell := range r {
			pad := strings.Repeat(" ", widths[i]-width.Of(cell))
			if right[i] {
				line.WriteString(pad + cell)
			} else {
				line.WriteString(cell + pad)
			}
			line.WriteString("  ")
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// oneLine keeps what a foreign system put into a text from breaking the table or steering the terminal.
func oneLine(cell string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, cell)
}

// ask asks the hub one thing and prints the answer: as a document with --json, else as human writes it.
func ask[T any](a *app, cmd *cobra.Command, verb string, question func(*hub.Hub) (T, error), human func(io.Writer, T) error) error {
	return a.withHub(cmd, verb, func(h *hub.Hub) error {
		v, err := question(h)
		if err != nil {
			return err
		}
		return a.print(v, func(w io.Writer) error { return human(w, v) })
	})
}
