package database

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"
	"github.com/sijms/go-ora/v2/network"

	"tributary/internal/errs"
)

// meanings are the numbers by which servers say what people can mend; the rest of a number's class is "query".
var meanings = map[string]map[string]string{
	"postgres": {
		"28P01": "credentials", "28000": "credentials", "3D000": "missing", "42501": "rights", "57014": "timeout", "55P03": "timeout", "25006": "writes",
		"57P01": "lost", "57P02": "lost", "57P03": "lost", "53300": "lost", "40001": "lost", "08006": "lost",
	},
	"mysql": {
		"1045": "credentials", "1698": "credentials", "1049": "missing", "1044": "rights", "1142": "rights", "1143": "rights", "1227": "rights", "1370": "rights",
		"1969": "timeout", "3024": "timeout", "1205": "timeout", "1317": "timeout", "1792": "writes", "1040": "lost", "1053": "lost", "1927": "lost", "1203": "lost", "1226": "lost",
	},
	"sqlserver": {
		"18456": "credentials", "18452": "credentials", "18470": "credentials", "4060": "missing", "229": "rights", "230": "rights", "916": "rights", "1222": "timeout", "1205": "lost", "3906": "writes", "40197": "lost",
	},
	"oracle": {
		"1017": "credentials", "28000": "credentials", "28001": "credentials", "12514": "missing", "12505": "missing", "1031": "rights", "1045": "rights", "1013": "timeout", "30006": "timeout",
		"1456": "writes", "3113": "lost", "3114": "lost", "12541": "lost", "12170": "lost", "1033": "lost", "1034": "lost", "12516": "lost", "12520": "lost",
	},
}

// number is the server's own number of an error, "" when the server did not speak.
func number(err error) (code, text string) {
	var pg *pgconn.PgError
	var my *mysql.MySQLError
	var ms mssql.Error
	var ora *network.OracleError
	switch {
	case errors.As(err, &pg):
		return pg.Code, pg.Message
	case errors.As(err, &my):
		return strconv.Itoa(int(my.Number)), my.Message
	case errors.As(err, &ms):
		return strconv.Itoa(int(ms.Number)), ms.Message
	case errors.As(err, &ora):
		return strconv.Itoa(ora.ErrCode), ora.ErrMsg
	}
	return "", ""
}

// failed gives an error of a driver its message. stream is "" before a query is asked.
func (s *Source) failed(ctx context.Context, err error, stream string) error {
	var own *errs.Error
	if err == nil || errors.As(err, &own) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	args := errs.Args{"source": s.dialect.name, "host": s.settings.Address, "database": s.settings.Database, "user": s.settings.User, "stream": stream, "why": plain(err)}
	code, text := number(err)
	if refusedClient(code, text, err) {
		return errs.New(errs.Invalid, "database.client_certificate", args)
	}
	if code != "" {
		args["why"] = text + " (" + code + ")"
		meaning, known := meanings[s.settings.Kind][code]
		switch {
		case !known && stream != "":
			return errs.New(errs.Invalid, "database.query", args)
		case !known:
			return errs.New(errs.Denied, "database.refused", args)
		case meaning == "lost":
			return errs.New(errs.Unavailable, "database.lost", args)
		case meaning == "timeout":
			args["limit"] = s.settings.Timeout.String()
			return errs.New(errs.Unavailable, "database.timeout", args)
		}
		return errs.New(errs.Denied, map[string]string{"credentials": "database.credentials", "missing": "database.missing", "rights": "database.rights", "writes": "database.writes"}[meaning], args)
	}
	var verify *tls.CertificateVerificationError
	var dial *net.OpError
	switch {
	case speaksNoTLS(err):
		return errs.New(errs.Invalid, "database.no_tls", args)
	case errors.As(err, &verify):
		args["why"] = verify.Err.Error()
		return errs.New(errs.Invalid, "connectors.certificate", args)
	case errors.Is(err, context.DeadlineExceeded):
		args["limit"] = s.settings.Timeout.String()
		return errs.New(errs.Unavailable, "database.timeout", args)
	case errors.As(err, &dial) && dial.Op == "dial":
		args["op"] = "connect"
		return errs.New(errs.Unavailable, "connectors.unreachable", args)
	}
	return errs.New(errs.Unavailable, "database.lost", args)
}

// speaksNoTLS reports whether the server has no TLS at its port. Two drivers give that no type.
func speaksNoTLS(err error) bool {
	var header tls.RecordHeaderError
	if errors.Is(err, mysql.ErrNoTLS) || errors.As(err, &header) {
		return true
	}
	text := err.Error()
	return strings.Contains(text, "server refused TLS connection") || strings.Contains(text, "server does not support encryption")
}

// refusedClient reports whether the server wants a certificate of us, or another one. Alerts of TLS have no type to ask for.
func refusedClient(code, text string, err error) bool {
	if code == "28000" {
		return strings.Contains(text, "client certificate")
	}
	var op *net.OpError
	return code == "" && errors.As(err, &op) && op.Op == "remote error"
}

// plain is a driver's error without the addresses and names that the message gives itself, and never with a password:
// the drivers do not print theirs.
func plain(err error) string {
	switch {
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
