package pack

import (
	"fmt"
	"strings"

	"tributary/canonical"
)

// printed bounds the rows of one table on paper; the workbook has them all.
const printed = 3000

// report prints the tables.
func report(sheets []sheet, in *Input) ([]byte, error) {
	title := strings.TrimSpace("召回证据包 Recall pack " + in.Recall.No)
	p, err := newPaper(title, in.MadeBy, strings.TrimSpace(title+"　"+moment(in.MadeAt)), in)
	if err != nil {
		return nil, err
	}
	p.newPage()
	p.write(margin, p.y, 18, p.face.visible(title))
	p.y += 30
	for i := range sheets {
		p.table(&sheets[i])
	}
	return p.finish()
}

// table prints one table, its headings again on every page.
func (p *paper) table(s *sheet) {
	columns, places, widths := p.layOut(s)
	head := make([][]string, len(columns))
	for i, c := range columns {
		head[i] = p.wrap(c.zh+"\n"+c.en, body-1, widths[i]-2*padding)
	}
	if !p.room(90) {
		p.newPage()
	}
	p.write(margin, p.y, 13, p.face.visible(s.name))
	p.y += 20
	note := s.note
	if len(s.rows) == 0 {
		note = strings.TrimSpace(note + " （无记录 no entries）")
	}
	if len(s.rows) > printed {
		note += fmt.Sprintf(" 此处列出前 %d 行，共 %d 行，其余见 %s。The first %d of %d rows; all of them are in %s.", printed, len(s.rows), WorkbookName, printed, len(s.rows), WorkbookName)
	}
	if note = strings.TrimSpace(note); note != "" {
		p.ink(90, 90, 90)
		for _, line := range p.wrap(note, body, pageWidth-2*margin) {
			p.write(margin, p.y, body, line)
			p.y += leading
		}
		p.ink(0, 0, 0)
		p.y += 2
	}
	if len(s.rows) == 0 {
		p.y += 10
		return
	}
	p.row(columns, widths, head, true)
	for _, row := range s.rows[:min(printed, len(s.rows))] {
		cells := make([][]string, len(columns))
		for i, at := range places {
			cells[i] = p.wrap(textOf(row[at]), body, widths[i]-2*padding)
		}
		p.rowOnPages(columns, widths, head, cells)
	}
	p.y += 14
}

// rowOnPages prints a row, on a new page when it does not fit; a row longer than a page goes on over pages.
func (p *paper) rowOnPages(columns []column, widths []float64, head, cells [][]string) {
	for {
		if p.room(heightOf(cells)) {
			p.row(columns, widths, cells, false)
			return
		}
		lines := int((pageHeight - margin - footSpace - p.y - 2*padding) / leading)
		if whole := pageHeight - 3*margin - footSpace - heightOf(head); heightOf(cells) > whole && lines > 3 {
			rest := make([][]string, len(cells))
			part := make([][]string, len(cells))
			for i, c := range cells {
				cut := min(lines, len(c))
				part[i], rest[i] = c[:cut], c[cut:]
			}
			p.row(columns, widths, part, false)
			cells = rest
		}
		p.newPage()
		p.row(columns, widths, head, true)
	}
}

func heightOf(cells [][]string) float64 {
	lines := 1
	for _, c := range cells {
		lines = max(lines, len(c))
	}
	return float64(lines)*leading + 2*padding
}

// row draws one row at the current height.
func (p *paper) row(columns []column, widths []float64, cells [][]string, head bool) {
	height := heightOf(cells)
	x := margin
	if head {
		p.pdf.SetFillColor(31, 78, 121)
		p.pdf.RectFromUpperLeftWithStyle(x, p.y, pageWidth-2*margin, height, "F")
		p.ink(255, 255, 255)
	}
	size := body
	if head {
		size = body - 1
	}
	for i, lines := range cells {
		for n, line := range lines {
			at := x + padding
			if columns[i].right {
				at = x + widths[i] - padding - p.width(line, size)
			}
			p.write(at, p.y+padding+float64(n)*leading, size, line)
		}
		x += widths[i]
	}
	p.ink(0, 0, 0)
	p.y += height
	p.pdf.SetStrokeColor(208, 208, 208)
	p.pdf.SetLineWidth(0.4)
	p.pdf.Line(margin, p.y, pageWidth-margin, p.y)
}

// textOf is a value as it is printed: thousands are grouped as in the workbook.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case canonical.Quantity:
		return grouped(v.String())
	}
	return fmt.Sprint(v)
}

func grouped(number string) string {
	sign := ""
	if strings.HasPrefix(number, "-") {
		sign, number = "-", number[1:]
	}
	whole, fraction, hasFraction := strings.Cut(number, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if hasFraction {
		whole += "." + fraction
	}
	return sign + whole
}
