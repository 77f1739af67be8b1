package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

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
	dir := filepath.Dir(path)
	c, err := Parse(path, b, References{Env: os.LookupEnv, ReadFile: func(name string) ([]byte, error) { return os.ReadFile(beside(dir, name)) }})
	if err != nil {
		return c, err
	}
	files := []*string{&c.Kafka.TLS.CA, &c.Divisions.Current, &c.Divisions.History, &c.Quality.ProfileFile}
	for i := range c.Connections {
		for j := range c.Connections[i].Streams {
			files = append(files, &c.Connections[i].Streams[j].Map)
		}
	}
	for _, f := range files {
		*f = beside(dir, *f)
	}
	return c, nil
}

// beside is a file as the configuration in dir names it: relative to that, wherever the program was started.
func beside(dir, name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// Parse reads a configuration text. name stands in messages.
func Parse(name string, text []byte, refs References) (Config, error) {
	c := Defaults()
	d := &decoder{file: name, refs: refs, places: map[string][2]int{}}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return Config{}, syntaxProblem(name, err).AsError()
	}
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			d.value(doc.Body, reflect.ValueOf(&c).Elem(), "")
		}
	}
	if len(c.Kafka.Brokers) > 0 {
		c.Kafka.Embedded = false
	}
	c.file, c.places = name, d.places
	if len(d.problems) == 0 {
		d.problems = c.check()
	}
	if err := d.problems.AsError(); err != nil {
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
func (c *Config) check() Problems {
	var out Problems
	add := func(path, code string, args errs.Args) {
		args["path"] = path
		out = append(out, c.Problem(path, code, args))
	}
	for _, f := range []struct{ path, value string }{
		{"company.name", c.Company.Name}, {"company.code", c.Company.Code}, {"company.source", c.Company.Source}, {"data_dir", c.DataDir}, {"store.url", c.Store.URL},
	} {
		if strings.TrimSpace(f.value) == "" {
			add(f.path, "config.missing", errs.Args{})
		}
	}
	choice := func(path, value string, offered ...string) {
		if value != "" && !slices.Contains(offered, value) {
			add(path, "config.choice", errs.Args{"value": value, "choices": strings.Join(offered, ", ")})
		}
	}
	choice("auth.local_role", c.Auth.LocalRole, "admin", "it", "steward", "quality", "crm", "auditor")
	choice("kafka.compression", c.Kafka.Compression, "none", "gzip", "snappy", "lz4", "zstd")
	choice("kafka.sasl.mechanism", c.Kafka.SASL.Mechanism, "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
	choice("mail.tls", c.Mail.TLS, "starttls", "tls", "none")
	if m := c.Mail; m.Server != "" {
		host, _, err := net.SplitHostPort(m.Server)
		if err != nil {
			add("mail.server", "config.mail_server", errs.Args{"value": m.Server})
		}
		if ip := net.ParseIP(host); m.TLS == "none" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			add("mail.tls", "config.mail_plain", errs.Args{"value": m.Server})
		}
		if a, err := mail.ParseAddress(m.From); err != nil || strings.ContainsFunc(m.From, unicode.IsControl) || a.Address == "" {
			add("mail.from", "config.mail_from", errs.Args{"value": m.From})
		}
	}
	if u, err := url.Parse(c.HTTP.PublicURL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		add("http.public_url", "config.web_address", errs.Args{"value": c.HTTP.PublicURL})
	}
	names := map[string]bool{}
	for i, conn := range c.Connections {
		path := fmt.Sprintf("connections[%d]", i)
		for _, f := range []struct{ name, value string }{{"name", conn.Name}, {"connector", conn.Connector}} {
			if f.value == "" {
				add(path+"."+f.name, "config.missing", errs.Args{})
			}
		}
		if strings.ContainsAny(conn.Name, "/ \t") || strings.HasPrefix(conn.Name, "flow:") {
			add(path+".name", "config.connection_name", errs.Args{"value": conn.Name})
		}
		if conn.Name != "" && names[conn.Name] {
			add(path+".name", "config.connection_twice", errs.Args{"value": conn.Name})
		}
		names[conn.Name] = true
		if _, err := ParseHours(conn.Hours); err != nil {
			add(path+".hours", "config.hours", errs.Args{"value": conn.Hours})
		}
		if _, err := ParseZone(conn.Zone); err != nil {
			add(path+".zone", "config.zone", errs.Args{"value": conn.Zone})
		}
		for j, s := range conn.Streams {
			at := fmt.Sprintf("%s.streams[%d]", path, j)
			if s.Stream == "" {
				add(at+".stream", "config.missing", errs.Args{})
			}
			if s.Cron != "" && s.Every > 0 {
				add(at+".cron", "config.cron_and_every", errs.Args{})
			}
			if _, err := ParseCron(s.Cron); s.Cron != "" && err != nil {
				add(at+".cron", "config.cron", errs.Args{"value": s.Cron, "why": err.Error()})
			}
			if s.MaxBad < 0 || s.MaxBad > 1 {
				add(at+".max_bad", "config.share", errs.Args{"value": s.MaxBad})
			}
			if s.MaxBadRows < 0 {
				add(at+".max_bad_rows", "config.too_small", errs.Args{"value": s.MaxBadRows, "min": 0})
			}
			if !isDriftPolicy(s.Drift) {
				add(at+".drift", "config.drift", errs.Args{"value": s.Drift})
			}
			for _, field := range slices.Sorted(maps.Keys(s.DriftFields)) {
				if policy := s.DriftFields[field]; policy == "" || !isDriftPolicy(policy) {
					add(at+".drift_fields", "config.drift", errs.Args{"value": field + ": " + policy})
				}
			}
		}
	}
	if c.Dedupe.Review > c.Dedupe.Merge || c.Dedupe.Merge > 1 || c.Dedupe.Review < 0 {
		add("dedupe", "config.thresholds", errs.Args{"merge": c.Dedupe.Merge, "review": c.Dedupe.Review})
	}
	for _, n := range []struct {
		path       string
		value, min int
	}{{"kafka.partitions", c.Kafka.Partitions, 1}, {"kafka.replication", c.Kafka.Replication, 1}, {"trace.window_days", c.Trace.WindowDays, 0}, {"trace.tolerance_days", c.Trace.ToleranceDays, 0}} {
		if n.value < n.min {
			add(n.path, "config.too_small", errs.Args{"value": n.value, "min": n.min})
		}
	}
	if !c.Kafka.Embedded && len(c.Kafka.Brokers) == 0 {
		add("kafka.brokers", "config.missing", errs.Args{})
	}
	return out
}

func isDriftPolicy(s string) bool {
	return slices.Contains([]string{"", "report", "stop", "ignore"}, s)
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
func (r References) Resolve(text string) (string, *errs.Error) {
	if !strings.Contains(text, "${") {
		return text, nil
	}
	inURL := strings.Contains(text, "://")
	var failed *errs.Error
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

func (r References) lookup(kind, name string) (string, *errs.Error) {
	switch kind {
	case "env":
		if v, ok := r.Env(name); ok {
			return v, nil
		}
		return "", errs.New(errs.Invalid, "config.env_missing", errs.Args{"name": name})
	case "file":
		b, err := r.ReadFile(name)
		if err != nil {
			return "", errs.New(errs.Invalid, "config.file_missing", errs.Args{"file": name})
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	}
	return "", errs.New(errs.Invalid, "config.reference_kind", errs.Args{"kind": kind})
}
