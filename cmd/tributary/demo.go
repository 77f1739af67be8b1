package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/world"
	"tributary/hub"
	"tributary/internal/config"
	"tributary/trace"
)

func (a *app) demoCmd() *cobra.Command {
	conf := sandbox.Config{Now: now}
	var once bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run the main job on a simulated world: pull, resolve, join, publish, trace a complaint",
		Long: "Start simulated source systems over one world, each with its own part of it, pull from them, import spreadsheets, make\n" +
			"golden customers and movements, publish events on Kafka, and answer a complaint about a lot. Then serve until Ctrl-C.\n" +
			"docs/demo.md lists the systems.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := a.demo(cmd.Context(), conf, once)
			if cmd.Context().Err() != nil {
				return nil // told to stop: the next start goes on where this one stood
			}
			return err
		},
	}
	sandboxFlags(c, &conf)
	c.Flags().BoolVar(&once, "once", false, "end after the complaint's answer")
	return c
}

func (a *app) demo(ctx context.Context, conf sandbox.Config, once bool) (err error) {
	c, err := a.load()
	if err != nil {
		return err
	}
	conf.Dir = filepath.Join(c.DataDir, "sandbox")
	progress := a.steps()
	var sb *sandbox.Sandbox
	if err := progress.do(a.say("simulated world", "模拟世界"), func() (string, error) {
		sb, err = startSandbox(ctx, conf)
		if err != nil {
			return "", err
		}
		w := sb.World()
		return fmt.Sprintf(a.say("%d customers, %d movements of goods; systems at %s", "%d 个真实客户，%d 笔真实货物移动；系统地址 %s"), len(w.Customers), len(w.Movements), sb.URL()), nil
	}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sb.Close()) }()
	file, err := a.pointAt(c, sb)
	if err != nil {
		return err
	}
	quiet := *a
	quiet.quiet = true // the steps tell what the log would
	s, closeService, err := quiet.start(ctx, c, "demo")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeService()) }()
	if err := s.hub.ClaimForDemo(ctx); err != nil {
		return err
	}
	return s.run(ctx, func(ctx context.Context, w *workers) error {
		if err := a.demoJob(ctx, s, sb, progress); err != nil || once {
			return err
		}
		a.note("")
		a.note(a.say("The hub goes on. Ask it from another terminal, for example:", "中枢继续运行。可在另一终端查询，例如："))
		a.note("  tributary --config %s customers search 市第一人民医院", file)
		if code := tracedPack(sb.World()); code != "" {
			a.note("  tributary --config %s trace code %s", file, code)
		}
		s.announce(a)
		return w.work(ctx)
	})
}

// tracedPack is a case of the lot of the complaint that both sides of a delivery tell of; "" in a world without one.
func tracedPack(w *world.World) string {
	for _, r := range w.Receipts(1) {
		if r.Line.Lot == w.Complaint.Lot && len(r.Packs) > 0 {
			return r.Packs[len(r.Packs)-1].Code
		}
	}
	return ""
}

// demoJob runs the main job and tells what came of it.
func (a *app) demoJob(ctx context.Context, s *service, sb *sandbox.Sandbox, progress *steps) error {
	if err := a.demoSteps(ctx, s, sb, progress); err != nil {
		return err
	}
	var told demoAnswer
	if err := progress.do(a.say("golden customers against the truth", "主数据客户与真实情况对照"), func() (said string, err error) {
		told.Golden, err = agreements(ctx, s.hub, sb)
		return a.tellAgreements(told.Golden), err
	}); err != nil {
		return err
	}
	var err error
	if told.Orders, err = a.ordersWritten(ctx, s.hub, sb); err != nil {
		return err
	}
	return a.complaint(ctx, s.hub, sb, told)
}

// pointAt makes the configuration point at the sandbox and keeps it as a file for other commands.
func (a *app) pointAt(c *config.Config, sb *sandbox.Sandbox) (string, error) {
	text := sb.Config()
	refs := config.References{Env: os.LookupEnv, ReadFile: os.ReadFile}
	parsed, err := config.Parse("sandbox", []byte(text), refs)
	if err != nil {
		return "", fmt.Errorf("configuration of the sandbox: %w", err)
	}
	c.Company, c.Connections = parsed.Company, parsed.Connections
	file := filepath.Join(c.DataDir, "demo.yaml")
	dir, err := filepath.Abs(c.DataDir)
	if err != nil {
		return "", err
	}
	text += fmt.Sprintf("data_dir: %q\n", dir)
	return file, os.WriteFile(file, []byte(text), 0o600)
}

// postPatience bounds how long a system may take to post what it holds.
const postPatience = 5 * time.Minute

