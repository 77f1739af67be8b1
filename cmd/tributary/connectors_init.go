package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"tributary/connectors"
	"tributary/hub"
	"tributary/internal/config"
	"tributary/internal/errs"
)

func (a *app) connectorsInitCmd() *cobra.Command {
	var n hub.NewConnection
	var set []string
	var printOnly bool
	c := &cobra.Command{
		Use:   "init CONNECTOR",
		Short: "Write the configuration of a new connection, asking for what is not given",
		Long: "Secrets are written as references, never as values: --set token=env:CHAIN_TOKEN or --set token=file:/run/secrets/chain.\n" +
			"On a terminal it asks for settings that no --set gives; elsewhere those that are missing are an error.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, argv []string) error {
			n.Connector = argv[0]
			n.Settings = map[string]string{}
			for _, pair := range set {
				name, value, ok := strings.Cut(pair, "=")
				if !ok || name == "" {
					return errs.New(errs.Invalid, "connection.set_form", errs.Args{"value": pair})
				}
				n.Settings[name] = value
			}
			return a.connectorsInit(n, printOnly)
		},
	}
	f := c.Flags()
	f.StringVar(&n.Name, "name", "", "name of the connection (default: the connector's)")
	f.StringArrayVar(&set, "set", nil, "a setting as `NAME=VALUE`; may be given many times")
	f.StringSliceVar(&n.Streams, "stream", nil, "a stream to pull; may be given many times (default: all)")
	f.StringVar(&n.Every, "every", "", "pause between two pulls (default 10m)")
	f.BoolVar(&printOnly, "print", false, "print the block and write nothing")
	return c
}

func (a *app) connectorsInit(n hub.NewConnection, printOnly bool) error {
	file := a.configFile
	if file == "" {
		file = config.DefaultFile
	}
	conf, text, err := config.Peek(file)
	if err != nil {
		return err
	}
	h, err := a.hubWith(&conf)
	if err != nil {
		return err
	}
	_, spec, err := h.Registry.Driver(n.Connector)
	if err != nil {
		return err
	}
	q := questions{app: a, in: bufio.NewReader(a.in), over: !a.mayAsk()}
	block, err := a.askForBlock(h, spec, &n, &q)
	if err != nil {
		return err
	}
	if n.Name == "" {
		n.Name = n.Connector
	}
	if !printOnly {
		whole, err := config.AddConnection(file, text, block)
		if err != nil {
			fmt.Fprintf(a.err, "%s\n", block)
			return err
		}
		if err := replaceFile(file, whole); err != nil {
			return errs.Wrap(errs.Invalid, "hub.cannot_write", err, errs.Args{"file": file})
		}
	}
	next := []string{"tributary connectors check " + n.Name, "tributary connectors discover " + n.Name, "tributary pull " + n.Name + " --dry-run"}
	return a.print(map[string]any{"connection": n.Name, "connector": n.Connector, "file": file, "written": !printOnly, "block": string(block), "next": next}, func(w io.Writer) error {
		if printOnly {
			_, err := w.Write(block)
			return err
		}
		_, err := fmt.Fprintf(w, a.say("%s now has the connection %s:\n\n%s\nNext:\n  %s\n", "%s 已加入连接 %s：\n\n%s\n下一步：\n  %s\n"), file, n.Name, block, strings.Join(next, "\n  "))
		return err
	})
}

// askForBlock asks for settings until the block is complete or nobody answers.
func (a *app) askForBlock(h *hub.Hub, spec connectors.Spec, n *hub.NewConnection, q *questions) ([]byte, error) {
	if n.Name == "" && !q.over {
		n.Name = q.ask(a.say("Name of the connection", "连接名称"), n.Connector)
	}
	for _, o := range spec.Options {
		if _, given := n.Settings[o.Name]; !given && !o.Advanced && o.Group == nil && !q.over {
			a.askOption(o, n, q, o.Required)
		}
	}
	for {
		block, err := h.ConnectionBlock(*n)
		var wrong connectors.Problems
		if err == nil || !errors.As(err, &wrong) {
			return block, err
		}
		if q.over {
			fmt.Fprintln(a.err, "\n"+wrong.Text(a.language()))
			return nil, said(err)
		}
		for _, p := range wrong { // settings that need each other, and answers that do not fit
			name := strings.TrimPrefix(p.Path, "settings.")
			o, known := spec.Option(name)
			if !known {
				return nil, err
			}
			fmt.Fprintln(a.err, p.Err.Text(a.language()))
			a.askOption(o, n, q, true)
		}
	}
}

func (a *app) askOption(o connectors.Option, n *hub.NewConnection, q *questions, required bool) {
	doc := o.Doc[a.language()]
	if len(o.Enum) > 0 {
		doc += " (" + strings.Join(o.Enum, ", ") + ")"
	}
	preset := o.Default
	if o.Type == connectors.TypeSecret {
		doc += a.say(" Name where it is kept: env:NAME or file:PATH", " 请填写存放位置：env:变量名 或 file:路径")
		if required {
			preset = "env:" + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(n.Name+"_"+o.Name))
		}
	} else if o.Example != "" {
		doc += a.say(" For example: ", " 例如：") + o.Example
	}
	answer := q.ask(o.Name+" — "+doc, preset)
	if answer == "" || answer == o.Default {
		delete(n.Settings, o.Name)
		return
	}
	n.Settings[o.Name] = answer
}

// questions asks on the terminal.
type questions struct {
	app  *app
	in   *bufio.Reader
	over bool // nobody answers
}

// ask returns the answer, or the preset when the line is empty or nobody answers.
func (q *questions) ask(question, preset string) string {
	if preset != "" {
		question += " [" + preset + "]"
	}
	fmt.Fprintf(q.app.err, "%s: ", question)
	line, err := q.in.ReadString('\n')
	if err != nil {
		q.over = true
	}
	if line = strings.TrimSpace(line); line != "" {
		return line
	}
	return preset
}

// mayAsk reports whether somebody may answer: input that is a file or a closed pipe answers nothing.
func (a *app) mayAsk() bool {
	f, isFile := a.in.(*os.File)
	if !isFile {
		return true
	}
	info, err := f.Stat()
	null, nullErr := os.Stat(os.DevNull)
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && (nullErr != nil || !os.SameFile(info, null))
}

// replaceFile writes a file whole or not at all; a new one only its owner may read.
func replaceFile(name string, text []byte) error {
	mode := os.FileMode(0o600)
	if info, err := os.Stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".tributary-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}
