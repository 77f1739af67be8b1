package kafka_test

import (
	"context"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/events/kafka"
	"tributary/internal/errs"
	"tributary/test/servers"
)

func TestEnsureTopicsCreatesAndCompares(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		admin, err := kafka.NewAdmin(cfg)
		require.NoError(t, err)
		state := kafka.TopicSpec{Name: prefix + "state", Config: map[string]string{"cleanup.policy": "compact", "retention.ms": "-1"}}
		facts := kafka.TopicSpec{Name: prefix + "facts", Partitions: 3, Config: map[string]string{"retention.ms": "3600000"}}
		found, err := admin.EnsureTopics(deadline(t), []kafka.TopicSpec{state, facts})
		require.NoError(t, err)
		require.Equal(t, []kafka.Finding{
			{Topic: state.Name, Kind: kafka.TopicCreated, Want: "12"},
			{Topic: facts.Name, Kind: kafka.TopicCreated, Want: "3"},
		}, found)

		found, err = admin.EnsureTopics(deadline(t), []kafka.TopicSpec{state, facts})
		require.NoError(t, err)
		require.Empty(t, found, "what is as it should be is not mentioned")

		facts.Partitions, facts.Replication = 6, 3
		facts.Config = map[string]string{"retention.ms": "-1", "cleanup.policy": "delete"}
		want := []kafka.Finding{
			{Topic: facts.Name, Kind: kafka.PartitionsDiffer, Want: "6", Have: "3"},
			{Topic: facts.Name, Kind: kafka.ReplicationDiffers, Want: "3", Have: "1"},
			{Topic: facts.Name, Kind: kafka.ConfigDiffers, Config: "retention.ms", Want: "-1", Have: "3600000"},
		}
		for range 2 { // the second time proves that the first changed nothing
			found, err = admin.EnsureTopics(deadline(t), []kafka.TopicSpec{facts})
			require.NoError(t, err)
			require.Equal(t, want, found)
		}
	})
}

// Several processes start at once: each topic is made once, nobody fails.
func TestEnsureTopicsAtOnce(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		specs := []kafka.TopicSpec{{Name: prefix + "a", Partitions: 2}, {Name: prefix + "b", Partitions: 2}}
		var all sync.WaitGroup
		created, errors := make([]int, 4), make([]error, 4)
		ctx := deadline(t)
		for i := range created {
			all.Go(func() {
				admin, err := kafka.NewAdmin(cfg)
				if err == nil {
					var found []kafka.Finding
					found, err = admin.EnsureTopics(ctx, specs)
					created[i] = len(found)
				}
				errors[i] = err
			})
		}
		all.Wait()
		require.Equal(t, make([]error, 4), errors)
		total := 0
		for _, n := range created {
			total += n
		}
		require.Equal(t, 2, total)
	})
}

func TestEnsureTopicsSaysWhyItCannot(t *testing.T) {
	admin, err := kafka.NewAdmin(kafka.Config{Brokers: []string{servers.Kafka(t)}})
	require.NoError(t, err)
	_, err = admin.EnsureTopics(deadline(t), []kafka.TopicSpec{{Name: servers.TopicPrefix(t) + "x", Replication: 5}})
	require.Equal(t, "kafka.topic_refused", errs.CodeOf(err))
}

func TestOffsets(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		admin, err := kafka.NewAdmin(cfg)
		require.NoError(t, err)
		_, err = admin.Offsets(deadline(t), prefix)
		require.Equal(t, "kafka.no_topic", errs.CodeOf(err))

		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: 3})
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg})
		for n := range 5 {
			require.NoError(t, pub.Publish(prefix, event("one key", n)))
		}
		ranges, err := admin.Offsets(deadline(t), prefix)
		require.NoError(t, err)
		require.Len(t, ranges, 3)
		var total int64
		for i, r := range ranges {
			require.Equal(t, i, r.Partition)
			require.Zero(t, r.First)
			total += r.End
		}
		require.EqualValues(t, 5, total)
	})
}

