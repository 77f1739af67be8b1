package hub

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tributary/dedupe"
	"tributary/dedupe/table"
	"tributary/internal/errs"
)

// MatchRequest asks for duplicates within one file, or for matches across two.
type MatchRequest struct {
	Files       []string
	Out         string // folder of the results; made when it is not there
	ID          string // id column; "" = the column id, else the row number from 1
	Columns     string // file that says what columns hold; "" = inferred
	Model       string // model file; "" = learned from the rows
	Link        bool
	Cardinality string  // "", one-to-one, many-to-one, any
	Threshold   float64 // 0 = the model's
	Ignore      []string
}

// MatchReport is report.json.
type MatchReport struct {
	Rows         int               `json:"rows"`
	Compared     int64             `json:"pairs_compared"`
	BlockingKeys []string          `json:"blocking_keys"`
	Threshold    float64           `json:"threshold"`
	Lambda       float64           `json:"lambda"`
	Clusters     int               `json:"clusters"`
	Seconds      float64           `json:"seconds"`
	PeakRSS      int64             `json:"peak_rss_bytes"`
	Matches      int               `json:"matches"`
	Model        string            `json:"model_version"`
	Columns      map[string]string `json:"columns"` // column → kind
	Cardinality  string            `json:"cardinality,omitempty"`
	Suitors      *table.Suitors    `json:"suitors,omitempty"` // what the cardinality was chosen by when none was asked for
	RefinedKeys  int               `json:"refined_keys"`      // keys that too many rows share
	Ties         int               `json:"ties"`              // pairs left out although they weigh as much as the one taken
	Warnings     []string          `json:"warnings"`          // codes; Notes are their messages
	Notes        []*errs.Error     `json:"-"`
	Files        []string          `json:"files"`
}

// matchSeed is where the drawing of random pairs begins. It is fixed: the same rows give the same model.
const matchSeed = 20240229

// Match finds the rows of plain files that speak of one thing. It stores nothing but the four result files.
func (h *Hub) Match(ctx context.Context, req MatchRequest) (*MatchReport, error) {
	started := h.Now()
	options, err := matchOptions(req)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(req.Out, 0o755); err != nil {
		return nil, errs.Wrap(errs.Unavailable, "hub.cannot_write", err, errs.Args{"file": req.Out})
	}
	sources, err := readLists(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := namedColumns(req, &options, sources); err != nil {
		return nil, err
	}
	result, err := table.Match(ctx, sources, options)
	switch {
	case errors.Is(err, table.ErrNoColumns):
		return nil, errs.New(errs.Invalid, "match.no_columns", errs.Args{"file": fileNames(req.Files), "columns": headersOf(sources)})
	case errors.Is(err, table.ErrOtherColumns):
		return nil, errs.Wrap(errs.Invalid, "match.other_columns", err, errs.Args{"file": filepath.Base(req.Model), "columns": headersOf(sources)})
	case err != nil && ctx.Err() == nil && req.Model != "":
		return nil, errs.Wrap(errs.Invalid, "match.model", err, errs.Args{"file": filepath.Base(req.Model)})
	case err != nil:
		return nil, fmt.Errorf("match %s: %w", fileNames(req.Files), err)
	}
	report := newMatchReport(req, sources, result)
	report.Seconds = float64(h.Now().Sub(started).Milliseconds()) / 1000
	report.PeakRSS = peakMemory()
	return report, writeMatch(req.Out, sources, result, report)
}

// matchOptions checks the request and reads the files it names beside the data.
func matchOptions(req MatchRequest) (table.Options, error) {
	o := table.Options{Link: req.Link, Cardinality: table.Cardinality(req.Cardinality), Threshold: req.Threshold, Ignore: req.Ignore, Seed: matchSeed}
	switch {
	case req.Link && len(req.Files) != 2:
		return o, errs.New(errs.Invalid, "match.link_two", errs.Args{"count": len(req.Files)})
	case !req.Link && len(req.Files) != 1:
		return o, errs.New(errs.Invalid, "match.two_without_link", nil)
	case !req.Link && req.Cardinality != "":
		return o, errs.New(errs.Invalid, "match.cardinality_link", nil)
	case !slices.Contains([]table.Cardinality{table.Auto, table.OneToOne, table.ManyToOne, table.Any}, o.Cardinality):
		return o, errs.New(errs.Invalid, "match.cardinality", errs.Args{"value": req.Cardinality})
	case !(req.Threshold >= 0 && req.Threshold < 1):
		return o, errs.New(errs.Invalid, "match.threshold", errs.Args{"value": req.Threshold})
	}
	if req.Model != "" {
		b, err := readSmall(req.Model)
		if err != nil {
			return o, err
		}
		if o.Model, err = table.ParseModel(b); err != nil {
			if _, other := dedupe.ParseModel(b); other == nil {
				return o, errs.New(errs.Invalid, "match.model_of_customers", errs.Args{"file": filepath.Base(req.Model)})
			}
			return o, errs.Wrap(errs.Invalid, "match.model", err, errs.Args{"file": filepath.Base(req.Model)})
		}
		if o.Model.Link != req.Link {
			code := "match.model_of_one"
			if o.Model.Link {
				code = "match.model_of_two"
			}
			return o, errs.New(errs.Invalid, code, errs.Args{"file": filepath.Base(req.Model)})
		}
	}
	if req.Columns != "" {
		b, err := readSmall(req.Columns)
		if err != nil {
			return o, err
		}
		if o.Kinds, err = table.ParseKinds(b); err != nil {
			return o, errs.Wrap(errs.Invalid, "match.columns", err, errs.Args{"file": filepath.Base(req.Columns), "kinds": kindNames()})
		}
	}
	return o, nil
}

// namedColumns refuses names of columns that no file has, and takes the id column out of the evidence.
func namedColumns(req MatchRequest, o *table.Options, sources []*table.Source) error {
	names := slices.Clone(req.Ignore)
	for c := range o.Kinds {
		names = append(names, c)
	}
	slices.Sort(names)
	for _, name := range names {
		if !slices.ContainsFunc(sources, func(s *table.Source) bool { return s.Has(name) }) {
			return errs.New(errs.Invalid, "match.unknown_column", errs.Args{"column": name, "columns": headersOf(sources)})
		}
	}
	return nil
}

func kindNames() string {
	var out []string
	for _, k := range table.Kinds() {
		out = append(out, string(k))
	}
	return strings.Join(out, ", ")
}

func fileNames(files []string) string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = filepath.Base(f)
	}
	return strings.Join(names, ", ")
}

