package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/builtin"
	"tributary/connectors/connectortest"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/webhook"
	"tributary/hub"
	"tributary/internal/config"
	"tributary/store"
	"tributary/test/servers"
)

// sign signs a delivery as the defaults of the settings want it.
func sign(p *connectors.Posted, key string) {
	stamp := strconv.FormatInt(p.At.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(stamp + "." + string(p.Body)))
	p.Header.Set("X-Timestamp", stamp)
	p.Header.Set("X-Signature", hex.EncodeToString(mac.Sum(nil)))
}

// bench is a hub that receives, with a sender that posts rows.
type bench struct {
	hub    *hub.Hub
	clock  connectortest.Clock
	mu     sync.Mutex
	before func()
	sent   int
}

func settings() map[string]any {
	return map[string]any{"secret": secret, "max_body": 2 << 20, "streams": map[string]any{"customers": map[string]any{"key": []any{"id"}, "time": "changed", "op": "op"}}}
}

func start(t *testing.T, url string) *bench {
	t.Helper()
	conf := config.Defaults()
	conf.DataDir = t.TempDir()
	conf.Connections = []config.Connection{{Name: "crm", Connector: "webhook", Settings: settings()}}
	b := &bench{before: func() {}}
	db, err := store.Open(t.Context(), store.Config{URL: url, DataDir: conf.DataDir, Now: b.clock.Now, Rand: rand.Reader, Verb: "test"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Ready(t.Context()))
	registry, err := builtin.Registry()
	require.NoError(t, err)
	b.hub = &hub.Hub{DB: db, Config: &conf, Registry: registry, Now: b.clock.Now, Actor: hub.Actor{Name: "os:test", Role: hub.Admin}, Log: slog.New(slog.DiscardHandler)}
	return b
}

// post posts a text and reports whether it was kept.
func (b *bench) post(t *testing.T, text, media string) bool {
	t.Helper()
	to, err := b.hub.Receiver("crm")
	require.NoError(t, err)
	b.sent++
	p := posted(text, "Content-Type: "+media, "X-Delivery-Id: d"+strconv.Itoa(b.sent))
	p.At = b.clock.Now()
	sign(&p, secret)
	kept, err := to.Take(t.Context(), p)
	require.NoError(t, err)
	b.clock.Advance(time.Microsecond) // what comes at one moment has no order
	return kept
}

func customer(i int, at time.Time, name string) map[string]any {
	return map[string]any{"id": fmt.Sprintf("%019d", i), "name": name, "changed": at.UTC().Format(time.RFC3339Nano), "op": "updated"}
}

func line(t *testing.T, row map[string]any) string {
	b, err := json.Marshal(row)
	require.NoError(t, err)
	return string(b) + "\n"
}

func (b *bench) send(t *testing.T, i int, name, op string) {
	row := customer(i, b.clock.Now(), name)
	row["op"], row["sent"] = op, b.sent
	require.True(t, b.post(t, line(t, row), "application/json"))
}

// fill empties the inbox and posts n rows, many of them in lines.
func (b *bench) fill(t *testing.T, n int) {
	inbox := b.hub.Inbox("crm")
	last, err := inbox.Number(t.Context(), "customers")
	require.NoError(t, err)
	require.NoError(t, inbox.Drop(t.Context(), "customers", last))
	each := 1 + n/200
	var text strings.Builder
	for i := range n {
		row := customer(i, connectortest.Start.Add(-time.Hour), fmt.Sprint("医院", i))
		row["sent"] = b.sent // the same bytes signed in the same second would be a repetition
		text.WriteString(line(t, row))
		if (i+1)%each == 0 || i == n-1 {
			require.True(t, b.post(t, text.String(), "application/x-ndjson"))
			text.Reset()
		}
	}
}

// hooked is the inbox with a hook before each read. It hears no acknowledgement, as one may be lost: what is read stays, so
// that the suite can read it again.
type hooked struct {
	connectors.Inbox
	b *bench
}

func (hooked) Drop(context.Context, string, int64) error { return nil }

func (h hooked) Read(ctx context.Context, stream string, after, upTo int64, limit, maxBytes int) ([]connectors.Delivery, error) {
	h.b.mu.Lock()
	before := h.b.before
	h.b.mu.Unlock()
	before()
	return h.Inbox.Read(ctx, stream, after, upTo, limit, maxBytes)
}

func TestConnector(t *testing.T) {
	driver, err := webhook.Driver()
	require.NoError(t, err)
	var current *bench
	open := driver.New
	driver.New = func(settings any, env connectors.Env) (connectors.Source, error) {
		env.Inbox, env.URL, env.Path = hooked{current.hub.Inbox("crm"), current}, "http://127.0.0.1:8080", "/in/crm"
		return open(settings, env)
	}
	connectortest.Run(t, connectortest.Harness{
		Driver: driver, Stream: "customers", Text: "name", PageSize: "page_size", MaxPage: 7,
		Start: func(t *testing.T) *connectortest.System {
			b := start(t, "sqlite:hub.db")
			current = b
			b.fill(t, 3)
			return &connectortest.System{
				Settings: settings(), Faults: fault.New(), Now: b.clock.Now, Advance: b.clock.Advance,
				Before: func(f func()) { b.mu.Lock(); defer b.mu.Unlock(); b.before = f },
				Fill:   func(n int) { b.fill(t, n) },
				Touch:  func(i int) { b.send(t, i, fmt.Sprint("更名", b.sent), "updated") },
				Write:  func(i int, text string) { b.send(t, i, text, "updated") },
				Remove: func(i int) { b.send(t, i, "", "deleted") },
			}
		},
		Reasons: map[int]string{
			5:  "nobody is asked: the check tells the address, whether deliveries come and what waits (TestTheCheckTellsWhetherDeliveriesCome)",
			7:  "nobody is asked: the source reads the hub's own inbox",
			21: "what came is gone once it is stored: a window cannot be read again",
			22: "no run claims a complete list",
			34: "nobody is asked: what senders do wrong is played by TestWhatSendersAreAnswered in cmd/tributary",
		},
	})
}

// What is acknowledged is forgotten, and nothing else: not what came meanwhile, not what is committed late.
func TestAcknowledgedDeliveriesAreForgotten(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		src := b.source(t)
		b.fill(t, 9)
		rows, pages, last := connectortest.Drain(t, src, "customers", nil)
		require.Len(t, rows, 9)
		require.Len(t, pages, 1)
		state, err := b.hub.Inbox("crm").State(t.Context())
		require.NoError(t, err)
		require.Empty(t, state.Waiting)

		b.send(t, 1, "新名", "updated")
		require.NoError(t, src.Open(t.Context(), "customers", last))
		b.send(t, 2, "后到", "updated") // behind the run's upper bound
		page, err := src.Read(t.Context())
		require.NoError(t, err)
		require.Len(t, page.Rows, 1)
		require.NoError(t, src.Ack(t.Context(), page.Position))
		require.NoError(t, src.Ack(t.Context(), page.Position), "twice is as good as once")
		rows, _, _ = connectortest.Drain(t, src, "customers", page.Position)
		require.Len(t, rows, 1)
		require.Equal(t, "后到", rows[0].Fields["name"])
	})
}