// Every cause a person can mend has its own code.
func TestPingTellsCausesApart(t *testing.T) {
	login := servers.KafkaLogin(t)
	pem, err := os.ReadFile(login.CA)
	require.NoError(t, err)
	trusted, err := kafka.TrustCA(pem)
	require.NoError(t, err)
	system := trusted.Clone()
	system.RootCAs = nil
	otherName := trusted.Clone()
	otherName.ServerName = "kafka.example.test"
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	good := &kafka.SASL{User: login.User, Password: login.Password}
	wrong := &kafka.SASL{User: login.User, Password: "guess"}

	for name, c := range map[string]struct {
		cfg  kafka.Config
		code string
	}{
		"no login wanted":       {kafka.Config{Brokers: []string{servers.Kafka(t)}}, ""},
		"login":                 {kafka.Config{Brokers: []string{login.Plain}, SASL: good}, ""},
		"login over TLS":        {kafka.Config{Brokers: []string{login.TLS}, SASL: good, TLS: trusted}, ""},
		"second broker answers": {kafka.Config{Brokers: []string{closed.Addr().String(), servers.Kafka(t)}}, ""},
		"refused":               {kafka.Config{Brokers: []string{closed.Addr().String()}}, "kafka.ping_refused"},
		"unknown host":          {kafka.Config{Brokers: []string{"kafka.invalid:9092"}}, "kafka.ping_unknown_host"},
		"silent":                {kafka.Config{Brokers: []string{silent.Addr().String()}, DialTimeout: 300 * time.Millisecond}, "kafka.ping_timeout"},
		"wrong password":        {kafka.Config{Brokers: []string{login.Plain}, SASL: wrong}, "kafka.ping_password"},
		"wrong password, TLS":   {kafka.Config{Brokers: []string{login.TLS}, SASL: wrong, TLS: trusted}, "kafka.ping_password"},
		"wrong mechanism": {kafka.Config{Brokers: []string{login.Plain},
			SASL: &kafka.SASL{Mechanism: kafka.Plain, User: login.User, Password: login.Password}}, "kafka.ping_mechanism"},
		"no login offered":      {kafka.Config{Brokers: []string{servers.Kafka(t)}, SASL: good}, "kafka.ping_mechanism"},
		"untrusted":             {kafka.Config{Brokers: []string{login.TLS}, SASL: good, TLS: system}, "kafka.ping_untrusted"},
		"other name":            {kafka.Config{Brokers: []string{login.TLS}, SASL: good, TLS: otherName}, "kafka.ping_host_name"},
		"TLS to a plain port":   {kafka.Config{Brokers: []string{login.Plain}, SASL: good, TLS: trusted}, "kafka.ping_no_tls"},
		"login forgotten":       {kafka.Config{Brokers: []string{login.Plain}}, "kafka.ping_hung_up"},
		"TLS forgotten":         {kafka.Config{Brokers: []string{login.TLS}, SASL: good}, "kafka.ping_hung_up"},
		"no network, no answer": {kafka.Config{Brokers: []string{silent.Addr().String()}, TLS: trusted, DialTimeout: 300 * time.Millisecond}, "kafka.ping_timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			admin, err := kafka.NewAdmin(c.cfg)
			require.NoError(t, err)
			err = admin.Ping(context.Background())
			require.Equal(t, c.code, errs.CodeOf(err), "%v", err)
			if c.code == "" {
				require.NoError(t, err)
			}
		})
	}
}

func TestPublishAndSubscribeWithLoginOverTLS(t *testing.T) {
	login := servers.KafkaLogin(t)
	pem, err := os.ReadFile(login.CA)
	require.NoError(t, err)
	trusted, err := kafka.TrustCA(pem)
	require.NoError(t, err)
	cfg := kafka.Config{Brokers: []string{login.TLS}, TLS: trusted,
		SASL: &kafka.SASL{Mechanism: kafka.ScramSHA512, User: login.User, Password: login.Password}}
	topic := servers.TopicPrefix(t) + "tls"
	createTopic(t, cfg, kafka.TopicSpec{Name: topic, Partitions: 2})
	require.NoError(t, newPublisher(t, kafka.PublisherConfig{Config: cfg}).Publish(topic, event("k", 0)))
	s := newSubscriber(t, kafka.SubscriberConfig{Config: cfg, Group: topic})
	messages, err := s.Subscribe(context.Background(), topic)
	require.NoError(t, err)
	next(t, messages).Ack()
}
