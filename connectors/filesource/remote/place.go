package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/url"
	"time"

	"tributary/internal/errs"
	"tributary/internal/trust"
)

// place is the other machine: where it is, and what is said about it in messages.
type place struct {
	name    string // sftp://host:22, without user and path
	host    string
	address string // host:port
	user    string
	cfg     Config
}

func (p place) fail(kind errs.Kind, code string, cause error, args errs.Args) error {
	if args == nil {
		args = errs.Args{}
	}
	args["place"] = p.name
	if _, has := args["why"]; cause != nil && !has {
		args["why"] = cause.Error() // in the arguments, since findings show no causes
	}
	return errs.Wrap(kind, code, cause, args)
}

// failed gives an error of a library its message. What is neither a certificate nor a refusal is a broken connection.
func (p place) failed(err error) error {
	var own *errs.Error
	var header tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	switch {
	case err == nil, errors.As(err, &own), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &verify):
		return p.fail(errs.Invalid, "files.remote_certificate", verify.Err, nil)
	case errors.As(err, &header):
		return p.fail(errs.Invalid, "files.remote_not_tls", nil, nil)
	}
	var asked *url.Error // its text repeats the address
	if errors.As(err, &asked) {
		err = asked.Err
	}
	return p.fail(errs.Unavailable, "files.remote_lost", err, nil)
}

// broken reports whether the connection failed, as opposed to an answer that is a refusal.
var past = time.Unix(1, 0) // a deadline that ends what waits

func broken(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

func (p place) missing(name string) error {
	return errs.New(errs.NotFound, "files.missing", errs.Args{"file": name})
}

func (p place) noFolder(folder string) error {
	return p.fail(errs.NotFound, "files.remote_folder", nil, errs.Args{"folder": folder})
}

func (p place) denied(what string) error {
	return p.fail(errs.Denied, "files.remote_denied", nil, errs.Args{"what": what, "user": p.user})
}

func (p place) credentials(why string) error {
	return p.fail(errs.Denied, "files.remote_credentials", nil, errs.Args{"user": p.user, "why": why})
}

func (p place) noArchive(folder string, cause error) error {
	return p.fail(errs.Denied, "files.remote_archive", cause, errs.Args{"folder": folder, "user": p.user})
}

// dial connects. The connection ends when it is silent for too long.
func (p place) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := p.cfg.Dial(ctx, network, address)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, p.fail(errs.Unavailable, "files.remote_unreachable", err, nil)
	}
	return &mortal{Conn: c, idle: p.cfg.Idle}, nil
}

// tls is the configuration of TLS connections to the place.
func (p place) tls() (*tls.Config, error) {
	cfg := &tls.Config{ServerName: p.host, MinVersion: tls.VersionTLS12}
	if p.cfg.CAFile == "" {
		return cfg, nil
	}
	cfg.RootCAs = x509.NewCertPool()
	return cfg, trust.Add(cfg.RootCAs, p.cfg.CAFile)
}

// plainCause is an error of the file system without the path, which the message names itself.
func plainCause(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// mortal is a connection whose silence ends it.
type mortal struct {
	net.Conn
	idle time.Duration
}

func (m *mortal) Read(p []byte) (int, error) {
	if err := m.SetReadDeadline(time.Now().Add(m.idle)); err != nil {
		return 0, err
	}
	return m.Conn.Read(p)
}

func (m *mortal) Write(p []byte) (int, error) {
	if err := m.SetWriteDeadline(time.Now().Add(m.idle)); err != nil {
		return 0, err
	}
	return m.Conn.Write(p)
}
