package soak

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/world"
	"tributary/test/e2e/harness"
)

// renamed is what the other name of a file has besides.
const renamed = "（新）"

// settle is how long files must lie still before the service takes them.
const settle = 2 * time.Second

// inbox is a folder into which distributors put their files, well or badly.
type inbox struct {
	dir     string
	waiting []string // files that have not come yet, as they lie in another folder
	away    map[string]string
}

// fill puts a part of the files into the inbox; the rest comes later.
func fill(t *testing.T, dir string, files []string) *inbox {
	b := &inbox{dir: dir, away: map[string]string{}}
	for i, f := range files {
		if i%3 == 0 {
			b.waiting = append(b.waiting, f)
			continue
		}
		require.NoError(t, b.put(filepath.Base(f), read(t, f)))
	}
	return b
}

func read(t *testing.T, path string) []byte {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

func (b *inbox) put(name string, content []byte) error {
	return os.WriteFile(filepath.Join(b.dir, name), content, 0o644)
}

// names are the files that lie in the inbox under their right names.
func (b *inbox) names(t testing.TB) (out []string) {
	found, err := os.ReadDir(b.dir)
	require.NoError(t, err)
	for _, f := range found {
		if b.away[f.Name()] == "" {
			out = append(out, f.Name())
		}
	}
	return out
}

// change does something to one file and says what. pause lies between the halves of a file.
func (b *inbox) change(t *testing.T, r *rand.Rand, pause func(time.Duration)) string {
	names := b.names(t)
	name := names[r.IntN(len(names))]
	path := filepath.Join(b.dir, name)
	switch r.IntN(4) {
	case 0:
		if len(b.waiting) > 0 {
			next := b.waiting[0]
			b.waiting = b.waiting[1:]
			require.NoError(t, b.put(filepath.Base(next), read(t, next)))
			return "file came"
		}
		fallthrough
	case 1:
		whole := read(t, path)
		require.NoError(t, b.put(name, whole[:len(whole)/2]))
		pause(time.Duration(r.Int64N(int64(2 * settle))))
		require.NoError(t, b.put(name, whole))
		return "file written in two halves"
	case 2:
		code := strings.SplitN(name, "_", 4)
		other := strings.Join([]string{code[0], code[1], code[2] + renamed, code[3]}, "_")
		require.NoError(t, os.Rename(path, filepath.Join(b.dir, other)))
		b.away[other] = name
		pause(time.Duration(r.Int64N(int64(2 * settle))))
		require.NoError(t, os.Rename(filepath.Join(b.dir, other), path))
		delete(b.away, other)
		return "file renamed, and back"
	default:
		if !strings.HasSuffix(name, ".csv") {
			return b.change(t, r, pause)
		}
		lines := bytes.SplitAfter(read(t, path), []byte("\n"))
		if len(lines) < 4 {
			return b.change(t, r, pause)
		}
		at := 1 + r.IntN(len(lines)-2)
		require.NoError(t, b.put(name, bytes.Join(append(lines[:at:at], lines[at+1:]...), nil)))
		return "file with new content under its name"
	}
}

// end brings what has not come yet.
func (b *inbox) end(t *testing.T) {
	for _, f := range b.waiting {
		require.NoError(t, b.put(filepath.Base(f), read(t, f)))
	}
	b.waiting = nil
}

// untaken are the files that lie in the inbox and that no run of its connection has taken, under whichever of their names,
// and the connection itself as long as files go on being taken.
func (b *inbox) untaken(t testing.TB, connection string, runs []harness.RunReport) (out []string) {
	taken := map[string]bool{}
	var last time.Time
	for _, run := range runs {
		if run.Connection != connection {
			continue
		}
		if run.StartedAt.After(last) {
			last = run.StartedAt
		}
		if run.Status == "done" {
			taken[strings.Replace(run.File, renamed, "", 1)] = true
		}
	}
	if time.Since(last) < 5*settle {
		out = append(out, connection)
	}
	for _, name := range b.names(t) {
		if !taken[name] {
			out = append(out, connection+"/"+name)
		}
	}
	return out
}

// ledgers writes the flow files of both distributors of a world and returns their paths, and the party of each by the
// code in its file names.
func ledgers(t *testing.T, w *world.World) (files [2][]string, parties map[string]any) {
	dir := t.TempDir()
	sb, err := sandbox.Start(t.Context(), sandbox.Config{Dir: dir, Seed: w.Config.Seed, Scale: w.Config.Scale, Until: w.Config.Until, Now: time.Now})
	require.NoError(t, err)
	require.NoError(t, sb.Close())
	parties = map[string]any{}
	for d, at := range w.Reporting {
		found, err := filepath.Glob(filepath.Join(dir, sandbox.FlowFolder, "*_"+sandbox.DistributorCode[d]+"_*"))
		require.NoError(t, err)
		require.NotEmpty(t, found)
		files[d] = found
		parties[sandbox.DistributorCode[d]] = erpCode(w, at)
	}
	return files, parties
}
