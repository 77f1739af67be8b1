package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	kafkago "github.com/segmentio/kafka-go"

	"tributary/internal/errs"
)

// TopicSpec says how a topic shall be.
type TopicSpec struct {
	Name        string
	Partitions  int               // at creation; default 12. A live topic is never changed
	Replication int               // at creation; default: what the cluster is set to
	Config      map[string]string // such as cleanup.policy and retention.ms, as Kafka writes them
}

// DefaultPartitions of a topic whose spec names none.
const DefaultPartitions = 12

// FindingKind says what EnsureTopics saw.
type FindingKind string

// The kinds of findings. All but TopicCreated are differences that a person has to decide on.
const (
	TopicCreated       FindingKind = "created"
	PartitionsDiffer   FindingKind = "partitions"
	ReplicationDiffers FindingKind = "replication"
	ConfigDiffers      FindingKind = "config"
)

// Finding is one thing EnsureTopics did or saw on a topic.
type Finding struct {
	Topic  string
	Kind   FindingKind
	Config string // the name of the setting, for ConfigDiffers
	Want   string
	Have   string
}

// Admin makes and inspects topics. It keeps no connection between calls and is safe for concurrent use.
type Admin struct{ cfg Config }

// NewAdmin checks the configuration; it connects in each call.
func NewAdmin(cfg Config) (*Admin, error) {
	l, err := cfg.open()
	if err != nil {
		return nil, err
	}
	l.close()
	return &Admin{cfg: cfg}, nil
}

// EnsureTopics creates the topics that do not exist and compares the others with their specs. It changes nothing that
// exists. Differences are findings, not errors; findings come in the order of the specs.
func (a *Admin) EnsureTopics(ctx context.Context, specs []TopicSpec) ([]Finding, error) {
	l, err := a.cfg.open()
	if err != nil {
		return nil, err
	}
	defer l.close()
	var present map[string]kafkago.Topic
	err = l.patiently(ctx, func() (err error) {
		present, err = topics(ctx, l, specs)
		return err
	})
	if err != nil {
		return nil, a.unreachable(err)
	}
	found := map[string][]Finding{}
	var missing, existing []TopicSpec
	for _, s := range specs {
		if s.Partitions == 0 {
			s.Partitions = DefaultPartitions
		}
		if _, ok := present[s.Name]; ok {
			existing = append(existing, s)
		} else {
			missing = append(missing, s)
		}
	}
	made, err := create(ctx, l, missing)
	if err != nil {
		return nil, err
	}
	for _, s := range missing {
		if made[s.Name] {
			found[s.Name] = []Finding{{Topic: s.Name, Kind: TopicCreated, Want: strconv.Itoa(s.Partitions)}}
		} else { // another process was first
			existing = append(existing, s)
		}
	}
	if len(made) < len(missing) {
		l.refresh()
		err := l.patiently(ctx, func() (err error) {
			present, err = topics(ctx, l, specs)
			if err == nil && !holds(present, existing) {
				err = errNotVisible
			}
			return err
		})
		if err != nil {
			return nil, a.unreachable(err)
		}
	}
	if err := compare(ctx, l, existing, present, found); err != nil {
		return nil, a.unreachable(err)
	}
	var out []Finding
	for _, s := range specs {
		out = append(out, found[s.Name]...)
	}
	return out, nil
}

// Offsets tells what each partition of a topic holds, in the order of the partitions.
func (a *Admin) Offsets(ctx context.Context, topic string) ([]Range, error) {
	l, err := a.cfg.open()
	if err != nil {
		return nil, err
	}
	defer l.close()
	all, err := l.contents(ctx, topic)
	if errors.Is(err, kafkago.UnknownTopicOrPartition) {
		return nil, errs.Wrap(errs.NotFound, "kafka.no_topic", err, errs.Args{"topic": topic})
	}
	if err != nil {
		return nil, a.unreachable(err)
	}
	return slices.SortedFunc(maps.Values(all), func(x, y Range) int { return x.Partition - y.Partition }), nil
}

func (a *Admin) unreachable(err error) error {
	return errs.Wrap(errs.Unavailable, "kafka.unreachable", err, errs.Args{"brokers": strings.Join(a.cfg.Brokers, ", ")})
}

func topics(ctx context.Context, l *link, specs []TopicSpec) (map[string]kafkago.Topic, error) {
	names := make([]string, len(specs))
	for i, s := range specs {
		names[i] = s.Name
	}
	ctx, cancel := context.WithTimeout(ctx, netWait)
	defer cancel()
	res, err := l.client(0).Metadata(ctx, &kafkago.MetadataRequest{Topics: names})
	if err != nil {
		return nil, err
	}
	out := map[string]kafkago.Topic{}
	for _, t := range res.Topics {
		switch {
		case t.Error == nil:
			out[t.Name] = t
		case !errors.Is(t.Error, kafkago.UnknownTopicOrPartition):
			return nil, fmt.Errorf("topic %s: %w", t.Name, t.Error)
		}
	}
	return out, nil
}

