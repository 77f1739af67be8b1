package dedupe_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/dedupe/train"
)

// What is learned without labels from one world serves others at least as well as the numbers set by hand, and its file
// is sound: no stricter level weighs less than a looser one.
func TestALearnedModelServesOtherWorlds(t *testing.T) {
	if testing.Short() {
		t.Skip("measures whole worlds")
	}
	t.Parallel()
	e := newEngine(t)
	records, _, _ := trueRecords(t, e, 2026, 0.5)
	model, learned, err := e.Learn(context.Background(), "ours", records, nil)
	require.NoError(t, err)
	require.True(t, learned.Trained())
	for typ, of := range learned.Types {
		require.Empty(t, of.Kept, typ)
		require.NotEmpty(t, of.Levels["name"], typ)
	}
	require.Empty(t, model.Warnings())
	require.Regexp(t, `^ours-[0-9a-f]{12}$`, model.Version)
	file, err := model.YAML()
	require.NoError(t, err)
	back, err := dedupe.ParseModel(file)
	require.NoError(t, err)
	require.Equal(t, model, back, "the file is the model that was learned")
	for typ, tm := range model.Types {
		base := dedupe.DefaultModel().Types[typ]
		require.NotEqual(t, base.Prior, tm.Prior, typ)
		require.Equal(t, [2]float64{base.Merge, base.Review}, [2]float64{tm.Merge, tm.Review}, "thresholds are not learned")
		require.Equal(t, base.Blocking, tm.Blocking)
	}
	require.Equal(t, dedupe.DefaultModel().Types[dedupe.Professional].Comparisons["certificate"], model.Types[dedupe.Professional].Comparisons["certificate"],
		"of what no record has nothing is learned")

	shuffled := slices.Clone(records)
	rand.New(rand.NewPCG(4, 4)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	again, _, err := e.Learn(context.Background(), "ours", shuffled, nil)
	require.NoError(t, err)
	require.Equal(t, model, again, "the order of records does not matter")

	ours, err := dedupe.New(back, dedupe.Options{CompanySource: "erp", Secret: []byte("k")})
	require.NoError(t, err)
	records, truth, _ := trueRecords(t, ours, 7, 0.5)
	res, err := ours.Resolve(context.Background(), records, nil)
	require.NoError(t, err)
	for typ, q := range measure(records, truth, res.Clusters) {
		t.Logf("%s: precision %.4f recall %.4f, %d questions", typ, q.precision(), q.recall(), len(res.Review))
		require.GreaterOrEqual(t, q.precision(), .999, typ)
		require.GreaterOrEqual(t, q.recall(), .95, typ)
	}
}

// people are n persons of a type with what change gives the one with a number.
func people(t *testing.T, e *dedupe.Engine, n int, change func(i int, c *canonical.Customer)) []*dedupe.Record {
	var out []*dedupe.Record
	for i := range n {
		c := canonical.Customer{Kind: canonical.Patient, Name: fmt.Sprintf("王%c%c", '一'+rune(i*7%5000), '一'+rune(i*13%7000))}
		change(i, &c)
		out = append(out, e.Prepare(input(int64(i+1), fmt.Sprintf("s%d", i%2), 50, c)))
	}
	return out
}

func TestAFitThatFailsKeepsTheNumbersAndSaysWhy(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	birth := func(i int, c *canonical.Customer) {
		var err error
		c.BirthDate, err = canonical.ParseDate(fmt.Sprintf("19%02d-%02d-%02d", 30+i*3%70, 1+i*5%12, 1+i*11%28))
		require.NoError(t, err)
		c.Phones = []string{fmt.Sprintf("138%08d", i*7919)}
	}
	household := func(i int, c *canonical.Customer) {
		birth(i, c)
		c.Phones, c.Address.Text = []string{fmt.Sprintf("138%08d", i/4)}, fmt.Sprintf("南京市鼓楼区中山路%d号", i/4+1)
	}
	for name, c := range map[string]struct {
		records []*dedupe.Record
		kept    string
	}{
		"hardly any records":          {people(t, e, 20, birth), dedupe.KeptFewRecords},
		"nobody meets anybody":        {people(t, e, 400, birth), train.NoPairs},
		"households, nobody twice":    {people(t, e, 400, household), train.NoMatches},
		"everybody is called alike":   {people(t, e, 400, func(_ int, c *canonical.Customer) { c.Kind, c.Name, c.Gender = canonical.HCP, "张伟", "男" }), train.NoMatches},
		"names tell nobody apart":     {people(t, e, 400, func(i int, c *canonical.Customer) { birth(i/2, c); c.Kind, c.Name = canonical.HCP, "张伟" }), dedupe.KeptNoName},
		"a few stand there twice":     {people(t, e, 400, func(i int, c *canonical.Customer) { birth(i, c); twice(i, 390, birth, c) }), dedupe.KeptFewMatches},
		"one value stands everywhere": {people(t, e, 400, func(i int, c *canonical.Customer) { c.Name = "李四"; birth(i/40, c) }), dedupe.KeptTooMany},
	} {
		model, learned, err := e.Learn(context.Background(), "ours", c.records, nil)
		require.NoError(t, err, name)
		got := learned.Types[c.records[0].Type]
		t.Logf("%s: %d pairs, %g matches expected", name, got.Pairs, got.Matches)
		require.Equal(t, c.kept, got.Kept, name)
		require.False(t, learned.Trained(), name)
		require.Equal(t, dedupe.DefaultModel().Types, model.Types, "%s: the numbers stay", name)
	}
}

// Hundreds of flow rows name one house. They are what it is called, not its duplicates.
func TestMentionsOfOneHouseDoNotSpoilATraining(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	records, _, customers := trueRecords(t, e, 11, 0.1)
	var house canonical.Customer
	for _, r := range records {
		if c := customers[r.ID]; c.Kind == canonical.Hospital {
			house = c
		}
	}
	before, learned, err := e.Learn(context.Background(), "ours", records, nil)
	require.NoError(t, err)
	require.Empty(t, learned.Types[dedupe.Organisation].Kept)
	for i := range 300 {
		records = append(records, e.Prepare(input(int64(1_000_000+i), fmt.Sprintf("flow:D%d", i), 0, canonical.Customer{Kind: canonical.UnknownParty, Name: house.Name})))
	}
	after, learned, err := e.Learn(context.Background(), "ours", records, nil)
	require.NoError(t, err)
	require.Empty(t, learned.Types[dedupe.Organisation].Kept)
	require.Less(t, learned.Types[dedupe.Organisation].Matches, 1500.0)
	require.InEpsilon(t, before.Types[dedupe.Professional].Prior, after.Types[dedupe.Professional].Prior, 1e-9, "persons are not concerned")
}

// twice makes the record with a number, from first on, one that stands there already.
func twice(i, first int, change func(int, *canonical.Customer), c *canonical.Customer) {
	if i >= first {
		i -= first
		c.Name = fmt.Sprintf("王%c%c", '一'+rune(i*7%5000), '一'+rune(i*13%7000))
		change(i, c)
	}
}

func TestJudgementsMeasureAModel(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	var records []*dedupe.Record
	for i, name := range []string{"南京市仁济医院", "南京仁济医院", "无锡市安康医院", "南京市第一医院", "南京市第二医院", "仁济医院"} {
		records = append(records, e.Prepare(input(int64(i+1), "erp", 50, org(name))))
	}
	key := func(i int) canonical.RecordKey { return records[i].Key }
	_, learned, err := e.Learn(context.Background(), "ours", records, []dedupe.Judgement{
		{A: key(0), B: key(1), Same: true}, {A: key(0), B: key(2), Same: true}, {A: key(3), B: key(4)},
		{A: key(0), B: canonical.RecordKey{Source: "gone", ID: "1"}, Same: true},
	})
	require.NoError(t, err)
	require.Equal(t, dedupe.Agreement{Found: 1, Missed: 1}, withoutDifferent(learned.Labels.Before))
	require.Equal(t, 2, learned.Labels.Same)
	require.Equal(t, 1, learned.Labels.Different)
	require.Zero(t, learned.Labels.Before.Merged)

	// 0 = 1 = 2, and 0 is not 2: none of the three is a label.
	_, learned, err = e.Learn(context.Background(), "ours", records, []dedupe.Judgement{
		{A: key(0), B: key(1), Same: true}, {A: key(1), B: key(2), Same: true}, {A: key(2), B: key(0)}, {A: key(3), B: key(4)},
	})
	require.NoError(t, err)
	require.Equal(t, 3, learned.Labels.Contradictory)
	require.Zero(t, learned.Labels.Same)
	require.Equal(t, 1, learned.Labels.Different)
}

func withoutDifferent(a dedupe.Agreement) dedupe.Agreement {
	a.Kept, a.Merged = 0, 0
	return a
}

func TestValuesThatManyCustomersHaveAreShared(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	var records []*dedupe.Record
	for i := range 12 {
		records = append(records, e.Prepare(input(int64(i+1), "erp", 50, org(fmt.Sprintf("%s市人民医院", []string{"广州", "南京", "无锡", "苏州", "常州", "徐州", "沈阳", "拉萨", "青岛", "长沙", "武汉", "合肥"}[i]),
			phone("022-88463000"), phone(fmt.Sprintf("138%08d", i))))))
	}
	shared := e.SharedValues(records)
	require.Equal(t, []string{"022-88463000"}, shared)
	ours, err := dedupe.New(dedupe.DefaultModel().WithShared(shared), dedupe.Options{})
	require.NoError(t, err)
	a, b := ours.Prepare(input(1, "erp", 5, org("甲医院", phone("022-88463000")))), ours.Prepare(input(2, "sfa", 3, org("乙医院", phone("022-88463000"))))
	for _, l := range ours.Why(a, b).Levels {
		require.False(t, l.Comparison == "phone" && l.Level != "", "it is no evidence any more")
	}
}
