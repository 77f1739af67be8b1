package config

import (
	"bytes"
	"os"
	"reflect"
	"regexp"
	"strings"

	"tributary/internal/errs"
)

// lenient resolves every reference to some text: whether a secret can be read today says nothing about the file.
var lenient = References{
	Env:      func(string) (string, bool) { return "unresolved", true },
	ReadFile: func(string) ([]byte, error) { return []byte("unresolved"), nil },
}

// Peek reads a configuration without looking up its secrets. A file that does not exist gives the defaults.
func Peek(path string) (Config, []byte, error) {
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return Defaults(), nil, nil
	}
	if err != nil {
		return Config{}, nil, errs.New(errs.Invalid, "config.unreadable", errs.Args{"file": path, "why": err})
	}
	c, err := Parse(path, text, lenient)
	return c, text, err
}

var (
	connectionsKey = regexp.MustCompile(`^connections:[ \t]*(\[[ \t]*\]|null|~)?[ \t]*(#.*)?$`)
	firstItem      = regexp.MustCompile(`^([ \t]*)-[ \t]`)
)

// AddConnection puts a connection, written as the lines of a YAML mapping, behind those that the text has. Comments and
// everything else stay as they are. A text whose connections are written in one line cannot be added to.
func AddConnection(file string, text, block []byte) ([]byte, error) {
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	at, indent := 0, "  "
	key := -1
	for i, line := range lines {
		if connectionsKey.MatchString(line) {
			key = i
			break
		}
	}
	if key < 0 {
		lines = append(lines, "connections:")
		at = len(lines)
	} else {
		m := connectionsKey.FindStringSubmatch(lines[key])
		lines[key] = strings.TrimRight("connections: "+m[2], " ")
		at = key + 1
		for i := key + 1; i < len(lines); i++ {
			trimmed := strings.TrimSpace(lines[i])
			if trimmed != "" && !strings.HasPrefix(trimmed, "#") {
				if lines[i][0] != ' ' && lines[i][0] != '\t' && lines[i][0] != '-' {
					break
				}
				if item := firstItem.FindStringSubmatch(lines[i]); at == key+1 && item != nil {
					indent = item[1]
				}
				at = i + 1
			}
		}
	}
	var added []string
	for i, line := range strings.Split(strings.TrimRight(string(block), "\n"), "\n") {
		lead := indent + "  "
		if i == 0 {
			lead = indent + "- "
		}
		added = append(added, lead+line)
	}
	out := append(append(append([]string{}, lines[:at]...), added...), lines[at:]...)
	whole := []byte(strings.Join(out, "\n") + "\n")
	return whole, addedOne(file, text, whole)
}

// addedOne reports whether the new text says what the old one did and one connection more.
func addedOne(file string, before, after []byte) error {
	cannot := errs.New(errs.Invalid, "config.cannot_add", errs.Args{"file": file})
	was, err := Parse(file, before, lenient)
	if len(bytes.TrimSpace(before)) == 0 {
		was, err = Defaults(), nil
	}
	if err != nil {
		return err
	}
	is, err := Parse(file, after, lenient)
	if err != nil || len(is.Connections) != len(was.Connections)+1 {
		return cannot
	}
	is.Connections = is.Connections[:len(was.Connections):len(was.Connections)]
	if len(was.Connections) == 0 {
		is.Connections = was.Connections
	}
	was.file, was.places, is.file, is.places = "", nil, "", nil
	if !reflect.DeepEqual(was, is) {
		return cannot
	}
	return nil
}
