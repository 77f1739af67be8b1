package main

import (
	"crypto/rand"
	"fmt"
	"io"

	"github.com/spf13/cobra"

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
			defer db.Close()
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
	c.AddCommand(
		verb("status", "Show the schema version", status),
		verb("up", "Apply what is missing", func(cmd *cobra.Command, db *store.DB) error {
			if _, err := db.MigrateUp(cmd.Context()); err != nil {
				return err
			}
			return status(cmd, db)
		}),
		verb("down", "Undo the newest migration (development only: it drops data)", func(cmd *cobra.Command, db *store.DB) error {
			if _, err := db.MigrateDown(cmd.Context()); err != nil {
				return err
			}
			return status(cmd, db)
		}),
	)
	return c
}
