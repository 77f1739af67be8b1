package store

import (
	"context"
	"io/fs"
	"net/url"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	"tributary/migrations"
)

// dialect is all that differs between the two databases.
type dialect interface {
	name() string
	open(ctx context.Context, cfg Config) (writer, reader *sqlx.DB, err error)
	rebind(query string) string
	bulk(ctx context.Context, tx *Tx, table string, columns []string, rows [][]any) error
	// newIDs takes numbers for n rows that this transaction is about to insert into a table with a surrogate key.
	newIDs(ctx context.Context, tx *Tx, table string, n int) ([]int64, error)
	anyOf(column string, typed any, values []any) (string, []any)
	// table is a relation with the values in column1, and its arguments: one statement for any number of values.
	table(values []int64) (string, []any)
	// holds is the condition that a bytes column contains the bytes of one argument.
	holds(column string) string
	// explain turns a driver's error into one a person can act on; errors it does not know pass unchanged.
	explain(err error, cfg Config) error
	// conflict reports a violated unique constraint.
	conflict(err error) bool
	versionQuery() string
	goose() goose.Dialect
	migrateOptions() ([]goose.ProviderOption, error)
}

func migrationFiles(d dialect) (fs.FS, error) { return fs.Sub(migrations.Files, d.name()) }

func insertSQL(table string, columns []string, rows int) string {
	tuple := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	return "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES " +
		strings.TrimSuffix(strings.Repeat(tuple+", ", rows), ", ")
}

// redactURL hides the password of a database URL.
func redactURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(not a URL)"
	}
	return u.Redacted()
}
