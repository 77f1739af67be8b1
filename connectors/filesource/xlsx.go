package filesource

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"tributary/canonical"
	"tributary/internal/errs"
)

const (
	maxWorkbook = 512 << 20 // packed bytes: a workbook must be read as a whole before its sheets can be streamed
	sheetInRAM  = 32 << 20  // unpacked bytes of one part; larger ones go through a temporary file
)

// openSheet opens a workbook, sniffs its sheets and stands before the first row of the best.
func (t *Table) openSheet(ctx context.Context, src io.Reader, closer io.Closer, o Options) (rows, Facts, error) {
	f := t.file
	packed, err := io.ReadAll(io.LimitReader(src, maxWorkbook+1))
	if err != nil {
		return nil, Facts{}, err
	}
	if len(packed) > maxWorkbook {
		return nil, Facts{}, f.invalid("files.too_large", errs.Args{"limit": "512 MB"})
	}
	if err := guardWorkbook(ctx, f, packed); err != nil {
		return nil, Facts{}, err
	}
	book, err := excelize.OpenReader(bytes.NewReader(packed), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: sheetInRAM,
	})
	if err != nil {
		return nil, Facts{}, f.invalid("files.xlsx_broken", nil)
	}
	s := &sheetRows{book: book, file: f, closer: closer, ctx: ctx}
	if props, err := book.GetWorkbookProps(); err == nil && props.Date1904 != nil && *props.Date1904 {
		s.release()
		return nil, Facts{}, f.invalid("files.date1904", nil)
	}
	if err := pickSheet(s, t, o); err != nil {
		s.release()
		return nil, Facts{}, err
	}
	return s, Facts{Format: XLSX, Sheet: s.sheet}, nil
}

// guardWorkbook refuses other documents, archives that would unpack without bound, and sheets that are cut or broken.
func guardWorkbook(ctx context.Context, f File, packed []byte) error {
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return f.invalid("files.xlsx_broken", nil)
	}
	if err := guardZip(f.Name(), z); err != nil {
		return err
	}
	if !isOfficeDocument(z) {
		return f.invalid("files.zip_nested", errs.Args{"entry": f.Entry})
	}
	if !slices.ContainsFunc(z.File, func(e *zip.File) bool { return strings.HasPrefix(e.Name, "xl/") }) {
		return f.invalid("files.not_table", errs.Args{"kind": "Word/PowerPoint"})
	}
	return checkSheets(ctx, f, z)
}

// sheetRows streams one sheet. Values are those stored in the file, not as displayed: dates are serial numbers and no
// decimals are lost; only a display format of zeros, which people use for codes, is applied.
type sheetRows struct {
	book   *excelize.File
	file   File
	sheet  string
	raw    *excelize.Rows
	shown  *excelize.Rows // the same rows as displayed; nil when no format of zeros is in use
	number int
	text   bytes.Buffer // of the row as JSON
	closer io.Closer
	ctx    context.Context
}

func (s *sheetRows) names() []string { return s.book.GetSheetList() }

func (s *sheetRows) visible(name string) bool {
	visible, err := s.book.GetSheetVisible(name)
	return visible || err != nil
}

func (s *sheetRows) start(name string) (err error) {
	s.stop()
	s.sheet, s.number = name, 0
	if s.raw, err = s.book.Rows(name); err != nil {
		return s.broken()
	}
	if s.zeroFormats() {
		if s.shown, err = s.book.Rows(name); err != nil {
			return s.broken()
		}
	}
	return nil
}

func (s *sheetRows) stop() {
	for _, r := range []*excelize.Rows{s.raw, s.shown} {
		if r != nil {
			_ = r.Close()
		}
	}
	s.raw, s.shown = nil, nil
}

func (s *sheetRows) next() (row, error) {
	if err := s.ctx.Err(); err != nil {
		return row{}, err
	}
	if !s.raw.Next() {
		if s.raw.Error() != nil {
			return row{}, s.broken()
		}
		return row{}, io.EOF
	}
	s.number++
	cells, err := s.raw.Columns(excelize.Options{RawCellValue: true})
	if err != nil || len(cells) > maxColumns {
		return row{}, s.broken()
	}
	if s.shown != nil && s.shown.Next() {
		shown, err := s.shown.Columns(excelize.Options{RawCellValue: false})
		if err != nil {
			return row{}, s.broken()
		}
		for i := range min(len(cells), len(shown)) {
			if strings.TrimLeft(shown[i], "0") == cells[i] && cells[i] != "" {
				cells[i] = shown[i]
			}
		}
	}
	for i, c := range cells {
		cells[i] = withoutNoise(c)
	}
	return sheetRow(s.number, cells, &s.text)
}

func (s *sheetRows) split(bad *canonical.Issue) row { return row{number: s.number, bad: bad} }

func (s *sheetRows) close() error {
	s.release()
	return s.closer.Close()
}

func (s *sheetRows) release() {
	s.stop()
	_ = s.book.Close()
}

func (s *sheetRows) broken() error { return s.file.invalid("files.xlsx_broken", nil) }

// zeroFormats reports whether a cell format of the workbook pads numbers with zeros.
func (s *sheetRows) zeroFormats() bool {
	if s.book.Styles == nil || s.book.Styles.NumFmts == nil {
		return false
	}
	for _, f := range s.book.Styles.NumFmts.NumFmt {
		if f != nil && zeroFormat.MatchString(f.FormatCode) {
			return true
		}
	}
	return false
}

var (
	zeroFormat = regexp.MustCompile(`^0{2,}(;|$)`)
	noisy      = regexp.MustCompile(`^-?\d+\.\d{6,}(E[+-]\d+)?$`)
)

// withoutNoise writes a number stored as a binary fraction as the spreadsheet shows it, with 15 significant digits: a
// workbook holds 19.99 as 19.989999999999998. Shorter numbers are left as they stand.
func withoutNoise(c string) string {
	if len(c) < 17 || !noisy.MatchString(c) {
		return c
	}
	x, _, err := big.ParseFloat(c, 10, 200, big.ToNearestEven)
	if err != nil {
		return c
	}
	short, _, err := big.ParseFloat(x.Text('g', 15), 10, 200, big.ToNearestEven)
	if err != nil || short.MantExp(nil) > 128 || short.MantExp(nil) < -128 {
		return c
	}
	return plainDecimal(short)
}

func plainDecimal(f *big.Float) string {
	return strings.TrimRight(strings.TrimRight(f.Text('f', 40), "0"), ".")
}