// A delivery whose transaction ends after a later one was read, numbered and acknowledged is read all the same.
func TestADeliveryThatIsCommittedLate(t *testing.T) {
	b := start(t, servers.PostgresSchema(t))
	src := b.source(t)
	var last json.RawMessage
	require.NoError(t, b.hub.DB.InTx(t.Context(), func(tx *store.Tx) error {
		late := store.Delivery{Connection: "crm", Streams: []string{"customers"}, MediaType: "application/json", Marks: [][]byte{{1}}, Body: []byte(line(t, customer(1, connectortest.Start, "慢")))}
		if err := tx.Deliver(t.Context(), late); err != nil {
			return err
		}
		b.clock.Advance(time.Second)
		b.send(t, 2, "快", "updated")
		var rows []connectors.Row
		rows, _, last = connectortest.Drain(t, src, "customers", nil)
		require.Len(t, rows, 1)
		require.Equal(t, "快", rows[0].Fields["name"])
		return nil
	}))
	rows, _, _ := connectortest.Drain(t, src, "customers", last)
	require.Len(t, rows, 1)
	require.Equal(t, "慢", rows[0].Fields["name"])
}

// A position that names what was never here, as one of another hub, would let deliveries be forgotten unread.
func TestAPositionOfAnotherHub(t *testing.T) {
	b := start(t, "sqlite:hub.db")
	b.fill(t, 2)
	require.ErrorContains(t, b.source(t).Open(t.Context(), "customers", json.RawMessage(`{"v":1,"number":7}`)), "position")
	rows, _, _ := connectortest.Drain(t, b.source(t), "customers", nil)
	require.Len(t, rows, 2)
}

// One delivery is taken once, however often and at how many hubs it comes at one moment.
func TestOneDeliveryAtManyDoors(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		p := posted(line(t, customer(1, connectortest.Start, "一院")), "X-Delivery-Id: once")
		p.At = b.clock.Now()
		sign(&p, secret)
		var kept, all = make(chan bool, 16), sync.WaitGroup{}
		for range 16 {
			all.Go(func() {
				to, err := b.hub.Receiver("crm")
				if err != nil {
					t.Error(err)
					return
				}
				took, err := to.Take(t.Context(), p)
				if err != nil {
					t.Error(err)
				}
				kept <- took
			})
		}
		all.Wait()
		close(kept)
		n := 0
		for took := range kept {
			if took {
				n++
			}
		}
		require.Equal(t, 1, n)
		rows, _, _ := connectortest.Drain(t, b.source(t), "customers", nil)
		require.Len(t, rows, 1)
	})
}

