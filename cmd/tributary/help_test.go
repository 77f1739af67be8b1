package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every text of the help exists in Chinese, but for the long pages of the completion scripts; nothing is translated that
// nobody shows.
func TestHelpIsWholeInChinese(t *testing.T) {
	t.Parallel()
	texts, shown := chineseHelp(), map[string]bool{}
	eachHelpText((&app{asked: "en"}).root(), func(text *string) {
		shown[*text] = true
		if *text != "" && !strings.HasPrefix(*text, "Generate the autocompletion script for") {
			require.Contains(t, texts, *text, "add it to help.zh.yaml")
		}
	})
	for text, zh := range texts {
		require.True(t, shown[text], "stale in help.zh.yaml: %s", text)
		require.NotEqual(t, text, zh)
		for _, r := range zh {
			if r > 0x2e80 {
				zh = ""
				break
			}
		}
		require.Empty(t, zh, "not Chinese")
	}
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
