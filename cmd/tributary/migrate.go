package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tributary/internal/errs"
	"tributary/store"
)

func (a *app) migrateCmd() *cobra.Command {
	c := &cobra.Command{Use: "migrate", Short: "Show or change the schema of the hub's database"}
	verb := func(use, short string, do func(*cobra.Command, *store.DB) error) *cobra.Command {
		return &cobra.Command{Use: use, Short: short, Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) (err error) {
			conf, err := a.load()
			if err != nil {
				return err
			}
			db, err := store.Open(cmd.Context(), store.Config{URL: conf.Store.URL, DataDir: conf.DataDir, Now: now, Rand: rand.Reader, Verb: "migrate"})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			return do(cmd, db)
		}}
	}
	status := func(cmd *cobra.Command, db *store.DB) error {
		s, err := db.Migrations(cmd.Context())
		if err != nil {
			return err
		}
		return a.print(s, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, a.say("schema %d of %d\n", "数据库结构版本 %d，最新 %d\n"), s.Current, s.Latest)
			return err
		})
	}
	var yes bool
	down := verb("down", "Undo the newest migration (development only: it drops data)", func(cmd *cobra.Command, db *store.DB) error {
		if !yes && !a.confirm(a.say("Undo the newest migration? Tables and what they hold are dropped. [y/N] ", "确定撤销最近一次迁移吗？相关数据表及其内容将被删除。[y/N] ")) {
			return errs.New(errs.Invalid, "cli.not_confirmed", nil)
		}
		if _, err := db.MigrateDown(cmd.Context()); err != nil {
			return err
		}
		return status(cmd, db)
	})
	down.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.AddCommand(
		verb("status", "Show the schema version", status),
		verb("up", "Apply what is missing", func(cmd *cobra.Command, db *store.DB) error {
			s, err := db.Migrations(cmd.Context())
			switch {
			case err != nil:
				return err
			case s.Current > s.Latest || db.Dialect() == "sqlite":
				err = db.Ready(cmd.Context()) // refuses a newer schema; copies the file first
			default:
				_, err = db.MigrateUp(cmd.Context())
			}
			if err != nil {
				return err
			}
			return status(cmd, db)
		}),
		down,
	)
	return c
}
