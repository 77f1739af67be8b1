package database

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"
	goora "github.com/sijms/go-ora/v2"

	"tributary/internal/errs"
	"tributary/internal/trust"
)

// open makes the handle of the settings: one connection, none of it open yet.
func (s Settings) open() (*sql.DB, error) {
	host, portText, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, errs.New(errs.Invalid, "database.setting_address", errs.Args{"path": "address"})
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, errs.New(errs.Invalid, "database.setting_address", errs.Args{"path": "address"})
	}
	secure, err := s.secure(host)
	if err != nil {
		return nil, err
	}
	var db *sql.DB
	switch s.Kind {
	case "postgres":
		db, err = s.postgres(host, port, secure)
	case "mysql":
		db, err = s.mysql(secure)
	case "sqlserver":
		db, err = s.sqlserver(secure)
	case "oracle":
		db = s.oracle(host, int(port), secure)
	default:
		err = fmt.Errorf("database of kind %q", s.Kind)
	}
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// secure is the TLS configuration; nil without TLS.
func (s Settings) secure(host string) (*tls.Config, error) {
	if s.TLS == "off" {
		return nil, nil
	}
	out := &tls.Config{ServerName: cmp.Or(s.TLSName, host), MinVersion: tls.VersionTLS12, InsecureSkipVerify: !s.verified()} // prefer: as the setting's page says
	if s.CAFile != "" {
		out.RootCAs = x509.NewCertPool()
		if err := trust.Add(out.RootCAs, s.CAFile); err != nil {
			return nil, err
		}
	}
	if s.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(s.CertFile, s.KeyFile)
		if err != nil {
			return nil, errs.New(errs.Invalid, "database.client_cert", errs.Args{"file": s.CertFile, "key": s.KeyFile, "why": err.Error()})
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}

func (s Settings) postgres(host string, port uint64, secure *tls.Config) (*sql.DB, error) {
	// Everything is given, so that no PG… variable of this process decides where we connect and as whom.
	cfg, err := pgx.ParseConfig("host=localhost port=5432 user=x password=x dbname=x sslmode=disable passfile=/dev/null")
	if err != nil {
		return nil, err
	}
	cfg.Host, cfg.Port, cfg.Database, cfg.User, cfg.Password = host, uint16(port), s.Database, s.User, s.Password.Reveal()
	cfg.ConnectTimeout, cfg.TLSConfig, cfg.Fallbacks = s.Timeout, secure, nil
	if secure != nil && !s.verified() {
		cfg.Fallbacks = []*pgconn.FallbackConfig{{Host: host, Port: uint16(port)}}
	}
	cfg.RuntimeParams = map[string]string{"application_name": "tributary", "timezone": s.Zone, "default_transaction_read_only": "on", "client_encoding": "UTF8"}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec // no named statement is left at the distributor; the server says what arguments are
	return stdlib.OpenDB(*cfg), nil
}

func (s Settings) mysql(secure *tls.Config) (*sql.DB, error) {
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.DBName, cfg.User, cfg.Passwd = "tcp", s.Address, s.Database, s.User, s.Password.Reveal()
	cfg.Timeout, cfg.ReadTimeout, cfg.WriteTimeout = s.Timeout, 2*s.Timeout, s.Timeout
	cfg.Logger = &mysql.NopLogger{}
	cfg.TLS, cfg.AllowFallbackToPlaintext = secure, !s.verified()
	cfg.InterpolateParams = false
	c, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

func (s Settings) sqlserver(secure *tls.Config) (*sql.DB, error) {
	cfg, err := msdsn.Parse(s.sqlserverURL())
	if err != nil {
		return nil, err
	}
	if s.verified() {
		cfg.TLSConfig = secure
	}
	return sql.OpenDB(mssql.NewConnectorConfig(cfg)), nil
}

func (s Settings) sqlserverURL() string {
	q := url.Values{"database": {s.Database}, "app name": {"tributary"}, "applicationintent": {"ReadOnly"}, "dial timeout": {seconds(s)}, "connection timeout": {strconv.Itoa(int(2 * s.Timeout.Seconds()))}}
	switch {
	case s.TLS == "off":
		q.Set("encrypt", "disable")
	case s.verified():
		q.Set("encrypt", "true")
	default:
		q.Set("encrypt", "false")
		q.Set("trustservercertificate", "true")
	}
	return (&url.URL{Scheme: "sqlserver", User: url.UserPassword(s.User, s.Password.Reveal()), Host: s.Address, RawQuery: q.Encode()}).String()
}

func (s Settings) oracle(host string, port int, secure *tls.Config) *sql.DB {
	c := goora.NewConnector(s.oracleURL(host, port))
	if oracle, ok := c.(*goora.OracleConnector); ok && s.verified() {
		oracle.WithTLSConfig(secure)
	}
	return sql.OpenDB(c)
}

func (s Settings) oracleURL(host string, port int) string {
	o := map[string]string{"CONNECTION TIMEOUT": seconds(s), "PROGRAM": "tributary"}
	if s.verified() {
		o["SSL"], o["SSL VERIFY"] = "true", "true"
	}
	return goora.BuildUrl(host, port, s.Database, s.User, s.Password.Reveal(), o)
}

func seconds(s Settings) string { return strconv.Itoa(max(1, int(s.Timeout.Seconds()))) }

// guard prepares the connection for one page: limits that the server itself enforces.
func (s Settings) guard(ctx context.Context, tx *sql.Tx, d dialect) error {
	limit := s.Timeout.Milliseconds()
	for _, statement := range d.begin {
		if strings.Contains(statement, "%d") {
			statement = fmt.Sprintf(statement, limit)
		}
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if s.Kind != "mysql" {
		return nil
	}
	// MariaDB and MySQL name the same limit differently; one of the two exists. The zone needs no tables of names.
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("SET SESSION max_statement_time = %d", max(1, limit/1000))); err != nil {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("SET SESSION max_execution_time = %d", limit)); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, "SET SESSION innodb_lock_wait_timeout = 5")
	return err
}
