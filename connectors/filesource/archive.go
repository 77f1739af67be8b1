package filesource

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"tributary/internal/errs"
)

// Limits on archives. Worksheets repeat themselves and pack well, so the ratio only counts for large entries.
const (
	maxEntries  = 1000
	maxUnpacked = 4 << 30 // bytes, all entries together
	maxRatio    = 200     // unpacked ÷ packed of an entry above ratioFloor
	ratioFloor  = 64 << 20
)

// isPlainZip reports whether the file is a zip that is not itself a document (XLSX, DOCX are zips too).
func isPlainZip(name string) (bool, error) {
	f, err := os.Open(name)
	if err != nil {
		return false, pathError(name, err)
	}
	defer f.Close()
	var magic [4]byte
	if n, _ := io.ReadFull(f, magic[:]); n < 4 || !bytes.HasPrefix(magic[:], zipMagic) {
		return false, nil
	}
	z, err := openZip(name)
	if err != nil {
		return false, err
	}
	defer z.Close()
	return !isOfficeDocument(&z.Reader), nil
}

func openZip(name string) (*zip.ReadCloser, error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return nil, errs.New(errs.Invalid, "files.zip_broken", errs.Args{"file": filepath.Base(name)})
	}
	return z, nil
}

func isOfficeDocument(z *zip.Reader) bool {
	return slices.ContainsFunc(z.File, func(e *zip.File) bool { return e.Name == "[Content_Types].xml" })
}

// zipFiles lists the entries that may be tables. Folders and the litter of archivers are left out.
func zipFiles(name string) ([]File, error) {
	z, err := openZip(name)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	if err := guardZip(filepath.Base(name), &z.Reader); err != nil {
		return nil, err
	}
	var out []File
	for _, e := range z.File {
		entry := entryName(e)
		base := path.Base(entry)
		if e.FileInfo().IsDir() || strings.HasPrefix(entry, "__MACOSX/") || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "~$") || base == "Thumbs.db" {
			continue
		}
		if strings.EqualFold(path.Ext(base), ".zip") {
			return nil, errs.New(errs.Invalid, "files.zip_nested", errs.Args{"file": filepath.Base(name), "entry": entry})
		}
		if e.Flags&1 != 0 {
			return nil, errs.New(errs.Invalid, "files.locked", errs.Args{"file": filepath.Base(name)})
		}
		out = append(out, File{Path: name, Entry: entry, Size: int64(e.UncompressedSize64)})
	}
	if len(out) == 0 {
		return nil, errs.New(errs.Invalid, "files.zip_empty", errs.Args{"file": filepath.Base(name)})
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Entry, b.Entry) })
	return out, nil
}

// guardZip refuses an archive before anything of it is unpacked. The sizes it trusts are enforced while reading: an
// entry that unpacks to more than it states fails.
func guardZip(name string, z *zip.Reader) error {
	bomb := func(entry string) error {
		return errs.New(errs.Invalid, "files.zip_bomb", errs.Args{"file": name, "entry": entry})
	}
	if len(z.File) > maxEntries {
		return errs.New(errs.Invalid, "files.zip_entries", errs.Args{"file": name, "count": len(z.File), "limit": maxEntries})
	}
	var total uint64
	for _, e := range z.File {
		entry := entryName(e)
		if !filepath.IsLocal(strings.ReplaceAll(entry, "\\", "/")) || strings.ContainsAny(entry, "\x00\r\n") {
			return errs.New(errs.Invalid, "files.zip_path", errs.Args{"file": name, "entry": entry})
		}
		if e.UncompressedSize64 > maxUnpacked {
			return bomb(entry)
		}
		total += e.UncompressedSize64
		if total > maxUnpacked {
			return bomb(entry)
		}
		if e.UncompressedSize64 > ratioFloor && e.UncompressedSize64/maxRatio > e.CompressedSize64 {
			return bomb(entry)
		}
	}
	return nil
}

// entryName is the entry's name as text. Chinese archivers write GBK without saying so.
func entryName(e *zip.File) string {
	if utf8.ValidString(e.Name) {
		return e.Name
	}
	if s, err := simplifiedchinese.GB18030.NewDecoder().String(e.Name); err == nil {
		return s
	}
	return strings.ToValidUTF8(e.Name, "?")
}

func openEntry(ctx context.Context, f File) (io.ReadCloser, error) {
	z, err := openZip(f.Path)
	if err != nil {
		return nil, err
	}
	for _, e := range z.File {
		if entryName(e) != f.Entry {
			continue
		}
		r, err := e.Open()
		if err != nil {
			z.Close()
			return nil, errs.New(errs.Invalid, "files.zip_broken", errs.Args{"file": filepath.Base(f.Path)})
		}
		return &cancelReader{ctx: ctx, Reader: r, close: func() error {
			r.Close()
			return z.Close()
		}}, nil
	}
	z.Close()
	return nil, errs.New(errs.NotFound, "files.missing", errs.Args{"file": f.Name()})
}
