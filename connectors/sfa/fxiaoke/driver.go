package fxiaoke

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "fxiaoke",
		Title:   map[string]string{"en": "Fxiaoke / ShareCRM (SFA)", "zh": "纷享销客（SFA）"},
		Streams: streams.Infos(),
	}, mapFiles, New)
}
