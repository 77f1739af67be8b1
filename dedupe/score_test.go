package dedupe_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/dedupe"
)

func newEngine(t testing.TB) *dedupe.Engine {
	e, err := dedupe.New(dedupe.DefaultModel(), dedupe.Options{CompanySource: "erp", Secret: []byte("k"), DuplicateFree: []string{"register"}})
	require.NoError(t, err)
	return e
}

func org(name string, more ...func(*canonical.Customer)) canonical.Customer {
	c := canonical.Customer{Kind: canonical.Hospital, Name: name}
	for _, f := range more {
		f(&c)
	}
	return c
}

func in(address string) func(*canonical.Customer) {
	return func(c *canonical.Customer) { c.Address.Text = address }
}

func phone(p string) func(*canonical.Customer) {
	return func(c *canonical.Customer) { c.Phones = append(c.Phones, p) }
}

func kind(k canonical.CustomerKind) func(*canonical.Customer) {
	return func(c *canonical.Customer) { c.Kind = k }
}

func uscc(u string) func(*canonical.Customer) {
	return func(c *canonical.Customer) { c.USCC = u }
}

func alias(names ...string) func(*canonical.Customer) {
	return func(c *canonical.Customer) { c.Aliases = names }
}

// pairOf scores two records and checks that blocking brings together what is worth a look.
func pairOf(t testing.TB, e *dedupe.Engine, a, b dedupe.Input) dedupe.Pair {
	x, y := e.Prepare(a), e.Prepare(b)
	p := e.Score(x, y)
	require.Equal(t, p, e.Score(y, x), "scoring is symmetric")
	if e.Verdict(p) != dedupe.Different {
		require.NotEmpty(t, e.Why(x, y).Shared, "%s | %s share no blocking key", a.Customer.Name, b.Customer.Name)
	}
	return p
}

func input(id int64, source string, trust int, c canonical.Customer) dedupe.Input {
	return dedupe.Input{ID: id, Source: source, SourceID: fmt.Sprint(id), Trust: trust, Customer: c}
}

const usccA, usccB = "12310000425001236R", "91350100M000100Y43"

