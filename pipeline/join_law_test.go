package pipeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/pipeline"
	"tributary/test/servers"
)

func lines(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }

const twoLedgers = `sales M D1 2025-03-01 A1 P1 L1 2 件
purchases D1 M 2025-03-02 B1 P1 L1 80 盒
sales D1 H1 2025-03-05 A2 P1 L1 30 盒
sales D1 H1 2025-03-06 A3 P1 - 20 盒
stock D1 - 2025-03-31 - P1 L1 30 盒
usage H1 - 2025-03-20 - P1 L1 5 盒`

func TestJoinAfterMastersAndMentions(t *testing.T) {
	joinOnBoth(t, func(t *testing.T, c *channel) {
		c.feed(lines(twoLedgers)...)
		r := c.join()
		require.Zero(t, r.Groups, "mentions are not resolved")
		require.Equal(t, int64(5), r.Waiting)
		c.resolve()
		r = c.join()
		require.Empty(t, c.state(), "the product is not known")
		require.Zero(t, r.Waiting, "an unmatched product does not wait: its arrival marks the groups again")

		c.product("P1")
		c.lot("P1", "L1", 100)
		c.join()
		got := c.state()
		require.Len(t, got, 6, strings.Join(got, "\n"))
		require.Contains(t, strings.Join(got, "\n"), `"L1" 80 sale match A`)
		require.Contains(t, strings.Join(got, "\n"), `lot="L1" 20/20/20 C`)

		before := got
		require.Zero(t, c.join().Opened, "a second run changes nothing")
		c.feed(lines(twoLedgers)...)
		r = c.join()
		require.Zero(t, r.Opened+r.Closed+r.Shares+r.Stock, "rows taken in again change nothing")
		require.Equal(t, before, c.state())
	})
}

func TestASellersRowSupersedesTheBuyers(t *testing.T) {
	joinOnBoth(t, func(t *testing.T, c *channel) {
		c.product("P1")
		c.feed("purchases D1 M 2025-03-02 B1 P1 L1 80 盒")
		c.resolve()
		c.join()
		require.Contains(t, c.state()[0], "buyer_only B")
		c.feed("sales M D1 2025-03-01 A1 P1 L1 80 盒")
		c.resolve()
		r := c.join()
		require.Equal(t, [2]int64{1, 1}, [2]int64{r.Opened, r.Closed})
		require.Len(t, c.state(), 1)
		require.Contains(t, c.state()[0], "match A")
		_, row := c.row("purchases D1 M 2025-03-02 B1 P1 L1 80 盒")
		stored, err := c.db.MovementsByID(t.Context(), []canonical.ID{row.ID})
		require.NoError(t, err)
		require.False(t, stored[row.ID].Open)
		require.Equal(t, int64(2), stored[row.ID].Version, "superseded is an event of the old movement")
	})
}

func TestAMentionThatMovesTakesItsRowsAlong(t *testing.T) {
	joinOnBoth(t, func(t *testing.T, c *channel) {
		c.product("P1")
		c.feed("sales D1 H1 2025-03-01 A1 P1 L1 10 盒", "purchases H2 D1 2025-03-02 B1 P1 L1 10 盒", "purchases H1 D1 2025-03-02 B2 P1 L1 7 盒")
		c.resolve()
		c.join()
		require.Contains(t, strings.Join(c.state(), "\n"), "qty_diff", "the row goes with H1's purchase")
		c.repoint("H1", "H2") // the mention and the party H1 are in truth H2
		c.join()
		got := strings.Join(c.state(), "\n")
		require.Contains(t, got, "match A")
		require.Contains(t, got, "buyer_only")
		require.NotContains(t, got, "qty_diff")
		c.repoint("H1", "H1") // and back
		c.join()
		require.Contains(t, strings.Join(c.state(), "\n"), "qty_diff")
	})
}

func TestAnAliasMovesRowsToAnotherProduct(t *testing.T) {
	joinOnBoth(t, func(t *testing.T, c *channel) {
		c.product("P1")
		c.product("P2")
		c.feed("sales M D1 2025-03-01 A1 P1 L1 10 盒", "purchases D1 M 2025-03-02 B1 P1 L1 10 盒", "stock D1 - 2025-03-31 - P1 L1 10 盒")
		c.resolve()
		c.join()
		require.Contains(t, strings.Join(c.state(), "\n"), "match A")
		c.master(canonical.EntityAlias, "a1", canonical.Alias{Type: "product", Party: "D1", RawCode: "P1", TargetCode: "P2", Op: "×", Factor: canonical.Units(2)})
		c.join()
		got := strings.Join(c.state(), "\n")
		require.Contains(t, got, "P1 flow:M")
		require.Contains(t, got, "seller_only")
		require.Contains(t, got, `P2 flow:D1:M>flow:D1:D1 2025-03-02 "L1" 20`)
		require.Contains(t, got, "stock P2 flow:D1:D1 2025-03-31 \"L1\" available 20")
		require.NotContains(t, got, "stock P1")
	})
}

