package hub_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/internal/errs"
)

// scatter puts a few versions of records that are hard to tell apart, persons and mentions among them.
func (d *desk) scatter(r *rand.Rand, n int) {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	for range n {
		source, id := pick("erp", "sfa", "flow:D1"), fmt.Sprint(r.IntN(12))
		c := canonical.Customer{Kind: canonical.Hospital, Phones: []string{pick("13800001111", "13800002222", "020-85550100")}}
		c.Name = pick("广州市第一人民医院", "广州第一人民医院", "广州市人民医院", "南京市人民医院", "康泰大药房", "南京康泰大药房", "南京市仁济医院", "仁济医院")
		c.Address.City = pick("", "广州市", "南京市")
		trust := 50
		switch {
		case source == "flow:D1":
			c, trust = canonical.Customer{Kind: canonical.UnknownParty, Name: c.Name, Code: id}, 0
		case r.IntN(3) == 0:
			c.Kind, c.Name, c.Department = canonical.HCP, pick("王芳", "王方", "欧阳明远", "李明"), pick("", "儿科", "外科")
			c.OrganisationID = pick("", "h1", "h2", "h3", "h4")
		}
		d.put(source, fmt.Sprintf("%s%s", c.Kind[:1], id), trust, c)
	}
}

// What a dry run tells is what applying the model does, to the last id; and it writes nothing.
func TestADryRunTellsWhatApplyingDoes(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		r := rand.New(rand.NewPCG(3, 9))
		d.reads = 10
		files := []string{
			modelFile(t, func(*dedupe.Model) {}),
			modelFile(t, func(m *dedupe.Model) {
				for _, tm := range m.Types {
					tm.Merge, tm.Review, tm.Prior = .7, .4, tm.Prior*30
				}
			}),
			modelFile(t, func(m *dedupe.Model) {
				sharedLine(m)
				for _, tm := range m.Types {
					tm.Merge = .9999
				}
			}),
		}
		merged, split := 0, 0
		for round := range 7 {
			d.scatter(r, 14)
			d.settle()
			if round == 3 {
				list, err := d.DB.OpenQuestions(t.Context(), 1)
				require.NoError(t, err)
				require.NotEmpty(t, list)
			}
			before, err := d.DB.CountGoldens(t.Context())
			require.NoError(t, err)
			file := files[(round+1)%len(files)]
			trial, err := d.TryModel(t.Context(), file, 50, 0)
			require.NoError(t, err)
			same, err := d.DB.CountGoldens(t.Context())
			require.NoError(t, err)
			require.Equal(t, before, same)
			list, err := d.ListModels(t.Context())
			require.NoError(t, err)
			for _, m := range list.Models {
				require.Equal(t, m.InUse, m.Version == trial.From, "nothing was applied")
			}

			done, err := d.ApplyModel(t.Context(), file, "round")
			require.NoError(t, err)
			got := done.Settle.Resolve
			require.Equal(t, []int64{int64(trial.Merged), int64(trial.Split), int64(trial.Created), int64(trial.Moved), int64(trial.AsksAfter)},
				[]int64{got.Merged, got.Split, got.Created, got.Relinked, got.Questions}, "round %d", round)
			after, err := d.DB.CountGoldens(t.Context())
			require.NoError(t, err)
			count := 0
			for _, n := range after {
				count += n
			}
			require.Equal(t, trial.After, count)
			require.LessOrEqual(t, len(trial.Merges), trial.Merged)
			require.Len(t, trial.Splits, trial.Split)
			for _, s := range trial.Splits {
				require.NotEmpty(t, s.Because.A.Source)
				require.NotEqual(t, s.Because.A, s.Because.B)
				require.Positive(t, s.Leaves)
			}
			for _, m := range trial.Merges {
				require.NotEqual(t, m.Gone.GoldenID, m.Survivor.GoldenID)
				require.NotEqual(t, "different", m.Because.After.Verdict)
			}
			merged, split = merged+trial.Merged, split+trial.Split
		}
		require.Positive(t, merged)
		require.Positive(t, split)
		again, err := d.TryModel(t.Context(), "", 10, 0)
		require.NoError(t, err)
		require.Zero(t, again.Merged+again.Split+again.Created+again.Moved, "the model in use changes nothing")
		require.Empty(t, again.Merges)
		require.Empty(t, again.Splits)

		_, err = d.TryModel(t.Context(), files[0], 10, 3)
		require.Equal(t, "model.too_many", errs.CodeOf(err))
	})
}
