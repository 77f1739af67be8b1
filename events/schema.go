package events

import (
	"embed"
	"strings"
)

//go:embed schemas/*.json
var schemaFiles embed.FS

// Schema is the JSON Schema (2020-12) of an event type's value; false for types whose value is always null.
func Schema(ceType string) ([]byte, bool) {
	b, err := schemaFiles.ReadFile("schemas/" + schemaName(ceType))
	return b, err == nil
}

// schemaName is the file of a type's schema: customer.golden.created.json.
func schemaName(ceType string) string {
	return strings.TrimSuffix(strings.TrimPrefix(ceType, "tributary."), ".v1") + ".json"
}
