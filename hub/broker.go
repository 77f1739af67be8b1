package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"

	"tributary/events/embedded"
	"tributary/events/kafka"
	"tributary/internal/errs"
)

// Broker is a way to Kafka: the configured cluster, or the embedded broker of this data folder.
type Broker struct {
	Kafka    kafka.Config
	Address  string           // host:port for people and clients; "" in memory
	Embedded *embedded.Broker // nil when another process or a cluster is used
}

// BrokerUse says what the caller wants of the embedded broker; a cluster does not care.
type BrokerUse struct {
	Listen       bool // own the broker and listen for clients; else use the owner's, or run it in memory
	NextFreePort bool // take the next port when the configured one is taken
}

// OpenBroker connects to the cluster, or starts or finds the embedded broker, and makes sure that it answers. The caller
// closes it.
func (h *Hub) OpenBroker(ctx context.Context, use BrokerUse) (*Broker, error) {
	b, err := h.openBroker(ctx, use)
	if err != nil {
		return nil, err
	}
	if err := b.Ping(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Ping reports whether the broker answers and lets us in.
func (b *Broker) Ping(ctx context.Context) error {
	admin, err := kafka.NewAdmin(b.Kafka)
	if err != nil {
		return err
	}
	return admin.Ping(ctx)
}

func (h *Hub) openBroker(ctx context.Context, use BrokerUse) (*Broker, error) {
	k := h.Config.Kafka
	if !k.Embedded {
		conf, err := h.clusterConfig()
		return &Broker{Kafka: conf, Address: k.Brokers[0]}, err
	}
	dir := filepath.Join(h.Config.DataDir, "kafka")
	conf := embedded.Config{Dir: dir, Listen: k.Listen, NextFreePort: use.NextFreePort, Memory: !use.Listen, Logger: h.Log}
	if !use.Listen {
		if owner, running, err := embedded.FindOwner(dir); err == nil && running && owner.Address != "" {
			return &Broker{Kafka: kafka.Config{Brokers: []string{owner.Address}}, Address: owner.Address}, nil
		}
	}
	e, err := embedded.Start(ctx, conf)
	if err != nil {
		return nil, taken(err, use)
	}
	b := &Broker{Kafka: kafka.Config{Brokers: []string{e.Addr()}, Dial: e.Dialer()}, Embedded: e}
	if use.Listen {
		b.Address = e.Addr()
	}
	return b, nil
}

// taken says of a folder that another process has what a person can do about it: the environment is in the way, not the
// input.
func taken(err error, use BrokerUse) error {
	var owned *embedded.OwnedError
	if !errors.As(err, &owned) {
		return err
	}
	code := errs.CodeOf(err)
	if use.Listen && owned.Owner.Address != "" {
		code = "hub.already_serving"
	}
	return errs.New(errs.Unavailable, code, errs.Args{"dir": owned.Dir, "pid": owned.Owner.PID, "address": owned.Owner.Address})
}

// Close ends an embedded broker of this process.
func (b *Broker) Close() error {
	if b.Embedded == nil {
		return nil
	}
	return b.Embedded.Close()
}

func (h *Hub) clusterConfig() (kafka.Config, error) {
	k := h.Config.Kafka
	conf := kafka.Config{Brokers: k.Brokers}
	for _, b := range k.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return kafka.Config{}, errs.New(errs.Invalid, "hub.broker_address", errs.Args{"value": b})
		}
	}
	if k.SASL.Mechanism != "" {
		conf.SASL = &kafka.SASL{Mechanism: k.SASL.Mechanism, User: k.SASL.Username, Password: k.SASL.Password}
	}
	if k.TLS.CA != "" {
		pem, err := os.ReadFile(k.TLS.CA)
		if err != nil {
			return kafka.Config{}, errs.New(errs.Invalid, "hub.ca_file", errs.Args{"file": k.TLS.CA, "why": err})
		}
		if conf.TLS, err = kafka.TrustCA(pem); err != nil {
			return kafka.Config{}, errs.New(errs.Invalid, "hub.ca_file", errs.Args{"file": k.TLS.CA, "why": err})
		}
	} else if k.TLS.Enabled {
		conf.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return conf, nil
}
