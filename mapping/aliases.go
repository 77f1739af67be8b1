package mapping

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"tributary/canonical"
	"tributary/normalize"
)

//go:embed aliases.yaml
var aliasSource []byte

// aliasField is one canonical field of a kind of file, with the headers that name it.
type aliasField struct {
	Use   string   `yaml:"use"` // the fields of a shared list stand here
	Path  string   `yaml:"path"`
	Need  string   `yaml:"need"` // "one": a column is required
	Or    string   `yaml:"or"`   // fields of the same group need one column between them
	Spec  bool     `yaml:"spec"` // its values may hold the specification too
	Names []string `yaml:"names"`

	keys []string // cleaned names, the preferred first
}

type flowWords struct {
	Kind  canonical.FlowKind `yaml:"kind"`
	Words []string           `yaml:"words"`
}

// aliasTable is aliases.yaml, ready for look-ups.
type aliasTable struct {
	kinds map[Kind][]aliasField
	known map[Kind]map[string]bool
	words map[string]map[string]string // list → cleaned word → code
	flow  map[canonical.Ledger][]flowWords
}

// aliases reads the embedded table. It cannot fail in a build whose tests passed: they load it.
var aliases = sync.OnceValue(func() *aliasTable {
	t, err := loadAliases(aliasSource)
	if err != nil {
		return &aliasTable{}
	}
	return t
})

func loadAliases(src []byte) (*aliasTable, error) {
	var file struct {
		Shared map[string][]aliasField          `yaml:"shared"`
		Kinds  map[Kind][]aliasField            `yaml:"kinds"`
		Words  map[string]map[string][]string   `yaml:"words"`
		Flow   map[canonical.Ledger][]flowWords `yaml:"flow_kinds"`
	}
	if err := yaml.Unmarshal(src, &file); err != nil {
		return nil, fmt.Errorf("aliases.yaml: %w", err)
	}
	t := &aliasTable{kinds: map[Kind][]aliasField{}, known: map[Kind]map[string]bool{}, words: map[string]map[string]string{}, flow: file.Flow}
	for kind, entries := range file.Kinds {
		var fields []aliasField
		for _, e := range entries {
			if e.Use != "" {
				fields = append(fields, file.Shared[e.Use]...)
			} else {
				fields = append(fields, e)
			}
		}
		t.kinds[kind], t.known[kind] = fields, map[string]bool{}
		for i := range fields {
			for _, name := range fields[i].Names {
				key := headerKey(name)
				fields[i].keys = append(fields[i].keys, key)
				t.known[kind][key] = true
			}
		}
	}
	for list, codes := range file.Words {
		t.words[list] = map[string]string{}
		for code, words := range codes {
			for _, w := range words {
				t.words[list][wordKey(w)] = code
			}
		}
	}
	return t, nil
}

// Known reports whether a header is one that files of the kind use. It is safe for concurrent use.
func Known(k Kind) func(header string) bool {
	known := aliases().known[k]
	return func(header string) bool { return len(header) <= 200 && known[headerKey(header)] }
}

// headerKey is the form in which headers are compared. English names may be written with any separator.
func headerKey(h string) string {
	key := normalize.Header(h)
	for i := range len(key) {
		if key[i] >= 0x80 {
			return key
		}
	}
	return strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(key)
}

func wordKey(w string) string {
	return strings.ToLower(strings.Join(strings.Fields(normalize.Fold(w)), ""))
}

// codeWord finds the code of a word in a list.
func codeWord(list, text string) (string, bool) {
	code, ok := aliases().words[list][wordKey(text)]
	return code, ok
}

// codes lists the codes of a list, for messages.
func codes(list string) []string {
	return slices.Sorted(maps.Keys(invert(aliases().words[list])))
}

func invert(m map[string]string) map[string]bool {
	out := map[string]bool{}
	for _, code := range m {
		out[code] = true
	}
	return out
}
