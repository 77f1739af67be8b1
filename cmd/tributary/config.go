package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tributary/internal/config"
)

func (a *app) configCmd() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check the configuration"}
	c.AddCommand(&cobra.Command{
		Use:   "lint",
		Short: "Check the configuration without starting",
		Args:  args(cobra.NoArgs),
		RunE:  func(*cobra.Command, []string) error { return a.configLint() },
	}, &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the configuration",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			enc := json.NewEncoder(a.out)
			enc.SetIndent("", "  ")
			return enc.Encode(config.Schema())
		},
	})
	return c
}

func (a *app) configLint() error {
	c, err := a.load()
	var problems config.Problems
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	if err == nil {
		problems, err = a.lintConnections(c)
	}
	type problem struct {
		config.Problem
		Text string `json:"text"`
	}
	result := struct {
		OK       bool      `json:"ok"`
		Problems []problem `json:"problems"`
	}{len(problems) == 0, []problem{}}
	for _, p := range problems {
		result.Problems = append(result.Problems, problem{p, p.Text(a.language())})
	}
	return errors.Join(a.print(result, func(w io.Writer) error {
		if result.OK {
			_, err := fmt.Fprintln(w, a.say("The configuration is good.", "配置正确。"))
			return err
		}
		for _, p := range result.Problems {
			fmt.Fprintln(w, p.Text)
		}
		return nil
	}), said(err))
}

// said marks an error whose text is already on the screen.
func said(err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(errSaid, err)
}
