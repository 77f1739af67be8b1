package hub_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/events"
	"tributary/hub"
	"tributary/internal/errs"
	"tributary/quality"
)

func shares(c quality.Coverage) map[string]string {
	out := map[string]string{}
	for name, s := range map[string]quality.Share{"K1": c.Parties, "K2": c.Shipped, "K3": c.Days, "K4": c.Lots, "K5": c.Matched, "late": c.Late} {
		out[name] = s.Numerator.String() + "/" + s.Denominator.String()
	}
	return out
}

// TestCoverageOfTheWorkedExample counts by hand what the ledgers of March hold.
func TestCoverageOfTheWorkedExample(t *testing.T) {
	storyOnBoth(t, func(s *story) {
		r, err := s.Coverage(s.Context(), "2025-03", "en")
		require.NoError(s, err)
		by := map[string]hub.PartyCoverage{}
		sum := quality.Coverage{}
		for _, p := range r.Parties {
			by[p.Code] = p
			sum.Add(p.Coverage)
		}
		sum.Finish()
		require.Equal(s, r.Overall, sum, "the whole is the sum of the parties")
		require.Equal(s, "9/9", shares(r.Overall)["K1"])
		require.Equal(s, "100", r.Overall.Shipped.Percent)
		require.Equal(s, "6000/6000", shares(by["D1"].Coverage)["K2"])
		rows := map[string]int{}
		for _, name := range []string{"D3_sales", "D3_purchases", "D3_stock"} {
			body, err := os.ReadFile(filepath.Join(workedFolder, name+".csv"))
			require.NoError(s, err)
			for _, b := range body {
				if b == '\n' {
					rows[name]++
				}
			}
			rows["all"] += rows[name] - 1
		}
		d3 := by["D3"]
		require.EqualValues(s, rows["all"], d3.Lots.Denominator/1_000_000)
		require.EqualValues(s, rows["all"]-1, d3.Lots.Numerator/1_000_000, "one of its sales names no lot")
		require.Equal(s, d3.Matched.Denominator, d3.Matched.Numerator)
		require.Equal(s, "93", shares(d3.Coverage)["K3"][len(shares(d3.Coverage)["K3"])-2:], "three ledgers, every day of March")
		require.Equal(s, d3.Late.Denominator, d3.Late.Numerator, "taken in long after March")
		require.Empty(s, r.Findings)

		// A distributor that received goods and never reported; a row whose product nobody knows.
		file := filepath.Join(s.TempDir(), "more.csv")
		require.NoError(s, os.WriteFile(file, []byte("销售日期,销售单号,行号,客户编码,客户名称,产品名称,规格,批号,数量,单位\n2025-03-28,M-900,1,D9,远山医药有限公司,阿莫西林胶囊,0.25g×24粒,250301,100,盒\n"+
			"2025-03-28,M-901,1,D1,青河市康泽医药有限公司,不明胶囊,1粒,X1,7,盒\n"), 0o600))
		customers := filepath.Join(s.TempDir(), "customers.csv")
		require.NoError(s, os.WriteFile(customers, []byte("id,name,kind\nD9,远山医药有限公司,distributor\n"), 0o600))
		takeIn(s.T, s.Hub, customers, "customers", "")
		takeIn(s.T, s.Hub, file, "sales", "self")
		_, err = s.Settle(s.Context())
		require.NoError(s, err)
		after, err := s.Coverage(s.Context(), "2025-03", "en")
		require.NoError(s, err)
		require.Equal(s, "9/10", shares(after.Overall)["K1"])
		require.Equal(s, "D9", after.Parties[0].Code, "least covered first")
		require.Equal(s, map[string]string{"K1": "0/1", "K2": "0/100", "K3": "0/0", "K4": "0/0", "K5": "0/0", "late": "0/0"}, shares(after.Parties[0].Coverage))
		require.Equal(s, r.Overall.Shipped.Denominator+100_000_000, after.Overall.Shipped.Denominator)
		require.Equal(s, r.Overall.Matched.Denominator-r.Overall.Matched.Numerator+1_000_000, after.Overall.Matched.Denominator-after.Overall.Matched.Numerator)

		_, err = s.Coverage(s.Context(), "2025-13", "en")
		require.Equal(s, "month.bad", errs.CodeOf(err))
	})
}

