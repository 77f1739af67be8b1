package neocrm

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "neocrm",
		Title:   map[string]string{"en": "Neocrm (SFA)", "zh": "销售易（SFA）"},
		Streams: streams.Infos(),
	}, mapFiles, New)
}
