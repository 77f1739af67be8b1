package dedupe

import (
	"slices"
	"strings"
)

// Pair is the scored comparison of two records. It is small and holds no values: Why explains it.
type Pair struct {
	A, B   int64   // record numbers; A's key is the smaller
	Weight float64 // total evidence in bits, the prior included; a multiple of 1/1024
	P      float64 // probability that both are one customer
	Rule   Rule    // the deterministic rule that decided, if one did
	Vetoes Veto    // reasons that forbid an automatic merge
	kind   Type
	levels [maxComparisons]int8
}

// Verdict is what happens to a pair.
type Verdict uint8

// The verdicts.
const (
	Different Verdict = iota // below the review threshold
	Ask                      // a person decides
	Match                    // merged, if the cluster allows it
)

// String is the stable name of the verdict.
func (v Verdict) String() string { return [...]string{"different", "ask", "match"}[v] }

// Rule is a deterministic rule. A greater rule is stronger evidence for a mention that fits several customers.
type Rule uint8

// The rules, weakest first.
const (
	NoRule       Rule = iota
	RuleCompany       // the company's own code, and the name agrees
	RuleName          // a full name or alias
	RuleLicence       // an equal licence or institution code
	RuleUSCC          // an equal, valid unified social credit code
	RulePersonID      // an equal, valid resident id or certificate
	RuleSourceID      // the id is known to the same source
	RuleAlias         // the reporting party's own word, taught by an alias
	ruleCount    = iota
)

var ruleNames = [ruleCount]string{"", "company_code", "name", "licence", "uscc", "person_id", "source_id", "alias"}

// String is the stable name of the rule; NoRule is empty.
func (r Rule) String() string { return ruleNames[r] }

// Veto is a set of reasons that turn an automatic merge into a question.
type Veto uint16

// The vetoes.
const (
	VetoID         Veto = 1 << iota // different valid strong identifiers
	VetoOrdinal                     // 第一 and 第二, or other unit numbers
	VetoLevel                       // 省 and 市, 市 and 县
	VetoGeneric                     // 人民医院 and 中医院: another generic part
	VetoPlace                       // another province or another division in the name
	VetoBranch                      // head office and branch, hospital and campus, or two branches
	VetoBody                        // another parent body: 附属, 集团
	VetoKind                        // kinds that exclude each other
	VetoName                        // persons of different names
	VetoUnplaced                    // a name without its division, and nothing says the place
	VetoBare                        // a person's name and nothing else
	VetoOther                       // persons whose names have nothing in common: not even a question
	VetoNames                       // one identifier, names that contradict each other
	VetoSpelling                    // a mention spelled almost like a customer of its city
	VetoSameSource                  // two records of a source declared free of duplicates
	vetoCount      = iota
)

var vetoNames = [vetoCount]string{"identifier", "ordinal", "level", "generic", "place", "branch", "body", "kind", "name", "unplaced", "bare_name", "other_name", "names_of_one_id", "spelling", "same_source"}

// List names the vetoes of the set.
func (v Veto) List() []string {
	var out []string
	for i, name := range vetoNames {
		if v&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// String joins the names.
func (v Veto) String() string { return strings.Join(v.List(), ",") }

// contradictions are the vetoes that say "another one"; the rest only say "not enough is known". Records between which
// a contradiction stands are never in one customer unless a steward put them there.
const contradictions = VetoID | VetoOrdinal | VetoLevel | VetoGeneric | VetoPlace | VetoBranch | VetoBody | VetoKind | VetoName | VetoOther | VetoSameSource

// RestorePair is a stored pair: what clustering needs of it, without the levels.
func RestorePair(t Type, a, b int64, weight, p float64, rule Rule, vetoes Veto) Pair {
	return Pair{A: a, B: b, Weight: weight, P: p, Rule: rule, Vetoes: vetoes, kind: t}
}

// ParseRule reads a rule's name; an unknown one is NoRule.
func ParseRule(name string) Rule { return Rule(max(slices.Index(ruleNames[:], name), 0)) }

// ParseVetoes reads what Veto.String wrote; unknown names are left out.
func ParseVetoes(names string) Veto {
	var v Veto
	for name := range strings.SplitSeq(names, ",") {
		if i := slices.Index(vetoNames[:], name); i >= 0 {
			v |= 1 << i
		}
	}
	return v
}
