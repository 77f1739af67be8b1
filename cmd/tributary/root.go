package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/store"
)

// app is one invocation: its streams and the flags common to every command.
type app struct {
	in       io.Reader
	out, err io.Writer

	configFile, dataDir, lang string
	json, quiet               bool
	behindProxy               bool // of serve

	asked string // the language as the command line asks for it, read before the flags are
}

// languages the texts exist in.
var languages = []string{"zh", "en"}

// run executes a command line and returns the exit code: 0 done, 1 failed at run time, 2 wrong input or configuration,
// 3 environment.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) (code int) {
	a := &app{in: in, out: out, err: errOut, asked: askedLanguage(args)}
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintln(errOut, a.crashed(p, debug.Stack()).Text(a.language()))
			code = 1
		}
	}()
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if !errors.Is(err, errSaid) {
		fmt.Fprintln(errOut, strings.TrimRight(errs.Render(err, a.language()), "\n"))
	}
	return exitCode(err)
}

// crashed keeps the trace of a fault of our own in a file, for the people who mend it, and makes a message for the others.
func (a *app) crashed(fault any, trace []byte) *errs.Error {
	name := "-"
	if f, err := os.CreateTemp("", "tributary-fault-*.txt"); err == nil {
		fmt.Fprintf(f, "tributary %s\n%v\n\n%s", version, fault, trace)
		if f.Close() == nil {
			name = f.Name()
		}
	}
	return errs.New(errs.Internal, "cli.crashed", errs.Args{"file": name})
}

// errSaid marks a failure whose text the command has already printed. Join it with the error that decides the code.
var errSaid = errors.New("already said")

func exitCode(err error) int {
	var usage usageError
	switch {
	case errors.As(err, &usage):
		return 2
	case errors.Is(err, context.Canceled):
		return 1
	}
	switch errs.KindOf(err) {
	case errs.Invalid, errs.NotFound, errs.Denied:
		return 2
	case errs.Unavailable:
		return 3
	}
	return 1
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "tributary",
		Short:         "Integration hub for pharmaceutical manufacturers / 医药企业数据集成中枢",
		Long:          "Tributary (百川) pulls customers, products and channel flow from the systems around a pharmaceutical\nmanufacturer, keeps one golden record per customer, traces any lot to the end customers, and publishes\nclean events on Kafka.\n\nStart with: tributary demo",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	f := root.PersistentFlags()
	f.StringVar(&a.configFile, "config", "", "configuration file (default: tributary.yaml in the working directory when there is one)")
	f.StringVar(&a.dataDir, "data", "", "folder of the embedded store and broker (default ./tributary-data)")
	f.BoolVar(&a.json, "json", false, "print one JSON document on stdout")
	f.StringVar(&a.lang, "lang", "", "language of messages: zh or en (default: from LC_ALL, LC_MESSAGES, LANG)")
	f.BoolVar(&a.quiet, "quiet", false, "no progress and no notes")
	root.SetFlagErrorFunc(flagMistake)
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if a.lang != "" && !slices.Contains(languages, a.lang) {
			return badValue(c, "lang", a.lang, "cli.want_language")
		}
		return nil
	}
	root.AddCommand(a.commands()...)
	root.SetHelpCommand(helpCmd())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	nounsNeedAVerb(root)
	if a.language() == "zh" {
		inChinese(root)
	}
	return root
}

// language is that of --lang, else of the environment.
func (a *app) language() string {
	if slices.Contains(languages, a.asked) {
		return a.asked
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return "zh"
			}
			return "en"
		}
	}
	return "en"
}

// say picks the text of the reader's language.
func (a *app) say(en, zh string) string {
	if a.language() == "zh" {
		return zh
	}
	return en
}

// load reads the configuration with the flags over it.
func (a *app) load() (*config.Config, error) {
	c, err := config.Load(a.configFile)
	if err != nil {
		return nil, err
	}
	if a.dataDir != "" {
		c.DataDir = a.dataDir
	}
	if err := hub.UseDivisions(c.Divisions); err != nil {
		return nil, err
	}
	return &c, nil
}

// open makes the hub on a migrated database. The caller closes.
func (a *app) open(ctx context.Context, verb string) (*hub.Hub, func(), error) {
	c, err := a.load()
	if err != nil {
		return nil, nil, err
	}
	return a.openWith(ctx, c, verb)
}

func (a *app) openWith(ctx context.Context, c *config.Config, verb string) (*hub.Hub, func(), error) {
	return a.openReady(ctx, c, verb, (*store.DB).Ready)
}

// openReady is openWith, where ready decides about the schema.
func (a *app) openReady(ctx context.Context, c *config.Config, verb string, ready func(*store.DB, context.Context) error) (*hub.Hub, func(), error) {
	db, err := store.Open(ctx, store.Config{URL: c.Store.URL, DataDir: c.DataDir, Now: now, Rand: rand.Reader, Verb: verb})
	if err != nil {
		return nil, nil, err
	}
	closeDB := func() {
		if err := db.Close(); err != nil {
			fmt.Fprintln(a.err, err)
		}
	}
	h, err := a.hubWith(c)
	if err == nil {
		err = ready(db, ctx)
	}
	if err != nil {
		closeDB()
		return nil, nil, err
	}
	h.DB = db
	if err := h.AdoptCompany(ctx); err != nil {
		closeDB()
		return nil, nil, err
	}
	return h, func() { h.SealAuditAtEnd(ctx); closeDB() }, nil
}

// logger writes JSON lines to stderr, warnings and worse when --quiet.
func (a *app) logger() *slog.Logger {
	level := slog.LevelInfo
	if a.quiet {
		level = slog.LevelWarn
	}
	return slog.New(slog.NewJSONHandler(a.err, &slog.HandlerOptions{Level: level}))
}
