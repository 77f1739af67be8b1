// Package filesource reads tables out of the files people send: CSV with any usual delimiter and encoding, XLSX, XLS,
// JSON lines, text of
// fixed width, XML, and zips of these. It finds the header row, leaves out titles, totals and blank rows, and hands over every
// other row with its number and its original bytes. It knows nothing of what the columns mean.
//
// Guarantees: memory does not grow with the file (CSV, JSON lines); a row is either returned with one cell per header or
// returned as bad with its bytes, never dropped or guessed; numbers arrive as the text in the file, never through a
// float; a file that is not a table is refused by one message that names the file and the remedy; archives cannot name
// a path outside themselves nor unpack without bound.
//
//	files, err := filesource.Files(ctx, path)
//	for _, f := range files {
//		t, err := f.Open(ctx, filesource.Options{Known: mapping.Known(kind)})
//		for {
//			rec, err := t.Next()
//			if err == io.EOF {
//				break
//			}
//			…
//		}
//		t.Close()
//	}
package filesource
