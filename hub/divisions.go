package hub

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/normalize"
)

// UseDivisions makes the process read names and addresses with the tables that the configuration names. Without any it
// does nothing. Call it before anything is normalised.
func UseDivisions(c config.Divisions) error {
	if c.Current == "" && c.History == "" {
		return nil
	}
	refuse := func(file string, err error) error {
		return errs.New(errs.Invalid, "hub.divisions", errs.Args{"file": file, "why": err.Error()})
	}
	builtIn, builtInHistory := normalize.DivisionFiles()
	current, err := tableOr(c.Current, builtIn)
	if err != nil {
		return refuse(c.Current, err)
	}
	history, err := tableOr(c.History, builtInHistory)
	if err != nil {
		return refuse(c.History, err)
	}
	d, err := normalize.LoadDivisions(current, history)
	if err != nil {
		return refuse(strings.Trim(c.Current+", "+c.History, ", "), err)
	}
	normalize.UseDivisions(d)
	return nil
}

func tableOr(path, builtIn string) (io.Reader, error) {
	if path == "" {
		return strings.NewReader(builtIn), nil
	}
	b, err := os.ReadFile(path)
	return strings.NewReader(string(b)), err
}

// DivisionTables are the tables of administrative divisions that were written.
type DivisionTables struct {
	AsOf    string `json:"as_of"`
	Current string `json:"current"` // file
	History string `json:"history"` // file
}

// WriteDivisions writes the built-in tables into a folder, to be brought up to date.
func WriteDivisions(dir string) (DivisionTables, error) {
	current, history := normalize.DivisionFiles()
	t := DivisionTables{Current: filepath.Join(dir, "divisions.tsv"), History: filepath.Join(dir, "division_history.tsv")}
	d, err := normalize.LoadDivisions(strings.NewReader(current), strings.NewReader(history))
	if err != nil {
		return t, err
	}
	t.AsOf = d.AsOf
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return t, errs.Wrap(errs.Unavailable, "hub.cannot_write", err, errs.Args{"file": dir})
	}
	for file, text := range map[string]string{t.Current: current, t.History: history} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return t, errs.Wrap(errs.Unavailable, "hub.cannot_write", err, errs.Args{"file": file})
		}
	}
	return t, nil
}
