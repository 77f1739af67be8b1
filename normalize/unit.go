package normalize

import "strings"

// UnitClass says which pack of a product a unit word means.
type UnitClass string

// The classes of units. The base unit is the smallest sales unit of the product; how many of it make an inner pack or a
// case is the product's affair.
const (
	BaseUnit  UnitClass = "base"
	InnerUnit UnitClass = "inner"
	CaseUnit  UnitClass = "case"
)

var unitWords = map[string]UnitClass{
	"件": CaseUnit, "箱": CaseUnit, "大件": CaseUnit, "整件": CaseUnit, "大箱": CaseUnit, "原箱": CaseUnit, "整箱": CaseUnit,
	"CASE": CaseUnit, "CTN": CaseUnit, "CARTON": CaseUnit, "CS": CaseUnit,
	"中包": InnerUnit, "中盒": InnerUnit, "中包装": InnerUnit, "中件": InnerUnit, "中袋": InnerUnit, "大盒": InnerUnit, "INNER": InnerUnit,
	"BOX": BaseUnit, "BX": BaseUnit, "BOTTLE": BaseUnit, "BTL": BaseUnit, "VIAL": BaseUnit, "AMP": BaseUnit, "BAG": BaseUnit,
	"TUBE": BaseUnit, "PACK": BaseUnit, "PCS": BaseUnit, "PC": BaseUnit, "EA": BaseUnit, "TAB": BaseUnit, "TABLET": BaseUnit,
	"CAP": BaseUnit, "CAPSULE": BaseUnit,
	"小盒": BaseUnit, "小包": BaseUnit, "小瓶": BaseUnit, "小袋": BaseUnit, "安瓿": BaseUnit,
}

// baseUnits are the one-character measure words of sales units.
const baseUnits = "盒瓶支袋片粒板罐桶管贴包听卷套筒剂丸枚只个台把条张付副合"

// Unit is the usual form of a unit word and its class; class "" when the word is not known. Brackets and a leading 1
// (1盒, /盒) are dropped, and the usual misspelling 合 reads as 盒.
func Unit(s string) (word string, class UnitClass) {
	word = Text(s)
	for range 4 {
		word = Text(strings.TrimRight(strings.TrimLeft(word, "/1 (."), ") ./"))
	}
	if c, ok := unitWords[word]; ok {
		return word, c
	}
	if r := []rune(word); len(r) == 1 && strings.ContainsRune(baseUnits, r[0]) {
		if word == "合" {
			word = "盒"
		}
		return word, BaseUnit
	}
	return word, ""
}