// Cases a pharmacist could check.
func TestOrganisations(t *testing.T) {
	t.Parallel()
	const match, ask, different = dedupe.Match, dedupe.Ask, dedupe.Different
	shop := kind(canonical.Pharmacy)
	for _, c := range []struct {
		a, b canonical.Customer
		want dedupe.Verdict
	}{
		{org("广州市第一人民医院"), org("广州市第一人民医院"), match},
		{org("广州市第一人民医院"), org("廣州市第一人民醫院"), match},
		{org("广州市第一人民医院"), org("广东省广州市第一人民医院（三甲）"), match},
		{org("广州市第一人民医院"), org("广州第一人民医院"), match},
		{org("南京市中医院"), org("南京市中医医院"), match},
		// A place that no table has is stated all the same; another one is another place.
		{org("青河市第一人民医院", in("山东省济南市")), org("青河市第一人民医院", kind(canonical.UnknownParty)), match},
		{org("青河市第一人民医院"), org("临水市第一人民医院"), different},
		// The place of one record reads 安远 as a county, the other has none.
		{org("安远同和医药有限公司", kind(canonical.Distributor), in("江西省赣州市")), org("安远同和医药有限公司", kind(canonical.UnknownParty)), match},
		{org("南京市协和医院"), org("协和医院", in("江苏省南京市汉口路22号")), match},
		{org("中山大学附属第一医院"), org("中山大学附属第一医院"), match},
		{org("解放军第一一七医院"), org("中国人民解放军联勤保障部队第117医院"), match},
		{org("杭州华东医药有限公司"), org("杭州华東医药有限责任公司"), match},
		{org("南京康泰大药房", shop), org("南京市康泰药店", shop), match},
		{org("南京康泰大药房", shop, phone("025-85550100")), org("康泰大药房", shop, phone("85550100"), in("南京市玄武区中山路8号")), match},
		{org("南京市安康华医院", phone("025-85550100"), in("南京市玄武区中山路8号")), org("南京市安糠华医院", phone("025-85550100"), in("南京市玄武区中山路8号")), match},
		{org("青河仁济医院", uscc(usccA)), org("仁济", uscc(usccA)), match},
		{org("St. Mary's Hospital", phone("13800001111")), org("SAINT MARYS HOSPITAL", phone("13800001111")), match},

		{org("广州市第一人民医院"), org("广州市一院"), ask},
		{org("南京市仁济医院", phone("025-85550100"), in("南京市玄武区中山路8号")), org("南京市仁挤医院", phone("025-85550100"), in("南京市玄武区中山路8号")), ask},
		{org("广州市第一人民医院"), org("市一院"), ask},
		{org("南京市人民医院"), org("人民医院"), ask},
		{org("南京市协和医院"), org("协和医院"), ask},
		{org("康泰大药房", shop), org("康泰大药房", shop), ask},
		{org("康泰大药房", shop, in("南京市中山路8号")), org("康泰大药房", shop, in("南京市汉口路6号")), different},
		{org("南京市协和医院", uscc(usccA)), org("南京市协和医院", uscc(usccB)), ask},
		{org("杭州华东医药股份有限公司"), org("杭州华东医药有限公司"), ask},
		{org("St. Mary Hospital"), org("ST MARY HOSPITAL"), ask},

		{org("广州市第一人民医院"), org("广州市第二人民医院"), different},
		{org("南京市中医院"), org("南京市人民医院"), different},
		{org("承德市医院"), org("承德县医院"), different},
		{org("中山大学附属第一医院"), org("中山大学附属第一医院东院区"), different},
		{org("广州市第一人民医院"), org("广州市第一人民医院南沙院区"), different},
		{org("南京康泰大药房连锁有限公司", kind(canonical.Chain)), org("南京康泰大药房", shop), different},
		{org("康泰大药房南山路店", shop), org("康泰大药房北山路店", shop), different},
		{org("杭州华东医药有限公司"), org("杭州华东医药有限公司温州分公司"), different},
		{org("南京市仁济医院"), org("苏州市仁济医院"), different},
		{org("首都医科大学附属友谊医院"), org("重庆医科大学附属友谊医院"), different},
		{org("St. Mary First Hospital"), org("St. Mary Second Hospital"), different},
	} {
		e := newEngine(t)
		p := pairOf(t, e, input(1, "erp", 5, c.a), input(2, "sfa", 3, c.b))
		x, y := e.Prepare(input(1, "erp", 5, c.a)), e.Prepare(input(2, "sfa", 3, c.b))
		require.Equal(t, c.want.String(), e.Verdict(p).String(), "%s", e.Why(x, y).Text("zh"))
	}
}

// Whatever else agrees: a head office and its branch, a hospital and its campus, two numbers, two kinds.
func TestNeverMergedHoweverMuchAgrees(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for _, names := range [][2]string{
		{"广州市第一人民医院", "广州市第一人民医院南沙院区"},
		{"广州市第一人民医院", "广州市第二人民医院"},
		{"广州市人民医院", "广州市中医院"},
		{"康泰大药房连锁有限公司", "康泰大药房连锁有限公司南山路店"},
		{"杭州华东医药有限公司", "杭州华东医药有限公司温州分公司"},
		{"承德市医院", "承德县医院"},
		{"省人民医院", "市人民医院"},
	} {
		all := []func(*canonical.Customer){uscc(usccA), phone("13800001111"), in("中山路8号"), func(c *canonical.Customer) {
			c.LicenceNo, c.LegalRepresentative, c.Emails = "粤AA898000001", "王芳", []string{"a@example.com"}
		}}
		p := pairOf(t, e, input(1, "erp", 5, org(names[0], all...)), input(2, "sfa", 3, org(names[1], all...)))
		require.Equal(t, dedupe.Ask.String(), e.Verdict(p).String(), "%v: weight %.1f vetoes %s", names, p.Weight, p.Vetoes)
	}
}

