package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// brokenWriter stands for any fault in our own code.
type brokenWriter struct{ io.Writer }

func (brokenWriter) Write([]byte) (int, error) { panic("a fault") }

func TestFaultOfOurOwnIsAMessageNotATrace(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var errOut strings.Builder
	code := run(t.Context(), []string{"version", "--lang", "zh"}, strings.NewReader(""), brokenWriter{}, &errOut)
	require.Equal(t, 1, code)
	require.Contains(t, errOut.String(), "程序因自身缺陷停止")
	require.NotContains(t, errOut.String(), "goroutine")
	files, err := filepath.Glob(filepath.Join(dir, "tributary-fault-*.txt"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.Contains(t, errOut.String(), files[0])
	trace, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.Contains(t, string(trace), "a fault")
	require.Contains(t, string(trace), "goroutine")
}
