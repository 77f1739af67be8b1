package dedupe_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/dedupe"
)

func TestTheDefaultModelIsSoundAndSurvivesItsFile(t *testing.T) {
	t.Parallel()
	m := dedupe.DefaultModel()
	require.NoError(t, m.Validate())
	require.Empty(t, m.Warnings(), "a stricter level never weighs less")
	file, err := m.YAML()
	require.NoError(t, err)
	back, err := dedupe.ParseModel(file)
	require.NoError(t, err)
	require.Equal(t, m, back)
}

func TestABadModelNamesEveryProblem(t *testing.T) {
	t.Parallel()
	m := dedupe.DefaultModel()
	m.Name = "Unsere Zahlen"
	m.Types[dedupe.Organisation].Prior = 1
	m.Types[dedupe.Person].Comparisons["birth"] = m.Types[dedupe.Person].Comparisons["birth"][1:]
	delete(m.Types, dedupe.Professional)
	err := m.Validate()
	for _, part := range []string{"“Unsere Zahlen” is no name", "types.organisation.prior", "types.patient.comparisons.birth lacks the level other", "types.hcp is missing"} {
		require.ErrorContains(t, err, part)
	}
	_, err = dedupe.New(m, dedupe.Options{})
	require.Error(t, err)
}

func TestAModelFileIsReadStrictly(t *testing.T) {
	t.Parallel()
	whole, err := dedupe.DefaultModel().YAML()
	require.NoError(t, err)
	line := func(text, part string) string {
		before, _, found := strings.Cut(text, part)
		require.True(t, found, part)
		return fmt.Sprintf("line %d", 1+strings.Count(before, "\n"))
	}
	for name, c := range map[string]struct{ old, new, why, at string }{
		"field":        {"name: default", "name: default\nlamda: 2", `unknown field "lamda"`, "lamda: 2"},
		"kind of text": {"merge: 0.99", "merge: high", "of type float64", "merge: high"},
		"probability":  {"merge: 0.99", "merge: 1.5", "types.hcp.merge is 1.5", "merge: 1.5"},
		"no number":    {"prior: 0.00012", "prior: .nan", "types.organisation.prior is NaN", "prior: .nan"},
		"thresholds":   {"review: 0.5", "review: 0.995", "the review threshold 0.995 is above the merge threshold 0.99", "review: 0.995"},
		"level":        {"level: abbreviated", "level: abreviated", "Did you mean abbreviated?", "level: abreviated"},
		"comparison":   {"      uscc:\n", "      usccc:\n", "nothing is compared as “usccc”", "- level: other\n        m: 0.01\n        u: 0.95"},
		"type":         {"  patient:\n", "  patients:\n", "Did you mean patient?", "prior: 3e-05"},
		"format":       {"format: 1", "format: 9", "the format is 9", "format: 9"},
		"bounds":       {"cap: 500", "cap: 400", "must be the same for all types", "cap: 400"},
		"rule":         {"limit: 2000", "limit: 2000\n      off: [name_brn]", "Did you mean name_born?", "[name_brn]"},
	} {
		text := strings.Replace(string(whole), c.old, c.new, 1)
		require.NotEqual(t, string(whole), text, name)
		_, err := dedupe.ParseModel([]byte(text))
		require.ErrorContains(t, err, c.why, name)
		if name != "level" { // reported beside the level that is missing then
			require.ErrorContains(t, err, line(text, c.at), name)
		}
	}
	for _, broken := range []string{"", "types: [1, 2", "- 1\n- 2", "!x - 1"} {
		_, err := dedupe.ParseModel([]byte(broken))
		require.Error(t, err, broken)
	}
	_, err = dedupe.ParseModel([]byte("format: 1\nlink: false\ncomparisons:\n- columns: [surname, given]\n  kind: family\n  levels: []\n"))
	require.ErrorContains(t, err, "a model of `tributary match` for the columns of a file (surname, given)")
}

func TestTheVersionIsThatOfTheContent(t *testing.T) {
	t.Parallel()
	m := dedupe.DefaultModel()
	require.Regexp(t, `^default-[0-9a-f]{12}$`, m.Version)
	file, err := m.YAML()
	require.NoError(t, err)
	edited, err := dedupe.ParseModel([]byte(strings.Replace(string(file), "merge: 0.99", "merge: 0.98", 1)))
	require.NoError(t, err)
	require.NotEqual(t, m.Version, edited.Version)
	named, err := dedupe.ParseModel([]byte(strings.Replace(string(file), "name: default", "name: ours", 1)))
	require.NoError(t, err)
	require.Equal(t, strings.TrimPrefix(m.Version, "default"), strings.TrimPrefix(named.Version, "ours"), "the name does not decide")
}

func TestWarningsNameALevelThatWeighsLessThanALooserOne(t *testing.T) {
	t.Parallel()
	m := dedupe.DefaultModel()
	m.Types[dedupe.Organisation].Comparisons["phone"] = []dedupe.Level{{Level: "other", M: .9, U: .1}, {Level: "same", M: .1, U: .9}}
	require.Equal(t, []dedupe.Warning{{Type: dedupe.Organisation, Comparison: "phone", Looser: "other", Stricter: "same"}}, m.Warnings())
}

