package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tributary/internal/errs"
	"tributary/internal/nearest"
)

// usageError is a mistake in the command line that no message of the catalogue describes better.
type usageError struct{ error }

// flagMistake says in the reader's language what the flag parser found wrong.
func flagMistake(c *cobra.Command, err error) error {
	e := func(code string, args errs.Args) error {
		args["command"] = c.CommandPath()
		return errs.New(errs.Invalid, code, args)
	}
	var unknown *pflag.NotExistError
	var valueless *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	var malformed *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &unknown):
		flag := "--" + unknown.GetSpecifiedName()
		if letters := unknown.GetSpecifiedShortnames(); letters != "" {
			flag = "-" + letters
		}
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		return e("cli.unknown_flag", errs.Args{"flag": flag, "near": nearest.Or(flag, names, strings.Join(names, ", "))})
	case errors.As(err, &valueless):
		return e("cli.flag_needs_value", errs.Args{"flag": "--" + valueless.GetFlag().Name})
	case errors.As(err, &invalid):
		return e("cli.flag_value", errs.Args{"flag": "--" + invalid.GetFlag().Name, "value": invalid.GetValue(), "want": wantOf(invalid.GetFlag())})
	case errors.As(err, &malformed):
		return e("cli.flag_syntax", errs.Args{"flag": malformed.GetSpecifiedFlag()})
	}
	return usageError{err}
}

// wantOf describes what a flag takes.
func wantOf(f *pflag.Flag) errs.Word {
	switch f.Value.Type() {
	case "bool":
		return "cli.want_yes_no"
	case "int", "int64", "uint64":
		return "cli.want_integer"
	case "float64":
		return "cli.want_number"
	}
	return "cli.want_text"
}

// badValue is the mistake of a flag whose text reads well for the parser and means nothing.
func badValue(c *cobra.Command, flag, value string, want errs.Word) error {
	return errs.New(errs.Invalid, "cli.flag_value", errs.Args{"command": c.CommandPath(), "flag": "--" + flag, "value": value, "want": want})
}

// required makes a missing flag a usage error like any other.
func required(c *cobra.Command, name string) {
	check := c.PreRunE
	c.PreRunE = func(cmd *cobra.Command, argv []string) error {
		if !cmd.Flags().Changed(name) {
			return errs.New(errs.Invalid, "cli.flag_required", errs.Args{"command": cmd.CommandPath(), "flag": name})
		}
		if check != nil {
			return check(cmd, argv)
		}
		return nil
	}
}

// args wraps cobra's argument checks so that a wrong count is a usage error in the reader's language.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		if check(c, given) == nil {
			return nil
		}
		var what any = strings.Join(given, " ")
		if len(given) == 0 {
			what = errs.Word("cli.nothing")
		}
		return errs.New(errs.Invalid, "cli.arguments", errs.Args{"command": c.CommandPath(), "want": wantArguments(c, check), "given": what, "usage": c.UseLine()})
	}
}

// wantArguments tries a check to learn how many arguments it takes.
func wantArguments(c *cobra.Command, check cobra.PositionalArgs) errs.Word {
	takes := func(n int) bool { return check(c, make([]string, n)) == nil }
	switch {
	case takes(0) && !takes(1):
		return "cli.want_no_argument"
	case takes(1) && !takes(2):
		return "cli.want_one_argument"
	case takes(1) && takes(2):
		return "cli.want_some_arguments"
	}
	return "cli.want_other_arguments"
}

// nounsNeedAVerb makes `tributary NOUN` list its verbs and an unknown verb a usage error.
func nounsNeedAVerb(c *cobra.Command) {
	for _, sub := range c.Commands() {
		nounsNeedAVerb(sub)
	}
	if !c.HasSubCommands() || c.RunE != nil {
		return
	}
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, given []string) error {
		if len(given) > 0 {
			return unknownCommand(c, given[0])
		}
		return c.Help()
	}
}

func unknownCommand(c *cobra.Command, name string) error {
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return errs.New(errs.Invalid, "cli.unknown_command", errs.Args{"command": c.CommandPath(), "name": name, "near": nearest.Or(name, names, strings.Join(names, ", "))})
}

// helpCmd shows the help of a command. Cobra's own answers an unknown topic with success.
func helpCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND…]",
		Short: "Help about any command",
		RunE: func(c *cobra.Command, path []string) error {
			topic := c.Root()
			for _, name := range path {
				next, _, err := topic.Find([]string{name})
				if err != nil || next == topic {
					return unknownCommand(topic, name)
				}
				topic = next
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}

// askedLanguage finds --lang in a command line that may not parse, so that the parser's own complaint speaks it.
func askedLanguage(argv []string) string {
	for i, arg := range argv {
		switch {
		case arg == "--":
			return ""
		case arg == "--lang" && i+1 < len(argv):
			return argv[i+1]
		case strings.HasPrefix(arg, "--lang="):
			return strings.TrimPrefix(arg, "--lang=")
		}
	}
	return ""
}
