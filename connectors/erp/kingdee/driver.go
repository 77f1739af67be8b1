package kingdee

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "kingdee",
		Title:   map[string]string{"en": "Kingdee Cloud Galaxy (ERP)", "zh": "金蝶云星空（ERP）"},
		Streams: streams.Infos(),
	}, mapFiles, New)
}
