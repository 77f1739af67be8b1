package filesource

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"

	"github.com/richardlehane/mscfb"

	"tributary/canonical"
	"tributary/internal/errs"
)

// xlsBook is a workbook of Excel 97 to 2003. The format is limited to 65,536 rows of 256 columns, so a sheet is read as
// a whole.
type xlsBook struct {
	file    File
	stream  []byte
	sheets  []xlsSheet
	strings []string
	formats map[int]string // number formats by id
	xfs     []int          // format id of each cell format
	closer  io.Closer

	sheet string
	rows  [][]string
	at    int
	text  bytes.Buffer
}

type xlsSheet struct {
	name    string
	offset  int
	visible bool
}

const (
	xlsRows    = 65536
	xlsColumns = 256
)

// openXLS opens an old workbook and stands before the first row of its best sheet.
func (t *Table) openXLS(src io.Reader, closer io.Closer, o Options) (rows, Facts, error) {
	packed, err := io.ReadAll(io.LimitReader(src, maxWorkbook+1))
	if err != nil {
		return nil, Facts{}, err
	}
	if len(packed) > maxWorkbook {
		return nil, Facts{}, t.file.invalid("files.too_large", errs.Args{"limit": "512 MB"})
	}
	stream, err := workbookStream(t.file, packed)
	if err != nil {
		return nil, Facts{}, err
	}
	b := &xlsBook{file: t.file, stream: stream, formats: map[int]string{}, closer: closer}
	if err := b.globals(); err != nil {
		if errors.Is(err, errBIFF) {
			err = b.broken()
		}
		return nil, Facts{}, err
	}
	if err := pickSheet(b, t, o); err != nil {
		return nil, Facts{}, err
	}
	return b, Facts{Format: XLS, Sheet: b.sheet}, nil
}

// workbookStream takes the workbook out of its compound file.
func workbookStream(f File, packed []byte) ([]byte, error) {
	doc, err := mscfb.New(bytes.NewReader(packed))
	if err != nil {
		return nil, f.invalid("files.xlsx_broken", nil)
	}
	for _, e := range doc.File {
		switch {
		case e.Name == "EncryptedPackage":
			return nil, f.invalid("files.locked", nil)
		case e.Name == "Workbook" && len(e.Path) == 0:
			if e.Size < 0 || e.Size > int64(len(packed)) {
				return nil, f.invalid("files.xlsx_broken", nil)
			}
			stream := make([]byte, e.Size)
			if _, err := io.ReadFull(e, stream); err != nil {
				return nil, f.invalid("files.xlsx_broken", nil)
			}
			return stream, nil
		}
	}
	return nil, f.invalid("files.xls", nil)
}

// globals reads what the sheets share: their names, texts and formats.
func (b *xlsBook) globals() error {
	r, at, err := biffAt(b.stream, 0)
	if err != nil || r.id != biffBOF || len(r.data) < 4 {
		return errBIFF
	}
	if binary.LittleEndian.Uint16(r.data) != 0x0600 {
		return b.file.invalid("files.xls", nil)
	}
	for {
		if r, at, err = biffAt(b.stream, at); err != nil {
			return err
		}
		switch r.id {
		case biffEOF:
			return nil
		case biffFilePass:
			return b.file.invalid("files.locked", nil)
		case biffDateMode:
			if len(r.data) > 0 && r.data[0] == 1 {
				return b.file.invalid("files.date1904", nil)
			}
		case biffBoundSheet:
			err = b.boundSheet(r)
		case biffSST:
			err = b.sharedStrings(r)
		case biffFormat:
			err = b.format(r)
		case biffXF:
			if len(r.data) < 4 {
				return errBIFF
			}
			b.xfs = append(b.xfs, int(binary.LittleEndian.Uint16(r.data[2:])))
		}
		if err != nil {
			return err
		}
	}
}

func (b *xlsBook) boundSheet(r biffRecord) error {
	c := r.cursor()
	offset, err := c.uint(4)
	if err != nil {
		return err
	}
	state, err := c.uint(2)
	if err != nil {
		return err
	}
	n, err := c.u8()
	if err != nil {
		return err
	}
	name, err := c.text(int(n))
	if err == nil && state>>8 == 0 { // a worksheet, not a chart or a macro sheet
		b.sheets = append(b.sheets, xlsSheet{name: name, offset: offset, visible: state&3 == 0})
	}
	return err
}

func (b *xlsBook) sharedStrings(r biffRecord) error {
	c := r.cursor()
	if err := c.skip(4); err != nil {
		return err
	}
	count, err := c.uint(4)
	if err != nil {
		return err
	}
	for range count {
		n, err := c.uint(2)
		if err != nil {
			return err
		}
		s, err := c.text(n)
		if err != nil {
			return err
		}
		b.strings = append(b.strings, s)
	}
	return nil
}

func (b *xlsBook) format(r biffRecord) error {
	c := r.cursor()
	id, err := c.uint(2)
	if err != nil {
		return err
	}
	n, err := c.uint(2)
	if err != nil {
		return err
	}
	b.formats[id], err = c.text(n)
	return err
}

func (b *xlsBook) names() []string {
	out := make([]string, len(b.sheets))
	for i, s := range b.sheets {
		out[i] = s.name
	}
	return out
}

