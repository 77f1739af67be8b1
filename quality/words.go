package quality

import (
	"slices"

	"tributary/normalize"
)

// The words by which other systems call types and severities.
var (
	typeWords = map[string][]string{
		"quality_defect":  {"质量", "质量问题", "质量缺陷", "产品质量", "defect", "quality"},
		"packaging":       {"包装", "标签", "包装标签", "包装问题", "说明书", "label", "packaging/label"},
		"efficacy":        {"疗效", "疗效不佳", "无效", "效果不好", "efficacy doubt"},
		"contamination":   {"污染", "混淆", "异物", "污染/混淆", "contamination/mix-up", "mix-up"},
		"shortage_damage": {"短少", "破损", "短少/破损", "少装", "数量短少", "shortage", "damage", "shortage/damage"},
		"suspected_fake":  {"疑似假药", "假药", "假货", "counterfeit", "fake"},
		"service":         {"服务", "服务投诉", "配送"},
	}
	severityWords = map[string][]string{
		"critical": {"严重", "重大", "紧急", "一级", "i"},
		"major":    {"较重", "一般", "中等", "主要", "二级", "ii"},
		"minor":    {"轻微", "较轻", "次要", "三级", "iii"},
	}
)

// TypeOf is the type of a complaint by the word of another system; "" when it is not known.
func TypeOf(word string) string { return wordOf(word, Types, typeWords) }

// SeverityOf is the severity likewise.
func SeverityOf(word string) string { return wordOf(word, Severities, severityWords) }

func wordOf(word string, own []string, others map[string][]string) string {
	w := normalize.Text(word)
	for _, name := range own {
		if normalize.Text(name) == w {
			return name
		}
		for _, other := range others[name] {
			if normalize.Text(other) == w {
				return name
			}
		}
	}
	return ""
}

// Foreign is a word of another system that the complaint cannot carry; it is kept as a tag.
func Foreign(field, word string, known string) []string {
	if word == "" || known != "" || slices.Contains([]string{"-", "无"}, word) {
		return nil
	}
	return []string{field + ":" + word}
}
