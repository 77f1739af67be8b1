package dynamics365

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "dynamics365",
		Title:   map[string]string{"en": "Microsoft Dynamics 365 (Dataverse)", "zh": "Microsoft Dynamics 365（Dataverse）"},
		Streams: streams.Infos(),
	}, mapFiles, New)
}
