// Package secrets looks for the planted secrets of simulators and tests where no secret may be: in what the program
// prints and answers, in its data folder, in exports and in everything else that a test run leaves or says.
//
//	secrets.Check(t, "tributary pull", stdout+stderr)
//	secrets.CheckFolder(t, dir, "tributary.yaml") // may hold them: it is the configuration
//
// Every credential of a simulator or a test holds Mark; those whose form is another's choice are in others. The program
// in gotest does the same with the output of a whole `go test -json`. Functions are safe for concurrent use.
package secrets

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Mark is part of every planted secret. It reads the same in URLs, JSON, YAML and SQL.
const Mark = "planted-secret"

// others are planted secrets that cannot hold Mark: the test servers' password, NeoCRM's security token of eight
// characters, and the armour of private keys.
var others = []string{"hub-secret", "AbCd1234", "PRIVATE KEY-----"}

// signs are what is looked for: secrets in clear, and Mark within Base64 such as that of an Authorization header.
var signs = append(inBase64(Mark), append(others, Mark)...)

// inBase64 is how text reads within Base64, for each place in a group of three bytes at which it can begin. What
// depends on neighbours is left out.
func inBase64(text string) (out []string) {
	for before := range 3 {
		whole := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + text))
		first, last := (before*8+5)/6, (before+len(text))*8/6
		out = append(out, whole[first:last])
	}
	return out
}

// Leak is a secret where none may be.
type Leak struct {
	Place   string // file or command
	Line    int    // from 1
	Context string // the secret with what stands around it on its line
}

func (l Leak) String() string { return fmt.Sprintf("%s:%d: %s", l.Place, l.Line, l.Context) }

// around is how many bytes before and after a secret are shown.
const around = 60

// Find returns the leaks in a text or in any other bytes, one for each line and sign.
func Find(place string, text []byte) (leaks []Leak) {
	for _, sign := range signs {
		line := 1
		for rest := text; ; {
			at := bytes.Index(rest, []byte(sign))
			if at < 0 {
				break
			}
			line += bytes.Count(rest[:at], []byte("\n"))
			begin := max(bytes.LastIndexByte(rest[:at], '\n')+1, at-around)
			end := at + len(sign)
			after := len(rest)
			if i := bytes.IndexByte(rest[end:], '\n'); i >= 0 {
				after = end + i
			}
			leaks = append(leaks, Leak{place, line, fmt.Sprintf("%q", rest[begin:min(after, end+around)])})
			rest = rest[after:]
		}
	}
	return leaks
}

// Check fails the test when a text holds a planted secret.
func Check(t testing.TB, place, text string) {
	t.Helper()
	report(t, Find(place, []byte(text)))
}

// CheckFolder fails the test when a file below dir holds a planted secret, packed in a ZIP file or not. Files of the
// allowed names, slash-separated and below dir, may: those that the test wrote with secrets itself.
func CheckFolder(t testing.TB, dir string, allowed ...string) {
	t.Helper()
	leaks, err := inFolder(dir, allowed)
	if err != nil {
		t.Errorf("look for secrets: %v", err)
	}
	report(t, leaks)
}

func report(t testing.TB, leaks []Leak) {
	t.Helper()
	for _, l := range leaks {
		t.Errorf("a planted secret leaked: %s", l)
	}
}

func inFolder(dir string, allowed []string) (leaks []Leak, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || !d.Type().IsRegular() || slices.Contains(allowed, filepath.ToSlash(name)) {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		leaks = append(leaks, Find(name, content)...)
		packed, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil { // no ZIP file
			return nil
		}
		for _, f := range packed.File {
			inner, err := unpack(f)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			leaks = append(leaks, Find(name+"/"+f.Name, inner)...)
		}
		return nil
	})
	return leaks, err
}

func unpack(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
