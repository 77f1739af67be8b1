// Package leak fails tests that leave goroutines, connections or open files behind. Every package of connectors has
//
//	func TestMain(m *testing.M) { leak.Main(m) }
//
// and the acceptance suite calls Check for each of its parts, so that the report names the part that leaked.
// Connections and files are seen on Linux only, and those that nobody refers to any more only until the garbage
// collector has closed them.
package leak

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// grace is what goroutines and connections that were told to end have to do so.
const grace = 3 * time.Second

// Main runs the tests of a package and exits. It fails when they pass and leave something behind.
func Main(m *testing.M) {
	check := begin()
	code := m.Run()
	if code == 0 {
		if err := check(); err != nil {
			fmt.Fprintln(os.Stderr, "after all tests of the package:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// Check fails the test when it leaves something behind after the cleanups that it registers from now on. No other test
// may run beside it.
func Check(t testing.TB) {
	check := begin()
	t.Cleanup(func() {
		if err := check(); err != nil {
			t.Error("after the test:", err)
		}
	})
}

// begin notes what is there, and returns what waits until all that came since is gone, or tells what stays.
func begin() (check func() error) {
	goroutines, before := goleak.IgnoreCurrent(), descriptors()
	return func() error {
		for deadline := time.Now().Add(grace); ; time.Sleep(10 * time.Millisecond) {
			err := errors.Join(goleak.Find(goroutines), opened(before))
			if err == nil || time.Now().After(deadline) {
				return err
			}
		}
	}
}

// opened tells which descriptors are open that were not before.
func opened(before map[string]string) error {
	var found []string
	for which, peer := range descriptors() {
		if _, was := before[which]; !was {
			found = append(found, which+peer)
		}
	}
	if found == nil {
		return nil
	}
	slices.Sort(found)
	return fmt.Errorf("found unexpected descriptors:\n%s", strings.Join(found, "\n"))
}
