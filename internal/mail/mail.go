// Package mail sends one message at a time by SMTP and says of each what became of it: sent, certainly not sent, or
// unsure. Nothing is tried twice here: whether a message that may have arrived is sent again is for a person to say.
package mail

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"tributary/internal/errs"
	"tributary/internal/trust"
)

// Config names the server.
type Config struct {
	Server   string        // host:port
	TLS      string        // starttls, tls, none
	From     string        // address, or Name <address>
	Username string        // "" = no login
	Password string        //
	CAFile   string        // PEM file with the authority behind the server's certificate; "" = the system's
	Timeout  time.Duration // for a whole message; 0 = 30 s
}

// Message is a text to one address.
type Message struct {
	To      string
	Subject string
	Text    string
	ID      string // of the message: the same message has the same one
	Date    time.Time
}

// Outcome is what became of a message.
type Outcome string

// Outcomes.
const (
	Sent    Outcome = "sent"
	NotSent Outcome = "failed" // the server has certainly not taken it
	Unsure  Outcome = "unsure" // it was handed over, and the answer was lost
)

// Errors in what is to be sent.
var (
	ErrAddress = errors.New("not an e-mail address")
	ErrHeader  = errors.New("a header may not hold control characters")
)

// Address reads one address and nothing else: no list, no group, no control character.
func Address(text string) (string, error) {
	if control(text) {
		return "", ErrAddress
	}
	a, err := mail.ParseAddress(strings.TrimSpace(text))
	if err != nil || a.Name != "" {
		return "", ErrAddress
	}
	return a.Address, nil
}

func control(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

// Send hands a message to the server, once. What every other message would meet as well has a code of the catalogue and
// the kind Invalid or Denied: a certificate that is not trusted, a server without TLS or login, a login that is refused.
func Send(ctx context.Context, c Config, m Message) (Outcome, error) {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var line bounded
	defer line.close() // the library leaves a connection open whose greeting failed
	client, err := clientOf(c, timeout, &line)
	if err != nil {
		return NotSent, err
	}
	msg, err := message(c.From, m)
	if err != nil {
		return NotSent, err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return NotSent, c.refused(err)
	}
	err = client.Send(msg)
	// A farewell that fails changes nothing about a message that was taken.
	if closed := client.Close(); err == nil && !msg.IsDelivered() {
		err = closed
	}
	if msg.IsDelivered() {
		return Sent, nil
	}
	return outcomeOf(err), err
}

// outcomeOf tells what a failed conversation means. Up to the end of the text the server has nothing; after it only an
// answer that refuses says that it did not take the message.
func outcomeOf(err error) Outcome {
	var e *gomail.SendError
	if !errors.As(err, &e) {
		return Unsure
	}
	switch e.Reason {
	case gomail.ErrSMTPDataClose:
		if e.ErrorCode() >= 400 {
			return NotSent
		}
		return Unsure
	case gomail.ErrAmbiguous, gomail.ErrSMTPReset:
		return Unsure
	}
	return NotSent
}

func clientOf(c Config, timeout time.Duration, line *bounded) (*gomail.Client, error) {
	host, portText, err := net.SplitHostPort(c.Server)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, err
	}
	secure, err := c.secure(host)
	if err != nil {
		return nil, err
	}
	line.until = time.Now().Add(timeout)
	opts := []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(timeout), gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
		var err error
		if line.Conn, err = (&net.Dialer{}).DialContext(ctx, network, address); err != nil {
			return nil, err
		}
		if err := line.SetDeadline(line.until); err != nil || c.TLS != "tls" {
			return line, err
		}
		return tls.Client(line, secure), nil
	}), gomail.WithTLSConfig(secure)}
	login := gomail.SMTPAuthAutoDiscover
	switch c.TLS {
	case "tls": // the connection is encrypted from its first byte, which the library cannot see to choose by
		login = gomail.SMTPAuthPlain
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	case "none":
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if c.Username != "" {
		opts = append(opts, gomail.WithSMTPAuth(login), gomail.WithUsername(c.Username), gomail.WithPassword(c.Password))
	}
	return gomail.NewClient(host, opts...)
}

// secure is the TLS configuration towards the server.
func (c Config) secure(host string) (*tls.Config, error) {
	out := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return out, nil
	}
	out.RootCAs = x509.NewCertPool()
	return out, trust.Add(out.RootCAs, c.CAFile)
}

// refused gives an error in front of the message its text, where every other message would meet it too.
func (c Config) refused(err error) error {
	var verify *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var answer *textproto.Error
	args := errs.Args{"server": c.Server, "user": c.Username, "tls": cmp.Or(c.TLS, "starttls"), "why": err.Error()}
	text := err.Error() // the library has no types for what a server does not offer, nor for where a login ended
	switch {
	case errors.As(err, &verify):
		args["why"] = verify.Err.Error()
		return errs.New(errs.Invalid, "mail.certificate", args)
	case errors.As(err, &header), strings.Contains(text, "does not support STARTTLS"):
		return errs.New(errs.Invalid, "mail.no_tls", args)
	case strings.Contains(text, "does not support SMTP AUTH"), errors.Is(err, gomail.ErrNoSupportedAuthDiscovered), errors.Is(err, gomail.ErrPlainAuthNotSupported):
		return errs.New(errs.Invalid, "mail.no_login", args)
	case strings.Contains(text, "SMTP AUTH failed") && errors.As(err, &answer) && answer.Code >= 500:
		args["why"] = answer.Error()
		return errs.New(errs.Denied, "mail.credentials", args)
	}
	return err
}

// bounded is a connection whose deadlines never lie behind a time: a server that drips bytes holds nobody up.
type bounded struct {
	net.Conn
	until time.Time
}

func (b *bounded) SetDeadline(t time.Time) error {
	if t.IsZero() || t.After(b.until) {
		t = b.until
	}
	return b.Conn.SetDeadline(t)
}

func (b *bounded) close() {
	if b.Conn != nil {
		b.Conn.Close()
	}
}

func message(from string, m Message) (*gomail.Msg, error) {
	if control(m.Subject) || control(m.ID) || control(from) {
		return nil, ErrHeader
	}
	to, err := Address(m.To)
	if err != nil {
		return nil, err
	}
	sender, err := mail.ParseAddress(from)
	if err != nil {
		return nil, ErrAddress
	}
	msg := gomail.NewMsg()
	msg.FromMailAddress(sender)
	if err := msg.To(to); err != nil {
		return nil, err
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(m.ID)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	return msg, nil
}
