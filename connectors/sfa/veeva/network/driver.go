package network

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "veeva-network",
		Title:   map[string]string{"en": "Veeva Network (customer master)", "zh": "Veeva Network（客户主数据）"},
		Streams: streams.Infos(),
	}, mapFiles, New)
}
