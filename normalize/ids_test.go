package normalize_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/normalize"
)

func TestUSCC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, value string
		valid     bool
		repaired  bool
		why       string
	}{
		{in: "91350100M000100Y43", valid: true},
		{in: "91350100M000100Y4Z", why: "character 18"},
		{in: "12310000425001236R", valid: true},
		{in: "12310000426001236R", why: "should be 0"},
		{in: "1231O000425001236R", value: "12310000425001236R", valid: true, repaired: true},
		{in: "I231OOOO4Z5OOIZ36R", value: "12310000425001236R", valid: true, repaired: true},
		{in: "1231O000426001236R", why: "character 5"},
		{in: "91440100MA5D0PQ799", valid: true},
		{in: "5232010050987654X7", valid: true},
		{in: "92510104MA6CXK214Y", valid: true},
		{in: " ９１３５0100-m000100y43 ", value: "91350100M000100Y43", valid: true},
		{in: "123", why: "has 3"},
		{in: "", value: ""},
		{in: "无", value: ""},
	} {
		id := normalize.USCC(c.in)
		if c.value == "" && c.valid || c.why != "" {
			c.value = c.in
		}
		require.Equal(t, c.value, id.Value, c.in)
		require.Equal(t, c.valid, id.Valid, c.in)
		require.Equal(t, c.repaired, id.Repaired, c.in)
		if c.why != "" {
			require.Contains(t, id.Reason, c.why, c.in)
		} else {
			require.Empty(t, id.Reason, c.in)
		}
	}
	kind, ok := normalize.USCCKind("12310000425001236R")
	require.True(t, ok)
	require.Equal(t, "事业单位", kind)
	_, ok = normalize.USCCKind("B")
	require.False(t, ok)
}

func TestOrgCode(t *testing.T) {
	t.Parallel()
	require.Equal(t, normalize.ID{Value: "425001236", Valid: true}, normalize.OrgCode("42500123-6"))
	require.Contains(t, normalize.OrgCode("42600123-6").Reason, "check character")
	require.Contains(t, normalize.OrgCode("4250012").Reason, "has 7")
	require.True(t, normalize.OrgCode("M000100Y4").Valid)
}

func TestResidentID(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"11010519491231002X": "", "440524188001010014": "", "31010119800101123X": "", "310101800101123": "31010119800101123X",
		"810000199001010019": "", "11010519491231002x": "11010519491231002X",
	} {
		if want == "" {
			want = in
		}
		id := normalize.ResidentID(in)
		require.Equal(t, normalize.ID{Value: want, Valid: true}, id, in)
	}
	id := normalize.ResidentID("31010191800101123X")
	require.False(t, id.Valid)
	require.Contains(t, id.Reason, "check")
	require.Contains(t, id.Reason, "birth date")
	require.Contains(t, normalize.ResidentID("990101198001011234").Reason, "province")
	require.Contains(t, normalize.ResidentID("3101").Reason, "18 characters")
	require.Contains(t, normalize.ResidentID("3101011980010A123X").Reason, "digits")
	require.True(t, normalize.ResidentID("3101011980O101123X").Repaired)

	born, gender, ok := normalize.ResidentFacts("11010519491231002X")
	require.True(t, ok)
	require.Equal(t, "1949-12-31", born.String())
	require.Equal(t, "female", gender)
	_, _, ok = normalize.ResidentFacts("x")
	require.False(t, ok)
}

// Both checks promise to find every single wrong character and every neighbour swap.
func TestCheckCharactersCatchTypingErrors(t *testing.T) {
	t.Parallel()
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	rapid.Check(t, func(t *rapid.T) {
		right := rapid.SampledFrom([]string{"91350100M000100Y43", "12310000425001236R", "92510104MA6CXK214Y"}).Draw(t, "uscc")
		b := []byte(right)
		i := rapid.IntRange(0, 17).Draw(t, "at")
		if rapid.Bool().Draw(t, "swap") && i < 17 {
			b[i], b[i+1] = b[i+1], b[i]
		} else {
			b[i] = rapid.SampledFrom([]byte(alphabet)).Draw(t, "typed")
		}
		require.Equal(t, string(b) == right, normalize.USCC(string(b)).Valid, "%s", b)
	})
	rapid.Check(t, func(t *rapid.T) {
		right := rapid.SampledFrom([]string{"11010519491231002X", "440524188001010014", "31010119800101123X"}).Draw(t, "id")
		b := []byte(right)
		i := rapid.IntRange(0, 16).Draw(t, "at")
		b[i] = rapid.SampledFrom([]byte("0123456789")).Draw(t, "typed")
		require.Equal(t, string(b) == right, normalize.ResidentID(string(b)).Valid, "%s", b)
	})
}

func TestResidentReasonsNeverRepeatTheNumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringMatching(`[0-9]{17}[0-9X]`).Draw(t, "id")
		reason := normalize.ResidentID(in).Reason
		for i := 0; i+4 <= len(in); i++ {
			require.False(t, strings.Contains(reason, in[i:i+4]), "%s shows digits of %s", reason, in)
		}
	})
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	require.True(t, normalize.PracticeCertificate("110110105000123").Valid)
	require.False(t, normalize.PracticeCertificate("11011010500012").Valid)
	require.True(t, normalize.QualificationCertificate("20011011011010519491231002X").Valid)
	require.True(t, normalize.QualificationCertificate("200110110310101800101123").Valid)
	require.Contains(t, normalize.QualificationCertificate("200110110110105194912310021").Reason, "resident number")
	require.False(t, normalize.QualificationCertificate("1").Valid)
}

func TestInstitutionCode(t *testing.T) {
	t.Parallel()
	require.Equal(t, normalize.ID{Value: "4250012363101011121001", Valid: true}, normalize.InstitutionCode("425001236 310101 11 2100 1"))
	require.Contains(t, normalize.InstitutionCode("4250012373101011121001").Reason, "position 9")
	require.Contains(t, normalize.InstitutionCode("4250012369901011121001").Reason, "division")
	require.True(t, normalize.InstitutionCode("PDY123456789").Valid)
	require.Contains(t, normalize.InstitutionCode("123").Reason, "22 characters")
}

func TestLicenceNo(t *testing.T) {
	t.Parallel()
	l := normalize.LicenceNo("琼AA898000001")
	require.Equal(t, normalize.Licence{ID: normalize.ID{Value: "琼AA898000001", Valid: true}, Province: "46", Trade: "wholesale"}, l)
	l = normalize.LicenceNo("琼CB89800OOO1")
	require.True(t, l.Valid)
	require.True(t, l.Repaired)
	require.True(t, l.Branch)
	require.Equal(t, "chain_store", l.Trade)
	old := normalize.LicenceNo("粤DA7550123")
	require.False(t, old.Valid)
	require.Equal(t, "粤DA7550123", old.Value)
	require.Contains(t, normalize.LicenceNo("琼EA898000001").Reason, "trade")
	require.Zero(t, normalize.LicenceNo("无"))
}

func TestMedicalInsuranceCode(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"H44010600123", "P44010600123", "D440106001234", "N440106001234", "HY440106001234", "HJ440106001234"} {
		require.Equal(t, normalize.ID{Value: s, Valid: true}, normalize.MedicalInsuranceCode(s), s)
	}
	require.Contains(t, normalize.MedicalInsuranceCode("H4401060012").Reason, "11 digits")
	require.Contains(t, normalize.MedicalInsuranceCode("X44010600123").Reason, "begins with")
	require.Contains(t, normalize.MedicalInsuranceCode("H99010600123").Reason, "province")
	require.Contains(t, normalize.MedicalInsuranceCode("H44999900123").Reason, "no table")
}

func idLaws(t failer, s string) {
	for name, f := range map[string]func(string) normalize.ID{
		"USCC": normalize.USCC, "OrgCode": normalize.OrgCode, "ResidentID": normalize.ResidentID,
		"InstitutionCode": normalize.InstitutionCode, "MedicalInsuranceCode": normalize.MedicalInsuranceCode,
		"PracticeCertificate": normalize.PracticeCertificate, "QualificationCertificate": normalize.QualificationCertificate,
		"LicenceNo": func(s string) normalize.ID { return normalize.LicenceNo(s).ID },
	} {
		id := f(s)
		again := f(id.Value)
		require.Equal(t, id.Value, again.Value, "%s is idempotent on %q", name, s)
		require.Equal(t, id.Valid, again.Valid, "%s of its own value on %q", name, s)
		require.False(t, again.Repaired && id.Valid, "%s repairs once on %q", name, s)
		require.True(t, id.Valid || id.Value == "" || id.Reason != "", "%s says why %q is not valid", name, s)
	}
}

func TestIDLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		idLaws(t, rapid.OneOf(mixed(), rapid.StringMatching(`[0-9A-ZOISZ -]{0,28}`)).Draw(t, "id"))
	})
}

func FuzzIDs(f *testing.F) {
	for _, s := range []string{"91350100M000100Y43", "11010519491231002X", "310101800101123", "琼AA898000001", "HY440106001234", "无.", "e-\u0301", "20011011011010519491231002X"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { idLaws(t, s) })
}

// FuzzFacts is of what is read out of identifiers that may be none.
func FuzzFacts(f *testing.F) {
	for _, s := range []string{"11010519491231002X", "110105194912310020", "1234567890123456\xff8", "12310000425001236R", "9", "Y1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		born, gender, ok := normalize.ResidentFacts(s)
		require.Equal(t, ok, !born.IsZero())
		require.Equal(t, ok, gender == "male" || gender == "female")
		kind, ok := normalize.USCCKind(s)
		require.Equal(t, ok, kind != "")
	})
}
