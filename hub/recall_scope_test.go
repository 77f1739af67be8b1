package hub_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/internal/errs"
	"tributary/quality"
)

func TestGoodsPassedOnAndLateLedgersChangeTheList(t *testing.T) {
	storyOnBoth(t, func(s *story) {
		r, err := s.OpenRecall(s.Context(), hub.OpenRecallRequest{Product: "AMX24", Lots: []string{"250301", "250301"}, Class: "I", Reason: "异物", Lang: "en"})
		require.NoError(s, err)
		require.Len(s, r.Lots, 1, "a lot given twice is one")
		no := r.Number
		s.advance(no, hub.AdvanceRecallRequest{Assessment: "a"})
		s.advance(no, hub.AdvanceRecallRequest{By: "qp"})
		_, err = s.NotifyRecall(s.Context(), no, hub.NotifyRecallRequest{Contact: "QA", OutDir: s.TempDir(), Lang: "en"})
		require.NoError(s, err)

		// D2 explains its gap of 20: it passed them on to a clinic that no ledger names, and 5 to H2.
		r = s.reply(no, hub.RecallReplyRequest{Party: "D2", Stage: "quantity", Held: "875", Forwarded: []string{"向阳村卫生室=20", "H2=5"}})
		codes := []string{}
		for _, m := range r.Remarks {
			codes = append(codes, m.Code)
		}
		require.Contains(s, codes, "quality.remark.new_party")
		require.Len(s, r.Affected, 9)
		b, err := s.ReconcileRecall(s.Context(), no, "en")
		require.NoError(s, err)
		require.Empty(s, b.Lots[0].Gaps, "nothing is missing any more")
		require.Equal(s, "3590", b.Lots[0].Recoverable.String(), "the twenty were found")
		require.Equal(s, "3590", b.Lots[0].Totals.ChannelStock.String())
		// The reply is corrected: what it passed on to H2 is taken back.
		s.reply(no, hub.RecallReplyRequest{Party: "D2", Stage: "quantity", Held: "880", Forwarded: []string{"向阳村卫生室=20"}})
		b, err = s.ReconcileRecall(s.Context(), no, "en")
		require.NoError(s, err)
		require.Empty(s, b.Lots[0].Gaps)
		for _, p := range b.Lots[0].Parties {
			if p.Customer.Code == "H2" {
				require.Equal(s, "200", p.Known.String())
			}
		}

		for code, req := range map[string]hub.RecallReplyRequest{
			"quality.unknown_party": {Party: "不存在的公司", Stage: "acknowledgment"}, "quality.not_on_list": {Party: "M", Stage: "acknowledgment"},
			"quality.lot_not_in_scope": {Party: "D1", Lot: "250302", Stage: "acknowledgment"}, "quality.bad_quantity": {Party: "D1", Stage: "quantity", Held: "十盒"},
			"quality.broken_quantity": {Party: "D1", Stage: "quantity", Held: "1,200.50"}, "quality.negative": {Party: "D1", Stage: "quantity", Held: "－3"}, "quality.forwarded": {Party: "D1", Stage: "quantity", Forwarded: []string{"H1"}},
		} {
			_, err := s.ReplyRecall(s.Context(), no, req)
			require.Equal(s, code, errs.CodeOf(err), "%v", err)
		}
		r, err = s.ShowRecall(s.Context(), no, "en")
		require.NoError(s, err)
		before := len(r.History)

		// A distributor's ledger comes late: H9 had 30 boxes of D1's.
		late := filepath.Join(s.TempDir(), "late.csv")
		require.NoError(s, os.WriteFile(late, []byte("单据日期,单据编号,客户名称,商品编码,商品名称,规格,批号,数量,单位\n2025-03-30,LATE-1,青河市第九医院,AMX24,阿莫西林胶囊,0.25g×24粒,250301,30,盒\n"), 0o600))
		takeIn(s.T, s.Hub, late, "sales", "D1")
		_, err = s.Settle(s.Context())
		require.NoError(s, err)
		_, err = s.AdvanceRecall(s.Context(), no, hub.AdvanceRecallRequest{To: "scope_extended", Lang: "en"})
		require.Equal(s, "quality.step_needs", errs.CodeOf(err))
		r = s.advance(no, hub.AdvanceRecallRequest{To: "scope_extended", Reason: "D1 补传流向", AddLots: []string{"250302"}})
		require.Equal(s, quality.Decided, r.State)
		require.Equal(s, 2, r.ScopeVersion)
		require.Greater(s, len(r.History), before)
		names, lots := map[string]bool{}, map[string]bool{}
		for _, a := range r.Affected {
			names[a.Customer.Name], lots[a.Lot] = true, true
			if a.Customer.Code == "D2" && a.Lot == "250301" {
				require.NotNil(s, a.Replies.Quantity, "who answered stays answered")
			}
		}
		require.True(s, names["青河市第九医院"] && names["向阳村卫生室"])
		require.Len(s, lots, 2)
		b, err = s.ReconcileRecall(s.Context(), no, "en")
		require.NoError(s, err)
		for _, lot := range b.Lots {
			sum := lot.Totals.OwnStock + lot.Totals.Sampled + lot.Totals.Quarantined + lot.Totals.ChannelStock + lot.Totals.Recovered + lot.Totals.Used + lot.Totals.Destroyed + lot.Totals.Gap
			require.Equal(s, lot.Totals.Released, sum)
		}
		// The notices of the new version go to everybody again.
		made, err := s.NotifyRecall(s.Context(), no, hub.NotifyRecallRequest{OutDir: s.TempDir(), Lang: "en"})
		require.NoError(s, err)
		require.Len(s, made.Notices, r.Figures.Parties)
		require.Equal(s, 2, made.Version)
	})
}

func TestADrillMeasuresAndSendsNothing(t *testing.T) {
	h := traceHub(t, "sqlite:hub.db")
	r, err := h.DrillRecall(t.Context(), hub.DrillRequest{Lot: "250301", Lang: "zh"})
	require.NoError(t, err)
	d := r.DrillReport
	require.Equal(t, quality.Drill, r.Kind)
	require.Equal(t, quality.Decided, r.State)
	require.Equal(t, []int{8, 5, 1, 5, 5}, []int{d.Parties, d.EndCustomers, d.Possible, d.BackwardAsked, d.BackwardOK})
	require.Equal(t, []string{"99.78", "100.00", "20", "0.00"}, []string{d.ExplainedRate, d.AccountedRate, d.ListedGaps.String(), d.ContactRate})
	require.Equal(t, []string{"quality.drill.contacts"}, d.Findings, "nobody in the example can be called")
	require.False(t, d.Passed)
	require.Empty(t, r.Deadlines, "a drill owes nothing to an authority")
	again, err := h.DrillRecall(t.Context(), hub.DrillRequest{Lang: "en"})
	require.NoError(t, err)
	require.NotEqual(t, r.Number, again.Number)
	_, err = h.DrillRecall(t.Context(), hub.DrillRequest{Product: "AMX24", Lot: "9"})
	require.Equal(t, "trace.unknown_lot", errs.CodeOf(err))
}
