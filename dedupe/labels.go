package dedupe

import (
	"fmt"
	"strings"
)

// label is a word in both languages.
type label struct{ zh, en string }

func (l label) in(lang string) string {
	if lang == "zh" {
		return l.zh
	}
	return l.en
}

var comparisonLabels = map[string]label{
	"uscc": {"统一社会信用代码", "unified social credit code"}, "licence": {"许可证号", "licence number"},
	"institution": {"医疗机构代码", "institution code"}, "name": {"名称", "name"}, "place": {"行政区划", "division"},
	"kind": {"客户类型", "kind"}, "address": {"地址", "address"}, "phone": {"电话", "phone"}, "email": {"邮箱", "e-mail"},
	"people": {"法人或负责人", "legal representative or person in charge"}, "certificate": {"证件或执业证书", "id or certificate"},
	"organisation": {"单位", "place of work"}, "department": {"科室", "department"}, "birth": {"出生日期", "birth date"},
	"gender": {"性别", "gender"}, "national_id": {"身份证号", "resident id"},
}

var levelLabels = map[string]label{
	"other": {"不同", "different"}, "same": {"相同", "the same"}, "similar": {"相近", "alike"},
	"organisation": {"同一机构代码，校验位或登记类别不同", "the same organisation code inside"}, "conflict": {"名称中有互相矛盾的部分", "a part of the name contradicts"},
	"contains": {"一个名称包含另一个", "one name holds the other"}, "abbreviated": {"一个是另一个的简称", "one is short for the other"},
	"short": {"一个是另一个的简称，且地区一致", "one is short for the other, and the places agree"},
	"bare":  {"名称一致，但无法确认是同一地区", "the names agree, nothing confirms the place"}, "placed": {"名称一致，地区由另一条记录确认", "the names agree, the other record confirms the place"},
	"whole": {"全称一致", "the full names agree"}, "other_province": {"不同省份", "another province"}, "other_city": {"不同城市", "another city"},
	"other_county": {"同市不同区县", "the same city, another county"}, "same_city": {"同一城市", "the same city"}, "same_county": {"同一区县", "the same county"},
	"other_number": {"同一道路，门牌号不同", "the same road, another number"}, "road": {"同一道路", "the same road"},
	"family": {"仅姓氏相同", "only the family name agrees"}, "sound": {"同音不同字", "the same sound, other characters"},
	"reversed": {"姓与名的位置互换", "family and given name changed places"}, "year": {"仅年份相同", "only the year agrees"},
	"typo": {"一位数字不同，或日月互换", "one digit differs, or day and month changed places"},
}

var vetoLabels = map[string]label{
	"identifier":      {"双方都有效的证照号码不同", "both have valid identifiers, and they differ"},
	"ordinal":         {"序号不同（如第一与第二），或只有一方有序号", "another number in the name (first, second), or only one has a number"},
	"level":           {"行政级别不同（省、市、县）", "another administrative level (province, city, county)"},
	"generic":         {"机构性质不同（如中医院与人民医院）", "another kind of house (Chinese medicine, people's hospital)"},
	"place":           {"所在地区不同", "another place"},
	"branch":          {"总部与分支、主院与院区，或不同的分支", "head office and branch, hospital and campus, or two branches"},
	"body":            {"隶属单位不同", "affiliated to another body"},
	"kind":            {"客户类型互斥", "kinds that exclude each other"},
	"name":            {"姓名不同", "names of different persons"},
	"unplaced":        {"名称未写明地区，记录中也没有地区", "the name lacks its place and the record has none"},
	"bare_name":       {"除姓名外没有其他依据", "nothing but the name agrees"},
	"other_name":      {"姓名毫无共同之处", "the names have nothing in common"},
	"names_of_one_id": {"证照号码相同，但名称互相矛盾", "one identifier, but the names contradict each other"},
	"same_source":     {"来自声明无重复的同一来源", "both from one source that is declared free of duplicates"},
}

