// Command gotest reads `go test -json` and prints what `go test` prints: failures with all they said, and a line for each
// package. It looks for planted secrets in everything that the tests said, that of passing ones too, and ends with 1 and
// a list when there are any.
//
//	set -o pipefail; go test -json ./... | go run ./test/secrets/gotest
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"tributary/test/secrets"
)

func main() {
	leaks, err := filter(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "read the output of go test:", err)
		os.Exit(1)
	}
	for _, l := range leaks {
		fmt.Println("a planted secret leaked:", l)
	}
	if len(leaks) > 0 {
		os.Exit(1)
	}
}

// event is one line of go test -json; ImportPath stands in those of the build.
type event struct{ Action, Package, ImportPath, Test, Output string }

// said is what the tests of a package that have not ended said until now, by name; "" is the package itself.
type said struct {
	names []string // in the order in which they began
	text  map[string]string
}

func (s *said) add(test, text string) {
	if _, known := s.text[test]; !known {
		s.names = append(s.names, test)
	}
	s.text[test] += text
}

func (s *said) take(test string) string {
	text := s.text[test]
	delete(s.text, test)
	s.names = slices.DeleteFunc(s.names, func(n string) bool { return n == test })
	return text
}

// filter copies what people need to see from r to w and returns the leaks in all of it.
func filter(r io.Reader, w io.Writer) (leaks []secrets.Leak, err error) {
	packages := map[string]*said{}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil { // go's own words
				leaks = append(leaks, secrets.Find("go test", []byte(line))...)
				fmt.Fprint(w, line)
			} else {
				leaks = append(leaks, take(packages, e, w)...)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return leaks, err
		}
	}
	for name, p := range packages { // go test itself ended early
		leaks = append(leaks, p.end(name, true, w)...)
	}
	return leaks, nil
}

func take(packages map[string]*said, e event, w io.Writer) []secrets.Leak {
	if e.Action == "build-output" {
		fmt.Fprint(w, e.Output)
		return secrets.Find(e.ImportPath, []byte(e.Output))
	}
	if e.Package == "" {
		return nil
	}
	p := packages[e.Package]
	if p == nil {
		p = &said{text: map[string]string{}}
		packages[e.Package] = p
	}
	ended := e.Action == "pass" || e.Action == "fail" || e.Action == "skip"
	switch {
	case e.Action == "output":
		p.add(e.Test, e.Output)
	case ended && e.Test == "":
		delete(packages, e.Package)
		return p.end(e.Package, e.Action == "fail", w)
	case ended:
		text := p.take(e.Test)
		if e.Action == "fail" {
			fmt.Fprint(w, withoutProgress(text))
		}
		return secrets.Find(e.Package+" "+e.Test, []byte(text))
	}
	return nil
}

// end prints what remains of a package: all of it when it failed, such as the words of a test that a panic cut off, else
// its line.
func (s *said) end(name string, failed bool, w io.Writer) (leaks []secrets.Leak) {
	own := s.take("")
	for _, test := range s.names {
		leaks = append(leaks, secrets.Find(name+" "+test, []byte(s.text[test]))...)
		if failed {
			fmt.Fprint(w, withoutProgress(s.text[test]))
		}
	}
	leaks = append(leaks, secrets.Find(name, []byte(own))...)
	for line := range strings.Lines(own) {
		if failed || strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "?   \t") {
			fmt.Fprint(w, line)
		}
	}
	return leaks
}

// withoutProgress leaves out when tests began, paused and went on.
func withoutProgress(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "=== ") {
			b.WriteString(line)
		}
	}
	return b.String()
}
