package yonyou

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "yonyou",
		Title:   map[string]string{"en": "Yonyou YonBIP (ERP)", "zh": "用友 YonBIP（ERP）"},
		Streams: streams.Infos(),
	}, mapFiles, New)
}
