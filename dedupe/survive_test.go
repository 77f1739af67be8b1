package dedupe_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/dedupe"
)

func member(source, id string, trust, day int, c canonical.Customer) dedupe.Member {
	if c.Kind == "" {
		c.Kind = canonical.Hospital
	}
	return dedupe.Member{Key: canonical.RecordKey{Source: source, ID: id}, Trust: trust, Updated: time.Date(2026, 5, day, 0, 0, 0, 0, time.UTC), Customer: c}
}

func survive(members ...dedupe.Member) dedupe.Golden {
	return dedupe.DefaultPolicy().Survive(members, nil)
}

func lineage(t *testing.T, g dedupe.Golden, attribute string) dedupe.Lineage {
	t.Helper()
	for _, l := range g.Lineage {
		if l.Attribute == attribute {
			return l
		}
	}
	require.Fail(t, "no lineage", attribute)
	return dedupe.Lineage{}
}

func TestTheMostTrustedSourceWinsAndLosersStayVisible(t *testing.T) {
	t.Parallel()
	g := survive(
		member("sfa", "7", 3, 9, canonical.Customer{Name: "青河一院", Level: "三级甲等"}),
		member("erp", "C1", 5, 2, canonical.Customer{Name: "青河市第一人民医院", Level: "三甲"}))
	require.Equal(t, "青河市第一人民医院", g.Customer.Name)
	name := lineage(t, g, "name")
	require.Equal(t, dedupe.Lineage{Attribute: "name", Source: "erp", SourceID: "C1", Rule: "trust",
		Time: time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC), Value: "青河市第一人民医院",
		Lost: []dedupe.LostValue{{Value: "青河一院", Source: "sfa", SourceID: "7"}}}, name)
	require.Equal(t, "三级甲等", g.Customer.Level, "a level goes stale: the most recent one wins")
	require.Equal(t, []string{"青河一院"}, g.Customer.Aliases, "a name that lost finds the customer next time")
}

func TestAValidValueBeatsATrustedInvalidOne(t *testing.T) {
	t.Parallel()
	g := survive(
		member("erp", "1", 5, 1, canonical.Customer{Name: "甲", USCC: "12310000426001236R"}),
		member("sfa", "2", 3, 1, canonical.Customer{Name: "甲", USCC: "12310000425001236R"}))
	require.Equal(t, "12310000425001236R", g.Customer.USCC)
	require.Equal(t, "valid", lineage(t, g, "uscc").Rule)
}

func TestAnAddressIsNeverMixedFromTwoSources(t *testing.T) {
	t.Parallel()
	g := survive(
		member("erp", "1", 5, 1, canonical.Customer{Name: "甲", Address: canonical.Address{City: "青河市"}}),
		member("sfa", "2", 3, 2, canonical.Customer{Name: "甲", Address: canonical.Address{City: "白水市", Text: "南山路8号"}}))
	require.Equal(t, canonical.Address{City: "青河市"}, g.Customer.Address)

	doctor := survive(
		member("sfa", "2", 3, 9, canonical.Customer{Kind: canonical.HCP, Name: "王芳", Organisation: "青河市第一医院", OrganisationID: "H1"}),
		member("erp", "1", 5, 1, canonical.Customer{Kind: canonical.HCP, Name: "王芳", Organisation: "青河市第二医院", OrganisationID: "E2"}))
	require.Equal(t, "青河市第一医院", doctor.Customer.Organisation)
	require.Equal(t, "H1", doctor.Customer.OrganisationID, "the id follows the place of work that won")
	require.Empty(t, doctor.Customer.Aliases, "a person gets no second name")
}

func TestListsAndCustomFieldsAreUnited(t *testing.T) {
	t.Parallel()
	g := survive(
		member("sfa", "2", 3, 9, canonical.Customer{Name: "甲", Phones: []string{"13800001111", "0571-85550100"}, Custom: map[string]string{"包装": "冷链", "区": "南"}}),
		member("erp", "1", 5, 1, canonical.Customer{Name: "甲", Phones: []string{"１３８００００１１１１"}, Custom: map[string]string{"包装": "常温"}}))
	require.Equal(t, []string{"13800001111", "0571-85550100"}, g.Customer.Phones)
	require.Equal(t, map[string]string{"包装": "常温", "区": "南"}, g.Customer.Custom)
}

func TestMentionsGiveValuesOnlyAmongThemselves(t *testing.T) {
	t.Parallel()
	mention := member("flow:d1", "x", 0, 9, canonical.Customer{Kind: canonical.UnknownParty, Name: "市一院", Code: "K9"})
	alone := survive(mention)
	require.Equal(t, "市一院", alone.Customer.Name)
	require.Equal(t, canonical.UnknownParty, alone.Customer.Kind)

	withReal := survive(mention, member("erp", "1", 1, 1, canonical.Customer{Name: "青河市第一人民医院"}))
	require.Equal(t, "青河市第一人民医院", withReal.Customer.Name)
	require.Equal(t, canonical.Hospital, withReal.Customer.Kind)
	require.Empty(t, withReal.Customer.Code)
	require.Equal(t, []string{"市一院"}, withReal.Customer.Aliases)
}

