package events_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/events"
)

var update = flag.Bool("update", false, "rewrite the golden files and the documents made from the catalogue")

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "%s is out of date: look at the difference, then run the test with -update", path)
}

func TestSchemasFitTheValues(t *testing.T) {
	comments := fieldComments(t)
	files := map[string]bool{}
	for _, topic := range events.Catalogue() {
		for _, op := range topic.Ops {
			b := renderSchema(t, topic, op, comments)
			if b == nil {
				_, ok := events.Schema(topic.Type(op))
				require.False(t, ok, "%s is only ever a tombstone", topic.Type(op))
				continue
			}
			name := topic.Subject() + "." + string(op) + ".json"
			files[name] = true
			golden(t, filepath.Join("schemas", name), b)
		}
	}
	for _, in := range events.InboundTopics() {
		name := in.Subject() + ".json"
		files[name] = true
		golden(t, filepath.Join("schemas", name), renderInbound(t, in, comments))
		require.NotEmpty(t, in.Schema())
	}
	found, err := filepath.Glob("schemas/*")
	require.NoError(t, err)
	for _, f := range found {
		require.True(t, files[filepath.Base(f)], "%s belongs to no event type", f)
	}
}

func compile(t *testing.T, ceType string) *jsonschema.Schema {
	t.Helper()
	b, ok := events.Schema(ceType)
	require.True(t, ok, "no schema for %s", ceType)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource(events.SchemaURI(ceType), doc))
	s, err := c.Compile(events.SchemaURI(ceType))
	require.NoError(t, err)
	return s
}

func TestEveryTypeHasAnExampleThatItsSchemaAccepts(t *testing.T) {
	missing := map[string]bool{}
	for _, topic := range events.Catalogue() {
		for _, op := range topic.Ops {
			missing[topic.Type(op)] = true
		}
	}
	for _, x := range examples() {
		var page bytes.Buffer
		for _, e := range x.evs {
			require.NoError(t, e.Check(), x.name)
			delete(missing, e.Type)
			if e.Value != nil {
				value, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Value))
				require.NoError(t, err)
				require.NoError(t, compile(t, e.Type).Validate(value), x.name)
				value.(map[string]any)["one_more"] = 1
				require.Error(t, compile(t, e.Type).Validate(value), "%s: the schema is open", x.name)
			}
			page.WriteString(render(t, e))
		}
		golden(t, filepath.Join("testdata", strings.ReplaceAll(strings.ReplaceAll(x.name, ",", ""), " ", "_")+".txt"), page.Bytes())
	}
	require.Empty(t, missing, "event types without an example")
}

// render shows a record as it lies in Kafka.
func render(t *testing.T, e events.Event) string {
	t.Helper()
	headers, err := json.MarshalIndent(e.Headers(events.Source("M")), "", "  ")
	require.NoError(t, err)
	value := "null"
	if e.Value != nil {
		var buf bytes.Buffer
		require.NoError(t, json.Indent(&buf, e.Value, "", "  "))
		value = buf.String()
	}
	return fmt.Sprintf("topic %s\nkey %s\nheaders %s\nvalue %s\n", e.Topic, e.Key, headers, value)
}

func TestHeadersAreWhatTheCloudEventsSDKReads(t *testing.T) {
	check := func(t require.TestingT, e events.Event) {
		ce, err := e.CloudEvent(events.Source("M"))
		require.NoError(t, err)
		want := map[string]string{
			"ce_specversion": ce.SpecVersion(), "ce_id": ce.ID(), "ce_source": ce.Source(), "ce_type": ce.Type(), "ce_subject": ce.Subject(),
		}
		for name, v := range ce.Extensions() {
			want["ce_"+name] = v.(string)
		}
		if e.Value != nil {
			want["ce_dataschema"], want["content-type"] = ce.DataSchema(), ce.DataContentType()
			require.JSONEq(t, string(e.Value), string(ce.Data()))
		}
		got := e.Headers(events.Source("M"))
		at, err := time.Parse(time.RFC3339, got["ce_time"])
		require.NoError(t, err)
		require.True(t, at.Equal(ce.Time().Truncate(time.Microsecond)), got["ce_time"])
		delete(got, "ce_time")
		require.Equal(t, want, got)
		require.Equal(t, cloudevents.CloudEventsVersionV1, ce.SpecVersion())
	}
	for _, x := range examples() {
		for _, e := range x.evs {
			check(t, e)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		code := rapid.StringN(1, 40, -1).Filter(func(s string) bool { return strings.TrimSpace(s) == s && s != "" }).Draw(rt, "code") // the SDK trims subjects
		check(rt, events.Product(events.Meta{Op: events.Updated, Version: rapid.Int64Range(1, 1<<40).Draw(rt, "version"),
			Time: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(rt, "time"))}, events.ProductValue{Code: code, Name: rapid.String().Draw(rt, "name")}))
	})
}

