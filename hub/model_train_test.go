package hub_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/sandbox/world"
	"tributary/dedupe"
	"tributary/hub"
	"tributary/internal/errs"
	"tributary/store"
)

// inhabit stores the customers of a small simulated world as its systems know them.
func (d *desk) inhabit(scale float64) {
	d.Helper()
	until, err := canonical.ParseDate("2026-06-30")
	require.NoError(d, err)
	w, err := world.New(world.Config{Seed: 5, Scale: scale, Until: until})
	require.NoError(d, err)
	var list []store.Record
	for _, sys := range world.Systems() {
		for r := range w.Records(sys) {
			payload, err := json.Marshal(r.Customer)
			require.NoError(d, err)
			list = append(list, store.Record{Entity: canonical.EntityCustomer, Source: string(sys), ID: r.ID, Kind: r.Customer.Kind, Trust: 50, Payload: payload,
				Personal: r.Customer.Kind.Person(), ReadOrder: "1", Run: canonical.DeriveID("run")})
		}
	}
	require.NoError(d, d.DB.InTx(d.Context(), func(tx *store.Tx) error { _, err := tx.PutRecords(d.Context(), list); return err }))
}

func TestAModelIsTrainedTriedAndApplied(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.inhabit(.07)
		d.settle()
		before, err := d.CustomersQuality(t.Context(), hub.QualityRequest{Deep: true})
		require.NoError(t, err)
		require.Nil(t, before.Deep.ModelDrift, "the built-in model was not trained")
		queue, err := d.Review(t.Context(), hub.ReviewQuery{All: true})
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(queue.Questions), 2)
		_, err = d.DecideQuestions(t.Context(), hub.DecideRequest{Verdict: hub.Different, Questions: []string{queue.Questions[0].ID, queue.Questions[1].ID}, Because: because("other houses")})
		require.NoError(t, err)
		r, err := d.TrainModel(t.Context(), hub.TrainRequest{Name: "ours"})
		require.NoError(t, err)
		require.Equal(t, "store", r.From)
		for _, of := range r.Types {
			t.Logf("%+v", of)
			require.Empty(t, of.Kept, of.Type)
		}
		require.Equal(t, 2, r.Labels.Different)
		require.Zero(t, r.Labels.After.Merged)
		model, err := dedupe.ParseModel(r.Body)
		require.NoError(t, err)
		require.Equal(t, r.Version, model.Version)
		require.Equal(t, r.Base, model.Trained.Base)
		again, err := d.TrainModel(t.Context(), hub.TrainRequest{Name: "ours"})
		require.NoError(t, err)
		require.Equal(t, r.Version, again.Version, "the same records teach the same")

		file := filepath.Join(t.TempDir(), "ours.yaml")
		require.NoError(t, os.WriteFile(file, r.Body, 0o600))
		trial, err := d.TryModel(t.Context(), file, 3, 0)
		require.NoError(t, err)
		t.Logf("%d customers → %d, %d merged, %d split, %d questions → %d", trial.Before, trial.After, trial.Merged, trial.Split, trial.AsksBefore, trial.AsksAfter)
		done, err := d.ApplyModel(t.Context(), file, "trained on our own records")
		require.NoError(t, err)
		require.EqualValues(t, trial.Merged, done.Settle.Resolve.Merged)
		require.EqualValues(t, trial.Split, done.Settle.Resolve.Split)
		d.stays()
		shown, err := d.ShowModel(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, r.Version, shown.Version)
		require.Equal(t, "store", shown.Trained.From)
		quality, err := d.CustomersQuality(t.Context(), hub.QualityRequest{Deep: true})
		require.NoError(t, err)
		require.Equal(t, hub.DriftStable, quality.Deep.ModelDrift.Verdict)
		inUse := false
		for i, p := range quality.Deep.Thresholds {
			t.Logf("%+v", p)
			if p.Merge == .99 {
				inUse = true
				require.Equal(t, trial.After, p.Customers)
				require.Zero(t, p.Merged+p.Split)
			}
			if i > 0 {
				require.GreaterOrEqual(t, p.Customers, quality.Deep.Thresholds[i-1].Customers)
			}
		}
		require.True(t, inUse)

		_, err = d.TrainModel(t.Context(), hub.TrainRequest{Name: "default"})
		require.Equal(t, "model.new_name", errs.CodeOf(err))
		_, err = d.TrainModel(t.Context(), hub.TrainRequest{Name: "ours", Limit: 10})
		require.Equal(t, "model.too_many", errs.CodeOf(err))
		d.Actor.Role = hub.Auditor
		_, err = d.TrainModel(t.Context(), hub.TrainRequest{Name: "ours"})
		require.True(t, errs.Is(err, errs.Denied))
	})
}

func TestAStoreWithFewRecordsTeachesNothing(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		customersHub(t, d.Hub)
		_, err := d.TrainModel(t.Context(), hub.TrainRequest{Name: "ours"})
		require.Equal(t, "model.not_trained", errs.CodeOf(err))
		require.Contains(t, errs.Render(err, "en"), "organisation: too few records")
		require.Contains(t, errs.Render(err, "zh"), "记录太少")
	})
}

func TestAModelIsTrainedOnFiles(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		until, err := canonical.ParseDate("2026-06-30")
		require.NoError(t, err)
		w, err := world.New(world.Config{Seed: 8, Scale: .2, Until: until})
		require.NoError(t, err)
		dir := t.TempDir()
		var files []string
		for _, sys := range []world.System{world.ERP, world.SFA} {
			file := filepath.Join(dir, string(sys)+".csv")
			f, err := os.Create(file)
			require.NoError(t, err)
			rows := csv.NewWriter(f)
			require.NoError(t, rows.Write([]string{"id", "name", "kind", "uscc", "province", "city", "county", "address", "phone", "organisation", "department"}))
			for r := range w.Records(sys) {
				c := r.Customer
				if c.Kind == canonical.Patient {
					continue
				}
				phone := ""
				if len(c.Phones) > 0 {
					phone = c.Phones[0]
				}
				require.NoError(t, rows.Write([]string{r.ID, c.Name, string(c.Kind), c.USCC, c.Address.Province, c.Address.City, c.Address.County, c.Address.Text, phone, c.Organisation, c.Department}))
			}
			require.NoError(t, rows.Write([]string{"", "", "no kind at all"}))
			rows.Flush()
			require.NoError(t, f.Close())
			files = append(files, file)
		}
		r, err := d.TrainModel(t.Context(), hub.TrainRequest{Name: "lists", Files: files})
		require.NoError(t, err)
		t.Logf("%+v", r.Types)
		require.Equal(t, "erp.csv, sfa.csv", r.From)
		require.Equal(t, 2, r.Unread)
		require.Equal(t, []string{"model.warn_unread"}, r.Warnings)
		require.Empty(t, r.Types[0].Kept, "organisations were learned")
		require.Equal(t, "too few records", hub.KeptText(r.Types[2].Kept, "en"), "there are no patients in the files")

		require.NoError(t, os.WriteFile(files[0], []byte("id,age\n1,2\n"), 0o600))
		_, err = d.TrainModel(t.Context(), hub.TrainRequest{Name: "lists", Files: files})
		require.True(t, errs.Is(err, errs.Invalid))
		_, err = d.TrainModel(t.Context(), hub.TrainRequest{Name: "lists", Files: files, Kind: "spaceship"})
		require.Equal(t, "ingest.customer_kind", errs.CodeOf(err))
	})
}
