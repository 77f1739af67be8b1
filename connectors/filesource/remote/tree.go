package remote

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

// files is a protocol that shows a machine's folders. Paths are those of the other machine. Failures that mean "is not
// there" and "is not allowed" wrap fs.ErrNotExist and fs.ErrPermission; others are as Transport says.
type files interface {
	list(ctx context.Context, dir string) ([]node, error)
	stat(ctx context.Context, name string) (node, error)
	open(ctx context.Context, name string, from int64) (io.ReadCloser, error)
	rename(ctx context.Context, from, to string) error
	mkdir(ctx context.Context, dir string) error // no error when it is there
	create(ctx context.Context, name string) error
	remove(ctx context.Context, name string) error
	close() error
}

// node is one entry of a folder.
type node struct {
	name    string // as sent
	dir     bool
	regular bool
	size    int64
	mod     time.Time
	exact   bool // mod is a point in time, not local time to the minute
}

// Bounds on what a server may show.
const (
	maxDepth = 8
	maxFiles = 100_000
)

// tree is the Transport of such a protocol.
type tree struct {
	place
	dir   string
	files files
}

var _ filesource.Transport = (*tree)(nil)

func newTree(p place, dir string, f files) *tree {
	return &tree{place: p, dir: resolve("/", dir), files: f}
}

// resolve is a path of the configuration: absolute, relative to base, or with /~/ relative to where the login begins.
func resolve(base, p string) string {
	switch {
	case p == "":
		if base == "/" {
			return "."
		}
		return base
	case p == "/~" || p == "~":
		return "."
	case strings.HasPrefix(p, "/~/"):
		return path.Clean(p[3:])
	case strings.HasPrefix(p, "~/"):
		return path.Clean(p[2:])
	case strings.HasPrefix(p, "/"):
		return path.Clean(p)
	}
	return path.Join(base, p)
}

func (t *tree) List(ctx context.Context) ([]filesource.RemoteFile, error) {
	var out []filesource.RemoteFile
	err := t.walk(ctx, t.dir, "", 0, &out)
	return out, err
}

func (t *tree) walk(ctx context.Context, dir, rel string, depth int, out *[]filesource.RemoteFile) error {
	nodes, err := t.files.list(ctx, dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && depth > 0: // taken away meanwhile
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return t.noFolder(dir)
	case errors.Is(err, fs.ErrPermission):
		return t.denied(dir)
	case err != nil:
		return err
	}
	for _, n := range nodes {
		if n.name == "." || n.name == ".." {
			continue
		}
		if len(*out) >= maxFiles {
			return t.fail(errs.Invalid, "files.remote_too_many", nil, errs.Args{"limit": maxFiles, "folder": t.dir})
		}
		name := readable(n.name)
		if rel != "" {
			name = rel + "/" + name
		}
		switch {
		case n.dir && depth < maxDepth && filesource.SafeName(name) == nil && !filesource.Temporary(name):
			if err := t.walk(ctx, path.Join(dir, n.name), name, depth+1, out); err != nil {
				return err
			}
		case n.regular:
			*out = append(*out, t.file(n, name, path.Join(dir, n.name)))
		}
	}
	return nil
}

func (t *tree) file(n node, name, ref string) filesource.RemoteFile {
	return filesource.RemoteFile{Name: name, Size: n.size, ModTime: n.mod, Remote: n.exact, Ref: ref}
}

// readable is a name as text. Servers in China send GBK without saying so.
func readable(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	if s, err := simplifiedchinese.GB18030.NewDecoder().String(name); err == nil {
		return s
	}
	return name
}

func (t *tree) Stat(ctx context.Context, f filesource.RemoteFile) (filesource.RemoteFile, error) {
	n, err := t.files.stat(ctx, f.Ref)
	if err != nil {
		return f, t.about(f, err)
	}
	return t.file(n, f.Name, f.Ref), nil
}

func (t *tree) Open(ctx context.Context, f filesource.RemoteFile, from int64) (io.ReadCloser, error) {
	r, err := t.files.open(ctx, f.Ref, from)
	return r, t.about(f, err)
}

func (t *tree) about(f filesource.RemoteFile, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return t.missing(f.Name)
	case errors.Is(err, fs.ErrPermission):
		return t.denied(f.Name)
	}
	return err
}

// Archive renames the file into the folder, under another name when its own is taken there.
func (t *tree) Archive(ctx context.Context, f filesource.RemoteFile, folder string) error {
	if folder == "" {
		return nil
	}
	to := resolve(t.dir, folder)
	target := path.Join(to, strings.TrimPrefix(f.Ref, t.dir+"/"))
	if t.dir == "." {
		target = path.Join(to, f.Ref)
	}
	if err := t.makeDirs(ctx, to, path.Dir(target)); err != nil {
		return t.refused(folder, err)
	}
	if _, err := t.files.stat(ctx, target); err == nil {
		target = filesource.AnotherName(target, f.ModTime)
		if _, err := t.files.stat(ctx, target); err == nil {
			target = filesource.AnotherName(target, time.Now())
		}
	}
	return t.refused(folder, t.files.rename(ctx, f.Ref, target))
}

// makeDirs makes the folders below the archive that a file's own subfolders need, and the archive itself.
func (t *tree) makeDirs(ctx context.Context, top, dir string) error {
	if dir != top {
		if err := t.makeDirs(ctx, top, path.Dir(dir)); err != nil {
			return err
		}
	}
	return t.files.mkdir(ctx, dir)
}

func (t *tree) refused(folder string, err error) error {
	if err == nil || errs.Is(err, errs.Unavailable) || errors.Is(err, context.Canceled) {
		return err
	}
	return t.noArchive(folder, err)
}

// Probe makes an empty file whose name is left out by everybody, moves it, and removes it.
func (t *tree) Probe(ctx context.Context, folder string) (err error) {
	const name = ".tributary-check"
	to := resolve(t.dir, folder)
	from, target := path.Join(t.dir, name), path.Join(to, name)
	if err := t.files.create(ctx, from); err != nil {
		return t.refused(folder, err)
	}
	if err := errors.Join(t.files.mkdir(ctx, to), t.files.rename(ctx, from, target)); err != nil {
		return t.refused(folder, errors.Join(err, t.files.remove(ctx, from)))
	}
	return t.refused(folder, t.files.remove(ctx, target))
}

func (t *tree) Keeps(name, folder string) bool {
	to := resolve(t.dir, folder)
	return strings.HasPrefix(path.Join(t.dir, name)+"/", to+"/")
}

func (t *tree) Close() error { return t.files.close() }
