package main

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// Every text of the help exists in Chinese, but for the long pages of the completion scripts; nothing is translated that
// nobody shows.
func TestHelpIsWholeInChinese(t *testing.T) {
	t.Parallel()
	texts, shown := chineseHelp(), map[string]bool{}
	var missing, stale, foreign []string
	eachHelpText((&app{asked: "en"}).root(), func(text *string) {
		if shown[*text] {
			return
		}
		shown[*text] = true
		if _, there := texts[*text]; !there && *text != "" && !strings.HasPrefix(*text, "Generate the autocompletion script for") {
			missing = append(missing, *text)
		}
	})
	for text, zh := range texts {
		if !shown[text] {
			stale = append(stale, text)
		}
		if !strings.ContainsFunc(zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			foreign = append(foreign, zh)
		}
	}
	require.Empty(t, missing, "add to help.zh.yaml")
	require.Empty(t, stale, "take out of help.zh.yaml")
	require.Empty(t, foreign, "not Chinese")
}

func TestHelpInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	here := newInstallation(t)
	zh := here.run("help", "import", "--lang", "zh")
	require.Zero(t, zh.code)
	require.Contains(t, zh.out, "用法：\n  tributary import")
	require.Contains(t, zh.out, "行的种类（必填）")
	require.NotContains(t, zh.out, "Usage")
	en := here.run("import", "--help", "--lang", "en")
	require.Contains(t, en.out, "Usage:\n  tributary import")
	require.Contains(t, here.run("--lang", "zh").out, "命令：\n  audit")
}
