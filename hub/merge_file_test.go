package hub_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/errs"
)

// Merges of a file: the good ones are carried out, each for itself, and see those before them; the others are named.
func TestMergesOfAFile(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.Config.Dedupe.FourEyes = 3
		for i, name := range []string{"广州市第一人民医院", "广州市第二人民医院", "广州市第三人民医院", "广州市第四人民医院", "南京市妇幼保健院", "无锡市口腔医院"} {
			d.hospital("erp", fmt.Sprint("C", i+1), name)
		}
		d.put("erp", "P1", 50, canonical.Customer{Kind: canonical.Pharmacy, Name: "康泰大药房"})
		d.put("flow:D1", "k1", 0, canonical.Customer{Kind: canonical.UnknownParty, Name: "某某单位", Code: "k1"})
		q := d.alike()
		apart, err := d.answer(hub.Different, q["crm sfa"])
		require.NoError(t, err)
		id := func(source, record string) string { return d.golden(source, record) }
		lines := []struct{ a, b, reason, state, code string }{
			{"C1", "C2", "同一家", hub.MergeDone, ""},
			{id("erp", "C2"), "C3", "", hub.MergeDone, ""},
			{"C1", "C3", "", hub.MergeAlready, ""},
			{"C1", "nobody", "", hub.MergeRefused, "customers.unknown"},
			{"C1", "C1", "", hub.MergeRefused, "steward.merge_two"},
			{"C1", "", "", hub.MergeRefused, "steward.file_blank"},
			{"C4", "P1", "", hub.MergeRefused, "steward.merge_kinds"},
			{"C4", id("flow:D1", "k1"), "", hub.MergeDone, ""},
			{id("flow:D1", "k1"), "P1", "", hub.MergeRefused, "steward.merge_kinds"}, // it is a hospital by now
			{id("crm", "1"), id("erp", "1"), "", hub.MergeDone, ""},
			{id("erp", "1"), id("sfa", "1"), "", hub.MergeRefused, "steward.kept_apart"}, // crm:1 is not sfa:1
			{"erp:C3", "erp|C5", "", hub.MergePending, ""},
			{"C5", "C6", "", hub.MergeDone, ""}, // what waits binds nobody yet
		}
		text := "客户A,客户B,理由,备注\n"
		for _, l := range lines {
			text += strings.Join([]string{l.a, l.b, l.reason, "x"}, ",") + "\n"
		}
		file := filepath.Join(t.TempDir(), "merges.csv")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		check := func(r hub.MergedFile) {
			t.Helper()
			require.Len(t, r.Merges, len(lines))
			for i, l := range lines {
				m := r.Merges[i]
				require.Equal(t, l.state, m.State, "row %d: %s", i+2, m.Error)
				require.Equal(t, l.code, m.Code)
				require.Equal(t, l.code == "", m.Error == "")
				require.Equal(t, []int{i + 2}, m.Rows)
				require.Equal(t, !r.DryRun && (l.state == hub.MergeDone || l.state == hub.MergePending), m.Decision != "")
			}
			require.Equal(t, []int{5, 1, 1, 6}, []int{r.Merged, r.Pending, r.Already, r.Refused})
			require.Contains(t, r.Merges[10].Error, apart.Decision.ID)
			require.Equal(t, 4, r.Merges[11].Records)
		}
		req := hub.MergeFileRequest{File: file, DryRun: true, Lang: "zh", Because: because("月度去重")}
		dry, err := d.MergeFile(t.Context(), req)
		require.NoError(t, err)
		check(dry)
		require.Empty(t, dry.Batch)
		made, err := d.ListDecisions(t.Context(), false, 0)
		require.NoError(t, err)
		require.Len(t, made.Decisions, 1, "a dry run decides nothing")

		req.DryRun = false
		r, err := d.MergeFile(t.Context(), req)
		require.NoError(t, err)
		check(r)
		c1 := id("erp", "C1")
		for _, record := range []string{"C2", "C3"} {
			require.Equal(t, c1, id("erp", record))
		}
		require.Equal(t, c1, r.Merges[1].Survivor.String())
		require.Equal(t, id("erp", "C4"), id("flow:D1", "k1"))
		require.Equal(t, id("crm", "1"), id("erp", "1"))
		require.NotEqual(t, id("erp", "1"), id("sfa", "1"))
		require.NotEqual(t, c1, id("erp", "C5"))
		d.stays()
		made, err = d.ListDecisions(t.Context(), false, 0)
		require.NoError(t, err)
		require.Len(t, made.Decisions, 7)
		for _, one := range made.Decisions[:6] {
			require.Equal(t, r.Batch, one.Batch)
			audit, err := d.DB.AuditOf(t.Context(), one.ID)
			require.NoError(t, err)
			require.Len(t, audit, 1)
		}
		require.Equal(t, "同一家", made.Decisions[5].Reason)
		require.Equal(t, "月度去重", made.Decisions[4].Reason)

		again, err := d.MergeFile(t.Context(), req)
		require.NoError(t, err)
		require.Equal(t, 0, again.Merged, "what is done is not done twice")
		require.Equal(t, r.Merges[11].Decision, again.Merges[11].Decision, "nor asked twice: %+v", again.Merges[11])
		require.Empty(t, again.Batch)

		batch, err := d.IsBatch(t.Context(), r.Batch)
		require.NoError(t, err)
		require.True(t, batch)
		own, err := d.ConfirmBatch(t.Context(), r.Batch, "en")
		require.NoError(t, err)
		require.Len(t, own.Errors, 1, "nobody confirms himself")
		d.Actor.Name = "os:second"
		confirmed, err := d.ConfirmBatch(t.Context(), r.Batch, "en")
		require.NoError(t, err)
		require.Equal(t, 1, confirmed.Done)
		require.Equal(t, 5, confirmed.Left)
		require.Equal(t, id("erp", "C1"), id("erp", "C5"))
		undone, err := d.UndoBatch(t.Context(), r.Batch, "wrong list", "en")
		require.NoError(t, err)
		require.Equal(t, 6, undone.Done)
		seen := map[string]bool{}
		for i := range 6 {
			seen[id("erp", fmt.Sprint("C", i+1))] = true
		}
		require.Len(t, seen, 6, "all are apart again")
		undone, err = d.UndoBatch(t.Context(), r.Batch, "again", "en")
		require.NoError(t, err)
		require.Zero(t, undone.Done)
		_, err = d.UndoBatch(t.Context(), c1, "x", "en")
		require.Equal(t, "steward.unknown_decision", errs.CodeOf(err))
	})
}

