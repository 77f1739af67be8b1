package soak

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
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
	began    time.Time
	mu       sync.Mutex
	changes  map[string]int
	cuts     map[string]int
	kills    map[string]int
	circuits map[string]int // by connection
	orders   map[string]int // by state
}

func count(m *map[string]int, what string, n int) {
	if *m == nil {
		*m = map[string]int{}
	}
	(*m)[what] += n
}

func (f *figures) change(what string) { f.mu.Lock(); defer f.mu.Unlock(); count(&f.changes, what, 1) }
func (f *figures) cut(what string)    { f.mu.Lock(); defer f.mu.Unlock(); count(&f.cuts, what, 1) }

// killed notes the end of a service, and what it said until then.
func (f *figures) killed(how os.Signal, r harness.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	count(&f.kills, map[os.Signal]string{syscall.SIGKILL: "SIGKILL", syscall.SIGTERM: "SIGTERM"}[how], 1)
	for line := range strings.Lines(r.Stderr) {
		if m := circuitOpened.FindStringSubmatch(line); m != nil {
			count(&f.circuits, m[1], 1)
		}
	}
}

// circuitOpened is what the log says when a circuit opens.
var circuitOpened = regexp.MustCompile(`calls are held back[^}]*"connection":"([^"]+)"`)

// runs are all runs of a hub.
func runs(h *harness.Hub) []harness.RunReport {
	var out struct{ Runs []harness.RunReport }
	h.Into(&out, "runs", "list", "--limit", "1000000")
	return out.Runs
}

// print tells what happened, and fails unless every run accounts for every row it read.
func (f *figures) print(t *testing.T, h *harness.Hub, s *sources) {
	type line struct{ runs, failed, interrupted, rows, changed int }
	by := map[string]*line{}
	var sum harness.Counts
	status := map[string]int{}
	for _, r := range runs(h) {
		status[r.Status]++
		require.Equal(t, r.Read, r.Canonical+r.Unchanged+r.Quarantined+r.Filtered, "run %s of %s/%s", r.RunID, r.Connection, r.Stream)
		sum.Read += r.Read
		sum.Canonical += r.Canonical
		sum.Unchanged += r.Unchanged
		sum.Quarantined += r.Quarantined
		sum.Filtered += r.Filtered
		l := by[r.Connection]
		if l == nil {
			l = &line{}
			by[r.Connection] = l
		}
		l.runs++
		l.rows += r.Read
		l.changed += r.Canonical
		switch r.Status {
		case "failed":
			l.failed++
		case "interrupted":
			l.interrupted++
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "time     %s\nruns     %s\n", time.Since(f.began).Round(time.Second), table(status))
	fmt.Fprintf(&out, "rows     read %d = new or changed %d + unchanged %d + quarantined %d + filtered %d\n", sum.Read, sum.Canonical, sum.Unchanged, sum.Quarantined, sum.Filtered)
	fmt.Fprintf(&out, "changes  %s\norders   %s\nkills    %s\ncables   %s\ncircuits %s\n", table(f.changes), table(f.orders), table(f.kills), table(f.cuts), table(f.circuits))
	fmt.Fprintf(&out, "\n%-16s %7s %7s %11s %9s %9s %9s\n", "connection", "runs", "failed", "interrupted", "rows", "changed", "faults")
	struck, known, played := map[fault.Name]int{}, map[fault.Name]int{}, map[fault.Name]int{}
	faults := map[string]int{}
	for _, sys := range s.systems {
		for _, name := range sys.faults.Known() {
			n := sys.faults.Hits(name)
			struck[name] += n
			faults[connection(sys.connector)] += n
			known[name]++
			if sys.played[name] > 0 {
				played[name]++
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		l := by[name]
		fmt.Fprintf(&out, "%-16s %7d %7d %11d %9d %9d %9d\n", name, l.runs, l.failed, l.interrupted, l.rows, l.changed, faults[name])
	}
	fmt.Fprintf(&out, "\n%-17s %7s %12s %12s\n", "fault", "struck", "systems with", "switched on")
	for _, info := range fault.All() {
		fmt.Fprintf(&out, "%-17s %7d %12d %12d\n", info.Name, struck[info.Name], known[info.Name], played[info.Name])
	}
	t.Log("\n" + out.String())
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
		if strings.HasPrefix(k, "tributary.order.status.v1 ") { // nobody orders from the quiet hub
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
