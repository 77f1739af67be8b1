package e2e

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // another program that holds the database file

	"tributary/events/embedded"
	"tributary/test/e2e/harness"
	"tributary/test/servers"
)

// A database, broker or folder that is not there at the start is told with address, cause and remedy: exit 3.
func TestWhatIsAwayAtTheStartIsNamed(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	busy := taken.Addr().String()
	for _, c := range []struct {
		name, yaml string
		args       []string
		en, zh     []string
	}{
		{"database", "store: {url: \"postgres://hub:swordfish@127.0.0.1:9/tributary\"}\n", []string{"runs", "list"},
			[]string{"127.0.0.1:9", "does not answer", "refused", "store.url"}, []string{"127.0.0.1:9", "无响应", "store.url"}},
		{"broker of a relay", "kafka: {brokers: [\"127.0.0.1:9\"]}\n", []string{"relay", "--once"}, []string{"127.0.0.1:9", "Check host and port"}, []string{"127.0.0.1:9", "请检查"}},
		{"broker of a tail", "kafka: {brokers: [\"127.0.0.1:9\"]}\n", []string{"events", "tail", "--from-beginning"}, []string{"127.0.0.1:9"}, []string{"127.0.0.1:9"}},
		{"broker of the service", "kafka: {brokers: [\"127.0.0.1:9\"]}\nhttp: {listen: \"127.0.0.1:0\"}\n", []string{"serve"}, []string{"127.0.0.1:9"}, []string{"127.0.0.1:9"}},
		{"port of HTTP", fmt.Sprintf("kafka: {listen: \"127.0.0.1:0\"}\nhttp: {listen: %q}\n", busy), []string{"serve"}, []string{busy, "http.listen"}, []string{busy, "http.listen", "占用"}},
		{"port of the broker", fmt.Sprintf("kafka: {listen: %q}\nhttp: {listen: \"127.0.0.1:0\"}\n", busy), []string{"serve"}, []string{busy, "kafka.listen"}, []string{busy, "kafka.listen", "占用"}},
		{"folder of the data", "", []string{"--data", "/proc/nowhere", "runs", "list"}, []string{"/proc/nowhere", "--data"}, []string{"/proc/nowhere", "--data"}},
		{"a file that is no database", "store: {url: \"sqlite:../tributary.yaml\"}\n", []string{"runs", "list"}, []string{"tributary.yaml", "not a Tributary database"}, []string{"不是百川数据库"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := harness.New(t, harness.Options{Config: c.yaml})
			for lang, parts := range map[string][]string{"en": c.en, "zh": c.zh} {
				r := h.Run(append(c.args, "--lang", lang)...)
				require.Equal(t, 3, r.Code, r.Stdout+r.Stderr)
				for _, part := range parts {
					require.Contains(t, r.Stderr, part)
				}
				require.NotContains(t, r.Stderr, "swordfish", "a password was printed")
			}
		})
	}
}

// A database that goes away in the middle of an import: one message, exit 3, and the next run goes on to the same end.
func TestADatabaseThatGoesAwayMidRun(t *testing.T) {
	t.Parallel()
	direct := servers.PostgresSchema(t)
	u, err := url.Parse(direct)
	require.NoError(t, err)
	cable := harness.StartProxy(t, u.Host)
	u.Host = cable.Address
	h := harness.New(t, harness.Options{Config: fmt.Sprintf("store: {url: %q}\nauth: {local_role: admin}\n", u.String())})
	importWorked(h, file{"products.csv", "products", ""})
	const rows = 4000
	path := h.Write("big.csv", manySales(rows))
	args := append(sales(path), "--quiet")
	hit := false
	for after := int64(100 << 10); after <= 700<<10; after += 200 << 10 {
		cable.CutAfter(after)
		r := h.Run(args...)
		if cable.Cut() {
			hit = true
			require.Equal(t, 3, r.Code, r.Stdout+r.Stderr)
			require.Regexp(t, "connection to the database|does not answer", r.Stdout+r.Stderr)
			require.Contains(t, r.Stdout+r.Stderr, "it continues where it stood")
		}
		cable.Mend()
	}
	require.True(t, hit, "the cable was never cut during a run")
	report, r := h.Report(args...)
	require.Zero(t, r.Code, r.Stderr)
	report.AddsUp(t)
	require.Equal(t, rows, report.Totals.Read)
	require.Zero(t, report.Totals.Quarantined)
	report, _ = h.Report(args...)
	require.Equal(t, harness.Counts{Read: rows, Unchanged: rows}, report.Totals)
}

