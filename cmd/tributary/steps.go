package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"tributary/internal/width"
)

// steps shows the progress of a command: on a terminal the step at work is seen, in a log each step is one line.
type steps struct {
	out      io.Writer
	terminal bool
	began    time.Time
}

func (a *app) steps() *steps {
	s := &steps{out: a.err, began: now()}
	if a.quiet {
		s.out = io.Discard
	}
	if f, ok := a.err.(*os.File); ok {
		st, err := f.Stat()
		s.terminal = err == nil && st.Mode()&os.ModeCharDevice != 0
	}
	return s
}

// do runs one step. It returns what there is to say about it.
func (s *steps) do(name string, step func() (string, error)) error {
	if s.terminal {
		fmt.Fprintf(s.out, "  … %s", name)
	}
	said, err := step()
	mark := "✓"
	if err != nil {
		mark, said = "✗", ""
	}
	if s.terminal {
		fmt.Fprint(s.out, "\r\033[K")
	}
	pad := max(0, 66-width.Of(name))
	fmt.Fprintf(s.out, "%s %6.1fs  %s%*s %s\n", mark, now().Sub(s.began).Seconds(), name, pad, "", said)
	return err
}
