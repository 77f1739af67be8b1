package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMistakesOnTheCommandLine(t *testing.T) {
	t.Setenv("LC_ALL", "C.UTF-8")
	here := newInstallation(t)
	for name, c := range map[string]struct {
		argv   []string
		en, zh string
	}{
		"unknown command":      {[]string{"tracee"}, "tributary has no command “tracee”.\n  → Did you mean: trace?", "tributary 没有子命令“tracee”。\n  → 是否想写：trace？"},
		"unknown verb":         {[]string{"runs", "lst"}, "tributary runs has no command “lst”.\n  → Did you mean: list?", "tributary runs 没有子命令“lst”"},
		"nothing like it":      {[]string{"runs", "qqqqqqq"}, "Did you mean: list, show?", "是否想写：list, show？"},
		"unknown help topic":   {[]string{"help", "runs", "lst"}, "tributary runs has no command “lst”", "没有子命令“lst”"},
		"unknown completion":   {[]string{"completion", "tcsh"}, "tributary completion has no command “tcsh”", "没有子命令“tcsh”"},
		"unknown flag":         {[]string{"import", "--sorce", "x"}, "tributary import has no flag --sorce.\n  → Did you mean: --source?", "tributary import 没有参数 --sorce。\n  → 是否想写：--source？"},
		"unknown letter":       {[]string{"import", "-z"}, "has no flag -z", "没有参数 -z"},
		"flag without a value": {[]string{"runs", "list", "--limit"}, "The flag --limit of tributary runs list needs a value.", "参数 --limit 缺少取值"},
		"flag of another type": {[]string{"runs", "list", "--limit", "ten"}, "“ten” cannot be the value of --limit; it takes a whole number.", "“ten”不能作为 --limit 的取值，应为整数。"},
		"not a number":         {[]string{"sandbox", "--scale", "big"}, "--scale; it takes a number.", "--scale 的取值，应为数字。"},
		"not yes or no":        {[]string{"pull", "--dry-run=perhaps"}, "it takes true or false", "应为true 或 false"},
		"not a flag":           {[]string{"pull", "--=x"}, "“--=x” is not a flag", "“--=x”不是有效的参数写法"},
		"not a day":            {[]string{"pull", "--from", "yesterday"}, "“yesterday” cannot be the value of --from; it takes a day such as 2026-01-31", "应为日期（如 2026-01-31）"},
		"not one character":    {[]string{"import", "x", "--as", "sales", "--source", "s", "--delimiter", "tab"}, "one character", "单个字符"},
		"required flag":        {[]string{"import", "x.csv", "--source", "s"}, "tributary import needs the flag --as.", "tributary import 缺少必需的参数 --as。"},
		"no argument":          {[]string{"connectors", "show"}, "tributary connectors show takes one argument; given: nothing.\n  → Write it as: tributary connectors show NAME", "应有一个参数，实际给出：无。"},
		"one too many":         {[]string{"version", "a"}, "takes no argument; given: a.", "应有零个参数，实际给出：a。"},
		"some arguments":       {[]string{"import", "--as", "sales", "--source", "s"}, "takes at least one argument", "至少一个参数"},
		"relay without --once": {[]string{"relay"}, "--once", "--once"},
	} {
		t.Run(name, func(t *testing.T) {
			for lang, want := range map[string]string{"en": c.en, "zh": c.zh} {
				a := here.run(append([]string{"--lang", lang}, c.argv...)...)
				require.Equal(t, 2, a.code, "%s%s", a.out, a.err)
				require.Empty(t, a.out)
				require.Contains(t, a.err, want)
			}
		})
	}
	require.NoDirExists(t, here.dir+"/data", "a mistake touches nothing")
}

func TestLanguageIsAskedForOrTheEnvironments(t *testing.T) {
	here := newInstallation(t)
	a := here.run("--lang", "fr", "version")
	require.Equal(t, 2, a.code)
	require.Contains(t, a.err, "“fr” cannot be the value of --lang; it takes zh or en.")

	for _, c := range []struct{ all, messages, lang, flag, want string }{
		{all: "zh_CN.UTF-8", want: "zh"},
		{all: "C", lang: "zh_CN.UTF-8", want: "en"},
		{messages: "zh_TW", lang: "en_US.UTF-8", want: "zh"},
		{lang: "de_DE", want: "en"},
		{want: "en"},
		{all: "zh_CN.UTF-8", flag: "--lang=en", want: "en"},
	} {
		t.Setenv("LC_ALL", c.all)
		t.Setenv("LC_MESSAGES", c.messages)
		t.Setenv("LANG", c.lang)
		require.Equal(t, c.want, (&app{asked: askedLanguage([]string{c.flag, "version"})}).language(), "%+v", c)
	}
	require.Empty(t, askedLanguage([]string{"import", "--", "--lang", "zh"}), "after -- there are only arguments")
}

func TestNounAloneListsItsVerbs(t *testing.T) {
	here := newInstallation(t)
	require.Contains(t, here.ok().out, "tributary demo")
	require.Contains(t, here.ok("runs").out, "List runs, newest first")
}
