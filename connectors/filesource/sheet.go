package filesource

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"tributary/internal/errs"
)

// workbook is a file of sheets. start stands before the first row of one; next reads on.
type workbook interface {
	names() []string
	visible(sheet string) bool
	start(sheet string) error
	next() (row, error)
}

// pickSheet starts the sheet asked for, else the visible one whose first rows show the most known headers. Other sheets
// with data are warned of: a month each is a common habit.
func pickSheet(b workbook, t *Table, o Options) error {
	names := b.names()
	if o.Sheet != "" {
		if !slices.Contains(names, o.Sheet) {
			return t.file.invalid("files.sheet_missing", errs.Args{"sheet": o.Sheet, "sheets": strings.Join(names, ", ")})
		}
		return b.start(o.Sheet)
	}
	best, bestScore := "", -1
	var others []string
	for _, name := range names {
		score, filled, err := scoreSheet(b, name, o.Known)
		if err != nil {
			return err
		}
		if !filled {
			continue
		}
		others = append(others, name)
		if b.visible(name) && score > bestScore {
			best, bestScore = name, score
		}
	}
	if best == "" {
		return t.file.invalid("files.empty", nil)
	}
	if others = slices.DeleteFunc(others, func(n string) bool { return n == best }); len(others) > 0 {
		t.warn("files.more_sheets", errs.Args{"sheet": best, "sheets": strings.Join(others, ", ")})
	}
	return b.start(best)
}

func scoreSheet(b workbook, name string, known func(string) bool) (score int, filled bool, err error) {
	if err := b.start(name); err != nil {
		return 0, false, err
	}
	for range headerWindow {
		r, err := b.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, false, err
		}
		filled = filled || !isBlankRow(r.cells)
		if known != nil {
			score = max(score, countKnown(r.cells, known))
		}
	}
	return score, filled, nil
}

// sheetRow makes the row of a sheet's cells; text is reused for its raw form.
func sheetRow(number int, cells []string, text *bytes.Buffer) (row, error) {
	r := row{number: number, cells: cells, lines: 1}
	for i, c := range cells {
		cells[i] = trimCell(c)
		if strings.IndexByte(c, 0) >= 0 {
			r.bad = rowIssue("nul", "")
		}
	}
	text.Reset()
	enc := json.NewEncoder(text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(cells); err != nil {
		return row{}, err
	}
	r.raw = bytes.TrimSuffix(text.Bytes(), []byte("\n"))
	return r, nil
}