func TestVetoesAreNamed(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for _, c := range []struct {
		a, b dedupe.Input
		want dedupe.Veto
	}{
		{input(1, "erp", 5, org("甲医院", uscc(usccA))), input(2, "sfa", 5, org("甲医院", uscc(usccB))), dedupe.VetoID},
		{input(1, "erp", 5, org("广州市第一医院")), input(2, "sfa", 5, org("广州市第二医院")), dedupe.VetoOrdinal},
		{input(1, "erp", 5, org("甲医院", in("南京市"))), input(2, "sfa", 5, org("甲医院", in("广州市"))), dedupe.VetoPlace},
		{input(1, "register", 5, org("广州市第一医院")), input(2, "register", 5, org("广州市第一医院")), dedupe.VetoSameSource},
		{input(1, "erp", 5, org("南京康泰大药房", kind(canonical.Pharmacy))), input(2, "sfa", 5, org("南京康泰大药房", kind(canonical.Hospital))), dedupe.VetoKind},
	} {
		p := e.Score(e.Prepare(c.a), e.Prepare(c.b))
		require.NotZero(t, p.Vetoes&c.want, "want %s, got %s", c.want, p.Vetoes)
		require.NotEqual(t, dedupe.Match, e.Verdict(p))
	}
}

func TestTypesNeverMeet(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	doctor := e.Prepare(input(1, "sfa", 3, canonical.Customer{Kind: canonical.HCP, Name: "王芳", Phones: []string{"13800001111"}}))
	patient := e.Prepare(input(2, "emr", 3, canonical.Customer{Kind: canonical.Patient, Name: "王芳", Phones: []string{"13800001111"}}))
	require.Equal(t, dedupe.Different, e.Verdict(e.Score(doctor, patient)))
	for _, k := range e.Keys(doctor) {
		require.NotContains(t, e.Keys(patient), k.Hash)
	}
}

func mentionOf(name, code, reference string, more ...func(*canonical.Customer)) dedupe.Input {
	c := org(name, more...)
	c.Kind, c.Code = canonical.UnknownParty, code
	return dedupe.Input{ID: 9, Source: canonical.FlowSource("D1"), SourceID: "x", Customer: c, Reference: reference}
}

func aliased(in dedupe.Input, target string) dedupe.Input {
	in.Targets = []string{target}
	return in
}

func TestMentionLookups(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	erp := func(c canonical.Customer) dedupe.Input {
		return dedupe.Input{ID: 1, Source: "erp", SourceID: "C1", Trust: 5, Customer: c}
	}
	d1 := func(c canonical.Customer) dedupe.Input {
		return dedupe.Input{ID: 1, Source: "d1", SourceID: "C1", Trust: 5, Customer: c}
	}
	for name, c := range map[string]struct {
		real    dedupe.Input
		mention dedupe.Input
		rule    dedupe.Rule
		verdict dedupe.Verdict
	}{
		"id known to the same source":              {d1(org("甲医院")), mentionOf("某某医院", "C1", "d1"), dedupe.RuleSourceID, dedupe.Match},
		"the same id in another source is nothing": {d1(org("甲医院")), mentionOf("丙诊所", "C1", "d2"), dedupe.NoRule, dedupe.Different},
		"id known, but the name contradicts":       {d1(org("广州市第一医院")), mentionOf("广州市第二医院", "C1", "d1"), dedupe.RuleSourceID, dedupe.Ask},
		"unified code":                             {erp(org("南京市仁济医院", uscc(usccA))), mentionOf("仁济医院", "", "", uscc(usccA)), dedupe.RuleUSCC, dedupe.Match},
		"full name":                                {erp(org("南京康泰大药房", kind(canonical.Pharmacy))), mentionOf("南京康泰大药房", "", ""), dedupe.RuleName, dedupe.Match},
		"full name without a place of its own":     {erp(org("康泰大药房", kind(canonical.Pharmacy), in("南京市"))), mentionOf("康泰大药房", "", ""), dedupe.RuleName, dedupe.Match},
		"alias":                                    {erp(org("南京康泰大药房", kind(canonical.Pharmacy), alias("康泰总店"))), mentionOf("康泰总店", "", ""), dedupe.RuleName, dedupe.Match},
		"the company's own code and the name":      {erp(org("南京市仁济医院")), mentionOf("仁济医院", "C1", "d9"), dedupe.RuleCompany, dedupe.Match},
		"the company's own code of another name":   {erp(org("南京市仁济医院")), mentionOf("北方制药厂", "C1", "d9"), dedupe.NoRule, dedupe.Different},
		"an alias of the party":                    {erp(org("南京市仁济医院")), aliased(mentionOf("老张家", "", ""), "C1"), dedupe.RuleAlias, dedupe.Match},
		"a slip of the hand":                       {erp(org("南京市安康华医院")), mentionOf("南京市安糠华医院", "", ""), dedupe.NoRule, dedupe.Ask},
		"a number that names another house":        {erp(org("南京市安康华医院", uscc(usccA))), mentionOf("南京市中医院", "", "", uscc(usccA)), dedupe.NoRule, dedupe.Ask},
		"people's hospital without a place":        {erp(org("南京市人民医院")), mentionOf("人民医院", "", ""), dedupe.NoRule, dedupe.Ask},
		"people's hospital with the place":         {erp(org("南京市人民医院")), mentionOf("人民医院", "", "", in("江苏省南京市")), dedupe.RuleName, dedupe.Match},
		"a number without a place":                 {erp(org("南京市第一人民医院")), mentionOf("市一院", "", ""), dedupe.NoRule, dedupe.Ask},
		"a number with the place":                  {erp(org("南京市第一人民医院")), mentionOf("市一院", "", "", in("江苏省南京市")), dedupe.RuleName, dedupe.Match},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := pairOf(t, e, c.real, c.mention)
			require.Equal(t, c.rule.String(), p.Rule.String(), "weight %.1f, vetoes %s", p.Weight, p.Vetoes)
			require.Equal(t, c.verdict.String(), e.Verdict(p).String(), "weight %.1f, vetoes %s", p.Weight, p.Vetoes)
		})
	}
}

