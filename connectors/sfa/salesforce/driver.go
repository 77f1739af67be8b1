package salesforce

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "salesforce",
		Title:   map[string]string{"en": "Salesforce, and Veeva CRM on it", "zh": "Salesforce（含基于其上的 Veeva CRM）"},
		Streams: streams.Infos(),
	}, mapFiles, New)
}
