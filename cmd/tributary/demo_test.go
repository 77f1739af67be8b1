package main

import (
	"encoding/json"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/sandbox"
)

// complaintOf reads the demo's answer.
func complaintOf(t *testing.T, out string) (totals map[string]string, parties int) {
	t.Helper()
	var r struct {
		Totals  map[string]string
		Parties []json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(out), &r), out)
	return r.Totals, len(r.Parties)
}

// requireGolden reads how far the demo's golden customers and its list of who has the lot agree with the world.
func requireGolden(t *testing.T, out string) {
	t.Helper()
	var r struct {
		Golden []agreement `json:"golden_customers"`
		Recall recallCheck `json:"recall_list"`
		Orders ordersInERP
	}
	require.NoError(t, json.Unmarshal([]byte(out), &r), out)
	// The world of this test has few organisations, so one missed pair weighs a percent; the whole one is held in dedupe. A
	// tenth of its professionals are the hospital's, whose own resource does not say where they work.
	floors := map[string][2]float64{"organisation": {.98, .92}, "professional": {.99, .88}, "patient": {.99, .9}, "mention": {.98, .9}}
	require.Len(t, r.Golden, len(floors))
	require.NotZero(t, r.Recall.Affected)
	require.Equal(t, r.Recall.Affected, r.Recall.Listed, "every end customer that received the lot is on the list")
	require.Zero(t, r.Recall.Outside, "quantities lie within their bounds")
	require.Len(t, r.Orders.Orders, 3)
	require.Equal(t, 3, r.Orders.Bills, "the ERP holds each order once")
	for _, o := range r.Orders.Orders {
		require.Equal(t, "confirmed", o.State)
		require.Equal(t, []string{o.Number}, o.Bills)
	}
	for _, g := range r.Golden {
		require.NotZero(t, g.Records, g.Kind)
		require.GreaterOrEqual(t, g.Precision, floors[g.Kind][0], g.Kind)
		require.GreaterOrEqual(t, g.Recall, floors[g.Kind][1], g.Kind)
	}
}

// A demo that is interrupted between two steps, or at any moment within one, ends with success; the next one goes on and
// comes to the same answer.
func TestInterruptedDemoGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the demo several times")
	}
	t.Parallel()
	const scale = "0.02"
	undisturbed := newInstallation(t)
	undisturbed.configure("")
	began := time.Now()
	want, wantParties := complaintOf(t, undisturbed.ok("demo", "--once", "--scale", scale, "--json", "--quiet").out)
	took := time.Since(began)
	require.NotEmpty(t, want)
	requireGolden(t, undisturbed.ok("demo", "--once", "--scale", scale, "--json", "--quiet").out)
	runs := undisturbed.ok("runs", "list", "--limit", "500", "--json").out
	for _, role := range sandbox.Cast() {
		require.Contains(t, runs, `"connection": "`+role.Name+`"`, "the demo pulls from every system")
	}

	here := newInstallation(t)
	here.configure("")
	for _, step := range []string{"simulated world", "maker's ERP", "two distributors", "a support line", "golden customers", "orders of the CRM"} {
		p := here.start("demo", "--scale", scale)
		p.line(`✓.*` + step)
		began := time.Now()
		p.signal(syscall.SIGINT)
		require.Zero(t, p.wait(), "after %s\n%s", step, p.stderr())
		require.Less(t, time.Since(began), 10*time.Second, step)
	}
	for range 8 {
		p := here.start("demo", "--scale", scale)
		select {
		case <-time.After(time.Duration(rand.Int64N(int64(took)))):
		case <-p.ended:
		}
		began := time.Now()
		p.signal(syscall.SIGINT)
		if code := p.wait(); p.stderr() != "" { // before its first line it may not listen to signals yet
			require.Zero(t, code, p.stderr())
		}
		require.Less(t, time.Since(began), 10*time.Second, p.stderr())
	}
	last := here.ok("demo", "--once", "--scale", scale, "--json", "--quiet").out
	got, gotParties := complaintOf(t, last)
	requireGolden(t, last)
	require.Equal(t, want, got)
	require.Equal(t, wantParties, gotParties)
	require.Contains(t, here.ok("outbox", "status").out, "0 events wait")
}

func TestDemoRefusesADatabaseWithOtherData(t *testing.T) {
	t.Parallel()
	here := newInstallation(t)
	here.configure("")
	here.ok("resolve")
	refused := here.run("demo", "--once", "--scale", "0.02")
	require.Equal(t, 2, refused.code, refused.err)
	require.Contains(t, refused.err, "holds data that no demo made")
	require.Contains(t, here.ok("runs", "list", "--json").out, `"runs": []`, "nothing of the world came in")
}
