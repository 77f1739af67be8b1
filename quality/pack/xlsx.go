package pack

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"tributary/canonical"
	"tributary/internal/cell"
)

// workbook writes one tab per table.
func workbook(sheets []sheet, in *Input) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	stamp := in.MadeAt.UTC().Format("2006-01-02T15:04:05Z")
	if err := f.SetDocProps(&excelize.DocProperties{Title: in.Recall.No, Creator: in.MadeBy, Created: stamp, Modified: stamp}); err != nil {
		return nil, err
	}
	look, err := newLook(f)
	if err != nil {
		return nil, err
	}
	for i, s := range sheets {
		if i == 0 {
			err = f.SetSheetName("Sheet1", s.name)
		} else {
			_, err = f.NewSheet(s.name)
		}
		if err == nil {
			err = onPaper(f, s.name)
		}
		if err == nil {
			err = fillTab(f, &sheets[i], look)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	var out bytes.Buffer
	if _, err := f.WriteTo(&out); err != nil {
		return nil, err
	}
	return sorted(out.Bytes())
}

// onPaper makes a tab print as wide as one landscape page.
func onPaper(f *excelize.File, tab string) error {
	if err := f.SetSheetProps(tab, &excelize.SheetPropsOptions{FitToPage: ptr(true)}); err != nil {
		return err
	}
	const a4 = 9
	return f.SetPageLayout(tab, &excelize.PageLayoutOptions{Size: ptr(a4), Orientation: ptr("landscape"), FitToWidth: ptr(1), FitToHeight: ptr(0)})
}

// sorted is a workbook with its parts in one order: the library writes streamed tabs in that of a map.
func sorted(book []byte) ([]byte, error) {
	in, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(in.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range in.File {
		if err := w.Copy(f); err != nil {
			return nil, err
		}
	}
	err = w.Close()
	return out.Bytes(), err
}

// look is the styles of a workbook.
type look struct{ title, head, text, number, fraction int }

func newLook(f *excelize.File) (l look, err error) {
	const family = "Microsoft YaHei"
	frame := []excelize.Border{{Type: "bottom", Color: "D0D0D0", Style: 1}}
	for _, s := range []struct {
		id    *int
		style excelize.Style
	}{
		{&l.title, excelize.Style{Font: &excelize.Font{Family: family, Size: 14, Bold: true}}},
		{&l.head, excelize.Style{Font: &excelize.Font{Family: family, Size: 10, Bold: true, Color: "FFFFFF"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"1F4E79"}},
			Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"}}},
		{&l.text, excelize.Style{Font: &excelize.Font{Family: family, Size: 10}, Border: frame, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}}},
		{&l.number, excelize.Style{Font: &excelize.Font{Family: family, Size: 10}, Border: frame, Alignment: &excelize.Alignment{Vertical: "top", Horizontal: "right"}, CustomNumFmt: ptr("#,##0")}},
		{&l.fraction, excelize.Style{Font: &excelize.Font{Family: family, Size: 10}, Border: frame, Alignment: &excelize.Alignment{Vertical: "top", Horizontal: "right"}, CustomNumFmt: ptr("#,##0.######")}},
	} {
		if *s.id, err = f.NewStyle(&s.style); err != nil {
			return l, err
		}
	}
	return l, nil
}

func ptr[T any](v T) *T { return &v }

// fillTab writes a title, a note, the headings and the rows.
func fillTab(f *excelize.File, s *sheet, l look) error {
	w, err := f.NewStreamWriter(s.name)
	if err != nil {
		return err
	}
	for i, c := range s.columns {
		if err := w.SetColWidth(i+1, i+1, c.width); err != nil {
			return err
		}
	}
	const headRow = 4
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: headRow, TopLeftCell: fmt.Sprintf("A%d", headRow+1), ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := w.SetRow("A1", []any{excelize.Cell{StyleID: l.title, Value: s.name}}); err != nil {
		return err
	}
	note := s.note
	if len(s.rows) == 0 {
		note = strings.TrimSpace(note + " （无记录 no entries）")
	}
	if err := w.SetRow("A2", []any{note}); err != nil {
		return err
	}
	head := make([]any, len(s.columns))
	for i, c := range s.columns {
		head[i] = excelize.Cell{StyleID: l.head, Value: c.zh + " " + c.en}
	}
	if err := w.SetRow(fmt.Sprintf("A%d", headRow), head, excelize.RowOpts{Height: 30}); err != nil {
		return err
	}
	cells := make([]any, len(s.columns))
	for i, row := range s.rows {
		for j, v := range row {
			cells[j] = cellOf(v, l)
		}
		if err := w.SetRow(fmt.Sprintf("A%d", headRow+1+i), cells); err != nil {
			return err
		}
	}
	return w.Flush()
}

// cellOf is a value as a cell: quantities that a spreadsheet keeps exactly are numbers, others text; text is never a
// formula.
func cellOf(v any, l look) excelize.Cell {
	switch v := v.(type) {
	case canonical.Quantity:
		const exact = 1e15 // digits a spreadsheet keeps
		switch {
		case v%canonical.QuantityScale == 0:
			return excelize.Cell{StyleID: l.number, Value: int64(v / canonical.QuantityScale)}
		case math.Abs(float64(v)) < exact:
			return excelize.Cell{StyleID: l.fraction, Value: float64(v) / canonical.QuantityScale}
		}
		return excelize.Cell{StyleID: l.number, Value: v.String()}
	case int:
		return excelize.Cell{StyleID: l.number, Value: v}
	case string:
		return excelize.Cell{StyleID: l.text, Value: cell.Plain(fit(v))}
	}
	return excelize.Cell{StyleID: l.text, Value: fmt.Sprint(v)}
}

// fit keeps a text within what one cell holds, and what XML can carry.
func fit(s string) string {
	const most = 32_000
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == utf8.RuneError {
			return '\uFFFD'
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
