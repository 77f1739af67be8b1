package kafka

import (
	"fmt"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"tributary/internal/errs"
)

// The zero values of the library lose data: no acknowledgement, no keys, and a second of waiting.
func TestWriterSettings(t *testing.T) {
	p, err := NewPublisher(PublisherConfig{Config: Config{Brokers: []string{"127.0.0.1:1"}}, Compression: "zstd"}, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close()) }()
	for name, w := range map[string]*kafkago.Writer{"publisher": p.writer, "fork": p.Fork().writer} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, kafkago.RequireAll, w.RequiredAcks)
			require.Equal(t, kafkago.Murmur2Balancer{}, w.Balancer)
			require.False(t, w.Async)
			require.False(t, w.AllowAutoTopicCreation)
			require.Equal(t, 5*time.Millisecond, w.BatchTimeout)
			require.Equal(t, 500, w.BatchSize)
			require.EqualValues(t, 1_000_000, w.BatchBytes)
			require.Equal(t, 3, w.MaxAttempts)
			require.Equal(t, 10*time.Second, w.WriteTimeout)
			require.Equal(t, kafkago.Zstd, w.Compression)
			require.Empty(t, w.Topic)
			require.Same(t, p.link.transport, w.Transport)
		})
	}
	require.Equal(t, 34*time.Second+5*time.Millisecond, p.MaxDuration())
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	brokers := []string{"h:1"}
	for code, cfg := range map[string]Config{
		"kafka.no_brokers":      {},
		"kafka.broker_address":  {Brokers: []string{"kafka-1"}},
		"kafka.sasl_mechanism":  {Brokers: brokers, SASL: &SASL{Mechanism: "GSSAPI", User: "u", Password: "p"}},
		"kafka.sasl_incomplete": {Brokers: brokers, SASL: &SASL{User: "u"}},
	} {
		_, err := NewPublisher(PublisherConfig{Config: cfg}, nil)
		require.Equal(t, code, errs.CodeOf(err))
		_, err = NewSubscriber(SubscriberConfig{Config: cfg}, nil)
		require.Equal(t, code, errs.CodeOf(err))
		_, err = NewAdmin(cfg)
		require.Equal(t, code, errs.CodeOf(err))
		_, err = NewReader(ReaderConfig{Config: cfg})
		require.Equal(t, code, errs.CodeOf(err))
	}
	_, err := NewPublisher(PublisherConfig{Config: Config{Brokers: brokers}, Compression: "rar"}, nil)
	require.Equal(t, "kafka.compression", errs.CodeOf(err))
	_, err = TrustCA([]byte("not a certificate"))
	require.Equal(t, "kafka.ca_file", errs.CodeOf(err))
}

func TestPasswordIsNotPrinted(t *testing.T) {
	cfg := PublisherConfig{Config: Config{SASL: &SASL{Mechanism: ScramSHA512, User: "hub", Password: "planted-secret"}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(verb, cfg), "planted-secret")
		require.NotContains(t, fmt.Sprintf(verb, *cfg.SASL), "planted-secret")
	}
}
