package normalize

import (
	"fmt"
	"strings"
)

// ID is the verdict on an identifier. An empty input gives the zero ID.
//
// Only a Valid value may serve as a key. An invalid one keeps its folded text in Value, for showing and for looser
// comparison, and says in Reason what is wrong. Reason of a valid value is a remark worth a look, or "".
type ID struct {
	Value    string // in matching form, repaired when Repaired
	Valid    bool
	Repaired bool // letters that look like digits were read as digits, and the result passes every check
	Reason   string
}

func valid(value string) ID { return ID{Value: value, Valid: true} }

func invalid(value, format string, args ...any) ID {
	return ID{Value: value, Reason: fmt.Sprintf(format, args...)}
}

// idText folds an identifier: matching form without the separators people type into numbers.
func idText(s string) string {
	v := Text(s)
	for range 4 { // what stood around a separator may compose, or be a placeholder, once it is gone
		bare := strings.Map(func(r rune) rune {
			if strings.ContainsRune(" -.·_'\"`", r) {
				return -1
			}
			return r
		}, v)
		if bare == v {
			break
		}
		v = Text(bare)
	}
	return v
}

// lookalikes are the letters that take the place of digits when numbers are typed or scanned. None of them occurs in a
// USCC, so reading them as digits cannot damage a right one.
var lookalikes = strings.NewReplacer("O", "0", "I", "1", "Z", "2", "S", "5")

// repaired checks v and, when it fails, v with its lookalikes read as digits. The repair counts only when it passes.
func repaired(v string, check func(string) ID) ID {
	id := check(v)
	if id.Valid || id.Value == "" {
		return id
	}
	if mended := lookalikes.Replace(v); mended != v {
		if r := check(mended); r.Valid {
			r.Repaired = true
			return r
		}
	}
	return id
}

const (
	usccSet    = "0123456789ABCDEFGHJKLMNPQRTUWXY" // position = value
	orgCodeSet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

var (
	usccWeights    = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	orgCodeWeights = [8]int{3, 7, 9, 10, 5, 8, 4, 2}
)

// USCC checks a unified social credit code (GB 32100, 18 characters): alphabet, both check characters, kind of
// registration, province. O, I, Z and S are read as digits when that mends it.
func USCC(s string) ID { return repaired(idText(s), checkUSCC) }

func checkUSCC(v string) ID {
	if v == "" {
		return ID{}
	}
	if len(v) != 18 {
		return invalid(v, "a unified social credit code has 18 characters, this has %d", len([]rune(v)))
	}
	sum := 0
	for i := range 18 {
		n := strings.IndexByte(usccSet, v[i])
		if n < 0 {
			return invalid(v, "character %d is not one of %s", i+1, usccSet)
		}
		if i < 17 {
			sum += n * usccWeights[i]
		}
	}
	if want := usccSet[(31-sum%31)%31]; v[17] != want {
		return invalid(v, "the check character should be %c", want)
	}
	if !digits(v[2:8], 6) {
		return invalid(v, "characters 3 to 8 are not the code of a division")
	}
	if _, ok := USCCKind(v); !ok {
		return invalid(v, "it begins with %s, which no registry gives out", v[:2])
	}
	// Codes carried over from organisation codes keep that code's check; since some registries number their own way, a
	// code that only fails there is doubtful, and doubtful means no key.
	if want := orgCheck(v[8:16]); v[16] != want {
		return invalid(v, "the check character of its organisation code (position 17) should be %c", want)
	}
	id := valid(v)
	if v[2:8] != "100000" {
		id.Reason = divisionRemark(v[2:8])
		if !knownProvince(v[2:4]) {
			return invalid(v, "no province has the code %s", v[2:4])
		}
	}
	return id
}

// divisionRemark says when a well-formed code is in no table at hand. Since the tables are not complete for all years,
// this is a remark and not a fault.
func divisionRemark(code string) string {
	if _, ok := StandardDivisions().ByCode(code); ok {
		return ""
	}
	return "division " + code + " is in no table at hand"
}

func knownProvince(two string) bool {
	_, ok := StandardDivisions().ByCode(two)
	return ok
}

// USCCKind is the kind of registration that the first two characters of a USCC state. A hospital with 92 or a pharmacy
// with 12 is worth a warning.
func USCCKind(uscc string) (kind string, ok bool) {
	if len(uscc) < 2 {
		return "", false
	}
	switch uscc[:2] {
	case "11":
		return "机关", true
	case "12":
		return "事业单位", true
	case "13":
		return "编办直接管理机构", true
	case "19":
		return "其他机构编制", true
	case "51":
		return "社会团体", true
	case "52":
		return "民办非企业单位", true
	case "53":
		return "基金会", true
	case "91":
		return "企业", true
	case "92":
		return "个体工商户", true
	case "93":
		return "农民专业合作社", true
	}
	switch uscc[0] {
	case '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'N', 'Y':
		return "其他", true
	}
	return "", false
}

// OrgCode checks an organisation code (GB 11714, 8 + 1 characters).
func OrgCode(s string) ID { return repaired(idText(s), checkOrgCode) }

func checkOrgCode(v string) ID {
	if v == "" {
		return ID{}
	}
	if len(v) != 9 {
		return invalid(v, "an organisation code has 9 characters, this has %d", len([]rune(v)))
	}
	for i := range 8 {
		if strings.IndexByte(orgCodeSet, v[i]) < 0 {
			return invalid(v, "character %d is no digit or capital letter", i+1)
		}
	}
	if want := orgCheck(v[:8]); v[8] != want {
		return invalid(v, "the check character should be %c", want)
	}
	return valid(v)
}

// orgCheck is the check character of eight characters of orgCodeSet.
func orgCheck(body string) byte {
	sum := 0
	for i, w := range orgCodeWeights {
		sum += strings.IndexByte(orgCodeSet, body[i]) * w
	}
	switch c := 11 - sum%11; c {
	case 10:
		return 'X'
	case 11:
		return '0'
	default:
		return byte('0' + c)
	}
}
