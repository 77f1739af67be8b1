package pipeline_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/mapping"
	"tributary/store"
	"tributary/test/servers"
)

const (
	crashURL  = "TRIBUTARY_CRASH_URL"
	crashDir  = "TRIBUTARY_CRASH_DIR"
	crashFile = "TRIBUTARY_CRASH_FILE"
	crashKind = "TRIBUTARY_CRASH_KIND"

	crashReady = "ready" // what a child says when its store is open
)

// TestIngestChild is the process that TestIngestSurvivesKills kills.
func TestIngestChild(t *testing.T) {
	if os.Getenv(crashURL) == "" {
		t.Skip("a helper of TestIngestSurvivesKills")
	}
	b := openIngest(t, os.Getenv(crashURL), os.Getenv(crashDir))
	fmt.Println(crashReady)
	kind, party := mapping.Kind(os.Getenv(crashKind)), ""
	if kind.Ledger() != "" {
		party = "D1"
	}
	b.take(os.Getenv(crashFile), kind, party)
}

// TestIngestSurvivesKills: guarantee 1. A process that is killed at any moment, again and again, ends with what an
// undisturbed one would have stored.
func TestIngestSurvivesKills(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:hub.db" },
		"postgres": func() string { return servers.PostgresSchema(t) },
	} {
		t.Run(name, func(t *testing.T) {
			calm := openIngest(t, url(), t.TempDir())
			customers, sales := calm.write("c.csv", crashCustomers()...), calm.write("s.csv", crashSales()...)
			began := time.Now()
			calm.take(customers, mapping.Customers, "")
			between := time.Now()
			calm.take(sales, mapping.Sales, "D1")
			ended := time.Now()

			target, dir := url(), t.TempDir()
			openIngest(t, target, dir)
			kills := killAndFinish(t, target, dir, customers, mapping.Customers, between.Sub(began)) + killAndFinish(t, target, dir, sales, mapping.Sales, ended.Sub(between))
			t.Logf("%d kills", kills)
			struck := openIngest(t, target, dir)
			want, got := crashState(t, calm), crashState(t, struck)
			require.Empty(t, firstDifference(want.Book, got.Book))
			require.Empty(t, firstDifference(want.Mentions, got.Mentions))
			want.Book, got.Book, want.Mentions, got.Mentions = nil, nil, nil, nil
			require.Equal(t, want, got)
			require.Equal(t, calm.take(sales, mapping.Sales, "D1").Counts, struck.take(sales, mapping.Sales, "D1").Counts)
		})
	}
}

func crashCustomers() []string {
	lines := []string{"客户编码,客户名称,类型,城市"}
	for n := range 4000 {
		kind := []string{"hospital", "pharmacy", "hcp", "patient", "?"}[n%5]
		lines = append(lines, fmt.Sprintf("C%d,客户%d,%s,青河市", n, n, kind))
	}
	return lines
}

func crashSales() []string {
	lines := []string{salesHeader}
	for n := range 12_000 {
		quantity := fmt.Sprint(n%50 + 1)
		if n%97 == 0 {
			quantity = "若干"
		}
		lines = append(lines, fmt.Sprintf("2025-03-%02d,S%d,%d,C%d,客户%d第%d名,SKU%d,百川片,10片,2503%02d,%s,盒", n%28+1, n/3, n%3+1, n%700, n%700, n/6000, n%20, n%9, quantity))
	}
	return lines
}

// killAndFinish imports a file in child processes that are killed at a random moment of the time that an import takes, and
// at last lets one finish.
func killAndFinish(t *testing.T, url, dir, file string, kind mapping.Kind, takes time.Duration) (kills int) {
	t.Helper()
	const rounds = 8
	for round := range rounds + 1 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestIngestChild$", "-test.count=1") // this test binary
		cmd.Env = append(os.Environ(), crashURL+"="+url, crashDir+"="+dir, crashFile+"="+file, crashKind+"="+string(kind))
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		cmd.Stderr = cmd.Stdout
		require.NoError(t, cmd.Start())
		said := bufio.NewReader(out)
		_, err = said.ReadString('\n') // the store is open
		require.NoError(t, err)
		killed := make(chan bool, 1)
		alarm := time.AfterFunc(rand.N(takes), func() { // the moment of the kill, not a wait for anything
			killed <- round < rounds && cmd.Process.Kill() == nil
		})
		rest, err := io.ReadAll(said)
		require.NoError(t, err)
		err = cmd.Wait()
		if alarm.Stop() || !<-killed {
			require.NoError(t, err, string(rest))
			return kills
		}
		kills++
	}
	return kills
}

