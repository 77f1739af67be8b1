package filesource_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

var noon = time.Date(2025, 4, 1, 12, 0, 0, 0, time.UTC)

func put(t *testing.T, dir, name, content string, mod time.Time) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	require.NoError(t, os.Chtimes(path, mod, mod))
}

func names(files []filesource.RemoteFile) (out []string) {
	for _, f := range files {
		out = append(out, f.Name)
	}
	return out
}

func TestFolderWaitsUntilFilesSettle(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), noon
	folder, err := filesource.NewFolder(filesource.FolderConfig{Dir: dir, Settle: time.Minute, Now: func() time.Time { return now }})
	require.NoError(t, err)
	put(t, dir, "old.csv", "a", noon.Add(-time.Hour))
	put(t, dir, "sub/growing.csv", "a", noon)
	put(t, dir, "future.csv", "a", noon.Add(time.Hour)) // a share whose clock is ahead
	for _, litter := range []string{".hidden.csv", "~$open.xlsx", "upload.csv.part", "x.tmp"} {
		put(t, dir, litter, "a", noon.Add(-time.Hour))
	}
	list := func() []string {
		files, err := folder.List(t.Context())
		require.NoError(t, err)
		return names(files)
	}
	require.Equal(t, []string{"old.csv"}, list())
	now = noon.Add(50 * time.Second)
	put(t, dir, "sub/growing.csv", "ab", now)
	require.Equal(t, []string{"old.csv"}, list())
	now = noon.Add(70 * time.Second)
	require.Equal(t, []string{"future.csv", "old.csv"}, list())
	now = noon.Add(110 * time.Second)
	require.Equal(t, []string{"future.csv", "old.csv", "sub/growing.csv"}, list())
}

func TestFolderFetchAndArchive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	archive := filepath.Join(dir, "done")
	folder, err := filesource.NewFolder(filesource.FolderConfig{Dir: dir, Archive: archive, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	put(t, dir, "in/a.csv", "first", noon.Add(-time.Hour))
	files, err := folder.List(t.Context())
	require.NoError(t, err)
	require.Len(t, files, 1)
	path, err := folder.Fetch(t.Context(), files[0])
	require.NoError(t, err)
	require.FileExists(t, path)
	require.NoError(t, folder.Done(t.Context(), files[0]))
	require.NoError(t, folder.Done(t.Context(), files[0]), "a lost answer may be asked for again")
	require.FileExists(t, filepath.Join(archive, "in", "a.csv"))

	put(t, dir, "in/a.csv", "second", noon.Add(-time.Hour))
	again, err := folder.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"in/a.csv"}, names(again), "the archive is not read")
	require.NoError(t, folder.Done(t.Context(), files[0]), "the same name with new content is another file")
	_, err = folder.Fetch(t.Context(), files[0])
	require.Equal(t, "files.changed", errs.CodeOf(err))
	require.NoError(t, folder.Done(t.Context(), again[0]))
	kept, err := filepath.Glob(filepath.Join(archive, "in", "a*.csv"))
	require.NoError(t, err)
	require.Len(t, kept, 2, "nothing in the archive is overwritten")

	_, err = folder.Fetch(t.Context(), filesource.RemoteFile{Name: "../../etc/passwd"})
	require.Equal(t, "files.outside", errs.CodeOf(err))
}

func TestFolderThatIsNone(t *testing.T) {
	t.Parallel()
	_, err := filesource.NewFolder(filesource.FolderConfig{Dir: filepath.Join(t.TempDir(), "no")})
	require.Equal(t, "files.folder_missing", errs.CodeOf(err))
	_, err = filesource.NewFolder(filesource.FolderConfig{Dir: write(t, "f", []byte("x"))})
	require.Equal(t, "files.folder_file", errs.CodeOf(err))
}

func TestParseName(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]filesource.Name{
		"SM_D001_青河医药有限公司_20250331.xlsx":    {Ledger: canonical.Sales, Code: "D001", Party: "青河医药有限公司"},
		"in/PM_D001_青河_医药_20250331_补传2.csv": {Ledger: canonical.Purchases, Code: "D001", Party: "青河_医药", Supplement: 2},
		"im_D1_x_20250331_补传.csv":           {Ledger: canonical.Stock, Code: "D1", Party: "x", Supplement: 1},
	} {
		got, ok := filesource.ParseName(file)
		require.True(t, ok, file)
		require.Equal(t, "2025-03", got.Period())
		got.Date = canonical.NoDate
		require.Equal(t, want, got)
	}
	for _, file := range []string{"SM_D001_20250331.csv", "XX_D_n_20250331.csv", "SM_D_n_20250231.csv", "SM_D_n_2025.csv", "SM_D_n_20250331_补传x.csv", "", "SM_补传1"} {
		_, ok := filesource.ParseName(file)
		require.False(t, ok, file)
	}
	first, _ := filesource.ParseName("SM_D_n_20250331.csv")
	second, _ := filesource.ParseName("SM_D_n_20250331_补传2.csv")
	tenth, _ := filesource.ParseName("SM_D_n_20250331_补传10.csv")
	require.Less(t, first.Version(), second.Version())
	require.Less(t, second.Version(), tenth.Version())
}
