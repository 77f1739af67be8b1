package quality_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/quality"
	"tributary/trace"
)

func units(t *rapid.T, name string) canonical.Quantity {
	return canonical.Units(rapid.Int64Range(0, 500).Draw(t, name))
}

// drawLot is a lot whose trace balances, with what parties hold and what their books miss.
func drawLot(t *rapid.T) (quality.LotScope, []quality.Affected) {
	lot := quality.LotScope{Lot: "A", Unit: "盒"}
	tot := &lot.Totals
	tot.OwnStock, tot.Sampled, tot.Quarantined, tot.Used, tot.Destroyed = units(t, "own"), units(t, "sampled"), units(t, "quarantined"), units(t, "used"), units(t, "destroyed")
	var rows []quality.Affected
	for i := range rapid.IntRange(0, 6).Draw(t, "parties") {
		a := quality.Affected{Key: fmt.Sprint("p", i), Lot: "A", ForwardedBy: []string{}}
		a.Customer = trace.Customer{GoldenID: a.Key, Name: fmt.Sprint("party ", i)}
		a.Stock, a.Gap = units(t, "stock"), units(t, "gap")-canonical.Units(250)
		a.Received, a.ReceivedHigh, a.Explicit = a.Stock+a.Gap, a.Stock+canonical.Units(500), a.Stock
		tot.ChannelStock += a.Stock
		if a.Gap != 0 {
			tot.Gap += a.Gap
			lot.Gaps = append(lot.Gaps, trace.Gap{Customer: a.Customer, Quantity: a.Gap, Code: "trace.gap.unexplained", Counted: true})
		}
		rows = append(rows, a)
	}
	tot.Released = tot.OwnStock + tot.Sampled + tot.Quarantined + tot.ChannelStock + tot.Used + tot.Destroyed + tot.Gap
	tot.NetShipped = tot.Released - tot.OwnStock - tot.Sampled - tot.Quarantined
	return lot, rows
}

// drawReply is any reply, sensible or not.
func drawReply(t *rapid.T, parties int) quality.Reply {
	r := quality.Reply{Stage: rapid.SampledFrom(quality.Stages).Draw(t, "stage"), At: time.Unix(0, 0)}
	switch r.Stage {
	case quality.Impact:
		r.Impact = rapid.SampledFrom(quality.Impacts).Draw(t, "impact")
	case quality.Quantity:
		r.Held, r.Damaged = units(t, "held"), units(t, "damaged")
		if rapid.Bool().Draw(t, "total") {
			all := units(t, "used total")
			r.UsedTotal = &all
		} else {
			r.Used = units(t, "used since")
		}
		for range rapid.IntRange(0, 2).Draw(t, "forwards") {
			to := fmt.Sprint("p", rapid.IntRange(0, parties+2).Draw(t, "to")) // one beyond the list is new
			r.Forwarded = append(r.Forwarded, quality.Forwarded{Party: to, Customer: trace.Customer{GoldenID: to, Name: "party " + to}, Quantity: canonical.Units(rapid.Int64Range(1, 99).Draw(t, "forwarded"))})
		}
	case quality.Completion:
		r.Returned, r.Destroyed = units(t, "returned"), units(t, "destroyed there")
	}
	return r
}

// TestALotBalancesWhateverIsReplied: released is always the sum of the columns, and every unit of the gap has a party.
func TestALotBalancesWhateverIsReplied(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lot, rows := drawLot(t)
		for range rapid.IntRange(0, 12).Draw(t, "replies") {
			if len(rows) == 0 {
				break
			}
			i := rapid.IntRange(0, len(rows)-1).Draw(t, "who")
			r := drawReply(t, len(rows))
			before := rows[i].Replies.Quantity
			_, err := rows[i].Take(r)
			require.NoError(t, err)
			if r.Stage != quality.Quantity {
				continue
			}
			for _, a := range quality.PassOn(&rows[i], &r, before, rows, 1) {
				at := -1
				for j := range rows {
					if rows[j].Key == a.Key {
						at = j
					}
				}
				if at < 0 {
					rows = append(rows, a)
				} else {
					rows[at] = a
				}
			}
		}
		b := quality.Reconcile(lot, rows)
		tt := b.Totals
		require.Equal(t, tt.Released, tt.OwnStock+tt.Sampled+tt.Quarantined+tt.ChannelStock+tt.Recovered+tt.Used+tt.Destroyed+tt.Gap)
		sum, known, told := canonical.Quantity(0), canonical.Quantity(0), canonical.Quantity(0)
		for _, g := range b.Gaps {
			require.NotEqual(t, "quality.gap.list_changed", g.Code, "the list is of one time: every gap has a party")
			sum += g.Quantity
		}
		require.Equal(t, tt.Gap, sum)
		for _, p := range b.Parties {
			require.Equal(t, p.Known, p.Held+p.Recovered+p.Used+p.Destroyed+p.Forwarded+p.Difference)
			known += p.Known
			told += p.Forwarded
		}
		require.Equal(t, lot.Totals.ChannelStock+told, known, "what one passed on, another has")
		require.Equal(t, len(b.Parties), b.Answered+b.Unanswered)
	})
}

func TestAReplyThatSaysNothingNewChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lot, rows := drawLot(t)
		before := quality.Reconcile(lot, rows)
		for i := range rows {
			_, err := rows[i].Take(quality.Reply{Stage: quality.Quantity, Held: rows[i].Stock})
			require.NoError(t, err)
		}
		after := quality.Reconcile(lot, rows)
		require.Equal(t, before.Totals, after.Totals)
		require.Equal(t, before.Recoverable, after.Recoverable)
	})
}

func row(stock, explicit int64) *quality.Affected {
	a := quality.Affected{Key: "p", Lot: "A"}
	a.Customer.Name = "药房"
	a.Stock, a.Received, a.Explicit, a.ReceivedHigh = canonical.Units(stock), canonical.Units(explicit), canonical.Units(explicit), canonical.Units(explicit)
	return &a
}

func TestRepliesThatDoNotFitAreTakenAndSaid(t *testing.T) {
	q := canonical.Units
	for _, c := range []struct {
		name  string
		reply quality.Reply
		want  []string
	}{
		{"all fits", quality.Reply{Stage: quality.Quantity, Held: q(90), Used: q(10)}, nil},
		{"fits by the total", quality.Reply{Stage: quality.Quantity, Held: q(100), UsedTotal: new(canonical.Quantity)}, nil},
		{"too few", quality.Reply{Stage: quality.Quantity, Held: q(90)}, []string{"quality.remark.count"}},
		{"more than it can have had", quality.Reply{Stage: quality.Quantity, Held: q(4000)}, []string{"quality.remark.count", "quality.remark.more"}},
		{"never had it", quality.Reply{Stage: quality.Impact, Impact: quality.ImpactNone}, []string{"quality.remark.none"}},
		{"returned less", quality.Reply{Stage: quality.Completion, Returned: q(60), Destroyed: q(30)}, []string{"quality.remark.completion"}},
		{"returned all", quality.Reply{Stage: quality.Completion, Returned: q(70), Destroyed: q(30)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := row(100, 100)
			remarks, err := a.Take(c.reply)
			require.NoError(t, err)
			var got []string
			for _, r := range quality.Say(remarks, "zh") {
				require.Contains(t, r.Message, "→", "it says what to do")
				got = append(got, r.Code)
			}
			require.Equal(t, c.want, got)
			require.NotNil(t, a.Replies.Acknowledgment, "who answers has read the notice")
		})
	}
}

func TestRepliesThatMakeNoSenseAreRefused(t *testing.T) {
	for code, reply := range map[string]quality.Reply{
		"quality.no_stage":     {},
		"quality.unknown_word": {Stage: "later"},
		"quality.no_impact":    {Stage: quality.Impact},
		"quality.negative":     {Stage: quality.Quantity, Held: -1},
		"quality.wrong_stage":  {Stage: quality.Acknowledgment, Returned: 1},
		"quality.used_twice":   {Stage: quality.Quantity, Used: 1, UsedTotal: new(canonical.Quantity)},
		"quality.forwarded":    {Stage: quality.Quantity, Forwarded: []quality.Forwarded{{Party: "x"}}},
	} {
		a := row(1, 1)
		_, err := a.Take(reply)
		requireCode(t, code, err)
		require.False(t, a.Replies.Answered())
	}
}