func TestGroupsOfAFileAreMerged(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.hospital("erp", "C1", "广州市第一人民医院")
		d.hospital("erp", "C2", "广州市第二人民医院")
		d.hospital("erp", "C3", "广州市第三人民医院")
		d.settle()
		c3 := d.golden("erp", "C3")
		write := func(text string) string {
			file := filepath.Join(t.TempDir(), "groups.csv")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			return file
		}
		r, err := d.MergeFile(t.Context(), hub.MergeFileRequest{File: write("group,customer,survivor,reason\n1,C1,,\n2,C2,,x\n1,C2,C3,重复\n1,C3,,\n")})
		require.NoError(t, err)
		require.Len(t, r.Merges, 2)
		require.Equal(t, []int{2, 4, 5}, r.Merges[0].Rows)
		require.Equal(t, c3, r.Merges[0].Survivor.String())
		require.Equal(t, c3, d.golden("erp", "C1"))
		require.Equal(t, "steward.merge_two", r.Merges[1].Code, "one alone is no group")
		r, err = d.MergeFile(t.Context(), hub.MergeFileRequest{File: write("group,customer\n1,C1\n1,C2\n")})
		require.NoError(t, err)
		require.Equal(t, "steward.reason", r.Merges[0].Code)
		for _, text := range []string{"a\nC1\n", "customer_a,customer_b,group,customer\n1,2,3,4\n"} {
			_, err = d.MergeFile(t.Context(), hub.MergeFileRequest{File: write(text), Because: because("x")})
			require.Equal(t, "steward.file_columns", errs.CodeOf(err))
		}
		d.Actor.Role = hub.CRM
		_, err = d.MergeFile(t.Context(), hub.MergeFileRequest{File: write("a,b\nC1,C2\n")})
		require.True(t, errs.Is(err, errs.Denied))
	})
}