func TestACodeThatStoodForTheNameIsNoAlias(t *testing.T) {
	t.Parallel()
	g := survive(
		member("flow:H1", "@", 0, 2, canonical.Customer{Kind: canonical.UnknownParty, Name: "H1", Code: "H1"}),
		member("erp", "H1", 5, 2, canonical.Customer{Name: "青河市第一人民医院", Code: "H1"}))
	require.Equal(t, "青河市第一人民医院", g.Customer.Name)
	require.Empty(t, g.Customer.Aliases)
}

func TestAKnownKindBeatsAnUnknownOne(t *testing.T) {
	t.Parallel()
	g := survive(
		member("erp", "1", 5, 1, canonical.Customer{Kind: canonical.UnknownParty, Name: "甲"}),
		member("sfa", "2", 1, 1, canonical.Customer{Kind: canonical.Pharmacy, Name: "甲"}))
	require.Equal(t, canonical.Pharmacy, g.Customer.Kind)
}

func TestAnOverrideBeatsEverything(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	g := dedupe.DefaultPolicy().Survive(
		[]dedupe.Member{member("erp", "1", 5, 1, canonical.Customer{Name: "甲", Tier: "A"})},
		[]dedupe.Override{
			{Attribute: "tier", Value: canonical.Customer{Tier: "C"}, By: "li", At: at.Add(-time.Hour)},
			{Attribute: "tier", Value: canonical.Customer{Tier: "B"}, By: "wang", At: at},
		})
	require.Equal(t, "B", g.Customer.Tier)
	tier := lineage(t, g, "tier")
	require.Equal(t, dedupe.StewardSource, tier.Source)
	require.Equal(t, []dedupe.LostValue{{Value: "A", Source: "erp", SourceID: "1"}}, tier.Lost)
}

func TestTrustOfASourceCanDifferByAttribute(t *testing.T) {
	t.Parallel()
	policy := dedupe.DefaultPolicy()
	policy.Trust = map[string]map[string]int{"name": {"sfa": 9}}
	g := policy.Survive([]dedupe.Member{
		member("erp", "1", 5, 1, canonical.Customer{Name: "甲", Code: "E"}),
		member("sfa", "2", 3, 1, canonical.Customer{Name: "乙", Code: "S"})}, nil)
	require.Equal(t, "乙", g.Customer.Name)
	require.Equal(t, "E", g.Customer.Code)
}

func TestCompletenessCountsAlternativesOnce(t *testing.T) {
	t.Parallel()
	bare := dedupe.Complete(&canonical.Customer{Kind: canonical.Hospital, Name: "甲"})
	require.Equal(t, 66, bare.Groups["basic"])
	require.Equal(t, 0, bare.Groups["identifiers"])
	require.Equal(t, 20, bare.Total)

	full := dedupe.Complete(&canonical.Customer{Kind: canonical.Patient, Name: "甲", Gender: "女", BirthDate: 700000, NationalID: "x", WeChat: "w",
		HomeAddress: canonical.Address{City: "青河市"}})
	require.Equal(t, 100, full.Total)
}

func TestSurvivalDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	texts := rapid.SampledFrom([]string{"", "甲", "乙", "丙"})
	rapid.Check(t, func(t *rapid.T) {
		var members []dedupe.Member
		for i := range rapid.IntRange(1, 6).Draw(t, "members") {
			members = append(members, member(texts.Draw(t, "source"), string(rune('a'+i)), rapid.IntRange(0, 2).Draw(t, "trust"), rapid.IntRange(1, 3).Draw(t, "day"),
				canonical.Customer{Name: texts.Draw(t, "name"), Level: texts.Draw(t, "level"), Gender: texts.Draw(t, "gender"),
					Phones: []string{texts.Draw(t, "phone")}, Organisation: texts.Draw(t, "work"), OrganisationID: texts.Draw(t, "workid")}))
		}
		want := survive(members...)
		shuffle := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		shuffle.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		require.Equal(t, want, survive(members...))
		for _, l := range want.Lineage {
			a, _ := canonical.CustomerAttribute(l.Attribute)
			require.Equal(t, a.Text(&want.Customer), l.Value, "lineage tells the stored value")
		}
	})
}

func TestPhonesStandOnceInOneForm(t *testing.T) {
	t.Parallel()
	policy := dedupe.DefaultPolicy()
	member := func(source string, phones ...string) dedupe.Member {
		return dedupe.Member{Key: canonical.RecordKey{Source: source, ID: "1"}, Trust: 50, Customer: canonical.Customer{Kind: canonical.Hospital, Name: "甲", Phones: phones}}
	}
	g := policy.Survive([]dedupe.Member{
		member("a", "（022）8846-3000", "总机"), member("b", "88463000", "022 88463000转8012"), member("c", "+86 138 0000 1111/８８４６３０００", "0571-88463001"),
	}, nil)
	require.Equal(t, []string{"022-88463000", "总机", "022-88463000转8012", "13800001111", "0571-88463001"}, g.Customer.Phones)
}
