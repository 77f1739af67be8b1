package hub

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tributary/connectors/filesource"
	"tributary/dedupe/table"
	"tributary/internal/cell"
	"tributary/internal/errs"
)

// idColumn is the id column when none is named.
const idColumn = "id"

// readLists reads the files of a request.
func readLists(ctx context.Context, req MatchRequest) ([]*table.Source, error) {
	var out []*table.Source
	for _, path := range req.Files {
		s, err := readList(ctx, path, req.ID)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(o *table.Source) bool { return o.Name == s.Name }) {
			return nil, errs.New(errs.Invalid, "match.same_name", errs.Args{"name": s.Name})
		}
		out = append(out, s)
	}
	return out, nil
}

// readList reads one file; its source is called as the file is, without the extension. A row that cannot be read ends
// the run: leaving it out would make a result that looks whole.
func readList(ctx context.Context, path, id string) (*table.Source, error) {
	t, err := filesource.Open(ctx, path, filesource.Options{Plain: true})
	if err != nil {
		return nil, err
	}
	defer t.Close()
	base := filepath.Base(path)
	headers, at := listColumns(t.Headers(), id)
	if id != "" && at < 0 {
		return nil, errs.New(errs.Invalid, "match.no_id", errs.Args{"file": base, "column": id, "columns": strings.Join(t.Headers(), ", ")})
	}
	s := table.NewSource(strings.TrimSuffix(base, filepath.Ext(base)), headers)
	seen := map[string]int{}
	if at >= 0 {
		s.IDs = []string{}
	}
	for {
		rec, err := t.Next()
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		if rec.Bad != nil {
			return nil, errs.New(errs.Invalid, "match.bad_row", errs.Args{"file": base, "row": rec.Number, "why": errs.New(errs.Invalid, rec.Bad.Code, errs.Args{"value": rec.Bad.Value})})
		}
		if at >= 0 {
			own := rec.Cells[at]
			if own == "" {
				return nil, errs.New(errs.Invalid, "match.blank_id", errs.Args{"file": base, "row": rec.Number, "column": headers[at]})
			}
			if before, twice := seen[own]; twice {
				return nil, errs.New(errs.Invalid, "match.id_twice", errs.Args{"file": base, "row": rec.Number, "before": before, "column": headers[at]})
			}
			seen[own] = rec.Number
			s.IDs = append(s.IDs, own)
			rec.Cells[at] = ""
		}
		s.Add(rec.Cells)
	}
}

// listColumns names every column, those without a name by their place, and finds the id column.
func listColumns(headers []string, id string) (names []string, at int) {
	at = -1
	want := id
	if want == "" {
		want = idColumn
	}
	for i, h := range headers {
		if h == "" {
			h = "column " + strconv.Itoa(i+1)
		}
		for n := 2; slices.Contains(names, h); n++ {
			h = headers[i] + " " + strconv.Itoa(n)
		}
		names = append(names, h)
		if at < 0 && strings.EqualFold(strings.TrimSpace(headers[i]), want) {
			at = i
		}
	}
	return names, at
}

// writeMatch writes the four files; each appears whole or not at all, the report last.
func writeMatch(dir string, sources []*table.Source, r *table.Result, report *MatchReport) error {
	model, err := r.Model.YAML()
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"pairs.csv", func(w io.Writer) error { return writePairs(w, sources, r) }},
		{"clusters.csv", func(w io.Writer) error { return writeClusters(w, sources, r) }},
		{"model.yaml", func(w io.Writer) error { _, err := w.Write(model); return err }},
		{"report.json", func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(report)
		}},
	} {
		if err := writeFile(filepath.Join(dir, f.name), f.write); err != nil {
			return err
		}
	}
	return nil
}

func writePairs(w io.Writer, sources []*table.Source, r *table.Result) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"left_source", "left_id", "right_source", "right_id", "match_weight", "match_probability"}); err != nil {
		return err
	}
	for _, p := range r.Pairs {
		left, right := sources[p.Left.Source], sources[p.Right.Source]
		err := out.Write([]string{
			left.Name, cell.Plain(left.ID(p.Left.Row)), right.Name, cell.Plain(right.ID(p.Right.Row)),
			strconv.FormatFloat(p.Weight, 'f', -1, 64), strconv.FormatFloat(p.Probability, 'g', 9, 64),
		})
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func writeClusters(w io.Writer, sources []*table.Source, r *table.Result) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"source", "id", "cluster_id"}); err != nil {
		return err
	}
	for n, c := range r.Clusters {
		id := strconv.Itoa(n + 1)
		for _, row := range c {
			s := sources[row.Source]
			if err := out.Write([]string{s.Name, cell.Plain(s.ID(row.Row)), id}); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// writeFile writes a file beside its place and renames it.
func writeFile(path string, write func(io.Writer) error) (err error) {
	failed := func(err error) error {
		return errs.Wrap(errs.Unavailable, "hub.cannot_write", err, errs.Args{"file": path})
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return failed(err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first failure is the one to tell
		}
	}()
	b := bufio.NewWriterSize(f, 1<<16)
	err = write(b)
	if err == nil {
		err = b.Flush()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return failed(fmt.Errorf("write %s: %w", filepath.Base(path), err))
	}
	return nil
}
