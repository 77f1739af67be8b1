package msfx

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "msfx",
		Title:   map[string]string{"en": "Drug traceability platform (码上放心)", "zh": "码上放心追溯平台"},
		Streams: streams.Infos(),
	}, mapFiles, New)
}
