package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"tributary/canonical"
	"tributary/internal/errs"
)

type postgresDialect struct{ types copyTypes }

func (*postgresDialect) name() string               { return "postgres" }
func (*postgresDialect) rebind(query string) string { return sqlx.Rebind(sqlx.DOLLAR, query) }
func (*postgresDialect) versionQuery() string {
	return `SELECT 'PostgreSQL ' || current_setting('server_version')`
}
func (*postgresDialect) goose() goose.Dialect { return goose.DialectPostgres }

// migrateOptions lets one process migrate while the others wait.
func (*postgresDialect) migrateOptions() ([]goose.ProviderOption, error) {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return []goose.ProviderOption{goose.WithSessionLocker(locker)}, nil
}

func (*postgresDialect) open(_ context.Context, cfg Config) (*sqlx.DB, *sqlx.DB, error) {
	conf, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		return nil, nil, errs.New(errs.Invalid, "store.url", errs.Args{"url": redactURL(cfg.URL)})
	}
	if conf.RuntimeParams["application_name"] == "" {
		conf.RuntimeParams["application_name"] = "tributary " + cfg.Verb
	}
	// A generic plan is made while a table is small and kept while it grows: look-ups of many keys then scan it whole.
	conf.RuntimeParams["plan_cache_mode"] = "force_custom_plan"
	db := sqlx.NewDb(stdlib.OpenDB(*conf), "pgx")
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(4)
	return db, db, nil
}

func (d *postgresDialect) bulk(ctx context.Context, tx *Tx, table string, columns []string, rows [][]any) error {
	return tx.conn.Raw(func(driverConn any) error {
		conn := driverConn.(*stdlib.Conn).Conn()
		if err := copyRows(ctx, conn, &d.types, table, columns, rows); !errors.Is(err, errCopyValue) {
			return err
		}
		_, err := conn.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			for j, v := range rows[i] {
				rows[i][j] = copyValue(v)
			}
			return rows[i], nil
		}))
		return err
	})
}

func (*postgresDialect) newIDs(ctx context.Context, tx *Tx, table string, n int) (ids []int64, err error) {
	if n == 0 {
		return nil, nil
	}
	return ids, tx.sel(ctx, &ids, `SELECT nextval(pg_get_serial_sequence(CAST(? AS text), 'id')) FROM generate_series(1, CAST(? AS bigint))`, table, n)
}

// copyValue is the form in which COPY encodes a value without a detour over text.
func copyValue(v any) any {
	switch v := v.(type) {
	case canonical.ID:
		if v.IsZero() {
			return nil
		}
		return [16]byte(v)
	case canonical.Date:
		if v.IsZero() {
			return nil
		}
		return v.Time()
	case canonical.Quantity:
		return int64(v)
	}
	return v
}

func (*postgresDialect) anyOf(column string, typed any, values []any) (string, []any) {
	if ids, ok := typed.([]canonical.ID); ok {
		raw := make([][16]byte, len(ids))
		for i, id := range ids {
			raw[i] = id
		}
		return column + " = ANY(?)", []any{raw}
	}
	if len(values) == 0 {
		return "1 = 0", nil
	}
	return column + " = ANY(?)", []any{typed}
}

func (*postgresDialect) table(values []int64) (string, []any) {
	return "(SELECT x AS column1 FROM unnest(CAST(? AS bigint[])) AS x)", []any{values}
}

func (*postgresDialect) holds(column string) string {
	return "position(CAST(? AS bytea) IN " + column + ") > 0"
}

func (*postgresDialect) conflict(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505"
}

func (*postgresDialect) explain(err error, cfg Config) error {
	if err == nil || errs.CodeOf(err) != "" || errors.Is(err, context.Canceled) {
		return err
	}
	args := errs.Args{"url": redactURL(cfg.URL)}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		args["why"] = e.Message
		switch {
		case e.Code[:2] == "28":
			return errs.Wrap(errs.Unavailable, "store.login", err, args)
		case e.Code == "3D000":
			return errs.Wrap(errs.Unavailable, "store.no_database", err, args)
		case e.Code[:2] == "53" || e.Code == "57P03":
			return errs.Wrap(errs.Unavailable, "store.unreachable", err, args)
		case e.Code[:2] == "57" || e.Code[:2] == "08":
			return errs.Wrap(errs.Unavailable, "store.connection_lost", err, args)
		}
		return err
	}
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) {
		args["why"], _, _ = strings.Cut(fmt.Sprint(errors.Unwrap(connect)), "\n") // a line for each address tried
		var untrusted *tls.CertificateVerificationError
		if errors.As(err, &untrusted) {
			args["why"] = untrusted.Err.Error()
			return errs.Wrap(errs.Unavailable, "store.certificate", err, args)
		}
		return errs.Wrap(errs.Unavailable, "store.unreachable", err, args)
	}
	if errors.As(err, &network) || pgconn.SafeToRetry(err) || errors.Is(err, net.ErrClosed) {
		args["why"] = fmt.Sprint(err)
		return errs.Wrap(errs.Unavailable, "store.connection_lost", err, args)
	}
	return err
}
