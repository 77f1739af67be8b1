package connectors

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Pick is the field at a dotted path of a row; a field may itself have a dot in its name.
func Pick(fields map[string]any, path string) any {
	if v, ok := fields[path]; ok {
		return v
	}
	head, rest, dotted := strings.Cut(path, ".")
	inner, ok := fields[head].(map[string]any)
	if !dotted || !ok {
		return nil
	}
	return Pick(inner, rest)
}

// Scalar is a single value as text, "" for null and anything nested.
func Scalar(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	case string:
		return strings.TrimSpace(v)
	}
	return ""
}