func TestAliasesAndSharedValuesOfAModel(t *testing.T) {
	t.Parallel()
	m := dedupe.DefaultModel()
	m.Aliases = map[string]string{"中山一院": "中山大学附属第一医院"}
	m.Shared = []string{"13800001111"}
	e, err := dedupe.New(m, dedupe.Options{})
	require.NoError(t, err)
	require.Equal(t, dedupe.Match, e.Verdict(pairOf(t, e, input(1, "erp", 5, org("中山大学附属第一医院")), input(2, "sfa", 3, org("中山一院")))))
	a, b := e.Prepare(input(1, "erp", 5, org("甲医院", phone("13800001111")))), e.Prepare(input(2, "sfa", 3, org("乙医院", phone("13800001111"))))
	require.Empty(t, e.Why(a, b).Shared, "a shared number is no key")
	for _, l := range e.Why(a, b).Levels {
		require.False(t, l.Comparison == "phone" && l.Level != "", "and no evidence")
	}
}

func TestFrequencyOfANameCounts(t *testing.T) {
	t.Parallel()
	m := dedupe.DefaultModel()
	m.Types[dedupe.Person].Frequencies["name"] = dedupe.Frequencies{Average: .004, Floor: .00001, Scale: 1, Values: map[string]float64{"张伟明": .0001, "王芳芳": .02}}
	e, err := dedupe.New(m, dedupe.Options{})
	require.NoError(t, err)
	term := func(name string) float64 {
		c := canonical.Customer{Kind: canonical.Patient, Name: name}
		return e.Why(e.Prepare(input(1, "a", 1, c)), e.Prepare(input(2, "b", 1, c))).Levels[1].Frequency
	}
	require.InDelta(t, 5.322, term("张伟明"), .001, "a rare name says more")
	require.Less(t, term("王芳芳"), 0.0)
}

// Weights of levels, worked by hand in the notes on the method.
func TestWeightsInBits(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 6.492, dedupe.Level{M: .9, U: .01}.Weight(), .001)
	require.InDelta(t, 13.214, dedupe.Level{M: .95, U: .0001}.Weight(), .001)
	require.InDelta(t, -3.307, dedupe.Level{M: .1, U: .99}.Weight(), .001)
}

func TestResolveDoesNotDependOnOrderAndNumbers(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	names := []string{"广州市第一人民医院", "广州第一人民医院", "市一院", "人民医院", "广州市人民医院", "南京市人民医院", "康泰大药房", "南京康泰大药房", "康泰大药房南山路店", "仁济医院", "南京市仁济医院"}
	rapid.Check(t, func(t *rapid.T) {
		var inputs []dedupe.Input
		for i := range rapid.IntRange(1, 12).Draw(t, "records") {
			c := org(rapid.SampledFrom(names).Draw(t, "name"), in(rapid.SampledFrom([]string{"", "广州市", "南京市中山路8号"}).Draw(t, "place")), phone(rapid.SampledFrom([]string{"", "", "13800001111"}).Draw(t, "phone")))
			inputs = append(inputs, input(int64(i+1), rapid.SampledFrom([]string{"erp", "sfa"}).Draw(t, "source"), rapid.IntRange(0, 2).Draw(t, "trust"), c))
		}
		partition := func(inputs []dedupe.Input) [][]canonical.RecordKey {
			var records []*dedupe.Record
			keys := map[int64]canonical.RecordKey{}
			for _, in := range inputs {
				records = append(records, e.Prepare(in))
				keys[in.ID] = canonical.RecordKey{Source: in.Source, ID: in.SourceID}
			}
			res, err := e.Resolve(context.Background(), records, nil)
			require.NoError(t, err)
			var out [][]canonical.RecordKey
			for _, c := range res.Clusters {
				var members []canonical.RecordKey
				for _, m := range c.Members {
					members = append(members, keys[m])
				}
				out = append(out, members)
			}
			return out
		}
		want := partition(inputs)
		shuffled := slices.Clone(inputs)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 5)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for i := range shuffled {
			shuffled[i].ID = int64(1000 - i) // numbers are given on arrival
		}
		require.Equal(t, want, partition(shuffled))
	})
}

func FuzzParseModel(f *testing.F) {
	whole, err := dedupe.DefaultModel().YAML()
	require.NoError(f, err)
	f.Add(whole)
	f.Add([]byte("version: x\ntypes: {organisation: {prior: .nan}}"))
	f.Add([]byte("types: [1, 2"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := dedupe.ParseModel(data)
		if err != nil {
			return
		}
		_, err = dedupe.New(m, dedupe.Options{})
		if err == nil {
			again, err := m.YAML()
			require.NoError(t, err)
			back, err := dedupe.ParseModel(again)
			require.NoError(t, err)
			require.Equal(t, m.Version, back.Version)
		}
	})
}
