package pack

import "strings"

// layOut picks the columns for paper and spreads the width of a page over them: each gets what its longest word needs, so
// that no number, date or code breaks, and the rest goes to those that want more.
func (p *paper) layOut(s *sheet) (columns []column, places []int, widths []float64) {
	const most = 220.0 // wider text wraps
	var least, want []float64
	sumLeast, sumWant := 0.0, 0.0
	for i, c := range s.columns {
		if !c.paper {
			continue
		}
		l, w := 0.0, 0.0
		measure := func(text string, size float64) {
			for _, line := range strings.Split(p.face.visible(text), "\n") {
				w = max(w, min(most, p.width(line, size)))
				for _, word := range words(line) {
					l = max(l, min(most/2, p.width(word, size)))
				}
			}
		}
		measure(c.zh+"\n"+c.en, body-1)
		for _, row := range s.rows[:min(printed, len(s.rows))] {
			measure(textOf(row[i]), body)
		}
		const slack = 2*padding + 0.5 // a sum of widths is not exact
		columns, places = append(columns, c), append(places, i)
		least, want = append(least, l+slack), append(want, max(l, w)+slack)
		sumLeast, sumWant = sumLeast+l+slack, sumWant+max(l, w)+slack
	}
	page := pageWidth - 2*margin
	for i := range columns {
		switch {
		case sumWant <= page: // room for all: it is shared out
			widths = append(widths, want[i]*page/sumWant)
		case sumLeast >= page: // too much for the page: words break
			widths = append(widths, least[i]*page/sumLeast)
		default:
			widths = append(widths, least[i]+(want[i]-least[i])*(page-sumLeast)/(sumWant-sumLeast))
		}
	}
	return columns, places, widths
}
