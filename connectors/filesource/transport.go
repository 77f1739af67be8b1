package filesource

import (
	"context"
	"io"
	"path"
	"strings"
	"time"
)

// RemoteFile is a file at a place where partners leave files.
type RemoteFile struct {
	Name    string // relative to the place, with slashes
	Size    int64  // bytes; -1 when the place does not say
	ModTime time.Time
	Remote  bool   // ModTime was stated by a remote system, so it may order versions; a local copy's may not
	Tag     string // what else tells one content from another: an ETag, a message's number; "" for none
	Ref     string // the transport's own way to the file; not part of what the file is
}

// Same reports whether both are one file in one state.
func (f RemoteFile) Same(g RemoteFile) bool {
	return f.Name == g.Name && f.Size == g.Size && f.ModTime.Equal(g.ModTime) && f.Tag == g.Tag
}

// FileSource is a place where partners leave files: a folder, a drop box.
type FileSource interface {
	// List returns the files that are complete, sorted by name.
	List(ctx context.Context) ([]RemoteFile, error)
	// Fetch makes the file readable at a local path, valid until the next Fetch or Close. A file that changed since List
	// is an error.
	Fetch(ctx context.Context, f RemoteFile) (path string, err error)
	// Done tells the place that the file is stored here; it may archive it. Idempotent.
	Done(ctx context.Context, f RemoteFile) error
	Close() error
}

// Transport is one protocol's way to a place on another machine; Drop makes a FileSource of it. Calls are serial. A lost
// connection is an error of kind Unavailable, and the next call connects anew; wrong credentials, keys, certificates,
// folders and rights are errors of other kinds and are not tried again, so that no account is locked.
type Transport interface {
	// List returns every regular file of the place, complete or not, subfolders included, in any order.
	List(ctx context.Context) ([]RemoteFile, error)
	// Stat looks at one file again; a file that is gone is errs.NotFound.
	Stat(ctx context.Context, f RemoteFile) (RemoteFile, error)
	// Open reads the file from an offset in bytes.
	Open(ctx context.Context, f RemoteFile, from int64) (io.ReadCloser, error)
	// Archive takes the file out of the way: to a folder of the place, never over another file.
	Archive(ctx context.Context, f RemoteFile, folder string) error
	// Probe proves, and leaves nothing behind, that Archive has the rights it needs.
	Probe(ctx context.Context, folder string) error
	// Keeps reports whether the name lies in the archive folder, where files are not read.
	Keeps(name, folder string) bool
	Close() error
}

// AnotherName is the archive name of a file whose own is taken.
func AnotherName(name string, now time.Time) string {
	ext := path.Ext(name)
	return strings.TrimSuffix(name, ext) + "." + now.UTC().Format("20060102T150405.000000") + ext
}

// Temporary knows the names that programs give to files they have not finished, and to their own notes. A folder of such
// a name counts for all that lies in it.
func Temporary(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if temporary(part) {
			return true
		}
	}
	return false
}

func temporary(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") {
		return true
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".tmp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".swp", ".lock", ".bak":
		return true
	}
	return false
}
