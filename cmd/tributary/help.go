package main

import (
	_ "embed"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

//go:embed help.zh.yaml
var helpInChinese []byte

// chineseHelp maps the English texts of the help to Chinese.
func chineseHelp() map[string]string {
	texts := map[string]string{}
	// The file is part of the program, and a test reads it.
	_ = yaml.Unmarshal(helpInChinese, &texts)
	return texts
}

const helpFlagUsage = "show this help"

// helpTemplate is cobra's, in Chinese.
const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}用法：{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} [命令]

命令：{{range .Commands}}{{if (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

参数：
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

通用参数：
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

“{{.CommandPath}} [命令] --help” 显示某个命令的详细说明。{{end}}
`

// inChinese turns the help of a command and everything below it into Chinese.
func inChinese(root *cobra.Command) {
	root.SetHelpTemplate(helpTemplate)
	texts := chineseHelp()
	eachHelpText(root, func(text *string) {
		if zh, ok := texts[*text]; ok {
			*text = zh
		}
	})
}

// eachHelpText hands out every text that the help of a command and everything below it shows.
func eachHelpText(c *cobra.Command, do func(text *string)) {
	c.InitDefaultHelpFlag()
	do(&c.Short)
	do(&c.Long)
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			f.Usage = helpFlagUsage
		}
		do(&f.Usage)
	})
	for _, sub := range c.Commands() {
		eachHelpText(sub, do)
	}
}
