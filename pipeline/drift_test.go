package pipeline_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// shaped is a page of n rows with the fields given and an id and a name.
func shaped(first, n int, fields map[string]any) []connectors.Row {
	var out []connectors.Row
	for i := range n {
		r := row(i+1, fmt.Sprintf("H%04d", first+i), fmt.Sprintf("医院%d", first+i))
		for name, v := range fields {
			if v == "-" {
				delete(r.Fields, name)
			} else {
				r.Fields[name] = v
			}
		}
		out = append(out, r)
	}
	return out
}

// After a first run of 150 rows with the fields id, name, level (text), beds (number) and place.city, a page comes that
// looks different.
func TestChangesOfFieldsAreToldOrStopThePull(t *testing.T) {
	usual := map[string]any{"level": "三甲", "beds": json.Number("800"), "place": map[string]any{"city": "杭州"}}
	with := func(changes map[string]any) map[string]any {
		out := map[string]any{}
		for _, m := range []map[string]any{usual, changes} {
			for k, v := range m {
				out[k] = v
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		page  map[string]any
		drift pipeline.Drift
		told  errs.Args // of the warning; nil = none
		stops string
	}{
		"as before":                {page: usual},
		"null instead of a number": {page: with(map[string]any{"beds": nil})},
		"new":                      {page: with(map[string]any{"grade": "A"}), told: errs.Args{"added": "grade", "gone": "–", "retyped": "–"}},
		"new in an object":         {page: with(map[string]any{"place": map[string]any{"city": "杭州", "zip": "310000"}}), told: errs.Args{"added": "place.zip", "gone": "–", "retyped": "–"}},
		"gone":                     {page: with(map[string]any{"beds": "-"}), told: errs.Args{"added": "–", "gone": "beds", "retyped": "–"}},
		"renamed":                  {page: with(map[string]any{"beds": "-", "bed_count": json.Number("800")}), told: errs.Args{"added": "bed_count", "gone": "beds", "retyped": "–"}},
		"other type":               {page: with(map[string]any{"beds": "800 beds"}), told: errs.Args{"added": "–", "gone": "–", "retyped": "beds (number → text)"}},
		"gone that the map reads":  {page: with(map[string]any{"name": "-"}), stops: "name"},
		"the same, to be told":     {page: with(map[string]any{"name": "-"}), drift: pipeline.Drift{Default: pipeline.DriftReport}, told: errs.Args{"added": "–", "gone": "name", "retyped": "–"}},
		"the same, accepted":       {page: with(map[string]any{"name": "-"}), drift: pipeline.Drift{Accept: true}},
		"new, to be ignored":       {page: with(map[string]any{"grade": "A"}), drift: pipeline.Drift{Default: pipeline.DriftIgnore}},
		"new, to stop":             {page: with(map[string]any{"grade": "A"}), drift: pipeline.Drift{Default: pipeline.DriftStop}, stops: "grade"},
		"new, this one may come":   {page: with(map[string]any{"grade": "A"}), drift: pipeline.Drift{Default: pipeline.DriftStop, Fields: map[string]pipeline.DriftPolicy{"grade": pipeline.DriftIgnore}}},
		"other type, this one stops": {page: with(map[string]any{"beds": "800 beds"}), drift: pipeline.Drift{Fields: map[string]pipeline.DriftPolicy{"beds": pipeline.DriftStop}},
			stops: "beds (number → text)"},
	} {
		t.Run(name, func(t *testing.T) {
			b := openIngest(t, "sqlite:hub.db", t.TempDir())
			pull := func(drift pipeline.Drift, pages ...[]connectors.Row) (store.Run, error) {
				req := pullOf(t, "none", customerMap)
				req.Drift = drift
				return pipeline.Ingest{DB: b.db}.Pull(t.Context(), &scripted{t: t, pages: pages, failAt: -1}, req)
			}
			first := shaped(0, 150, usual)
			run, err := pull(c.drift, first)
			require.NoError(t, err)
			require.Empty(t, run.Warnings, "the first run has nothing to compare with")

			good, odd := shaped(150, 20, usual), shaped(170, 20, c.page)
			run, err = pull(c.drift, first, good, odd)
			if c.stops != "" {
				require.Equal(t, "ingest.drift_stop", errs.CodeOf(err))
				require.Contains(t, err.Error(), c.stops)
				require.Equal(t, "2", string(run.Position), "the good page is stored, the odd one is not")
				require.Len(t, b.living(), 170)

				again := c.drift
				again.Accept = true
				_, err = pull(again, first, good, odd)
				require.NoError(t, err)
				run, err = pull(c.drift, first, good, odd, shaped(190, 5, c.page))
				require.NoError(t, err, "what was accepted is the usual now")
				require.Empty(t, run.Warnings)
				return
			}
			require.NoError(t, err)
			var told errs.Args
			for _, w := range run.Warnings {
				require.Equal(t, "ingest.drift", w.Code)
				told = w.Args
			}
			require.Equal(t, c.told, told)
			stored, err := b.db.Run(t.Context(), run.ID)
			require.NoError(t, err)
			require.Len(t, stored.Warnings, len(run.Warnings), "the report keeps it")

			run, err = pull(c.drift, first, good, odd, shaped(190, 5, c.page))
			require.NoError(t, err)
			require.Empty(t, run.Warnings, "it is told once")
		})
	}
}

func TestFieldsThatComeNowAndThenAreNoChange(t *testing.T) {
	b := openIngest(t, "sqlite:hub.db", t.TempDir())
	var pages [][]connectors.Row
	for n := range 6 {
		page := shaped(200*n, 200, nil)
		page[n*7].Fields["remark"] = "x"
		pages = append(pages, page)
	}
	for n := range pages {
		run, err := pipeline.Ingest{DB: b.db}.Pull(t.Context(), &scripted{t: t, pages: append(pages[:n+1:n+1], shaped(200*n, 200, nil)), failAt: -1}, pullOf(t, "none", customerMap))
		require.NoError(t, err)
		require.Empty(t, run.Warnings)
	}
}

// Rows that say that something is gone carry what a log keeps of it: the key, the time of the delete. They are no look at
// the fields of the stream, whether alone in a page or among others, whether the source calls them gone or the map does.
func TestDeletesSayNothingAboutTheFieldsOfAStream(t *testing.T) {
	gone := func(at ...int) (rows []connectors.Row) {
		for n, i := range at {
			r := row(n+1, fmt.Sprintf("H%04d", i), "")
			r.Op, r.Fields = connectors.Delete, map[string]any{"id": r.Key, "deleted_at": json.Number("1700000000")}
			rows = append(rows, r)
		}
		return rows
	}
	mark := func(rows []connectors.Row) []connectors.Row {
		for i := range rows {
			rows[i].Op, rows[i].Fields["state"] = connectors.Upsert, "void"
		}
		return rows
	}
	usual := map[string]any{"beds": json.Number("800")}
	var many []int
	for n := range 150 {
		many = append(many, 1000+n)
	}
	for name, c := range map[string]struct {
		before [][]connectors.Row
		then   []connectors.Row
		left   int
	}{
		"alone":               {before: [][]connectors.Row{shaped(0, 150, usual)}, then: gone(3, 4), left: 148},
		"among rows":          {before: [][]connectors.Row{shaped(0, 150, usual)}, then: append(gone(3, 4), shaped(150, 5, usual)...), left: 153},
		"by the map":          {before: [][]connectors.Row{shaped(0, 150, usual)}, then: mark(gone(3, 4)), left: 148},
		"nothing but deletes": {before: [][]connectors.Row{gone(many...)}, then: shaped(0, 5, usual), left: 5},
		"deletes of late":     {before: [][]connectors.Row{shaped(0, 150, usual), gone(many...)}, then: shaped(150, 5, usual), left: 155},
	} {
		t.Run(name, func(t *testing.T) {
			b := openIngest(t, "sqlite:hub.db", t.TempDir())
			req := pullOf(t, "none", customerMap+"deleted: 'state == \"void\"'\n")
			src := &scripted{t: t, failAt: -1}
			for _, page := range append(c.before, c.then) {
				src.pages = append(src.pages, page)
				run, err := pipeline.Ingest{DB: b.db}.Pull(t.Context(), src, req)
				require.NoError(t, err)
				require.Empty(t, run.Warnings)
			}
			require.Len(t, b.living(), c.left)
		})
	}
}
