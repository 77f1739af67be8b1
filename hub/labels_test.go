package hub_test

import (
	"bytes"
	"encoding/csv"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/internal/errs"
)

// Decisions in force are labels by which matching is measured, without the aliases that they taught.
func TestDecisionsAreLabels(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		none, err := d.CustomersQuality(t.Context(), hub.QualityRequest{})
		require.NoError(t, err)
		require.Empty(t, none.Labels)
		q := d.alike()
		undone, err := d.answer(hub.Different, q["crm erp"])
		require.NoError(t, err)
		_, err = d.UndoDecision(t.Context(), undone.Decision.ID, "wrong")
		require.NoError(t, err)
		same, err := d.answer(hub.Same, q["crm erp"])
		require.NoError(t, err)
		_, err = d.answer(hub.Different, q["crm sfa"])
		require.NoError(t, err)
		mention := d.unplaced("无锡市安康医院")
		_, err = d.answer(hub.Same, mention)
		require.NoError(t, err)

		var out bytes.Buffer
		n, err := d.ExportLabels(t.Context(), &out)
		require.NoError(t, err)
		require.Equal(t, 3, n)
		rows, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 4)
		at := map[string]int{}
		for i, name := range rows[0] {
			at[name] = i
		}
		require.Equal(t, []string{"crm", "1", "erp", "1", "same", "same", "os:test"}, rows[1][:7])
		require.Equal(t, same.Decision.ID, rows[1][at["decision_id"]])
		require.Equal(t, "by phone", rows[1][at["reason"]])
		require.Contains(t, rows[1][at["pattern"]], "name=")
		require.NotContains(t, out.String(), "仁济", "levels, no values")
		require.Equal(t, []string{"crm", "1", "sfa", "1", "different"}, rows[2][:5])
		require.Equal(t, "ask", rows[3][at["verdict"]], "what the decision taught proves nothing about matching")

		r, err := d.CustomersQuality(t.Context(), hub.QualityRequest{})
		require.NoError(t, err)
		require.Len(t, r.Labels, 1)
		l := r.Labels[0]
		require.Equal(t, "organisation", l.Type)
		require.EqualValues(t, 2, l.Same)
		require.EqualValues(t, 1, l.Different)
		require.Equal(t, hub.LabelFit{Threshold: l.Merge.Threshold, Missed: 2}, l.Merge, "nothing of it is merged without asking")
		require.Equal(t, hub.LabelFit{Threshold: l.Review.Threshold, Right: 2, Wrong: 1, Precision: 0.6666, Recall: 1}, l.Review)

		d.Actor.Role = hub.CRM
		_, err = d.ExportLabels(t.Context(), &out)
		require.True(t, errs.Is(err, errs.Denied))
	})
}
