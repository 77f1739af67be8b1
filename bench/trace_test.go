package bench_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
	"tributary/store"
	"tributary/test/servers"
)

//go:embed trace_peer.sql
var tracePeer string

// latency is one line of the output for questions that were asked many times.
type latency struct {
	Figure string  `json:"figure"`
	Moves  int     `json:"movements"`
	Asked  int     `json:"asked"`
	P50    float64 `json:"p50_ms"`
	P99    float64 `json:"p99_ms"`
	Ratio  float64 `json:"ratio_p99,omitempty"` // to the peer's in the same run: 0.2 = a fifth of its time
	Peer   string  `json:"peer,omitempty"`
	Growth float64 `json:"growth,omitempty"` // of the median since a tenth of the movements
}

func (l latency) print() {
	b, _ := json.Marshal(l) // numbers and texts
	fmt.Println(string(b))
}

// question is something to ask about lot k.
type question struct {
	name string
	ask  func(k int)
}

// ask measures questions about lots spread over all that are stored, in turn, so that what else the machine does falls on
// all of them alike.
func (c *channel) ask(t testing.TB, asked int, questions ...question) []latency {
	t.Helper()
	took := make([][]float64, len(questions))
	for i := range asked {
		k := draw(i, 0, 9, c.lots)
		for n, q := range questions {
			began := time.Now()
			q.ask(k)
			took[n] = append(took[n], float64(time.Since(began).Microseconds())/1000)
		}
	}
	out := make([]latency, len(questions))
	for n, q := range questions {
		slices.Sort(took[n])
		out[n] = latency{Figure: q.name, Moves: c.lots * movesOfLot, Asked: asked, P50: took[n][asked/2], P99: took[n][asked*99/100]}
	}
	return out
}

// benchMoves of the benchmark; TRIBUTARY_BENCH_MOVES makes a smaller or larger one.
func benchMoves(t testing.TB) int {
	text := os.Getenv("TRIBUTARY_BENCH_MOVES")
	if text == "" {
		return 10_000_000
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// BenchmarkTracePostgres asks where the goods of a lot with 500 end customers are, first among a tenth of the movements,
// then among all, and lets a recursive query answer the same.
func BenchmarkTracePostgres(t *testing.B) {
	moves := benchMoves(t)
	url := servers.PostgresSchema(t)
	peer, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, peer.Close(context.Background())) }()
	_, err = peer.Exec(t.Context(), `SET jit = off`) // the server would compile the query for seconds, each time it is asked
	require.NoError(t, err)
	c := newChannel(t, url)
	small := map[string]float64{}
	for _, n := range []int{moves / 10, moves} {
		filled := measure(t, "trace/fill", n-c.lots*movesOfLot, func() { c.grow(t, n) })
		filled.print()
		_, err := peer.Exec(t.Context(), `ANALYZE`)
		require.NoError(t, err)
		for _, l := range c.questions(t, peer) {
			if before := small[l.Figure]; before > 0 {
				l.Growth = l.P50 / before
			}
			small[l.Figure] = l.P50
			l.print()
		}
	}
	c.recall(t)
}

func (c *channel) questions(t testing.TB, peer *pgx.Conn) []latency {
	t.Helper()
	c.sameAsPeer(t, peer)
	own := question{"trace/lot", func(k int) { c.lot(t, k) }}
	cte := question{"trace/lot/recursive-cte", func(k int) { c.peer(t, peer, k) }}
	back := question{"trace/customer/one-month", func(k int) {
		day := firstDay.AddDays(k%700 + 40)
		_, err := c.hub.TraceCustomer(t.Context(), hub.TraceCustomerRequest{Customer: hospital(regionOf(k), k%hospitals), From: day.String(), To: day.AddDays(30).String()})
		require.NoError(t, err)
	}}
	const asked = 200
	c.ask(t, asked, own) // what both read is in memory then
	both := c.ask(t, asked, own, cte)
	both[0].Peer, both[0].Ratio = both[1].Figure, both[0].P99/both[1].P99
	return append(both, c.ask(t, 50, back)...)
}

func (c *channel) lot(t testing.TB, k int) {
	r, err := c.hub.TraceLot(t.Context(), hub.TraceLotRequest{Product: skuCode(skuOf(k)), Lot: lotNumber(k)})
	require.NoError(t, err)
	require.Len(t, r.Parties, partiesOfLot)
}

// peerRow is what the recursive query says of a party.
type peerRow struct {
	ID                                  [16]byte
	Code, Name, Kind                    string
	Tier                                *int
	Received, Forwarded, Returned, Used int64
	First, Last                         *time.Time
	EndCustomer                         bool
}

func (c *channel) peer(t testing.TB, conn *pgx.Conn, k int) []peerRow {
	t.Helper()
	maker := canonical.DeriveID("g", "M")
	rows, err := conn.Query(t.Context(), tracePeer, c.sku[skuOf(k)], lotNumber(k), [16]byte(maker), store.KindNumber(canonical.Return))
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[peerRow])
	require.NoError(t, err)
	require.Len(t, list, partiesOfLot)
	return list
}

// sameAsPeer holds that both answer the same.
func (c *channel) sameAsPeer(t testing.TB, conn *pgx.Conn) {
	t.Helper()
	k := c.lots / 2
	r, err := c.hub.TraceLot(t.Context(), hub.TraceLotRequest{Product: skuCode(skuOf(k)), Lot: lotNumber(k)})
	require.NoError(t, err)
	theirs := map[string]peerRow{}
	for _, p := range c.peer(t, conn, k) {
		theirs[p.Code] = p
	}
	for _, p := range r.Parties {
		q := theirs[p.Customer.Code]
		received := p.Received
		if p.Tier == 0 {
			received -= r.Released // the query knows movements alone
		}
		require.Equal(t, q.Received, int64(received), p.Customer.Code)
		require.Equal(t, []int64{q.Forwarded, q.Returned}, []int64{int64(p.Forwarded), int64(p.Returned)}, p.Customer.Code)
		require.Equal(t, *q.Tier, p.Tier, p.Customer.Code)
		require.Equal(t, q.EndCustomer, p.EndCustomer, p.Customer.Code)
	}
}

// recall measures the list of a recall of 20 lots, a drill, and the evidence pack.
func (c *channel) recall(t testing.TB) {
	t.Helper()
	lots := make([]string, 20)
	base := c.lots / 2 / (2 * regions) * 2 * regions
	for i := range lots {
		lots[i] = lotNumber((base + i*2) % c.lots)
	}
	k := base
	var number string
	measure(t, "recall/list-of-20-lots", len(lots)*partiesOfLot, func() {
		v, err := c.hub.OpenRecall(t.Context(), hub.OpenRecallRequest{Product: skuCode(skuOf(k)), Lots: lots, Class: "II", Reason: "含量不合格", ReasonCode: "QUALITY"})
		require.NoError(t, err)
		number = v.Number
	}).print()
	measure(t, "recall/pack-of-20-lots", len(lots)*partiesOfLot, func() {
		_, err := c.hub.PackRecall(t.Context(), number, filepath.Join(t.TempDir(), "pack"), "en")
		require.NoError(t, err)
	}).print()
	measure(t, "recall/drill", partiesOfLot, func() {
		_, err := c.hub.DrillRecall(t.Context(), hub.DrillRequest{Product: skuCode(skuOf(k)), Lot: lotNumber(k)})
		require.NoError(t, err)
	}).print()
}
