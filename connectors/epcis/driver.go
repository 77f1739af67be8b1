package epcis

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "epcis",
		Title:   map[string]string{"en": "EPCIS 2.0 repository of another party", "zh": "对方的 EPCIS 2.0 仓库"},
		Streams: streams.Infos(),
	}, mapFiles, New)
}
