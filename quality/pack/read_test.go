package pack_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/quality/pack"
	"tributary/quality/pack/packtest"
	"tributary/trace"
)

// Whatever the figures are, workbook and report tell the same.
func TestWorkbookAndReportTellTheFiguresOfTheInput(t *testing.T) {
	rounds := 0
	rapid.Check(t, func(t *rapid.T) {
		if rounds++; rounds > 20 { // each makes a whole pack
			return
		}
		quantity := func(name string) canonical.Quantity {
			q := canonical.Units(rapid.Int64Range(-1_000_000, 100_000_000).Draw(t, name))
			if rapid.IntRange(0, 3).Draw(t, "fraction") == 0 {
				q += canonical.Quantity(rapid.Int64Range(0, 999_999).Draw(t, "millionths"))
			}
			return q
		}
		in := example()
		in.Lots[0].Balance = trace.Totals{Released: quantity("released"), NetShipped: quantity("net"), OwnStock: quantity("own"), Sampled: quantity("sampled"), Quarantined: quantity("quarantined"),
			ChannelStock: quantity("channel"), InTransit: quantity("transit"), Used: quantity("used"), Recovered: quantity("recovered"), Destroyed: quantity("destroyed"), Gap: quantity("gap")}
		for i := range in.Lots[0].Trace.Parties {
			in.Lots[0].Trace.Parties[i].Received = quantity("received")
		}
		files, err := pack.Render(in)
		require.NoError(t, err)
		book := packtest.Workbook(t, fileOf(t, files, pack.WorkbookName))
		paper := packtest.Report(t, fileOf(t, files, pack.ReportName))
		require.Equal(t, packtest.Figures(in.Lots[0].Balance), book["数量平衡 Reconciliation"][0][2:13])
		for _, q := range packtest.Grouped(in.Lots[0].Balance) {
			require.Contains(t, paper, q)
		}
		for i, p := range in.Lots[0].Trace.Parties {
			require.Equal(t, p.Received.String(), book["受影响客户 Affected parties"][i][7])
		}
	})
}

// No file of a pack names a person who is a customer, wherever the name stands in what the pack is made of.
func TestNoFileOfAPackNamesAPerson(t *testing.T) {
	in := example()
	patient := trace.Customer{GoldenID: "g1", Code: "X1", Name: "王小明", Kind: "patient", RawNames: []string{"王小明"}, Contacts: []trace.Contact{{Name: "王小明", Phone: "13812345678"}}}
	in.Lots[0].Trace.Parties[4].Customer = patient
	in.Lots[0].Gaps[0].Customer = patient
	in.Notices[0].Party, in.Notices[0].Address, in.Notices[0].AckedBy = patient, "王小明 13812345678", "王小明"
	in.Replies[0].ForwardedTo = []pack.Passed{{Party: patient, Quantity: 1}}
	in.Replies = append(in.Replies, pack.Reply{Party: patient, Note: "王小明 13812345678", By: "王小明", Evidence: "王小明"})
	files, err := pack.Render(in)
	require.NoError(t, err)
	texts := packtest.Texts(t, files)
	require.Len(t, texts, 4)
	for name, text := range texts {
		require.NotContains(t, text, "王小明", name)
		require.NotContains(t, text, "13812345678", name)
	}
	require.Contains(t, texts[pack.ReportName], "withheld", "the text of the report is read")
	require.Contains(t, texts[pack.WorkbookName], "withheld")
}
