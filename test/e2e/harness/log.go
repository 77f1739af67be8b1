package harness

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"tributary/events"
	"tributary/test/secrets"
)

// Record is one record of a topic, as `events tail` prints it.
type Record struct {
	Topic     string            `json:"topic"`
	Partition int               `json:"partition"`
	Offset    int64             `json:"offset"`
	Key       string            `json:"key"`
	Headers   map[string]string `json:"headers"`
	Value     json.RawMessage   `json:"value"`
}

// Version is the version of the entity that the record tells.
func (r Record) Version() int64 {
	v, _ := strconv.ParseInt(r.Headers["ce_entityversion"], 10, 64) // 0 fails the checks of Log
	return v
}

// Tombstone reports that the record erases its key.
func (r Record) Tombstone() bool { return len(r.Value) == 0 || string(r.Value) == "null" }

// Log is what the topics hold of one company; within a partition in order.
type Log []Record

// Log reads topics from their beginning; none means all of the catalogue. Of what other installations told on a shared
// broker nothing is kept.
func (h *Hub) Log(topics ...string) Log {
	h.T.Helper()
	args := append([]string{"events", "tail", "--from-beginning", "--quiet"}, topics...)
	ctx, cancel := context.WithTimeout(h.T.Context(), 2*commandTimeout)
	defer cancel()
	cmd := h.command(ctx, args...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	require.NoError(h.T, err)
	require.NoError(h.T, cmd.Start())
	source := "/tributary/" + h.Company
	var log Log
	s := bufio.NewScanner(out)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		if !bytes.Contains(s.Bytes(), []byte(source)) {
			continue
		}
		var r Record
		require.NoError(h.T, json.Unmarshal(s.Bytes(), &r), s.Text())
		if r.Headers["ce_source"] == source {
			secrets.Check(h.T, "events tail", s.Text())
			log = append(log, r)
		}
	}
	require.NoError(h.T, s.Err())
	require.NoError(h.T, cmd.Wait(), "tributary %v\n%s", args, &complaints)
	secrets.Check(h.T, "events tail", complaints.String())
	return log
}

type entity struct{ topic, key string }

// CheckOrder fails the test unless every key's events lie in one partition, begin with version 1, miss no version, come
// in order once repeats are left out, and repeat only with the same id and content.
func (l Log) CheckOrder(t testing.TB) {
	t.Helper()
	next := map[entity]int64{}
	partition := map[entity]int{}
	first := map[string]Record{} // by ce_id
	for _, r := range l {
		e := entity{r.Topic, r.Key}
		if p, seen := partition[e]; seen {
			require.Equal(t, p, r.Partition, "%v lies in two partitions", e)
		}
		partition[e] = r.Partition
		id := r.Headers["ce_id"]
		if before, repeated := first[id]; repeated {
			require.Equal(t, [2]any{before.Topic + before.Key, before.Version()}, [2]any{r.Topic + r.Key, r.Version()}, "ce_id %s names two events", id)
			require.JSONEq(t, string(before.Value), string(r.Value), "ce_id %s has two contents", id)
			continue
		}
		first[id] = r
		require.Equal(t, next[e]+1, r.Version(), "%v: a version is missing, or one came twice under another id", e)
		next[e] = r.Version()
	}
}

// CheckSchemas fails the test unless every record bears the headers of CloudEvents' binary mode and its value fits the
// schema of its type.
func (l Log) CheckSchemas(t testing.TB) {
	t.Helper()
	schemas := map[string]*jsonschema.Schema{}
	for _, r := range l {
		for _, name := range []string{"ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "ce_entityversion"} {
			require.NotEmpty(t, r.Headers[name], "%s of %s %s", name, r.Topic, r.Key)
		}
		require.Equal(t, "1.0", r.Headers["ce_specversion"])
		require.Equal(t, r.Key, r.Headers["ce_subject"])
		kind := r.Headers["ce_type"]
		require.Equal(t, r.Topic, topicOfType(kind), "%s lies in another topic", kind)
		text, described := events.Schema(kind)
		if r.Tombstone() {
			continue
		}
		require.True(t, described, "%s has a value and no schema", kind)
		require.Equal(t, "application/json", r.Headers["content-type"])
		if schemas[kind] == nil {
			schemas[kind] = compile(t, kind, text)
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(r.Value)))
		require.NoError(t, err)
		require.NoError(t, schemas[kind].Validate(value), "%s %s", kind, r.Value)
	}
}

// topicOfType is the topic of an event type: tributary.customer.golden.created.v1 lies in tributary.customer.golden.v1.
func topicOfType(ceType string) string {
	parts := strings.Split(ceType, ".")
	return strings.Join(slices.Delete(parts, len(parts)-2, len(parts)-1), ".")
}

func compile(t testing.TB, name string, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("mem:"+name, doc))
	s, err := c.Compile("mem:" + name)
	require.NoError(t, err, name)
	return s
}

// Last is the record with the highest version of every key, by topic and key. The order of the log does not matter.
func (l Log) Last() map[string]map[string]Record {
	last := map[string]map[string]Record{}
	for _, r := range l {
		if last[r.Topic] == nil {
			last[r.Topic] = map[string]Record{}
		}
		if r.Version() >= last[r.Topic][r.Key].Version() {
			last[r.Topic][r.Key] = r
		}
	}
	return last
}

// IDs are the events of the log, repeats left out.
func (l Log) IDs() map[string]bool {
	ids := map[string]bool{}
	for _, r := range l {
		ids[r.Headers["ce_id"]] = true
	}
	return ids
}

func topic(subject string) string { return fmt.Sprintf("tributary.%s.v1", subject) }
