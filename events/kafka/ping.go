package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"tributary/internal/errs"
)

// Ping connects to the brokers one after another until one answers as a Kafka broker that lets us in. The error, that
// of the first broker, tells apart what a person can mend: wrong address, refused, wrong password, wrong mechanism,
// a certificate nobody vouches for, TLS on one side only, no answer in time. Its catalogue codes are kafka.ping_*.
func (a *Admin) Ping(ctx context.Context) error {
	l, err := a.cfg.open()
	if err != nil {
		return err
	}
	defer l.close()
	var first error
	for _, broker := range l.brokers {
		// A single connection is probed: through the pool every cause reads "broker not available".
		err := a.probe(ctx, l.dialer, broker)
		if err == nil {
			return nil
		}
		if first == nil {
			first = a.explain(broker, err)
		}
	}
	return first
}

func (a *Admin) probe(ctx context.Context, dialer *kafkago.Dialer, broker string) error {
	conn, err := dialer.DialContext(ctx, "tcp", broker)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	deadline := time.Now().Add(dialer.Timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	// Only an answer proves it: a listener that wants a login takes the connection and hangs up on the first request.
	_, err = conn.Brokers()
	return err
}

// explain finds the cause among what the network, TLS and the broker report.
func (a *Admin) explain(broker string, err error) error {
	args := errs.Args{"broker": broker}
	say := func(kind errs.Kind, code string) error { return errs.Wrap(kind, code, err, args) }
	var (
		dns       *net.DNSError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		notTLS    tls.RecordHeaderError
		timeout   net.Error
	)
	switch {
	case errors.As(err, &dns):
		return say(errs.Invalid, "kafka.ping_unknown_host")
	case errors.Is(err, syscall.ECONNREFUSED):
		return say(errs.Unavailable, "kafka.ping_refused")
	case errors.As(err, &authority):
		return say(errs.Invalid, "kafka.ping_untrusted")
	case errors.As(err, &host):
		return say(errs.Invalid, "kafka.ping_host_name")
	case errors.As(err, &invalid):
		return say(errs.Invalid, "kafka.ping_certificate")
	case errors.As(err, &notTLS):
		return say(errs.Invalid, "kafka.ping_no_tls")
	case errors.Is(err, kafkago.SASLAuthenticationFailed):
		return say(errs.Denied, "kafka.ping_password")
	case errors.Is(err, kafkago.UnsupportedSASLMechanism), errors.Is(err, kafkago.IllegalSASLState):
		return say(errs.Invalid, "kafka.ping_mechanism")
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return say(errs.Unavailable, "kafka.ping_timeout")
	case hungUp(err):
		// TLS to a plain listener, or no login to one that wants it.
		if a.cfg.TLS != nil {
			return say(errs.Invalid, "kafka.ping_no_tls")
		}
		return say(errs.Invalid, "kafka.ping_hung_up")
	}
	return say(errs.Unavailable, "kafka.ping_failed")
}

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}