var ruleLabels = map[string]label{
	"company_code": {"本公司编码一致且名称相符", "the company's own code, and the name agrees"},
	"name":         {"全称或别名一致", "a full name or alias"},
	"licence":      {"许可证号或机构代码一致", "the same licence or institution code"},
	"uscc":         {"统一社会信用代码一致且有效", "the same valid unified social credit code"},
	"person_id":    {"证件号或证书号一致且有效", "the same valid id or certificate"},
	"alias":        {"已登记的报送方别名", "an alias of the reporting party"},
	"source_id":    {"同一来源中的同一编号", "the same id in the same source"},
}

var questionLabels = map[string]label{
	string(BelowMerge):   {"证据不足以自动合并", "not enough evidence to merge by itself"},
	string(Vetoed):       {"证据充分，但有否决理由", "good evidence, and a veto against it"},
	string(ClusterVeto):  {"与该客户的其他记录相矛盾", "contradicts other records of the customer"},
	string(Ambiguous):    {"同时符合多家客户", "fits several customers"},
	string(WeakCluster):  {"两边的全部记录总体上不一致", "the records of both sides do not agree as a whole"},
	string(TooLarge):     {"合并后的客户过大", "the customer would become too large"},
	string(Contradicted): {"人工判断互相矛盾", "judgements contradict each other"},
}

// apartLabels say why two records are not one customer.
var apartLabels = map[string]label{
	"judgement":      {"人工判定为不同客户", "a steward judged them to be different"},
	"kind":           {"一个是机构，一个是个人：从不比较", "an organisation and a person are never compared"},
	"never_compared": {"没有共同的分组键，运行时从未比较过", "no blocking key brings them together: no run ever compared them"},
	"below_review":   {"证据低于人工判断的阈值", "the evidence is below the review threshold"},
	"waiting":        {"记录尚在等待归并运行", "the records wait for the next run of the resolver"},
}

var verdictLabels = map[Verdict]label{
	Match: {"判定为同一客户", "one customer"}, Ask: {"疑似同一客户，需人工判断", "perhaps one customer: a person decides"},
	Different: {"判定为不同客户", "different customers"},
}

// Label is the name of a rule, veto, comparison, level, question or apart (why two are apart) in a language; an unknown name is its own label.
func Label(kind, name, lang string) string {
	table := map[string]map[string]label{"rule": ruleLabels, "veto": vetoLabels, "comparison": comparisonLabels, "level": levelLabels, "question": questionLabels, "apart": apartLabels}[kind]
	if l, ok := table[name]; ok {
		return l.in(lang)
	}
	return name
}

// Text prints the explanation for a person: the verdict, each comparison with its values and weight, the sum.
func (x Explanation) Text(lang string) string {
	var b strings.Builder
	say := func(zh, en string, args ...any) {
		fmt.Fprintf(&b, label{zh, en}.in(lang)+"\n", args...)
	}
	say("%s：概率 %.4f，证据 %.2f 比特（模型 %s）", "%s: probability %.4f, evidence %.2f bits (model %s)",
		verdictLabels[x.verdict].in(lang), x.P, x.Weight, x.Model)
	if x.Rule != "" {
		say("  规则：%s", "  rule: %s", Label("rule", x.Rule, lang))
	}
	for _, v := range x.Vetoes {
		say("  否决：%s", "  veto: %s", Label("veto", v, lang))
	}
	say("  %+7.2f  起始（随机两条记录是同一客户的可能性）", "  %+7.2f  start (how likely two random records are one customer)", x.Prior)
	for _, l := range x.Levels {
		name := Label("comparison", l.Comparison, lang)
		if l.Level == "" {
			say("        ·  %s：未比较（一方缺失）", "        ·  %s: not compared (missing on a side)", name)
			continue
		}
		values := fmt.Sprintf("%s | %s", l.Left, l.Right)
		if l.Left == l.Right {
			values = l.Left
		}
		say("  %+7.2f  %s：%s（%s）", "  %+7.2f  %s: %s (%s)", l.Weight, name, Label("level", l.Level, lang), values)
		if l.Frequency != 0 {
			say("  %+7.2f  该值的常见程度", "  %+7.2f  how common the value is", l.Frequency)
		}
	}
	return b.String()
}
