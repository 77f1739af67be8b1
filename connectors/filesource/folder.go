package filesource

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tributary/internal/errs"
)

// FolderConfig configures a Folder. Dir and Now are required.
type FolderConfig struct {
	Dir     string
	Archive string        // folder to move stored files to; "" leaves them where they are
	Settle  time.Duration // how long a file must have been left alone before it counts as complete; default 30 s
	Marker  string        // suffix of the file beside it that says a file is complete, ".ok"; "" = by Settle
	Now     func() time.Time
}

// Folder is a FileSource over a local or mounted folder and its subfolders. It is for one goroutine.
type Folder struct {
	cfg      FolderConfig
	complete completeness
}

var _ FileSource = (*Folder)(nil)

// NewFolder checks that the folder exists.
func NewFolder(cfg FolderConfig) (*Folder, error) {
	if cfg.Settle == 0 {
		cfg.Settle = 30 * time.Second
	}
	info, err := os.Stat(cfg.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errs.New(errs.NotFound, "files.folder_missing", errs.Args{"folder": cfg.Dir})
	case err != nil:
		return nil, errs.Wrap(errs.Unavailable, "files.read", err, errs.Args{"file": cfg.Dir})
	case !info.IsDir():
		return nil, errs.New(errs.Invalid, "files.folder_file", errs.Args{"folder": cfg.Dir})
	}
	return &Folder{cfg: cfg, complete: completeness{settle: cfg.Settle, marker: cfg.Marker}}, nil
}

// List returns the complete files in the folder and below it. The archive folder, hidden and temporary files and
// symbolic links are left out.
func (d *Folder) List(ctx context.Context) ([]RemoteFile, error) {
	var found []RemoteFile
	err := filepath.WalkDir(d.cfg.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if path != d.cfg.Dir && (temporary(e.Name()) || d.isArchive(path)) {
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() {
			return nil
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) { // taken away meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(d.cfg.Dir, path)
		if err != nil {
			return err
		}
		found = append(found, RemoteFile{Name: filepath.ToSlash(rel), Size: info.Size(), ModTime: info.ModTime()})
		return nil
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errs.Wrap(errs.Unavailable, "files.read", err, errs.Args{"file": d.cfg.Dir})
	}
	out, _ := d.complete.sort(found, d.cfg.Now(), 0)
	return out, nil
}

// Fetch returns the path of the file itself.
func (d *Folder) Fetch(_ context.Context, f RemoteFile) (string, error) {
	path, err := d.path(f)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", pathError(path, err)
	}
	if info.Size() != f.Size || !info.ModTime().Equal(f.ModTime) {
		return "", errs.New(errs.Unavailable, "files.changed", errs.Args{"file": f.Name})
	}
	return path, nil
}

// Done moves the file to the archive folder, under a name of its own when that one is taken. Without an archive, or when
// the file is gone or is another one by now, it does nothing.
func (d *Folder) Done(ctx context.Context, f RemoteFile) error {
	if d.cfg.Archive == "" {
		return nil
	}
	path, err := d.Fetch(ctx, f)
	if errs.Is(err, errs.NotFound) || errs.CodeOf(err) == "files.changed" {
		return nil
	}
	if err != nil {
		return err
	}
	target := filepath.Join(d.cfg.Archive, filepath.FromSlash(f.Name))
	if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
		return errs.Wrap(errs.Unavailable, "files.archive", err, errs.Args{"file": f.Name, "folder": d.cfg.Archive})
	}
	if _, err := os.Lstat(target); err == nil {
		target = AnotherName(target, d.cfg.Now())
	}
	if err := os.Rename(path, target); err != nil {
		return errs.Wrap(errs.Unavailable, "files.archive", err, errs.Args{"file": f.Name, "folder": d.cfg.Archive})
	}
	return nil
}

// Close frees nothing: the files lie in the folder.
func (d *Folder) Close() error { return nil }

func (d *Folder) path(f RemoteFile) (string, error) {
	local := filepath.FromSlash(f.Name)
	if !filepath.IsLocal(local) {
		return "", errs.New(errs.Invalid, "files.outside", errs.Args{"file": f.Name, "folder": d.cfg.Dir})
	}
	return filepath.Join(d.cfg.Dir, local), nil
}

func (d *Folder) isArchive(path string) bool {
	if d.cfg.Archive == "" {
		return false
	}
	a, errA := filepath.Abs(d.cfg.Archive)
	b, errB := filepath.Abs(path)
	return errA == nil && errB == nil && a == b
}