func TestRowsOfDeliveries(t *testing.T) {
	b := start(t, "sqlite:hub.db")
	b.hub.Config.Connections[0].Settings = map[string]any{
		"secret": secret, "stream_field": "type", "ignore": []any{"ping"},
		"streams": map[string]any{
			"a": map[string]any{"key": []any{"tenant", "id"}, "rows": "data.items", "time": "at", "time_format": "epoch_ms", "op": "type", "delete_values": []any{"*.deleted"}, "values": []any{"a.*"}},
			"b": map[string]any{"key": []any{"id"}},
		},
	}
	b.post(t, `{"type":"a.changed","tenant":7,"at":1741608000123,"data":{"items":[{"id":900719925474099312345,"n":1.50},{"n":2},{"id":3,"at":1741608000124},5]}}`, "application/json")
	b.post(t, `[{"type":"b","id":"x"},{"type":"ping"},{"type":"a.deleted","tenant":7,"at":"1741608000125","data":{"items":{"id":3}}},null]`, "application/json")
	b.post(t, "{\"type\":\"b\",\"id\":\"y\"}\n\n{broken\n{\"type\":\"b\",\"id\":\"\xff\"}", "application/x-ndjson")
	b.post(t, "payload="+`%7B%22type%22%3A%22b%22%2C%22id%22%3A%22z%22%7D`, "application/x-www-form-urlencoded; charset=utf-8")

	rows, pages, _ := connectortest.Drain(t, b.source(t), "a", nil)
	require.Equal(t, []string{"7|900719925474099312345", "7|3", "7|3"}, keys(rows))
	require.Equal(t, []connectors.Op{connectors.Upsert, connectors.Upsert, connectors.Delete}, []connectors.Op{rows[0].Op, rows[1].Op, rows[2].Op})
	require.Equal(t, json.Number("1.50"), rows[0].Fields["n"])
	require.Equal(t, time.UnixMilli(1741608000123).UTC(), rows[0].SourceTime)
	require.Equal(t, time.UnixMilli(1741608000124).UTC(), rows[1].SourceTime, "the row's own time goes before that of the body")
	require.Less(t, rows[1].SourceSeq, rows[2].SourceSeq)
	require.Equal(t, `{"id":3}`, string(pages[0].Raw[rows[2].RawOff:rows[2].RawOff+rows[2].RawLen]))
	require.Equal(t, []string{"id", "body", "body"}, issues(pages), "no id; a number; null, which goes with the first stream")

	rows, pages, _ = connectortest.Drain(t, b.source(t), "b", nil)
	require.Equal(t, []string{"x", "y", "z"}, keys(rows))
	require.Equal(t, []string{"body", "body"}, issues(pages), "a broken line, and one that is not UTF-8")
	require.Equal(t, "{broken", string(pages[0].Bad[0].Raw))
}

func keys(rows []connectors.Row) (out []string) {
	for _, r := range rows {
		out = append(out, r.Key)
	}
	return out
}

func issues(pages []connectors.Batch) (out []string) {
	for _, p := range pages {
		for _, bad := range p.Bad {
			out = append(out, bad.Issue.Field)
		}
	}
	return out
}

func TestTheCheckTellsWhetherDeliveriesCome(t *testing.T) {
	b := start(t, "sqlite:hub.db")
	codes := func() (out []string) {
		report, err := b.hub.CheckConnection(t.Context(), "crm")
		require.NoError(t, err)
		for _, f := range report.Findings {
			require.Contains(t, fmt.Sprint(f.Args["url"]), "/in/crm")
			out = append(out, f.Code)
		}
		return out
	}
	set := func(name string, v any) { b.hub.Config.Connections[0].Settings[name] = v }
	require.Equal(t, []string{"webhook.check_never"}, codes())
	b.send(t, 1, "一院", "updated")
	require.Equal(t, []string{"webhook.check_ok"}, codes())
	b.clock.Advance(25 * time.Hour)
	require.Equal(t, []string{"webhook.check_silent"}, codes())
	set("expected_within", "48h")
	set("max_waiting", 1)
	require.Equal(t, []string{"webhook.check_full"}, codes())
	set("streams", map[string]any{"others": map[string]any{"key": []any{"id"}}})
	require.Equal(t, []string{"webhook.check_lost"}, codes())
	set("public_url", "https://hub.example.com/")
	report, err := b.hub.CheckConnection(t.Context(), "crm")
	require.NoError(t, err)
	require.Equal(t, "https://hub.example.com/in/crm", report.Findings[0].Args["url"])
}

func onBoth(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Run("sqlite", func(t *testing.T) { test(t, start(t, "sqlite:hub.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, start(t, servers.PostgresSchema(t))) })
}

func (b *bench) source(t *testing.T) connectors.Source {
	t.Helper()
	src, err := b.hub.Source(b.hub.Config.Connections[0])
	require.NoError(t, err)
	return src
}
