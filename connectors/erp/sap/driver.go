package sap

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "sap",
		Title:   map[string]string{"en": "SAP S/4HANA (ERP, OData)", "zh": "SAP S/4HANA（ERP，OData）"},
		Streams: streams.Infos(),
	}, mapFiles, New)
}