func (b *xlsBook) visible(name string) bool {
	for _, s := range b.sheets {
		if s.name == name {
			return s.visible
		}
	}
	return false
}

// start reads the cells of a sheet.
func (b *xlsBook) start(name string) error {
	b.sheet, b.rows, b.at = name, nil, 0
	for _, s := range b.sheets {
		if s.name != name {
			continue
		}
		if err := b.readSheet(s.offset); err != nil {
			return b.broken()
		}
	}
	return nil
}

func (b *xlsBook) readSheet(at int) error {
	r, at, err := biffAt(b.stream, at)
	if err != nil || r.id != biffBOF {
		return errBIFF
	}
	var formula []byte // place of a formula whose text follows
	depth := 1         // charts inside a sheet are streams of their own
	for depth > 0 {
		if r, at, err = biffAt(b.stream, at); err != nil {
			return err
		}
		switch r.id {
		case biffBOF:
			depth++
			continue
		case biffEOF:
			depth--
			continue
		}
		if depth > 1 {
			continue
		}
		if r.id == biffString && formula != nil {
			c := r.cursor()
			n, err := c.uint(2)
			if err != nil {
				return err
			}
			s, err := c.text(n)
			if err != nil {
				return err
			}
			b.put(formula, 0, s)
			formula = nil
			continue
		}
		if err := b.cell(r); err != nil {
			return err
		}
		if r.id == biffFormula && len(r.data) >= 14 && r.data[6] == 0 && r.data[12] == 0xFF && r.data[13] == 0xFF {
			formula = r.data
		}
	}
	return nil
}

// cell takes one record of cells. Records that hold none are passed over.
func (b *xlsBook) cell(r biffRecord) error {
	d, u16, u32 := r.data, binary.LittleEndian.Uint16, binary.LittleEndian.Uint32
	need := map[uint16]int{biffLabelSST: 10, biffNumber: 14, biffRK: 10, biffMulRK: 6, biffFormula: 14, biffBoolErr: 8, biffLabel: 9, biffRString: 9}[r.id]
	if need == 0 {
		return nil
	}
	if len(d) < need {
		return errBIFF
	}
	switch r.id {
	case biffLabelSST:
		i := int(u32(d[6:]))
		if i >= len(b.strings) {
			return errBIFF
		}
		b.put(d, 0, b.strings[i])
	case biffNumber:
		b.put(d, 0, b.number(math.Float64frombits(binary.LittleEndian.Uint64(d[6:])), u16(d[4:])))
	case biffRK:
		b.put(d, 0, b.number(rkNumber(u32(d[6:])), u16(d[4:])))
	case biffMulRK:
		for i := 0; 4+6*i+6 <= len(d)-2; i++ {
			b.put(d, i, b.number(rkNumber(u32(d[6+6*i:])), u16(d[4+6*i:])))
		}
	case biffFormula:
		if d[12] != 0xFF || d[13] != 0xFF {
			b.put(d, 0, b.number(math.Float64frombits(binary.LittleEndian.Uint64(d[6:])), u16(d[4:])))
		} else if d[6] == 1 {
			b.put(d, 0, string('0'+d[8]&1))
		}
	case biffBoolErr:
		if d[7] == 0 {
			b.put(d, 0, string('0'+d[6]&1))
		}
	case biffLabel, biffRString:
		c := (biffRecord{data: d[6:], cont: r.cont}).cursor()
		n, err := c.uint(2)
		if err != nil {
			return err
		}
		s, err := c.text(n)
		if err != nil {
			return err
		}
		b.put(d, 0, s)
	}
	return nil
}

// put stores a value at the place that begins a cell record, moved by some columns.
func (b *xlsBook) put(place []byte, shift int, value string) {
	r, c := int(binary.LittleEndian.Uint16(place)), int(binary.LittleEndian.Uint16(place[2:]))+shift
	if r >= xlsRows || c >= xlsColumns || value == "" {
		return
	}
	for len(b.rows) <= r {
		b.rows = append(b.rows, nil)
	}
	for len(b.rows[r]) <= c {
		b.rows[r] = append(b.rows[r], "")
	}
	b.rows[r][c] = value
}

// number writes a number as text; a format of zeros, which people use for codes, is applied.
func (b *xlsBook) number(f float64, xf uint16) string {
	text := numberText(f)
	if int(xf) >= len(b.xfs) {
		return text
	}
	code, _, _ := strings.Cut(b.formats[b.xfs[xf]], ";")
	if zeroFormat.MatchString(code) && len(text) < len(code) && !strings.ContainsAny(text, ".-") {
		text = strings.Repeat("0", len(code)-len(text)) + text
	}
	return text
}

func (b *xlsBook) next() (row, error) {
	if b.at >= len(b.rows) {
		return row{}, io.EOF
	}
	b.at++
	return sheetRow(b.at, b.rows[b.at-1], &b.text)
}

func (b *xlsBook) split(bad *canonical.Issue) row { return row{number: b.at, bad: bad} }

func (b *xlsBook) close() error { return b.closer.Close() }

func (b *xlsBook) broken() error { return b.file.invalid("files.xlsx_broken", nil) }
