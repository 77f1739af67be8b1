package errs

import (
	"embed"
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed catalog/*.yaml
var catalogFiles embed.FS

// Text is one message in one language.
type Text struct {
	What string `yaml:"what"`
	Next string `yaml:"next"`
}

// Message is one catalogue entry.
type Message struct {
	Code string `yaml:"-"`
	EN   Text   `yaml:"en"`
	ZH   Text   `yaml:"zh"`
}

// In picks the language; anything but "zh" is English.
func (m Message) In(lang string) Text {
	if lang == "zh" {
		return m.ZH
	}
	return m.EN
}

// Catalog reads the embedded catalogue. It fails on a code that stands twice, so that a test sees it.
var Catalog = sync.OnceValues(func() (map[string]Message, error) {
	out := map[string]Message{}
	names, err := fs.Glob(catalogFiles, "catalog/*.yaml")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	for _, name := range names {
		b, err := catalogFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var part map[string]Message
		if err := yaml.Unmarshal(b, &part); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for code, m := range part {
			if _, twice := out[code]; twice {
				return nil, fmt.Errorf("%s: message code %s stands twice", name, code)
			}
			m.Code = code
			out[code] = m
		}
	}
	return out, nil
})

// Lookup finds a message; an unknown code shows itself as the text.
func Lookup(code string) Message {
	all, err := Catalog()
	if err == nil {
		if m, ok := all[code]; ok {
			return m
		}
	}
	return Message{Code: code, EN: Text{What: code}, ZH: Text{What: code}}
}

// Fill replaces {name} by its argument; unknown names stay as they are.
func Fill(text string, args Args) string {
	if len(args) == 0 || !strings.Contains(text, "{") {
		return text
	}
	pairs := make([]string, 0, 2*len(args))
	for k, v := range args {
		pairs = append(pairs, "{"+k+"}", fmt.Sprint(v))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
