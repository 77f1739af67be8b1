package filesource

// Format is how a file writes down a table.
type Format string

// The formats. CSV stands for every delimited text.
const (
	CSV   Format = "csv"
	XLSX  Format = "xlsx"
	XLS   Format = "xls" // Excel 97 to 2003
	JSONL Format = "jsonl"
	Fixed Format = "fixed" // columns at fixed places of a line
	XML   Format = "xml"
)

// Options override what is otherwise found in the file. The zero value finds everything.
type Options struct {
	Format    Format // "" = by content, never by the name alone
	Encoding  string // "" = found; utf-8, gb18030, gbk, utf-16le, utf-16be, big5
	Delimiter rune   // 0 = found among comma, tab, semicolon and bar
	Sheet     string // "" = the sheet whose first rows look most like a header
	HeaderRow int    // 1-based row of the header; 0 = found

	// Columns are the places of a text of fixed width; with them every text file is read so. See ParseColumn.
	Columns []Column
	// RowPath names the element that is a row of an XML file, /report/rows/row; without it XML is no table.
	RowPath string

	// Known reports whether a header cell, as written in the file, is one that the caller's alias table knows.
	// Nil: the header is the first row as wide as the table.
	Known func(header string) bool

	// Plain files are lists of things, not reports: the header is the first row that is not blank, and every row under
	// it that is not blank is data, even one that begins with "Total" or looks like the header.
	Plain bool
}

// Facts is what was found in a file.
type Facts struct {
	Format    Format
	Encoding  string // "" for workbooks
	Delimiter rune   // 0 unless CSV
	Sheet     string // "" unless a workbook
}

// Bounds on foreign files. A field of 1 MB and 500 columns must fit, an endless line must not.
const (
	prefixSize   = 64 << 10 // bytes looked at to find format, encoding and delimiter
	maxRecord    = 8 << 20  // bytes of one row
	headerWindow = 50       // rows among which the header is looked for
	maxColumns   = 16384    // as many as a spreadsheet can have
)
