package table

import (
	"fmt"
	"slices"
)

// ParseKinds reads a file that says what columns hold, one "column: kind" a line in YAML.
func ParseKinds(data []byte) (map[string]Kind, error) {
	out := map[string]Kind{}
	if err := decode(data, &out); err != nil {
		return nil, fmt.Errorf("read the kinds of columns: %w", err)
	}
	names := make([]string, 0, len(out))
	for name := range out {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !slices.Contains(Kinds(), out[name]) {
			return nil, fmt.Errorf("column %q: %q is not a kind", name, out[name])
		}
	}
	return out, nil
}
