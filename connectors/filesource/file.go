package filesource

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"tributary/internal/errs"
)

// File is one table file: a file of its own, or one entry of a zip.
type File struct {
	Path  string
	Entry string // name inside the zip; "" for a file of its own
	Size  int64  // bytes; of an entry: unpacked
}

// Files lists the table files at path: the file itself, or the entries of a zip in the order of their names. An archive
// that is unsafe to unpack is refused as a whole.
func Files(ctx context.Context, path string) ([]File, error) {
	f, err := stat(path)
	if err != nil {
		return nil, err
	}
	zipped, err := isPlainZip(path)
	if err != nil {
		return nil, err
	}
	if !zipped {
		return []File{f}, ctx.Err()
	}
	return zipFiles(path)
}

// Open opens the only table file at path. A zip of several is refused: use Files.
func Open(ctx context.Context, path string, o Options) (*Table, error) {
	files, err := Files(ctx, path)
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		return nil, errs.New(errs.Invalid, "files.zip_several", errs.Args{"file": filepath.Base(path), "count": len(files)})
	}
	return files[0].Open(ctx, o)
}

// Hash is the lower-case hexadecimal SHA-256 of the file at path.
func Hash(ctx context.Context, path string) (string, error) {
	f, err := stat(path)
	if err != nil {
		return "", err
	}
	return f.Hash(ctx)
}

// Name is how messages name the file: base name, or "archive.zip/entry".
func (f File) Name() string {
	if f.Entry == "" {
		return filepath.Base(f.Path)
	}
	return filepath.Base(f.Path) + "/" + f.Entry
}

// Hash is the lower-case hexadecimal SHA-256 of the bytes; of an entry: of the unpacked bytes, so that packing a file
// again does not make it a new one.
func (f File) Hash(ctx context.Context) (string, error) {
	r, err := f.reader(ctx)
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", f.readError(err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// reader opens the bytes of the file. Reading fails once ctx is done.
func (f File) reader(ctx context.Context) (io.ReadCloser, error) {
	if f.Entry != "" {
		return openEntry(ctx, f)
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, pathError(f.Path, err)
	}
	return &cancelReader{ctx: ctx, Reader: file, close: file.Close}, nil
}

func (f File) invalid(code string, args errs.Args) *errs.Error {
	if args == nil {
		args = errs.Args{}
	}
	args["file"] = f.Name()
	return errs.New(errs.Invalid, code, args)
}

// readError names the file a read failed in; a done context stays what it is.
func (f File) readError(err error) error {
	var own *errs.Error
	if err == nil || errors.As(err, &own) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return errs.Wrap(errs.Unavailable, "files.read", err, errs.Args{"file": f.Name()})
}

func stat(path string) (File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return File{}, pathError(path, err)
	}
	if info.IsDir() {
		return File{}, errs.New(errs.Invalid, "files.directory", errs.Args{"file": path})
	}
	if !info.Mode().IsRegular() {
		return File{}, errs.New(errs.Invalid, "files.not_table", errs.Args{"file": path, "kind": info.Mode().Type().String()})
	}
	if info.Size() == 0 {
		return File{}, errs.New(errs.Invalid, "files.empty", errs.Args{"file": filepath.Base(path)})
	}
	return File{Path: path, Size: info.Size()}, nil
}

func pathError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errs.New(errs.NotFound, "files.missing", errs.Args{"file": path})
	case errors.Is(err, fs.ErrPermission):
		return errs.New(errs.Invalid, "files.denied", errs.Args{"file": path})
	}
	return errs.Wrap(errs.Unavailable, "files.read", err, errs.Args{"file": path})
}

// cancelReader stops reading when its context is done.
type cancelReader struct {
	ctx context.Context
	io.Reader
	close func() error
}

func (r *cancelReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

func (r *cancelReader) Close() error { return r.close() }
