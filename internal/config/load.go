package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"tributary/internal/errs"
)

// DefaultFile is read from the working directory when no file is named.
const DefaultFile = "tributary.yaml"

// Load reads a file over the defaults. An empty path means DefaultFile when it exists, else the defaults alone.
func Load(path string) (Config, error) {
	explicit := path != ""
	if !explicit {
		path = DefaultFile
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !explicit {
		return Defaults(), nil
	}
	if err != nil {
		return Config{}, errs.New(errs.Invalid, "config.unreadable", errs.Args{"file": path, "why": err})
	}
	return Parse(path, b, References{Env: os.LookupEnv, ReadFile: os.ReadFile})
}

// Parse reads a configuration text. name stands in messages.
func Parse(name string, text []byte, refs References) (Config, error) {
	c := Defaults()
	d := &decoder{file: name, refs: refs, places: map[string][2]int{}}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return Config{}, syntaxProblem(name, err).asError()
	}
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			d.value(doc.Body, reflect.ValueOf(&c).Elem(), "")
		}
	}
	if len(c.Kafka.Brokers) > 0 {
		c.Kafka.Embedded = false
	}
	if len(d.problems) == 0 {
		d.problems = c.check(name, d.places)
	}
	if err := d.problems.asError(); err != nil {
		return Config{}, err
	}
	return c, nil
}

func syntaxProblem(name string, err error) Problems {
	p := Problem{File: name, Code: "config.syntax", Args: errs.Args{"why": firstLine(err.Error())}}
	var syn *yaml.SyntaxError
	if errors.As(err, &syn) {
		p.Args["why"] = syn.Message
		if syn.Token != nil && syn.Token.Position != nil {
			p.Line, p.Column = syn.Token.Position.Line, syn.Token.Position.Column
		}
	}
	return Problems{p}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// check finds what is well formed but cannot work.
func (c *Config) check(file string, places map[string][2]int) Problems {
	var out Problems
	add := func(path, code string, args errs.Args) {
		args["path"] = path
		at, ok := places[path]
		if !ok {
			at = places[parent(path)]
		}
		out = append(out, Problem{File: file, Line: at[0], Column: at[1], Path: path, Code: code, Args: args})
	}
	names := map[string]bool{}
	for i, conn := range c.Connections {
		path := fmt.Sprintf("connections[%d]", i)
		for _, f := range []struct{ name, value string }{{"name", conn.Name}, {"connector", conn.Connector}} {
			if f.value == "" {
				add(path+"."+f.name, "config.missing", errs.Args{"key": f.name})
			}
		}
		if strings.ContainsAny(conn.Name, "/ \t") || strings.HasPrefix(conn.Name, "flow:") {
			add(path+".name", "config.connection_name", errs.Args{"value": conn.Name})
		}
		if names[conn.Name] {
			add(path+".name", "config.connection_twice", errs.Args{"value": conn.Name})
		}
		names[conn.Name] = true
	}
	if c.Dedupe.Review > c.Dedupe.Merge || c.Dedupe.Merge > 1 || c.Dedupe.Review < 0 {
		add("dedupe", "config.thresholds", errs.Args{"merge": c.Dedupe.Merge, "review": c.Dedupe.Review})
	}
	if c.Kafka.Partitions < 1 {
		add("kafka.partitions", "config.positive", errs.Args{"value": c.Kafka.Partitions})
	}
	if !c.Kafka.Embedded && len(c.Kafka.Brokers) == 0 {
		add("kafka.brokers", "config.missing", errs.Args{"key": "brokers"})
	}
	return out
}

func parent(path string) string {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i]
	}
	return ""
}

// References resolves ${env:NAME} and ${file:PATH} in texts.
type References struct {
	Env      func(string) (string, bool)
	ReadFile func(string) ([]byte, error)
}

var reference = regexp.MustCompile(`\$\{([a-z]+):([^}]*)\}`)

// Resolve replaces every reference. Inside a URL the value is percent-encoded, so that a password may hold any
// character.
func (r References) Resolve(text string) (string, error) {
	if !strings.Contains(text, "${") {
		return text, nil
	}
	inURL := strings.Contains(text, "://")
	var failed error
	out := reference.ReplaceAllStringFunc(text, func(ref string) string {
		m := reference.FindStringSubmatch(ref)
		value, err := r.lookup(m[1], m[2])
		if err != nil && failed == nil {
			failed = err
		}
		if inURL && m[1] == "env" {
			return url.PathEscape(value)
		}
		return value
	})
	return out, failed
}

func (r References) lookup(kind, name string) (string, error) {
	switch kind {
	case "env":
		if v, ok := r.Env(name); ok {
			return v, nil
		}
		return "", fmt.Errorf("the environment variable %s is not set", name)
	case "file":
		b, err := r.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("the file %s cannot be read", name)
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	}
	return "", fmt.Errorf("${%s:…} is not known; use ${env:NAME} or ${file:PATH}", kind)
}