func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, topic := range events.Catalogue() {
		require.False(t, seen[topic.Name])
		seen[topic.Name] = true
		require.Regexp(t, `^tributary\.[a-z]+\.[a-z]+\.v1$`, topic.Name)
		require.NotEmpty(t, topic.Key)
		cfg := topic.Config()
		if topic.Kind == events.State {
			require.Equal(t, "compact", cfg["cleanup.policy"])
			require.Equal(t, "-1", cfg["retention.ms"], "a compact topic without it loses keys on some brokers")
		} else {
			require.Equal(t, "delete", cfg["cleanup.policy"])
			require.NotEmpty(t, cfg["retention.ms"])
		}
		got, ok := events.TopicOf(topic.Name)
		require.True(t, ok)
		require.Equal(t, topic, got)
	}
	_, ok := events.TopicOf("tributary.none.v1")
	require.False(t, ok)
}

func TestCheckRefusesWhatDoesNotFitItsTopic(t *testing.T) {
	good := events.Product(events.Meta{Op: events.Created, Version: 1, Time: time.Unix(1e9, 0)}, events.ProductValue{Code: "P"})
	require.NoError(t, good.Check())
	for name, spoil := range map[string]func(*events.Event){
		"unknown topic":   func(e *events.Event) { e.Topic = "tributary.x.v1" },
		"no key":          func(e *events.Event) { e.Key = "" },
		"no version":      func(e *events.Event) { e.Version = 0 },
		"type of another": func(e *events.Event) { e.Type = "tributary.master.lot.created.v1" },
		"not rendered":    func(e *events.Event) { e.Value = json.RawMessage{} },
		"too large":       func(e *events.Event) { e.Value = make([]byte, events.MaxValue+1) },
		"tombstone of facts": func(e *events.Event) {
			e.Topic, e.Type, e.Value = events.TopicRun, "tributary.ops.run.finished.v1", nil
		},
	} {
		e := good
		spoil(&e)
		require.Error(t, e.Check(), name)
	}
	year := events.Run(events.Meta{Version: 1}, events.RunValue{RunID: id(1), StartedAt: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)})
	require.ErrorContains(t, year.Check(), "could not be rendered")
}

func TestIDsFollowFromTopicKeyAndVersion(t *testing.T) {
	require.Equal(t, events.EventID("a", "k", 1), events.EventID("a", "k", 1))
	require.NotEqual(t, events.EventID("a", "k", 1), events.EventID("a", "k", 2))
	require.NotEqual(t, events.EventID("a", "k1", 1), events.EventID("a", "k", 11))
	e := events.Lot(events.Meta{Op: events.Created, Version: 7, Time: time.Unix(1e9, 0)}, events.LotValue{Product: "P", Lot: "L"})
	require.Equal(t, events.EventID(events.TopicLot, "P|L", 7), e.ID())
}

func TestPersonalEvents(t *testing.T) {
	meta := events.Meta{Op: events.Created, Version: 1, Time: time.Unix(1e9, 0)}
	for _, kind := range canonical.CustomerKinds() {
		e := events.Golden(meta, events.GoldenValue{GoldenID: id(1), Kind: kind})
		require.Equal(t, kind.Person(), e.Personal, kind)
		require.Equal(t, canonical.RecordKey{Source: "golden", ID: id(1).String()}, e.DataKey())
	}
	e := events.Activity(meta, events.ActivityValue{Source: "sfa", SourceID: "1"}, id(2))
	require.True(t, e.Personal)
	require.Equal(t, id(2).String(), e.DataKey().ID)
	require.False(t, events.Activity(meta, events.ActivityValue{Source: "sfa", SourceID: "1"}, canonical.ID{}).Personal)
}