func TestSilentFeedsAreToldOnceAndExcused(t *testing.T) {
	storyOnBoth(t, func(s *story) {
		ctx := s.Context()
		s.now = time.Date(2025, 4, 2, 1, 0, 0, 0, time.UTC)
		// What D1 sold last, and what came of it, in the hub's own words.
		list := func(silent bool) map[string]hub.FeedView {
			l, err := s.ListFeeds(ctx, hub.MonthSelection{Party: "D1"}, silent)
			require.NoError(s, err)
			out := map[string]hub.FeedView{}
			for _, f := range l.Feeds {
				out[string(f.Ledger)] = f
			}
			return out
		}
		require.Len(s, list(false), 3)
		for _, ledger := range []string{"sales", "purchases", "stock"} {
			_, err := s.ExpectFeed(ctx, hub.FeedRequest{Party: "D1", Ledger: ledger, Cadence: "monthly"})
			require.NoError(s, err)
		}
		require.Empty(s, list(true), "monthly: nothing is due before the end of April")
		_, err := s.ExpectFeed(ctx, hub.FeedRequest{Party: "D1", Ledger: "stock", Cadence: "daily"})
		require.NoError(s, err)
		report := func(days ...string) {
			text := "库存日期,产品名称,规格,批号,库存数量,单位\n"
			for _, day := range days {
				text += day + ",阿莫西林胶囊,0.25g×24粒,250301,1000,盒\n"
			}
			file := filepath.Join(s.TempDir(), "stock.csv")
			require.NoError(s, os.WriteFile(file, []byte(text), 0o600))
			takeIn(s.T, s.Hub, file, "stock", "D1")
		}
		report("2025-04-01") // the example came at another time than the story's
		last := list(false)["stock"].LastDate
		s.now = last.Time().Add(4 * 24 * time.Hour)
		require.Equal(s, 3, list(true)["stock"].Level)

		told := func() int {
			n, err := s.WatchFeeds(ctx)
			require.NoError(s, err)
			return n
		}
		require.Positive(s, told())
		require.Zero(s, told(), "once")
		key := "feed|D1|stock"
		require.Equal(s, []string{"tributary.ops.run.silent"}, s.told(events.TopicRun, key))
		s.after(2 * 24 * time.Hour)
		require.Positive(s, told(), "it became worse")
		require.Equal(s, 5, list(true)["stock"].Level)

		_, err = s.ExcuseFeed(ctx, hub.FeedRequest{Party: "D1", Ledger: "stock", Reason: "holiday"})
		require.Equal(s, "feed.reason", errs.CodeOf(err))
		_, err = s.ExcuseFeed(ctx, hub.FeedRequest{Party: "D1", Ledger: "stock", Reason: "erp_changed", Note: "新系统五月上线", Until: "2025-05-10"})
		require.NoError(s, err)
		require.Equal(s, "erp_changed", list(true)["stock"].Reason)
		require.Equal(s, "os:test", list(true)["stock"].SaidBy)
		require.Contains(s, s.recorded("D1/stock"), "feed.excuse")

		// It comes again: told, and the reason is over.
		s.after(time.Hour)
		report(last.AddDays(5).String(), "2099-01-01")
		got := list(false)["stock"]
		require.Zero(s, got.Level)
		require.Empty(s, got.Reason)
		require.LessOrEqual(s, got.LastDate, last.AddDays(6), "a date of the future is no sign of life")
		require.Positive(s, told())
		require.Equal(s, []string{"tributary.ops.run.silent", "tributary.ops.run.silent", "tributary.ops.run.resumed"}, s.told(events.TopicRun, key))
		_, err = s.ExcuseFeed(ctx, hub.FeedRequest{Party: "D1", Ledger: "usage", Reason: "not_started"})
		require.NoError(s, err, "a ledger that never came can be waited for")
	})
}

func TestARecallSaysHowCompleteItsDataAre(t *testing.T) {
	storyOnBoth(t, func(s *story) {
		r, err := s.OpenRecall(s.Context(), hub.OpenRecallRequest{Kind: "voluntary", Product: "AMX24", Lots: []string{"250301"}, ReasonCode: "quality", Reason: "x", Lang: "en"})
		require.NoError(s, err)
		require.Nil(s, r.Completeness)
		s.advance(r.Number, hub.AdvanceRecallRequest{Class: "II", Assessment: "reversible"})
		r = s.advance(r.Number, hub.AdvanceRecallRequest{By: "qp"})
		require.Equal(s, "9/9", shares(r.Completeness.Coverage)["K1"])
		require.Equal(s, "100", r.Completeness.Shipped.Percent)
		dir := filepath.Join(s.TempDir(), "pack")
		_, err = s.PackRecall(s.Context(), r.Number, dir, "en")
		require.NoError(s, err)
	})
}
