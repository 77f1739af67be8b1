package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"tributary/internal/errs"
)

// Config says how to reach a cluster. Brokers is required; the zero value of the rest works on a cluster without login.
type Config struct {
	Brokers     []string      // host:port of some brokers; the others are learned from them
	ClientID    string        // shown in the brokers' logs and quotas; default "tributary"
	TLS         *tls.Config   // nil: no TLS. TrustCA makes one from a PEM file
	SASL        *SASL         // nil: no login
	DialTimeout time.Duration // one connection, TLS and login included; default 5 s
	// Dial replaces the network, for a broker inside this process. Default: TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Mechanisms of SASL.
const (
	ScramSHA512 = "SCRAM-SHA-512"
	ScramSHA256 = "SCRAM-SHA-256"
	Plain       = "PLAIN" // sends the password as it is: use it over TLS only
)

// SASL is a login. It has no printing form that shows the password.
type SASL struct {
	Mechanism string // default ScramSHA512
	User      string
	Password  string
}

// String hides the password.
func (s SASL) String() string { return s.Mechanism + " " + s.User }

// GoString hides the password.
func (s SASL) GoString() string { return s.String() }

// TrustCA returns a TLS configuration that trusts the certificates of a PEM file and no others.
func TrustCA(pem []byte) (*tls.Config, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errs.New(errs.Invalid, "kafka.ca_file", nil)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// link is one pool of connections to a cluster, with the cluster's layout.
type link struct {
	brokers   []string
	addr      net.Addr
	transport *kafkago.Transport
	dialer    *kafkago.Dialer
	cancel    context.CancelFunc
}

// open checks the configuration. It connects to nothing; connections are made when first used.
func (c Config) open() (*link, error) {
	if len(c.Brokers) == 0 {
		return nil, errs.New(errs.Invalid, "kafka.no_brokers", nil)
	}
	for _, b := range c.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return nil, errs.New(errs.Invalid, "kafka.broker_address", errs.Args{"broker": b})
		}
	}
	mechanism, err := c.mechanism()
	if err != nil {
		return nil, err
	}
	id := cmp.Or(c.ClientID, "tributary")
	timeout := cmp.Or(c.DialTimeout, 5*time.Second)
	ctx, cancel := context.WithCancel(context.Background())
	return &link{
		brokers: c.Brokers,
		addr:    kafkago.TCP(c.Brokers...),
		cancel:  cancel,
		transport: &kafkago.Transport{
			ClientID: id, TLS: c.TLS, SASL: mechanism, DialTimeout: timeout, Context: ctx, Dial: c.Dial,
			// Also the time a broker has to describe the cluster, which a busy one needs.
			MetadataTTL: 10 * time.Second,
		},
		dialer: &kafkago.Dialer{
			ClientID: id, TLS: c.TLS, SASLMechanism: mechanism, Timeout: timeout, DualStack: true, DialFunc: c.Dial,
		},
	}, nil
}

func (c Config) mechanism() (sasl.Mechanism, error) {
	if c.SASL == nil {
		return nil, nil
	}
	if c.SASL.User == "" || c.SASL.Password == "" {
		return nil, errs.New(errs.Invalid, "kafka.sasl_incomplete", nil)
	}
	var (
		m   sasl.Mechanism
		err error
	)
	switch name := cmp.Or(strings.ToUpper(c.SASL.Mechanism), ScramSHA512); name {
	case ScramSHA512:
		m, err = scram.Mechanism(scram.SHA512, c.SASL.User, c.SASL.Password)
	case ScramSHA256:
		m, err = scram.Mechanism(scram.SHA256, c.SASL.User, c.SASL.Password)
	case Plain:
		m = plain.Mechanism{Username: c.SASL.User, Password: c.SASL.Password}
	default:
		return nil, errs.New(errs.Invalid, "kafka.sasl_mechanism", errs.Args{"mechanism": c.SASL.Mechanism})
	}
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "kafka.sasl_incomplete", err, nil)
	}
	return m, nil
}

// client makes requests over the pool; a timeout of 0 leaves it to the context.
func (l *link) client(timeout time.Duration) *kafkago.Client {
	return &kafkago.Client{Addr: l.addr, Transport: l.transport, Timeout: timeout}
}

// refresh forgets the cluster's layout; the next request asks for it. The library would serve an answer up to
// MetadataTTL old, which lacks topics made a moment ago.
func (l *link) refresh() { l.transport.CloseIdleConnections() }

func (l *link) close() {
	l.transport.CloseIdleConnections()
	l.cancel()
}