// firstDifference keeps a failure readable.
func firstDifference(want, got []string) string {
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(want):
			return "too much: " + got[i]
		case i >= len(got):
			return "missing: " + want[i]
		case want[i] != got[i]:
			return "want " + want[i] + ", got " + got[i]
		}
	}
	return ""
}

type crashView struct {
	Book        []string
	Mentions    []string
	Quarantined int
	Told        map[string]int64
	Dirty       int64
}

func crashState(t *testing.T, b *ingestBench) crashView {
	t.Helper()
	ctx := t.Context()
	v := crashView{Book: b.book("D1"), Told: map[string]int64{}}
	require.NoError(t, b.db.EachCustomer(ctx, func(records []store.CustomerRecord) error {
		for _, r := range records {
			v.Mentions = append(v.Mentions, fmt.Sprint(r.Key, r.Customer.Kind, r.Customer.Name, r.Personal))
		}
		return nil
	}))
	slices.Sort(v.Mentions)
	total, items, err := b.db.ListQuarantine(ctx, store.QuarantineFilter{Status: store.QuarantineOpen, Limit: 1 << 20})
	require.NoError(t, err)
	v.Quarantined = total
	ids := map[canonical.ID]bool{}
	for _, i := range items {
		ids[i.ID] = true
	}
	require.Len(t, ids, total)
	status, err := b.db.OutboxStatus(ctx)
	require.NoError(t, err)
	for _, topic := range status.Topics {
		if topic.Topic != "tributary.ops.run.v1" { // there are as many runs as kills
			v.Told[topic.Topic] = topic.Pending
		}
	}
	_, v.Dirty, err = b.db.CountCustomers(ctx)
	require.NoError(t, err)
	return v
}

// An import that is stopped at one moment after the other, each time the clock is looked at, goes on where it was: no row
// is lost, none comes twice.
func TestACutOffImportGoesOn(t *testing.T) {
	const rows = 2500 // some units of work
	lines := []string{salesHeader}
	for n := range rows {
		lines = append(lines, fmt.Sprintf("2025-03-01,S%d,1,C1,青河市第一人民医院,SKU1,百川片,10片,250301,%d,盒", n, n%50+1))
	}
	for cut := int64(1); ; cut++ {
		ctx, cancel := context.WithCancel(t.Context())
		var looks atomic.Int64
		looks.Store(-1 << 30) // not while the store is opened
		b := openIngestAt(t, "sqlite:hub.db", t.TempDir(), func() time.Time {
			if looks.Add(1) == cut {
				cancel()
			}
			return time.Now()
		})
		plan := b.request(b.write("s.csv", lines...), mapping.Sales, "D1")
		looks.Store(0)
		run, err := b.ingest.File(ctx, plan)
		whole := looks.Load() < cut
		looks.Store(-1 << 30)
		cancel()
		if whole {
			require.NoError(t, err)
			require.Greater(t, cut, int64(8), "the clock is hardly looked at")
			return
		}
		rest := b.take(plan.File.Path, mapping.Sales, "D1")
		require.EqualValues(t, rows, run.Counts.Canonical+rest.Counts.Canonical, "cut off at look %d", cut)
		require.Len(t, b.book("D1"), rows, "cut off at look %d", cut)
	}
}

// A file is complete and its run is done in one moment: a process that is killed right then leaves no run that broke off.
func TestACompleteFileHasARunThatIsDone(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		var then store.Run
		plan := b.request(b.write("c.csv", "客户编码,客户名称,类型,城市", "C1,客户一,hospital,青河市"), mapping.Customers, "")
		plan.Taken = func(ctx context.Context, tx *store.Tx, run canonical.ID) (err error) {
			then, err = tx.Run(ctx, run)
			return err
		}
		run, err := b.ingest.File(t.Context(), plan)
		require.NoError(t, err)
		require.Equal(t, store.RunDone, then.Status)
		require.Equal(t, run.Counts, then.Counts)
	})
}
