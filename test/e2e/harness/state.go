package harness

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Master is what golden and crosswalk alone rebuild.
type Master struct {
	Golden    map[string]map[string]any // living golden records by id
	Crosswalk map[string]string         // golden id by source|source id
	Survivor  map[string]string         // of golden ids that were merged away
}

// Master rebuilds the master from the log, whatever the order of its records.
func (l Log) Master(t testing.TB) Master {
	t.Helper()
	m := Master{Golden: map[string]map[string]any{}, Crosswalk: map[string]string{}, Survivor: map[string]string{}}
	last := l.Last()
	for id, r := range last[topic("customer.golden")] {
		if r.Tombstone() {
			continue
		}
		v := object(t, r)
		require.Equal(t, id, v["golden_id"])
		switch v["status"] {
		case "active":
			m.Golden[id] = v
		case "merged":
			m.Survivor[id] = v["survivor"].(string)
		default:
			require.Equal(t, "inactive", v["status"])
		}
	}
	for key, r := range last[topic("customer.crosswalk")] {
		if !r.Tombstone() {
			m.Crosswalk[key] = object(t, r)["golden_id"].(string)
		}
	}
	return m
}

// CheckWhole fails the test unless the crosswalk leads to living golden records, every living one has a source record,
// and every retired id leads to a survivor.
func (m Master) CheckWhole(t testing.TB) {
	t.Helper()
	linked := map[string]bool{}
	for key, id := range m.Crosswalk {
		require.Contains(t, m.Golden, id, "%s leads to a golden id that does not live", key)
		linked[id] = true
	}
	for id := range m.Golden {
		require.True(t, linked[id], "golden %s has no source record", id)
	}
	for id := range m.Survivor {
		end, steps := id, 0
		for m.Survivor[end] != "" {
			end, steps = m.Survivor[end], steps+1
			require.Less(t, steps, 1000, "%s leads in a circle", id)
		}
	}
}

// State is what a consumer of all topics holds in the end, with golden ids renamed to the least of their crosswalk keys
// and without times of processing: equal for two installations that took in the same data. It maps topic and key to the
// value; what lies under ids of its own (quarantine) is keyed by content.
type State map[string]string

// State rebuilds the end state from the log.
func (l Log) State(t testing.TB) State {
	t.Helper()
	master := l.Master(t)
	master.CheckWhole(t)
	names := master.Names()
	s := State{}
	for name, records := range l.Last() {
		if name == topic("ops.run") {
			continue // how often a run was cut off is not part of the state
		}
		for key, r := range records {
			value := object(t, r)
			if r.Tombstone() || gone(value) {
				continue
			}
			if name == topic("quality.complaint") && value["source_id"] != "" {
				delete(value, "number")
			}
			v := rename(value, names)
			text, err := json.Marshal(v)
			require.NoError(t, err)
			switch {
			case name == topic("quality.complaint"): // numbered as they come; those of a source are told by its own ids
				if c := v.(map[string]any); c["source_id"] != "" {
					key = fmt.Sprintf("%v|%v", c["source"], c["source_id"])
				}
			case name == topic("ops.quarantine"):
				key = fmt.Sprintf("%s/%v", v.(map[string]any)["file"], v.(map[string]any)["row"])
			case names[key] != "":
				key = names[key]
			}
			s[name+" "+key] = string(text)
		}
	}
	return s
}

// Names gives each golden id the least of its crosswalk keys.
func (m Master) Names() map[string]string {
	names := map[string]string{}
	for key, id := range m.Crosswalk {
		if names[id] == "" || key < names[id] {
			names[id] = key
		}
	}
	return names
}

// Answer is what a command prints with --json, golden ids renamed as in State.
func (m Master) Answer(h *Hub, args ...string) string {
	h.T.Helper()
	var v any
	h.Into(&v, args...)
	text, err := json.Marshal(rename(v, m.Names()))
	require.NoError(h.T, err)
	return string(text)
}

// gone reports whether a value says that its entity is no more: which entities existed for a while depends on the order
// of arrival.
func gone(v map[string]any) bool {
	switch v["status"] {
	case "merged", "inactive", "voided", "superseded":
		return true
	}
	return false
}

// Equal fails the test with the first differences of two states.
func (s State) Equal(t testing.TB, want State) {
	t.Helper()
	var diff []string
	for k, v := range want {
		if s[k] != v {
			diff = append(diff, fmt.Sprintf("%s\n  want %s\n  got  %s", k, v, s[k]))
		}
	}
	for k, v := range s {
		if _, ok := want[k]; !ok {
			diff = append(diff, fmt.Sprintf("%s\n  unwanted %s", k, v))
		}
	}
	slices.Sort(diff)
	if len(diff) > 0 {
		require.Fail(t, "the states differ", "%d differences, the first:\n%s", len(diff), strings.Join(diff[:min(5, len(diff))], "\n"))
	}
}

// Count is the number of values of a topic.
func (s State) Count(subject string) int {
	n := 0
	for k := range s {
		if strings.HasPrefix(k, topic(subject)+" ") {
			n++
		}
	}
	return n
}

func object(t testing.TB, r Record) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal(r.Value, &v), "%s %s", r.Topic, r.Key)
	return v
}

// ofOneInstallation are fields that differ between installations with the same data.
var ofOneInstallation = []string{"updated_at", "run_id", "quarantine_id", "first_seen_at", "decided_at", "known_at", "complaint_id"}

// rename replaces golden ids by names, drops what belongs to one installation, and sorts lists whose order follows ids.
func rename(v any, names map[string]string) any {
	switch v := v.(type) {
	case map[string]any:
		if v["golden_id"] != nil && v["source_id"] != nil {
			delete(v, "code") // of a party: the golden record has the present one
		}
		for _, f := range ofOneInstallation {
			delete(v, f)
		}
		for k := range v {
			v[k] = rename(v[k], names)
		}
		return v
	case []any:
		for i := range v {
			v[i] = rename(v[i], names)
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		return v
	case string:
		if n := names[v]; n != "" {
			return n
		}
	}
	return v
}
