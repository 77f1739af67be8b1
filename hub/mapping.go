package hub

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tributary/connectors/filesource"
	"tributary/internal/errs"
	"tributary/mapping"
)

// MappingProblem is one thing wrong in a map file.
type MappingProblem struct {
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Code   string `json:"code"`
	Err    error  `json:"-"`
}

// LintMap checks a map file. With a sample file it also names source fields that the sample does not have.
func (h *Hub) LintMap(ctx context.Context, mapFile, sample string) ([]MappingProblem, error) {
	src, err := readMap(mapFile)
	if err != nil {
		return nil, err
	}
	var fields []string
	if sample != "" {
		table, err := filesource.Open(ctx, sample, filesource.Options{})
		if err != nil {
			return nil, err
		}
		fields = table.Headers()
		if err := table.Close(); err != nil {
			return nil, err
		}
	}
	out := []MappingProblem{}
	for _, p := range mapping.Lint(mapFile, src, fields) {
		out = append(out, MappingProblem{Line: p.Line, Column: p.Column, Code: p.Err.Code, Err: p.Err})
	}
	return out, nil
}

// Suggestion is a map proposed for the rows of a file or stream, for a person to check.
type Suggestion struct {
	Map     string   `json:"map"`
	Unknown []string `json:"unknown_columns"` // fields that found no place
}

// SuggestMap proposes a map for a file, or for a configured CONNECTION/STREAM, from the names of its fields.
func (h *Hub) SuggestMap(ctx context.Context, of, as string) (Suggestion, error) {
	kind, err := mapping.ParseKind(as)
	if err != nil {
		return Suggestion{}, err
	}
	rows, err := h.sample(ctx, of, mapping.Known(kind), sampleRows)
	if err != nil {
		return Suggestion{}, err
	}
	text, report := mapping.Suggest(kind, rows.fields)
	return Suggestion{Map: string(text), Unknown: append([]string{}, report.Unknown...)}, nil
}

// CaseReport is the outcome of one golden case of a map.
type CaseReport struct {
	Case string `json:"case"`
	OK   bool   `json:"ok"`
	Want string `json:"want,omitempty"` // both texts only when they differ
	Got  string `json:"got,omitempty"`
}

// TestMap runs the golden cases of maps. file is a case (txtar), or a map: then the cases beside it, named like it
// (stores.yaml: stores.txtar, stores.returns.txtar, …), are run with it. With update the results become what is wanted.
func (h *Hub) TestMap(file string, update bool) ([]CaseReport, error) {
	var beside []byte
	cases := []string{file}
	if stem, isMap := strings.TrimSuffix(file, filepath.Ext(file)), filepath.Ext(file) != ".txtar"; isMap {
		var err error
		if beside, err = readMap(file); err != nil {
			return nil, err
		}
		if cases, err = casesBeside(stem); err != nil {
			return nil, err
		}
	}
	out := []CaseReport{}
	for _, name := range cases {
		archive, err := readMap(name)
		if err != nil {
			return out, err
		}
		c, err := mapping.RunCase(name, archive, beside)
		if err != nil {
			return out, err
		}
		r := CaseReport{Case: name, OK: c.OK()}
		switch {
		case !r.OK && update:
			if err := os.WriteFile(name, c.Updated(), 0o644); err != nil {
				return out, errs.Wrap(errs.Unavailable, "hub.cannot_write", err, errs.Args{"file": name})
			}
			r.OK = true
		case !r.OK:
			r.Want, r.Got = string(c.Want), string(c.Got)
		}
		out = append(out, r)
	}
	return out, nil
}

// casesBeside are the cases named like a map: stem.txtar and stem.ANY.txtar.
func casesBeside(stem string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(stem))
	if err != nil {
		return nil, errs.New(errs.Invalid, "hub.map_unreadable", errs.Args{"file": stem, "why": err})
	}
	var out []string
	for _, e := range entries {
		rest, named := strings.CutPrefix(e.Name(), filepath.Base(stem)+".")
		if named && strings.HasSuffix("."+rest, ".txtar") {
			out = append(out, filepath.Join(filepath.Dir(stem), e.Name()))
		}
	}
	if out == nil {
		return nil, errs.New(errs.Invalid, "hub.no_cases", errs.Args{"stem": filepath.Base(stem), "dir": filepath.Dir(stem)})
	}
	return out, nil
}

func readMap(file string) ([]byte, error) {
	src, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errs.New(errs.Invalid, "hub.map_missing", errs.Args{"file": file})
	}
	if err != nil {
		return nil, errs.New(errs.Invalid, "hub.map_unreadable", errs.Args{"file": file, "why": err})
	}
	return src, nil
}