// demoSteps runs the main job, each part as a step. Systems that post do so before the hub looks what came.
func (a *app) demoSteps(ctx context.Context, s *service, sb *sandbox.Sandbox, progress *steps) error {
	for _, role := range sb.Cast() {
		if err := progress.do(a.say(role.EN, role.ZH), func() (string, error) {
			posting, cancel := context.WithTimeout(ctx, postPatience)
			defer cancel()
			if err := sb.Push(posting, s.address(), role.Name); err != nil {
				return "", err
			}
			report, err := s.hub.Pull(ctx, hub.PullRequest{Targets: []string{role.Name}, Lang: a.language()})
			return a.counts(report), err
		}); err != nil {
			return err
		}
	}
	if err := progress.do(a.say("spreadsheets: patients, doctors at meetings, terminals", "电子表格：患者、会议签到医生、终端"), func() (string, error) {
		var sum hub.IngestReport
		for _, f := range sb.Spreadsheets() {
			report, err := s.hub.Import(ctx, hub.ImportRequest{Files: []string{f.Path}, As: f.As, Source: f.Source, Lang: a.language()})
			sum.Totals = sum.Totals.Add(report.Totals)
			if err != nil {
				return "", err
			}
		}
		return a.counts(sum), nil
	}); err != nil {
		return err
	}
	if err := progress.do(a.say("golden customers, two-ledger join", "主数据客户与双账拼接"), func() (string, error) {
		r, err := s.hub.Settle(ctx)
		return fmt.Sprintf(a.say("%d records → %d golden customers; %d flow lines → %d movements; %d complaint cases; %d questions for a steward",
			"%d 条记录 → %d 个主数据客户；%d 行流向 → %d 笔移动；%d 起投诉；%d 项待复核"),
			r.Resolve.Records, r.Resolve.Created, r.Join.Lines, r.Join.Opened, r.Complaints, r.Resolve.Questions), err
	}); err != nil {
		return err
	}
	if err := a.orderStep(ctx, s.hub, sb, progress); err != nil {
		return err
	}
	return progress.do(a.say("events to Kafka at ", "发布事件到 Kafka ")+s.broker.Address, func() (string, error) {
		sent, err := s.hub.Publish(ctx, s.broker)
		return fmt.Sprintf(a.say("%d events", "%d 条事件"), sent), err
	})
}

func (a *app) counts(r hub.IngestReport) string {
	t := r.Totals
	text := fmt.Sprintf(a.say("%d rows", "%d 行"), t.Read)
	for _, part := range []struct {
		n      int64
		en, zh string
	}{{t.Canonical, "new", "入库"}, {t.Unchanged, "unchanged", "未变"}, {t.Quarantined, "quarantined", "隔离"}, {t.Filtered, "filtered", "过滤"}} {
		if part.n > 0 && part.n < t.Read {
			text += fmt.Sprintf(", %d %s", part.n, a.say(part.en, part.zh))
		}
	}
	return strings.TrimSpace(text)
}

// complaintParties is how many parties of the answer the demo prints.
const complaintParties = 25

// demoAnswer is what the demo tells beside the list of who has the lot.
type demoAnswer struct {
	Golden []agreement `json:"golden_customers"`
	Recall recallCheck `json:"recall_list"`
	Orders ordersInERP `json:"orders"`
}

// complaint takes a complaint about a lot and prints who holds it.
func (a *app) complaint(ctx context.Context, h *hub.Hub, sb *sandbox.Sandbox, told demoAnswer) error {
	w := sb.World()
	lot := w.Lots[w.Complaint.Lot]
	product := w.Products[lot.Product]
	began := now()
	r, err := h.TraceLot(ctx, hub.TraceLotRequest{Product: product.Code, Lot: lot.Number, Lang: a.language()})
	if err != nil {
		return err
	}
	took := now().Sub(began)
	told.Recall, err = checkRecall(ctx, h, sb, w.Complaint.Lot, r)
	if err != nil {
		return err
	}
	if a.json {
		return a.print(struct {
			trace.Result
			demoAnswer
		}{r, told}, nil)
	}
	fmt.Fprintf(a.out, a.say("\nA hospital complains about lot %s of %s. Who has it, how much, whom to call? (answered in %d ms)\n\n",
		"\n某医院投诉 %[2]s 批号 %[1]s：在谁手里、多少、联系谁？（%[3]d 毫秒得出）\n\n"), lot.Number, product.Name, took.Milliseconds())
	if err := a.writeTrace(a.out, r, complaintParties); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "\n%s\n%s", a.tellRecall(told.Recall), a.tellOrders(told.Orders))
	return err
}
