package table_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/dedupe/table"
)

func list(name string, columns []string, rows [][]string) *table.Source {
	s := table.NewSource(name, columns)
	s.IDs = []string{}
	for _, r := range rows {
		s.IDs = append(s.IDs, r[0])
		s.Add(r[1:])
	}
	return s
}

var personColumns = []string{"given name", "surname", "date of birth", "address"}

// persons are drawn from few values, so that namesakes and households are among them; some stand twice.
func persons(t *rapid.T) [][]string {
	n := rapid.IntRange(0, 60).Draw(t, "persons")
	var rows [][]string
	for i := range n {
		row := []string{
			fmt.Sprint(len(rows)),
			rapid.SampledFrom(strings.Fields("anna bob clara dan emma frank")).Draw(t, "given"),
			rapid.SampledFrom(strings.Fields("miller baker carter dyer")).Draw(t, "surname"),
			fmt.Sprintf("19%02d-0%d-1%d", rapid.IntRange(20, 90).Draw(t, "year"), 1+i%9, i%10),
			fmt.Sprintf("%d %s road", rapid.IntRange(1, 99).Draw(t, "house"), rapid.SampledFrom([]string{"elm", "oak"}).Draw(t, "street")),
		}
		rows = append(rows, row)
		if rapid.Bool().Draw(t, "twice") {
			again := append([]string{fmt.Sprint(len(rows))}, row[1:]...)
			again[1+rapid.IntRange(0, 3).Draw(t, "blank")] = ""
			rows = append(rows, again)
		}
	}
	return rows
}

// names is the result by what rows are called, so that results of lists in other orders can be compared.
func names(sources []*table.Source, r *table.Result) (out []string) {
	for _, c := range r.Clusters {
		line := ""
		for _, row := range c {
			line += sources[row.Source].Name + sources[row.Source].ID(row.Row) + " "
		}
		out = append(out, line)
	}
	for _, p := range r.Pairs {
		out = append(out, fmt.Sprint(sources[p.Left.Source].ID(p.Left.Row), sources[p.Right.Source].ID(p.Right.Row), p.Weight, p.Probability))
	}
	return out
}

func TestOrderOfRowsChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := persons(t)
		if len(rows) == 0 {
			return
		}
		a := []*table.Source{list("a", personColumns, rows)}
		b := []*table.Source{list("a", personColumns, rapid.Permutation(rows).Draw(t, "order"))}
		first, err := table.Match(context.Background(), a, table.Options{Seed: 1})
		again, errAgain := table.Match(context.Background(), b, table.Options{Seed: 1})
		require.Equal(t, err, errAgain)
		if err != nil {
			require.ErrorIs(t, err, table.ErrNoColumns)
			return
		}
		require.Equal(t, names(a, first), names(b, again))
		require.Equal(t, first.Model, again.Model)

		// Every row is in one cluster, and the model given back decides alike.
		seen := 0
		for _, c := range first.Clusters {
			seen += len(c)
		}
		require.Equal(t, len(rows), seen)
		if len(first.Model.Comparisons) == 0 {
			return
		}
		text, err := first.Model.YAML()
		require.NoError(t, err)
		model, err := table.ParseModel(text)
		require.NoError(t, err)
		if first.Failed == "" {
			given, err := table.Match(context.Background(), a, table.Options{Seed: 1, Model: model})
			require.NoError(t, err)
			require.Equal(t, names(a, first), names(a, given))
		}
	})
}

// What many rows share is no evidence, and never makes a giant cluster.
func TestSharedValuesMakeNoGiantCluster(t *testing.T) {
	t.Parallel()
	var rows [][]string
	for i := range 5000 {
		rows = append(rows, []string{fmt.Sprint(i), fmt.Sprintf("n%c%c%c", 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26), "0571000000", "york"})
	}
	s := []*table.Source{list("a", []string{"surname", "phone", "city"}, rows)}
	r, err := table.Match(context.Background(), s, table.Options{Seed: 1})
	require.NoError(t, err)
	for _, c := range r.Clusters {
		require.Less(t, len(c), 5)
	}
}

func TestHugeCellsAndModelsOfOtherColumns(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("word and number 7 ", 60000)
	s := []*table.Source{list("a", []string{"title"}, [][]string{{"1", huge}, {"2", huge + "x"}, {"3", "short one"}, {"4", ""}})}
	r, err := table.Match(context.Background(), s, table.Options{Seed: 1})
	require.NoError(t, err)
	total := 0
	for _, c := range r.Clusters {
		total += len(c)
	}
	require.Equal(t, 4, total)

	other := []*table.Source{list("b", []string{"shoe"}, [][]string{{"1", "left boot"}, {"2", "right boot"}})}
	_, err = table.Match(context.Background(), other, table.Options{Model: r.Model})
	require.True(t, errors.Is(err, table.ErrOtherColumns), err)
}

func TestCancelledRunEndsWithItsReason(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := table.Match(ctx, []*table.Source{list("a", personColumns, [][]string{{"1", "a", "b", "1990-01-01", "x"}, {"2", "c", "d", "1991-01-01", "y"}})}, table.Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func FuzzParseModel(f *testing.F) {
	f.Add([]byte("format: 1\nversion: x\nlink: false\nlambda: 0.01\nthreshold: 0.5\ncomparisons:\n- columns: [a]\n  kind: category\n  levels: []\n"))
	f.Add([]byte("format: 1\nshared: [{fields: [a], share: 2}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := table.ParseModel(data)
		if err != nil {
			return
		}
		// A model that reads well is applied or refused, never a crash.
		s := []*table.Source{list("a", []string{"a", "b"}, [][]string{{"1", "x", "y"}, {"2", "x", "z"}, {"3", "q", "z"}})}
		_, _ = table.Match(context.Background(), s, table.Options{Model: m})
	})
}

func FuzzParseKinds(f *testing.F) {
	f.Add([]byte("name: text\nborn: date\n"))
	f.Add([]byte("- a\n- b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		kinds, err := table.ParseKinds(data)
		if err == nil {
			for _, k := range kinds {
				require.Contains(t, table.Kinds(), k)
			}
		}
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("anna,miller,1980-01-01", "ana,miler,1980-01-10", "bob,,x")
	f.Add("广州市第一人民医院,甲,1", "广州市第二人民医院,乙,1", ",,")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		s := table.NewSource("a", []string{"name", "title", "born"})
		for _, row := range []string{a, b, c, a} {
			s.Add(strings.Split(row, ","))
		}
		_, err := table.Match(context.Background(), []*table.Source{s}, table.Options{Seed: 1})
		if err != nil {
			require.ErrorIs(t, err, table.ErrNoColumns)
		}
	})
}