func TestACorrectedRowLeavesNothingBehind(t *testing.T) {
	joinOnBoth(t, func(t *testing.T, c *channel) {
		c.product("P1")
		c.feed("sales D1 H1 2025-03-01 A1 P1 L1 10 盒", "purchases H1 D1 2025-03-02 B1 P1 L1 10 盒")
		c.resolve()
		c.join()
		c.feed("sales D1 H2 2025-03-01 A1 P1 L1 12 盒") // the same document line, another customer and quantity
		c.resolve()
		c.join()
		got := c.state()
		require.Len(t, got, 2)
		require.Contains(t, strings.Join(got, "\n"), "flow:D1:D1>flow:D1:H2 2025-03-01 \"L1\" 12 sale seller_only")
		require.Contains(t, strings.Join(got, "\n"), "buyer_only")
	})
}

// sameInAnyOrder: whatever the order in which rows, masters, resolution and joins come, the closed result is that of all
// at once.
func sameInAnyOrder(t require.TestingT, rows []string, seed uint64, open func() *channel) {
	once := open()
	once.product("P1")
	once.product("P2")
	once.lot("P1", "L1", 200)
	once.golden["H2"] = "H1"
	once.feed(rows...)
	once.resolve()
	once.join()
	want := once.state()

	c := open()
	steps := []func(){
		func() { c.product("P1") }, func() { c.product("P2") }, func() { c.lot("P1", "L1", 150) }, func() { c.join() },
		func() { c.resolve() }, func() { c.resolve(); c.join() }, func() { c.resolve(); c.join() },
		func() { c.repoint("H2", "H1") }, func() { c.repoint("D2", "D1") },
	}
	for _, r := range rows {
		steps = append(steps, func() { c.feed(r) })
	}
	rand.New(rand.NewPCG(seed, 2)).Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	for _, step := range steps {
		step()
	}
	c.lot("P1", "L1", 200)
	c.repoint("D2", "D2")
	c.repoint("H2", "H1")
	c.resolve()
	c.join()
	require.Equal(t, want, c.state())
}

func genRows(t *rapid.T) []string {
	parties := []string{"M", "D1", "D2", "H1", "H2"}
	seen := map[string]bool{}
	var rows []string
	for i := range rapid.IntRange(1, 14).Draw(t, "rows") {
		party, partner := rapid.SampledFrom(parties).Draw(t, "party"), rapid.SampledFrom(parties).Draw(t, "partner")
		ledger := rapid.SampledFrom([]string{"sales", "sales", "purchases", "stock", "usage"}).Draw(t, "ledger")
		kind := ""
		switch {
		case ledger == "stock" || ledger == "usage":
			partner = "-"
		case rapid.IntRange(0, 4).Draw(t, "return") == 0:
			kind = " return"
		}
		unit := rapid.SampledFrom([]string{"盒", "盒", "中包"}).Draw(t, "unit")
		row := fmt.Sprintf("%s %s %s 2025-03-%02d d%d %s %s %d %s%s", ledger, party, partner, rapid.IntRange(1, 20).Draw(t, "day"), i,
			rapid.SampledFrom([]string{"P1", "P1", "P2"}).Draw(t, "product"), rapid.SampledFrom([]string{"L1", "L2", "-"}).Draw(t, "lot"),
			rapid.SampledFrom([]int{5, 10, 20}).Draw(t, "quantity"), unit, kind)
		if !seen[row] {
			seen[row] = true
			rows = append(rows, row)
		}
	}
	return rows
}

func TestOrderOfArrival(t *testing.T) {
	rounds := 0
	rapid.Check(t, func(rt *rapid.T) {
		if rounds++; testing.Short() && rounds > 6 {
			return
		}
		rows, seed := genRows(rt), rapid.Uint64().Draw(rt, "seed")
		sameInAnyOrder(rt, rows, seed, func() *channel {
			dir, err := os.MkdirTemp(t.TempDir(), "")
			require.NoError(rt, err)
			return openChannel(rt, context.Background, "sqlite:hub.db", dir, rt.Cleanup)
		})
	})
}

// T4: what is known already, in whatever portions and order it comes again, changes nothing and writes nothing.
func TestAnotherImportChangesNothing(t *testing.T) {
	rounds := 0
	rapid.Check(t, func(rt *rapid.T) {
		if rounds++; rounds > 30 || testing.Short() && rounds > 6 {
			return
		}
		rows := genRows(rt)
		dir, err := os.MkdirTemp(t.TempDir(), "")
		require.NoError(rt, err)
		c := openChannel(rt, context.Background, "sqlite:hub.db", dir, rt.Cleanup)
		c.product("P1")
		c.product("P2")
		c.lot("P1", "L1", 200)
		c.feed(rows...)
		c.resolve()
		c.join()
		want := c.state()
		again := slices.Clone(rows)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 3)).Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		for part := range slices.Chunk(again, rapid.IntRange(1, len(again)).Draw(rt, "portion")) {
			c.feed(part...)
			c.resolve()
			r := c.join()
			require.Zero(rt, r.Opened+r.Closed+r.Stock+r.Shares)
		}
		require.Equal(rt, want, c.state())
	})
}