func holds(present map[string]kafkago.Topic, specs []TopicSpec) bool {
	for _, s := range specs {
		if _, ok := present[s.Name]; !ok {
			return false
		}
	}
	return true
}

// create returns which topics it made; one that exists already is none.
func create(ctx context.Context, l *link, specs []TopicSpec) (map[string]bool, error) {
	made := map[string]bool{}
	if len(specs) == 0 {
		return made, nil
	}
	req := &kafkago.CreateTopicsRequest{}
	for _, s := range specs {
		t := kafkago.TopicConfig{Topic: s.Name, NumPartitions: s.Partitions, ReplicationFactor: -1}
		if s.Replication > 0 {
			t.ReplicationFactor = s.Replication
		}
		for _, name := range slices.Sorted(maps.Keys(s.Config)) {
			t.ConfigEntries = append(t.ConfigEntries, kafkago.ConfigEntry{ConfigName: name, ConfigValue: s.Config[name]})
		}
		req.Topics = append(req.Topics, t)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*netWait)
	defer cancel()
	res, err := l.client(0).CreateTopics(ctx, req)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "kafka.unreachable", err, errs.Args{"brokers": strings.Join(l.brokers, ", ")})
	}
	for _, s := range specs {
		switch err := res.Errors[s.Name]; {
		case err == nil:
			made[s.Name] = true
		case errors.Is(err, kafkago.TopicAlreadyExists):
		case errors.Is(err, kafkago.TopicAuthorizationFailed), errors.Is(err, kafkago.ClusterAuthorizationFailed):
			return nil, errs.Wrap(errs.Denied, "kafka.denied", err, errs.Args{"topic": s.Name})
		default:
			return nil, errs.Wrap(errs.Invalid, "kafka.topic_refused", err, errs.Args{"topic": s.Name})
		}
	}
	return made, nil
}

// compare adds to found what differs on topics that exist.
func compare(ctx context.Context, l *link, specs []TopicSpec, present map[string]kafkago.Topic, found map[string][]Finding) error {
	req := &kafkago.DescribeConfigsRequest{}
	for _, s := range specs {
		t := present[s.Name]
		if have := len(t.Partitions); have != s.Partitions {
			found[s.Name] = append(found[s.Name], Finding{Topic: s.Name, Kind: PartitionsDiffer,
				Want: strconv.Itoa(s.Partitions), Have: strconv.Itoa(have)})
		}
		if len(t.Partitions) > 0 && s.Replication > 0 && len(t.Partitions[0].Replicas) != s.Replication {
			found[s.Name] = append(found[s.Name], Finding{Topic: s.Name, Kind: ReplicationDiffers,
				Want: strconv.Itoa(s.Replication), Have: strconv.Itoa(len(t.Partitions[0].Replicas))})
		}
		if len(s.Config) > 0 {
			req.Resources = append(req.Resources, kafkago.DescribeConfigRequestResource{
				ResourceType: kafkago.ResourceTypeTopic, ResourceName: s.Name,
				ConfigNames: slices.Sorted(maps.Keys(s.Config)),
			})
		}
	}
	if len(req.Resources) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, netWait)
	defer cancel()
	res, err := l.client(0).DescribeConfigs(ctx, req)
	if err != nil {
		return err
	}
	have := map[string]map[string]string{}
	for _, r := range res.Resources {
		if r.Error != nil {
			return fmt.Errorf("settings of %s: %w", r.ResourceName, r.Error)
		}
		have[r.ResourceName] = map[string]string{}
		for _, e := range r.ConfigEntries {
			have[r.ResourceName][e.ConfigName] = e.ConfigValue
		}
	}
	for _, s := range specs {
		for _, name := range slices.Sorted(maps.Keys(s.Config)) {
			if got := have[s.Name][name]; !sameSetting(got, s.Config[name]) {
				found[s.Name] = append(found[s.Name], Finding{Topic: s.Name, Kind: ConfigDiffers,
					Config: name, Want: s.Config[name], Have: got})
			}
		}
	}
	return nil
}

// sameSetting compares values as sets, for cleanup.policy is a list in any order.
func sameSetting(a, b string) bool {
	split := func(s string) []string {
		parts := strings.Split(s, ",")
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		slices.Sort(parts)
		return parts
	}
	return slices.Equal(split(a), split(b))
}
