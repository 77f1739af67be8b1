package hub_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/hub"
	"tributary/internal/errs"
)

// modelFile writes the default model, changed, to a file.
func modelFile(t *testing.T, change func(*dedupe.Model)) string {
	m := dedupe.DefaultModel()
	m.Name = "ours"
	change(m)
	body, err := m.YAML()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ours.yaml")
	require.NoError(t, os.WriteFile(file, body, 0o600))
	return file
}

// sharedLine makes a phone number no evidence any more.
func sharedLine(m *dedupe.Model) { m.Shared = []string{"13800001111"} }

// twins are two records that only their phone brings together.
func (d *desk) twins() {
	d.reads = 10
	for i, source := range []string{"erp", "sfa"} {
		d.put(source, "P1", 50, canonical.Customer{Kind: canonical.HCP, Name: "欧阳明远", Phones: []string{"13800001111"}, Department: []string{"儿科", "外科"}[i]})
	}
	d.hospital("erp", "C1", "南京市仁济医院")
}

func TestAModelIsAppliedAndGoneBackFrom(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.twins()
		d.settle()
		doctor, hospital := d.golden("erp", "P1"), d.golden("erp", "C1")
		require.Equal(t, doctor, d.golden("sfa", "P1"))
		file := modelFile(t, sharedLine)

		r, err := d.ApplyModel(t.Context(), file, "the number is a switchboard's")
		require.NoError(t, err)
		require.True(t, r.Applied)
		require.EqualValues(t, 1, r.Settle.Resolve.Split)
		require.NotEqual(t, d.golden("erp", "P1"), d.golden("sfa", "P1"))
		require.Equal(t, hospital, d.golden("erp", "C1"), "who is not concerned keeps the id")
		d.stays()
		how, err := d.HowCustomer(t.Context(), hospital, "en")
		require.NoError(t, err)
		require.Equal(t, 1, how.Records)
		quality, err := d.CustomersQuality(t.Context(), hub.QualityRequest{})
		require.NoError(t, err)
		require.Equal(t, r.Version, quality.Model)
		audited, err := d.DB.AuditOf(t.Context(), r.Version)
		require.NoError(t, err)
		require.Len(t, audited, 1)

		list, err := d.ListModels(t.Context())
		require.NoError(t, err)
		require.Len(t, list.Models, 2)
		require.Equal(t, r.Version, list.Models[0].Version)
		require.True(t, list.Models[0].InUse)
		require.Equal(t, "the number is a switchboard's", list.Models[0].Reason)
		require.Equal(t, r.Former, list.Models[1].Version)
		require.True(t, list.Models[1].BuiltIn)
		diff, err := d.DiffModels(t.Context(), r.Former, "")
		require.NoError(t, err)
		require.Equal(t, []hub.ModelChange{{Path: "shared.13800001111", To: "+"}}, diff.Changes)

		again, err := d.ApplyModel(t.Context(), file, "again")
		require.NoError(t, err)
		require.False(t, again.Applied)
		require.Zero(t, again.Settle.Resolve.Records)

		back, err := d.ApplyModel(t.Context(), r.Former, "it was no switchboard")
		require.NoError(t, err)
		require.Equal(t, r.Version, back.Former)
		require.Equal(t, d.golden("erp", "P1"), d.golden("sfa", "P1"))
		require.Equal(t, doctor, d.golden("erp", "P1"), "the id published first survives")
		require.Equal(t, hospital, d.golden("erp", "C1"))
		d.stays()

		// An exported file is the model itself.
		version, body, err := d.ModelFile(t.Context(), r.Version)
		require.NoError(t, err)
		copied := filepath.Join(t.TempDir(), "copy.yaml")
		require.NoError(t, os.WriteFile(copied, body, 0o600))
		shown, err := d.ShowModel(t.Context(), copied)
		require.NoError(t, err)
		require.Equal(t, version, shown.Version)
		require.Equal(t, 1, shown.Shared)
	})
}

func TestAModelThatIsNoneIsNotApplied(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		file := filepath.Join(t.TempDir(), "m.yaml")
		for name, text := range map[string]string{
			"of a file":  "format: 1\nlambda: 0.1\ncomparisons:\n- columns: [given]\n  kind: given\n",
			"not YAML":   "types: [",
			"incomplete": "format: 1\nname: ours\n",
		} {
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			_, err := d.ApplyModel(t.Context(), file, "try")
			require.Equal(t, "model.file", errs.CodeOf(err), name)
			for _, lang := range []string{"en", "zh"} {
				require.NotContains(t, errs.Render(err, lang), "{", name)
			}
		}
		_, err := d.ApplyModel(t.Context(), "ours-123", "try")
		require.Equal(t, "model.unknown", errs.CodeOf(err))
		_, err = d.ApplyModel(t.Context(), file, " ")
		require.Equal(t, "steward.reason", errs.CodeOf(err))
		d.Actor.Role = hub.Auditor
		_, err = d.ApplyModel(t.Context(), file, "try")
		require.True(t, errs.Is(err, errs.Denied))
		list, err := d.ListModels(t.Context())
		require.NoError(t, err)
		require.Len(t, list.Models, 1)
		require.True(t, list.Models[0].InUse)
		require.True(t, strings.HasPrefix(list.Models[0].Version, "default-"))
	})
}

func TestConfiguredThresholdsBelongToTheBuiltInModel(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.Config.Dedupe.Merge, d.Config.Dedupe.Review = 0.95, 0.6
		m, err := d.ShowModel(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, 0.95, m.Types[0].Merge)
		require.NotEqual(t, dedupe.DefaultModel().Version, m.Version)
		r, err := d.ApplyModel(t.Context(), modelFile(t, func(*dedupe.Model) {}), "try")
		require.NoError(t, err)
		require.Len(t, r.Notes, 1)
		m, err = d.ShowModel(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, 0.99, m.Types[0].Merge)
	})
}
