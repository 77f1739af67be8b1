package u8

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "yonyou-u8",
		Title:   map[string]string{"en": "Yonyou U8+ (ERP)", "zh": "用友 U8+（ERP）"},
		Streams: streams.Infos(),
	}, mapFiles, New)
}
