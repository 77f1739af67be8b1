package pack

import (
	"fmt"
	"strings"

	"github.com/signintech/gopdf"
)

// Measures of a page in points: A4, landscape.
const (
	pageWidth  = 842.0
	pageHeight = 595.0
	margin     = 36.0
	footSpace  = 24.0
	body       = 8.0 // size of the text
	leading    = 11.0
	padding    = 3.0
)

// paper writes text onto pages. After the first error it does nothing.
type paper struct {
	pdf    gopdf.GoPdf
	face   *face
	widths map[rune]float64 // of a character at size 1
	y      float64
	foot   string
	pages  int
	err    error
}

const family, pageCount = "body", "pages"

func newPaper(title, author, foot string, in *Input) (*paper, error) {
	f, err := theFace()
	if err != nil {
		return nil, err
	}
	p := &paper{face: f, widths: map[rune]float64{}, foot: foot}
	p.pdf.Start(gopdf.Config{PageSize: gopdf.Rect{W: pageWidth, H: pageHeight}})
	p.pdf.SetInfo(gopdf.PdfInfo{Title: f.visible(title), Author: f.visible(author), CreationDate: in.MadeAt.UTC()})
	if err := p.pdf.AddTTFFontData(family, f.data); err != nil {
		return nil, fmt.Errorf("load the font: %w", err)
	}
	return p, nil
}

func (p *paper) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// newPage begins a page with its footer.
func (p *paper) newPage() {
	p.pages++
	p.pdf.AddPage()
	p.ink(110, 110, 110)
	p.write(margin, pageHeight-margin+4, body-1, p.foot)
	count := fmt.Sprintf("第 %d 页 page %d / ", p.pages, p.pages)
	x := pageWidth - margin - p.width(count, body-1) - 20
	p.write(x, pageHeight-margin+4, body-1, count)
	const ascent = 0.88 * (body - 1) // a place holder stands on its base line
	p.pdf.SetXY(x+p.width(count, body-1), pageHeight-margin+4+ascent)
	p.fail(p.pdf.PlaceHolderText(pageCount, 20))
	p.ink(0, 0, 0)
	p.y = margin
}

// finish fills in the number of pages.
func (p *paper) finish() ([]byte, error) {
	p.fail(p.pdf.FillInPlaceHoldText(pageCount, fmt.Sprint(p.pages), gopdf.Left))
	if p.err != nil {
		return nil, p.err
	}
	return p.pdf.GetBytesPdfReturnErr()
}

func (p *paper) ink(r, g, b uint8) { p.pdf.SetTextColor(r, g, b) }

// room reports whether so much height is left on the page.
func (p *paper) room(height float64) bool { return p.y+height <= pageHeight-margin-footSpace }

// write puts one line of visible text with its top left corner at a place.
func (p *paper) write(x, y, size float64, line string) {
	if line == "" {
		return
	}
	p.fail(p.pdf.SetFont(family, "", size))
	p.pdf.SetXY(x, y)
	p.fail(p.pdf.Cell(nil, line))
}

// width measures visible text at a size.
func (p *paper) width(s string, size float64) float64 {
	sum := 0.0
	for _, r := range s {
		w, known := p.widths[r]
		if !known {
			p.fail(p.pdf.SetFont(family, "", 100))
			measured, err := p.pdf.MeasureTextWidth(string(r))
			p.fail(err)
			w = measured / 100
			p.widths[r] = w
		}
		sum += w
	}
	return sum * size
}

// wrap breaks text into lines of at most a width: at spaces of Latin text, anywhere in Chinese, inside a word only when
// the word alone is too long.
func (p *paper) wrap(s string, size, limit float64) []string {
	var out []string
	for _, part := range strings.Split(p.face.visible(s), "\n") {
		line, lineWidth := "", 0.0
		flush := func() {
			out = append(out, strings.TrimRight(line, " "))
			line, lineWidth = "", 0
		}
		for _, word := range words(part) {
			w := p.width(word, size)
			if lineWidth+w > limit && line != "" {
				flush()
			}
			if word == " " && line == "" {
				continue
			}
			if w <= limit {
				line, lineWidth = line+word, lineWidth+w
				continue
			}
			for _, r := range word {
				rw := p.width(string(r), size)
				if lineWidth+rw > limit && line != "" {
					flush()
				}
				line, lineWidth = line+string(r), lineWidth+rw
			}
		}
		flush()
	}
	return out
}

// words splits text where a line may break: around each space, and around each wide character.
func words(s string) []string {
	var out []string
	start := 0
	for i, r := range s {
		if r != ' ' && r < 0x2E80 {
			continue
		}
		if start < i {
			out = append(out, s[start:i])
		}
		size := len(string(r))
		out = append(out, s[i:i+size])
		start = i + size
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}