func headersOf(sources []*table.Source) string {
	var names []string
	for _, s := range sources {
		for _, c := range s.Columns {
			if !slices.Contains(names, c.Name) {
				names = append(names, c.Name)
			}
		}
	}
	return strings.Join(names, ", ")
}

// readSmall reads a file written by hand or by an earlier run.
func readSmall(path string) ([]byte, error) {
	const most = 64 << 20
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return nil, errs.New(errs.Invalid, "files.missing", errs.Args{"file": filepath.Base(path)})
	case err == nil && info.IsDir():
		return nil, errs.New(errs.Invalid, "files.directory", errs.Args{"file": filepath.Base(path)})
	case err == nil && info.Size() > most:
		return nil, errs.New(errs.Invalid, "match.file_too_large", errs.Args{"file": filepath.Base(path)})
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "files.read", err, errs.Args{"file": filepath.Base(path)})
	}
	return b, nil
}

func newMatchReport(req MatchRequest, sources []*table.Source, r *table.Result) *MatchReport {
	out := &MatchReport{
		Compared: r.Compared, BlockingKeys: append([]string{}, r.Model.Blocking...), Threshold: r.Threshold, Lambda: r.Model.Lambda, Clusters: len(r.Clusters),
		Model: r.Model.Version, Columns: map[string]string{}, RefinedKeys: r.Capped, Ties: r.Ties, Warnings: []string{}, Cardinality: string(r.Cardinality),
	}
	if req.Link && r.Suitors != (table.Suitors{}) {
		out.Suitors = &r.Suitors
	}
	for _, s := range sources {
		out.Rows += s.Rows()
	}
	for _, p := range r.Pairs {
		if p.Probability >= r.Threshold {
			out.Matches++
		}
	}
	for c, k := range r.Kinds {
		out.Columns[c] = string(k)
	}
	for _, f := range req.Files {
		out.Files = append(out.Files, filepath.Base(f))
	}
	for _, w := range r.Warnings {
		out.Warnings = append(out.Warnings, w)
		out.Notes = append(out.Notes, errs.New(errs.Invalid, "match.warn_"+w, errs.Args{"file": fileNames(req.Files)}))
	}
	return out
}

// peakMemory is the most memory the process has held, in bytes, 0 where the system does not tell.
func peakMemory() int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err == nil {
				return kb << 10
			}
		}
	}
	return 0
}
