package vault

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "veeva-vault",
		Title:   map[string]string{"en": "Veeva Vault CRM (SFA)", "zh": "Veeva Vault CRM（SFA）"},
		Streams: streams.Infos(),
	}, mapFiles, New)
}
