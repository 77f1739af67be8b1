package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"tributary/connectors/sandbox"
	"tributary/internal/errs"
)

func (a *app) sandboxCmd() *cobra.Command {
	conf := sandbox.Config{Now: now}
	var hubURL string
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Run simulated source systems and print the configuration that points at them",
		Long: "Run simulated source systems over one world, each with its own part of it, and print the configuration that points at\n" +
			"them. docs/demo.md lists the systems.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			conf.Dir = filepath.Join(c.DataDir, "sandbox")
			return a.sandbox(cmd.Context(), conf, hubURL)
		},
	}
	sandboxFlags(c, &conf)
	c.Flags().StringVar(&conf.Listen, "listen", "", "address to listen on, the simulated database at the port after it (default: free ports on loopback)")
	c.Flags().StringVar(&conf.Faults, "faults", "", "faults to switch on, for example throttle,session_expiry")
	c.Flags().StringVar(&hubURL, "hub", "", "address of your hub, for example http://127.0.0.1:8080: systems that post do so there once it answers")
	return c
}

func sandboxFlags(c *cobra.Command, conf *sandbox.Config) {
	c.Flags().StringSliceVar(&conf.Only, "only", nil, "run only these systems, for example erp,flow; all when empty")
	c.Flags().Float64Var(&conf.Scale, "scale", 1, "size of the world; 1 is about 10,000 customers and 50,000 flow lines")
	c.Flags().Uint64Var(&conf.Seed, "seed", 1, "seed of the world: the same seed on the same day gives the same world")
}

func (a *app) sandbox(ctx context.Context, conf sandbox.Config, hubURL string) (err error) {
	sb, err := startSandbox(ctx, conf)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sb.Close()) }()
	fmt.Fprint(a.out, sb.Config())
	a.note(a.say("The simulated systems listen at %s. Save the text above as tributary.yaml and pull from them. Stop with Ctrl-C.",
		"模拟系统监听于 %s。请把以上内容保存为 tributary.yaml 后拉取数据。按 Ctrl-C 停止。"), sb.URL())
	if hubURL != "" {
		if err := sb.Push(ctx, strings.TrimRight(hubURL, "/")); err != nil && ctx.Err() == nil {
			return errs.New(errs.Unavailable, "connectors.sandbox_push", errs.Args{"hub": hubURL, "why": err.Error()})
		}
	}
	<-ctx.Done()
	return nil
}

func startSandbox(ctx context.Context, conf sandbox.Config) (*sandbox.Sandbox, error) {
	if err := os.MkdirAll(conf.Dir, 0o750); err != nil {
		return nil, errs.Wrap(errs.Unavailable, "store.data_dir", err, errs.Args{"dir": conf.Dir})
	}
	dir, err := filepath.Abs(conf.Dir)
	if err != nil {
		return nil, err
	}
	conf.Dir = dir
	return sandbox.Start(ctx, conf)
}
