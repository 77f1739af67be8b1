package soak

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/builtin"
	"tributary/connectors/sandbox/fault"
	"tributary/test/e2e/harness"
)

func registry(t *testing.T) *connectors.Registry {
	r, err := builtin.Registry()
	require.NoError(t, err)
	return r
}

// figures are what happened, to be printed. Methods may be called by several goroutines.
type figures struct {
	began   time.Time
	mu      sync.Mutex
	changes map[string]int
	cuts    map[string]int
	kills   map[string]int
	circuit int
}

func count(m *map[string]int, what string, n int) {
	if *m == nil {
		*m = map[string]int{}
	}
	(*m)[what] += n
}

func (f *figures) change(what string) { f.mu.Lock(); defer f.mu.Unlock(); count(&f.changes, what, 1) }
func (f *figures) cut(what string)    { f.mu.Lock(); defer f.mu.Unlock(); count(&f.cuts, what, 1) }

func (f *figures) killed(how os.Signal, r harness.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	count(&f.kills, map[os.Signal]string{syscall.SIGKILL: "SIGKILL", syscall.SIGTERM: "SIGTERM"}[how], 1)
	f.circuit += strings.Count(r.Stderr, circuitOpen)
}

// circuitOpen is the code of a call that an open circuit kept back.
const circuitOpen = "connectors.circuit_open"

// runs are all runs of a hub.
func runs(h *harness.Hub) []harness.RunReport {
	var out struct{ Runs []harness.RunReport }
	h.Into(&out, "runs", "list", "--limit", "1000000")
	return out.Runs
}

// print tells what happened, and fails unless every run accounts for every row it read.
func (f *figures) print(t *testing.T, h *harness.Hub, s *sources) {
	status := map[string]int{}
	var sum harness.Counts
	broken := map[string]int{}
	for _, r := range runs(h) {
		status[r.Status]++
		require.Equal(t, r.Read, r.Canonical+r.Unchanged+r.Quarantined+r.Filtered, "run %s of %s/%s", r.RunID, r.Connection, r.Stream)
		sum.Read += r.Read
		sum.Canonical += r.Canonical
		sum.Unchanged += r.Unchanged
		sum.Quarantined += r.Quarantined
		sum.Filtered += r.Filtered
		if r.Status == "failed" {
			broken[r.Connection]++
		}
	}
	byKind, bySystem := map[string]int{}, map[string]int{}
	for _, sys := range s.systems {
		for _, info := range fault.All() {
			n := sys.faults.Hits(info.Name)
			byKind[string(info.Name)] += n
			bySystem[sys.connector] += n
		}
	}
	t.Logf("time            %s", time.Since(f.began).Round(time.Second))
	t.Logf("runs            %s", table(status))
	t.Logf("failed runs     %s", table(broken))
	t.Logf("rows            read %d = new or changed %d + unchanged %d + quarantined %d + filtered %d", sum.Read, sum.Canonical, sum.Unchanged, sum.Quarantined, sum.Filtered)
	t.Logf("changes         %s", table(f.changes))
	t.Logf("faults by kind  %s", table(byKind))
	t.Logf("faults by system %s", table(bySystem))
	t.Logf("cables cut      %s", table(f.cuts))
	t.Logf("kills           %s", table(f.kills))
	t.Logf("calls kept back by an open circuit: %d", f.circuit)
}

func table(m map[string]int) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(out, " · ")
}

// equal fails with the first differences between what two hubs hold and have told.
func equal(t *testing.T, h, calm *harness.Hub) {
	got, want := h.Log(), calm.Log()
	for _, log := range []harness.Log{got, want} {
		log.CheckOrder(t)
		log.CheckSchemas(t)
	}
	state, quiet := settled(t, got), settled(t, want)
	topics := map[string]int{}
	for k := range state {
		name, _, _ := strings.Cut(k, " ")
		topics[name]++
	}
	t.Logf("end state       %s", table(topics))
	state.Equal(t, quiet)
	for _, question := range [][]string{{"customers", "export"}, {"customers", "crosswalk"}} {
		require.Equal(t, exported(t, calm, want, question), exported(t, h, got, question), "%v", question)
	}
}

// settled is the end state. A row cut in two by a writer who paused longer than files must lie still is in quarantine, and
// stays there for a person although the whole file came: of the files, quarantine is not compared. An activity keeps the customer whose it was when it came, and is told of once that customer is
// known: which one that was depends on when it was read.
func settled(t *testing.T, log harness.Log) harness.State {
	state, crosswalk := log.State(t), log.Master(t).Crosswalk
	for k, text := range state {
		var v map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &v))
		if strings.HasPrefix(k, "tributary.ops.quarantine.v1 ") && (v["source"] == "inbox" || v["source"] == "sftp") {
			delete(state, k)
		}
		if !strings.HasPrefix(k, "tributary.sfa.activity.v1 ") {
			continue
		}
		customer := v["customer"].(map[string]any)
		if crosswalk[fmt.Sprintf("%v|%v", customer["source"], customer["source_id"])] == "" {
			delete(state, k)
			continue
		}
		delete(customer, "golden_id")
		b, err := json.Marshal(v)
		require.NoError(t, err)
		state[k] = string(b)
	}
	return state
}

// exported are the lines of an export with golden ids renamed, in order.
func exported(t *testing.T, h *harness.Hub, log harness.Log, args []string) (out []string) {
	names := log.Master(t).Names()
	for _, r := range h.CSV(args...) {
		for k, v := range r {
			if n := names[v]; n != "" {
				r[k] = n
			}
			if strings.HasSuffix(k, "_at") {
				delete(r, k)
			}
		}
		line, err := json.Marshal(r)
		require.NoError(t, err)
		out = append(out, string(line))
	}
	slices.Sort(out)
	return out
}