func TestTheReportingPartyIsFoundByItsCodeOrName(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	reporter := func(code string) dedupe.Input {
		return dedupe.Input{ID: 9, Source: canonical.FlowSource(code), SourceID: canonical.ReporterID, Reference: "files",
			Customer: canonical.Customer{Kind: canonical.UnknownParty, Name: code, Code: code}}
	}
	distributor := dedupe.Input{ID: 1, Source: "erp", SourceID: "D1", Trust: 5, Customer: org("杭州华东医药有限公司", kind(canonical.Distributor))}
	self := dedupe.Input{ID: 2, Source: canonical.CompanySource, SourceID: "M", Trust: 100, Customer: org("百川制药有限公司", kind(canonical.Manufacturer))}
	for _, c := range []struct {
		code string
		real dedupe.Input
		want dedupe.Verdict
	}{
		{"D1", distributor, dedupe.Match}, {"杭州华东医药有限公司", distributor, dedupe.Match}, {"D2", distributor, dedupe.Different},
		{"M", self, dedupe.Match}, {"百川制药有限公司", self, dedupe.Match},
	} {
		require.Equal(t, c.want.String(), e.Verdict(pairOf(t, e, c.real, reporter(c.code))).String(), c.code)
	}
}

func TestPersons(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	doctor := func(name, work, department string, more ...func(*canonical.Customer)) canonical.Customer {
		c := canonical.Customer{Kind: canonical.HCP, Name: name, Organisation: work, Department: department}
		for _, f := range more {
			f(&c)
		}
		return c
	}
	patient := func(name string, born string, more ...func(*canonical.Customer)) canonical.Customer {
		d, err := canonical.ParseDate(born)
		require.NoError(t, err)
		c := canonical.Customer{Kind: canonical.Patient, Name: name, BirthDate: d}
		for _, f := range more {
			f(&c)
		}
		return c
	}
	id := func(v string) func(*canonical.Customer) { return func(c *canonical.Customer) { c.NationalID = v } }
	for _, c := range []struct {
		a, b canonical.Customer
		want dedupe.Verdict
	}{
		{doctor("欧阳清和", "广州市第一人民医院", "心内科"), doctor("欧阳清和", "广州第一人民医院", "心血管内科"), dedupe.Match},
		{doctor("王芳", "广州市第一人民医院", "儿科", phone("13800001111")), doctor("王芳", "", "", phone("+86 138 0000 1111")), dedupe.Match},
		{doctor("王芳医生", "广州市第一人民医院", "儿科", phone("13800001111")), doctor("王方", "广州市第一人民医院", "儿科", phone("13800001111")), dedupe.Match},
		{doctor("王芳", "广州市第一人民医院", "儿科"), doctor("王芳", "南京市中医院", "骨科"), dedupe.Different},
		{doctor("王芳", "", ""), doctor("王芳", "", ""), dedupe.Different},
		{doctor("王芳", "广州市第一人民医院", "儿科", phone("13800001111")), doctor("李强", "广州市第一人民医院", "儿科", phone("13800001111")), dedupe.Different},
		{patient("赵明远", "1980-05-06"), patient("赵明远", "1980-05-06"), dedupe.Match},
		{patient("赵明远", "1980-05-06", phone("13800001111")), patient("赵明远", "1980-06-05", phone("13800001111")), dedupe.Match},
		{patient("赵明远", "1980-05-06"), patient("赵明远", "1991-01-02"), dedupe.Different},
		{patient("赵明远", "1949-12-31", id("11010519491231002X")), patient("赵明", "", id("11010519491231002x")), dedupe.Match},
		{patient("赵明远", "1980-05-06", phone("13800001111")), patient("赵小宝", "2012-05-06", phone("13800001111")), dedupe.Different},
	} {
		p := pairOf(t, e, input(1, "sfa", 3, c.a), input(2, "event", 3, c.b))
		x, y := e.Prepare(input(1, "sfa", 3, c.a)), e.Prepare(input(2, "event", 3, c.b))
		require.Equal(t, c.want.String(), e.Verdict(p).String(), "%s", e.Why(x, y).Text("zh"))
	}
}

