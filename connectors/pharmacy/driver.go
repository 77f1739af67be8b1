package pharmacy

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "pharmacy",
		Title:   map[string]string{"en": "Pharmacy chain (REST)", "zh": "连锁药店（REST 接口）"},
		Streams: streams,
	}, mapFiles, New)
}
