package e2e

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
)

// A full disk is told, what was stored stays, and the import goes on when there is space.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	h := harness.Embedded(t, harness.Options{})
	data := filepath.Join(h.Dir, "data")
	require.NoError(t, os.Mkdir(data, 0o700))
	if err := syscall.Mount("tmpfs", data, "tmpfs", 0, "size=3m"); err != nil {
		t.Skipf("this machine lets nobody mount: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(data, 0)) })
	importWorked(h, file{"products.csv", "products", ""})
	const rows = 20000
	path := h.Write("big.csv", manySales(rows))
	args := append(sales(path), "--no-resolve", "--lang", "en")
	r := h.Run(args...)
	require.Equal(t, 3, r.Code, r.Stdout+r.Stderr)
	require.Regexp(t, "disk .* (is full|reports an error)", r.Stdout+r.Stderr)
	require.NoError(t, syscall.Mount("tmpfs", data, "tmpfs", syscall.MS_REMOUNT, "size=300m"))
	report, r := h.Report(args...)
	require.Zero(t, r.Code, r.Stdout+r.Stderr)
	report.AddsUp(t)
	require.Equal(t, rows, report.Totals.Read)
	report, _ = h.Report(args...)
	require.Equal(t, harness.Counts{Read: rows, Unchanged: rows}, report.Totals)
}