// The same on PostgreSQL, where a database costs more: a few examples.
func TestOrderOfArrivalOnPostgres(t *testing.T) {
	for seed := range 6 {
		rows := rapid.Custom(genRows).Example(seed)
		sameInAnyOrder(t, rows, uint64(seed), func() *channel {
			return openChannel(t, t.Context, servers.PostgresSchema(t), t.TempDir(), t.Cleanup)
		})
	}
}

// Joiners beside each other, while rows come in, leave the result of one.
func TestJoinersAndIngestBesideEachOther(t *testing.T) {
	joinOnBoth(t, func(t *testing.T, c *channel) {
		c.product("P1")
		c.lot("P1", "L1", 10_000)
		rows := channelRows(1, 600)
		c.feed(rows[:100]...)
		c.resolve()
		var g errgroup.Group
		for range 2 {
			g.Go(func() error {
				for range 4 {
					if _, err := c.joiner.Run(t.Context()); err != nil {
						return err
					}
				}
				return nil
			})
		}
		for part := range slices.Chunk(rows[100:], 100) {
			c.feed(part...)
			c.resolve()
		}
		require.NoError(t, g.Wait())
		c.join()
		got := c.state()

		once := openChannel(t, t.Context, "sqlite:hub.db", t.TempDir(), t.Cleanup)
		once.product("P1")
		once.lot("P1", "L1", 10_000)
		once.feed(rows...)
		once.resolve()
		once.join()
		require.Equal(t, once.state(), got)
	})
}

// A run that is cut off between its transactions is completed by the next.
func TestJoinSurvivesBeingCutOff(t *testing.T) {
	joinOnBoth(t, func(t *testing.T, c *channel) {
		c.product("P1")
		var rows []string
		for i := range 3000 {
			rows = append(rows, fmt.Sprintf("sales D1 H%d 2025-03-%02d d%d P1 %s 5 盒", i%7, 1+i%28, i, []string{"L1", "-"}[i%2]))
		}
		rows = append(rows, "sales M D1 2025-02-01 m P1 L1 100000 盒")
		c.feed(rows...)
		c.resolve()
		for cut := 1; ; cut++ {
			ctx, cancel := context.WithCancel(t.Context())
			left := cut
			j := pipeline.Joiner{DB: c.db}
			stop := c.clock.on(func() {
				if left--; left == 0 {
					cancel()
				}
			})
			_, err := j.Run(ctx)
			stop()
			cancel()
			c.clock.jump(time.Hour) // the lease of the run that was cut off ends
			if err == nil {
				require.Greater(t, cut, 5, "it was cut off at several places")
				break
			}
			cut += 4
		}
		got := c.state()
		sales := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return strings.HasPrefix(s, "share") })
		require.Len(t, sales, 3001)
		require.Len(t, got, 3001+1500)
		require.Zero(t, c.join().Opened)
		var waiting int64
		waiting, err := c.db.CountFlowWaiting(t.Context())
		require.NoError(t, err)
		require.Zero(t, waiting)
	})
}

func BenchmarkJoin(b *testing.B) {
	c := openChannel(b, b.Context, "sqlite:hub.db", b.TempDir(), b.Cleanup)
	c.product("P1")
	n := 0
	for b.Loop() {
		b.StopTimer()
		const rows = 50_000
		for part := range slices.Chunk(channelRows(n, rows), 5000) {
			c.feed(part...)
		}
		c.resolve()
		n++
		b.StartTimer()
		r := c.join()
		b.ReportMetric(float64(r.Lines)/b.Elapsed().Seconds()*float64(n), "lines/s")
	}
}

func channelRows(n, rows int) []string {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	out := make([]string, 0, rows)
	for i := range rows / 2 {
		d, h, lot := r.IntN(20), r.IntN(400), []string{"L1", "L2", "L3", "L4", "-"}[r.IntN(5)]
		day, q := fmt.Sprintf("2025-%02d-%02d", 1+r.IntN(12), 1+r.IntN(27)), 1+r.IntN(50)
		out = append(out, fmt.Sprintf("sales D%d H%d %s s%d-%d P1 %s %d 盒", d, h, day, n, i, lot, q))
		out = append(out, fmt.Sprintf("purchases H%d D%d %s p%d-%d P1 %s %d 盒", h, d, day, n, i, lot, q))
	}
	return out
}