func TestKeysOfPersonsAreSecret(t *testing.T) {
	t.Parallel()
	other, err := dedupe.New(dedupe.DefaultModel(), dedupe.Options{Secret: []byte("another")})
	require.NoError(t, err)
	e := newEngine(t)
	patient := input(1, "emr", 3, canonical.Customer{Kind: canonical.Patient, Name: "王芳", Phones: []string{"13800001111"}})
	hospital := input(1, "erp", 3, org("广州市第一医院"))
	require.NotEqual(t, e.Keys(e.Prepare(patient)), other.Keys(other.Prepare(patient)))
	require.Equal(t, e.Keys(e.Prepare(hospital)), other.Keys(other.Prepare(hospital)))
}

func TestWhyAddsUp(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	names := rapid.SampledFrom([]string{"广州市第一人民医院", "市一院", "人民医院", "南京协和医院", "协和医院", "康泰大药房", "St Mary Hospital", ""})
	rapid.Check(t, func(t *rapid.T) {
		draw := func(id int64) *dedupe.Record {
			return e.Prepare(input(id, rapid.SampledFrom([]string{"erp", "sfa"}).Draw(t, "source"), rapid.IntRange(0, 3).Draw(t, "trust"), org(names.Draw(t, "name"),
				in(rapid.SampledFrom([]string{"", "广州市中山路8号", "南京市"}).Draw(t, "address")), phone(rapid.SampledFrom([]string{"", "13800001111"}).Draw(t, "phone")))))
		}
		a, b := draw(1), draw(2)
		why := e.Why(a, b)
		sum := why.Prior
		for _, l := range why.Levels {
			sum += l.Weight + l.Frequency
		}
		p := e.Score(a, b)
		require.Equal(t, p.P, why.P)
		if why.Rule == "" && len(why.Vetoes) == 0 {
			require.Equal(t, why.Weight, sum, "prior and levels add up to the evidence")
		} else {
			require.GreaterOrEqual(t, why.Weight, sum)
		}
		require.Equal(t, why, e.Why(b, a))
		for _, lang := range []string{"zh", "en"} {
			require.NotEmpty(t, why.Text(lang))
		}
	})
}
