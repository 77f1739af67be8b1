package filesource

import (
	"archive/zip"
	"context"
	"encoding/xml"
	"io"
	"strings"
)

// checkSheets reads the sheets' XML to its end. The streaming reader of the library takes broken XML for the end of the
// sheet, so that a character which some exporters let through would cost every row after it.
func checkSheets(ctx context.Context, f File, z *zip.Reader) error {
	for _, e := range z.File {
		name := strings.ToLower(e.Name)
		if !strings.HasPrefix(name, "xl/worksheets/") || !strings.HasSuffix(name, ".xml") {
			continue
		}
		r, err := e.Open()
		if err != nil {
			return f.invalid("files.xlsx_broken", nil)
		}
		err = wellFormed(&cancelReader{ctx: ctx, Reader: r, close: r.Close})
		r.Close()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return f.invalid("files.xlsx_broken", nil)
		}
	}
	return nil
}

func wellFormed(r io.Reader) error {
	d := xml.NewDecoder(r)
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		if _, err := d.Token(); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}