// While the broker is away nothing is lost: events wait, and the relay that finds it again leaves none out.
func TestEventsWaitForABrokerThatIsAway(t *testing.T) {
	t.Parallel()
	h := harness.Production(t, harness.Options{Company: harness.NewCompany()})
	importWorked(h, file{"products.csv", "products", ""})
	importFile(h, file{"big.csv", "sales", "D1"}, h.Write("big.csv", manySales(300)))
	var before, after struct{ Pending, Published int }
	h.Into(&before, "outbox", "status")
	require.Greater(t, before.Pending, 300)
	there := h.Read("tributary.yaml")
	h.Write("tributary.yaml", strings.ReplaceAll(there, h.Kafka, "127.0.0.1:9"))
	r := h.Run("relay", "--once")
	require.Equal(t, 3, r.Code, r.Stdout+r.Stderr)
	h.Into(&after, "outbox", "status")
	require.Equal(t, before, after)
	h.Write("tributary.yaml", there)
	h.OK("relay", "--once")
	log := h.Log()
	log.CheckOrder(t)
	require.Equal(t, before.Pending, len(log.IDs()))
}

// A broker that goes away in the middle of a relay: exit 3 and a message; once it is back, the next relay brings what was
// missing. The broker here is one that a test can stop and start.
func TestABrokerThatGoesAwayMidRelay(t *testing.T) {
	t.Parallel()
	at, dir := "127.0.0.1:0", t.TempDir()
	start := func() *embedded.Broker {
		b, err := embedded.Start(t.Context(), embedded.Config{Dir: dir, Listen: at})
		require.NoError(t, err)
		at = b.Addr()
		return b
	}
	broker := start()
	h := harness.New(t, harness.Options{Company: harness.NewCompany(), Config: fmt.Sprintf("kafka: {brokers: [%q]}\n", at)})
	importWorked(h, file{"products.csv", "products", ""})
	h.OK("relay", "--once") // the topics are there from now on
	more := func(i int) {
		name := fmt.Sprintf("sales-%d.csv", i)
		importFile(h, file{name, "sales", "D1"}, h.Write(name, strings.ReplaceAll(manySales(1000), "X-", fmt.Sprintf("X%d-", i))))
	}
	more(0)
	began := time.Now()
	h.OK("relay", "--once")
	took := time.Since(began) // a machine's own speed tells when a relay is at work
	hits := 0
	for i := 1; hits < 3 && i <= 20; i++ {
		more(i)
		relay := h.Start("relay", "--once", "--lang", "en")
		time.Sleep(time.Duration(rand.Int64N(int64(took)))) // the moment of the fault
		require.NoError(t, broker.Close())
		if r := relay.Wait(2 * time.Minute); r.Code != 0 {
			hits++
			require.Equal(t, 3, r.Code, r.Stdout+r.Stderr)
			require.Contains(t, r.Stderr, at)
			require.Contains(t, r.Stderr, "→")
		}
		broker = start()
	}
	require.Equal(t, 3, hits, "the broker must go away during relays")
	h.OK("relay", "--once")
	var status struct{ Pending, Published int }
	h.Into(&status, "outbox", "status")
	require.Zero(t, status.Pending)
	require.Greater(t, status.Published, 4000)
	log := h.Log()
	require.Equal(t, status.Published, len(log.IDs()), "every event under its one id")
	log.CheckOrder(t)
	require.NoError(t, broker.Close())
}

// manySales are sales lines with document numbers, all good.
func manySales(rows int) string {
	var b strings.Builder
	b.WriteString("销售日期,销售单号,客户编码,客户名称,产品名称,规格,批号,数量,单位\n")
	for i := range rows {
		fmt.Fprintf(&b, "2025-03-%02d,X-%05d,K%02d,青河市第%d人民医院,阿莫西林胶囊,0.25g×24粒,250301,%d,盒\n", i%28+1, i, i%40, i%40+1, i%30+1)
	}
	return b.String()
}

// A database file that another program holds is told after the patience of half a minute, and nothing is lost by it.
func TestALockedDatabaseFile(t *testing.T) {
	t.Parallel()
	h := harness.Embedded(t, harness.Options{})
	importWorked(h, file{"products.csv", "products", ""})
	other, err := sql.Open("sqlite", filepath.Join(h.Dir, "data", "hub.db"))
	require.NoError(t, err)
	held, err := other.Conn(t.Context())
	require.NoError(t, err)
	_, err = held.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	path := h.Write("some.csv", manySales(50))
	began := time.Now()
	r := h.Run(append(sales(path), "--quiet", "--lang", "en")...)
	require.Equal(t, 3, r.Code, r.Stdout+r.Stderr)
	require.Less(t, time.Since(began), 55*time.Second, "it waits once, not again at every step that would follow")
	require.Contains(t, r.Stdout+r.Stderr, "held by another process")
	require.Contains(t, r.Stdout+r.Stderr, "→")
	_, err = held.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, held.Close())
	require.NoError(t, other.Close())
	require.Equal(t, 50, importFile(h, file{"some.csv", "sales", "D1"}, path).Totals.Canonical)
}
