package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// usage is what a program took.
type usage struct {
	wall, cpu float64 // seconds
	peak      int64   // bytes of memory, 0 where the system does not tell
}

// execute runs a program to its end and measures it. When it fails the end of what it said is in the error.
func execute(ctx context.Context, name string, args ...string) (usage, error) {
	var said bytes.Buffer
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr = &said, &said
	began := time.Now()
	if err := c.Start(); err != nil {
		return usage{}, err
	}
	ended, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- watch(c.Process.Pid, ended) }()
	err := c.Wait()
	took := time.Since(began).Seconds()
	close(ended)
	u := usage{wall: took, cpu: (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds(), peak: <-peak}
	if err != nil {
		text := strings.TrimSpace(said.String())
		if len(text) > 2000 {
			text = "… " + text[len(text)-2000:]
		}
		return u, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, text)
	}
	return u, nil
}

// watch reads the high-water mark of a process's memory until it ends. The resource usage that a parent is told when a
// child ends will not do: on Linux it begins with the parent's own memory.
func watch(pid int, ended <-chan struct{}) (peak int64) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		peak = max(peak, highWater(pid))
		select {
		case <-ended:
			return peak
		case <-tick.C:
		}
	}
}

// highWater is VmHWM of /proc/<pid>/status in bytes, 0 when it cannot be read.
func highWater(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kib, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}

// fastest runs a program several times and keeps the run of least wall time.
func fastest(ctx context.Context, runs int, name string, args ...string) (usage, error) {
	var best usage
	for n := range max(runs, 1) {
		u, err := execute(ctx, name, args...)
		if err != nil {
			return usage{}, err
		}
		if n == 0 || u.wall < best.wall {
			best = u
		}
	}
	return best, nil
}

// emptied is a new folder in the place of an older one.
func emptied(dir string) (string, error) {
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o755)
}
