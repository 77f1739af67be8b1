package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"tributary/bench/match/generate"
	"tributary/bench/match/measure"
	"tributary/internal/clusterscore"
)

// settings of a run.
type settings struct {
	binary, dir string
	only        string
	seed        uint64
	peers       bool
	show        int
}

func main() {
	var s settings
	flag.StringVar(&s.binary, "bin", "bin/tributary", "the program that is measured")
	flag.StringVar(&s.dir, "dir", "var/bench-match", "folder for data, results and the peers' environment")
	flag.StringVar(&s.only, "only", "", "kinds to measure, separated by commas; all when empty")
	flag.Uint64Var(&s.seed, "seed", 1, "seed of what is invented")
	flag.BoolVar(&s.peers, "peers", true, "measure the peers and the Febrl lists too; needs python3 and, the first time, the network")
	flag.IntVar(&s.show, "show", 0, "print this many wrong and missed pairs of each kind")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench-match:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	chosen, err := choose(s.only)
	if err != nil {
		return err
	}
	if _, err := os.Stat(s.binary); err != nil {
		return fmt.Errorf("%s is not there, `make build` builds it: %w", s.binary, err)
	}
	var p *python
	if s.peers {
		if p, err = newPython(ctx, s.dir); err != nil {
			return err
		}
	}
	var figures []figure
	for _, b := range chosen {
		if b.make == nil && p == nil {
			fmt.Fprintf(os.Stderr, "%s is left out: its lists come with a Python package\n", b.name)
			continue
		}
		f, err := s.measure(ctx, b, p)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		if err := f.print(os.Stdout); err != nil {
			return err
		}
		figures = append(figures, f)
	}
	return table(os.Stdout, figures)
}

func choose(only string) ([]benchmark, error) {
	if only == "" {
		return benchmarks, nil
	}
	var chosen []benchmark
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(benchmarks, func(b benchmark) bool { return b.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no kind is called %q; there are %s", name, names())
		}
		chosen = append(chosen, benchmarks[i])
	}
	return chosen, nil
}

func names() string {
	var all []string
	for _, b := range benchmarks {
		all = append(all, b.name)
	}
	return strings.Join(all, ", ")
}

// measure makes the data, runs ours and the peer, and compares both with the truth.
func (s settings) measure(ctx context.Context, b benchmark, p *python) (figure, error) {
	data := filepath.Join(s.dir, "data", b.name)
	if err := s.prepare(ctx, b, p, data); err != nil {
		return figure{}, err
	}
	truth := filepath.Join(data, "truth.csv")
	out, err := emptied(filepath.Join(s.dir, "ours", b.name))
	if err != nil {
		return figure{}, err
	}
	took, err := fastest(ctx, b.runs, s.binary, b.arguments(data, out)...)
	if err != nil {
		return figure{}, err
	}
	clusters := filepath.Join(out, "clusters.csv")
	rows, score, err := scored(truth, clusters, b.link)
	if err != nil {
		return figure{}, err
	}
	var report struct {
		Compared int64 `json:"pairs_compared"`
	}
	if err := readJSON(filepath.Join(out, "report.json"), &report); err != nil {
		return figure{}, err
	}
	f := figure{Figure: b.name, Seed: s.seed, Rows: rows, Precision: score.Precision(), Recall: score.Recall(), F1: score.F1(), Aim: b.aim, CubedPrecision: score.CubedPrecision, CubedRecall: score.CubedRecall,
		Compared: report.Compared, Seconds: took.wall, CPU: took.cpu, PeakRSS: took.peak}
	if b.make == nil {
		f.Seed = 0
	}
	if f.PairRecall, err = measure.PairRecall(truth, filepath.Join(out, "pairs.csv"), b.link); err != nil {
		return figure{}, err
	}
	if s.show > 0 {
		if err := show(os.Stdout, b, data, clusters, s.show); err != nil {
			return figure{}, err
		}
	}
	if p == nil || b.peer == "" {
		return f, nil
	}
	err = s.beside(ctx, b, p, data, &f)
	return f, err
}

// prepare writes the lists and their truth.
func (s settings) prepare(ctx context.Context, b benchmark, p *python, data string) error {
	if b.make != nil {
		return b.make(generate.Size{Rows: b.rows, Seed: s.seed}).Write(data)
	}
	_, err := execute(ctx, p.program(), p.script("febrl.py"), filepath.Dir(data))
	return err
}

// beside runs the peer on the same lists.
func (s settings) beside(ctx context.Context, b benchmark, p *python, data string, f *figure) error {
	out, err := emptied(filepath.Join(s.dir, "peer", b.name))
	if err != nil {
		return err
	}
	took, err := fastest(ctx, b.runs, p.program(), append([]string{p.script(b.peer)}, b.peerArguments(data, out)...)...)
	if err != nil {
		return err
	}
	_, score, err := scored(filepath.Join(data, "truth.csv"), filepath.Join(out, "clusters.csv"), b.link)
	if err != nil {
		return err
	}
	var report struct {
		Name string `json:"name"`
	}
	if err := readJSON(filepath.Join(out, "report.json"), &report); err != nil {
		return err
	}
	f.Peer, f.PeerPrecision, f.PeerRecall, f.PeerF1 = report.Name, score.Precision(), score.Recall(), score.F1()
	f.PeerSeconds, f.PeerCPU, f.PeerRSS, f.Ratio = took.wall, took.cpu, took.peak, f.Seconds/took.wall
	return nil
}

func scored(truth, clusters string, across bool) (rows int, s clusterscore.Score, err error) {
	items, err := measure.Read(truth, clusters)
	if err != nil {
		return 0, clusterscore.Score{}, err
	}
	return len(items), clusterscore.Of(items, across), nil
}

func readJSON(path string, into any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
